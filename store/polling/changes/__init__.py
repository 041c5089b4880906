"""Polls of only what changed: from files that hold no more, or as a channel lists it."""
