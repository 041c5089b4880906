"""What a monitor is told: how much stands open, and what has ended since it last looked."""
