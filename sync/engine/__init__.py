"""The engine: schedule, lease, watches, requests, retention, and the thread beside a screen."""
