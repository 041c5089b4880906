"""The cache's file: connection, schema and migrations, columns, and the engine's lease."""
