"""What commands print: tables, JSON, CSV."""
