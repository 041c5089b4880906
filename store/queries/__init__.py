"""What screens and reports read."""
