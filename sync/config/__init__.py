"""From skew.toml to settings, with errors that name file and key."""
