"""What the keys do to disagreements themselves: let them stand, or never tell of them again."""
