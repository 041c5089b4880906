"""Tests of sync/channels/csv."""
