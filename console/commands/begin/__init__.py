"""What one runs first: `skew demo`, `init`, `check` and `channels`."""
