"""What a simulation came to."""
