"""What polls and writes: `skew watch`, `daemon`, `poll`, `apply` and `events`."""
