"""What a poll reports: lines of the log, spans of a trace, and how it went."""
