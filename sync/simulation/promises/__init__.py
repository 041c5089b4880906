"""What Skew promises, and whoever watches in a trial that it is kept."""
