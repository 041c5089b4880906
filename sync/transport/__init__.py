"""The only HTTP: limits, retries, redaction, error mapping."""
