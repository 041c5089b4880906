"""What the table of several stores is read through."""
