"""What is doubtful about the fields of a list: nothing found, or only nulls."""
