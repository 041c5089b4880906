"""Words, numbers, glyphs and remedies, for every screen and report. Pure."""
