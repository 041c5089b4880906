"""What accepting a quarantined poll would change, found before anybody accepts it."""
