"""Reports of any length: read in pages from one snapshot, and written as they are read."""
