"""Webhooks of channels: whose they are, and the poll that they hasten. They are never the truth."""
