"""The kind `sql`: tables and views of a database, read and written in the operator's own SQL."""
