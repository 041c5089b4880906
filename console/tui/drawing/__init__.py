"""What is drawn, and how it reaches the terminal: tones, columns, plot, changed cells."""
