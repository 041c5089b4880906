"""What a running engine watches, each change said once: health, notices, credentials."""
