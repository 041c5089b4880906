"""The files that a poll reads: which are in force, and of what time they are."""
