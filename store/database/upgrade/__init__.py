"""How an older cache is brought up to date: in slices, after a backup, with room on the disk."""
