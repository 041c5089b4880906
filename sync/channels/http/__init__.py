"""The kind `http`: any JSON API, described instead of coded."""
