"""The steps of the cache's schema, one file each, in the order that `store.schema` gives."""
