"""What came in: staging, merge, comparison, events, quarantine."""
