"""A trial: the real engine on a simulated machine, over a shop that trades and fails."""
