"""The kind `http`: any JSON API, described in the configuration instead of coded."""
