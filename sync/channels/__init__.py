"""The registry of kinds of channel."""
