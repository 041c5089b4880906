"""What was: timeline, as of, plots, rewinding, retention."""
