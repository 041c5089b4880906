"""The steps of the cache's schema, one file each, in the order of their numbers."""
