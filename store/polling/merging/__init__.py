"""What a poll's staged records make of the cells: new ones, known ones, and what is odd."""
