"""What reports the cache and changes nothing but an incident's mark: `skew status` and so on."""
