"""Incidents as tables and as JSON."""
