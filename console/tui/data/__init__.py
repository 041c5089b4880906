"""What the screens show, read from the cache, filtered and refreshed."""
