"""What people have decided for good, as tables and as JSON."""
