"""The cache's file: a backup of it, the way back, and its condition."""
