"""What the daemon answers over HTTP: its health, its metrics, and webhooks of channels."""
