"""SQL that the queries share: filters and severities."""
