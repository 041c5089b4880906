"""What we know: the values, the schema and every line of SQL."""
