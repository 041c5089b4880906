"""The kind `csv`: files that a system drops."""
