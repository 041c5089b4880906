"""What of a file is as it was: the whole of it, pieces of it, and lines."""
