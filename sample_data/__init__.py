"""The demo's catalogue and its scripted day."""
