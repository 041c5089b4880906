"""What serves the shell and the keyboard: `skew completion` and `skew keys`."""
