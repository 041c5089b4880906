"""Polls of files that hold only what changed."""
