"""Files that stand on servers: how they are fetched."""
