"""Dialogs of a longer text, which is searched."""
