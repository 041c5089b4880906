"""Read one channel: guard, poll, events, recovery."""
