"""Decide, write and verify corrections, and how far a batch has come."""
