"""Tells people of trouble where they are: once, again when it is over, and not at night."""
