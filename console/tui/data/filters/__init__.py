"""What the filters of the lists accept, and what they read."""
