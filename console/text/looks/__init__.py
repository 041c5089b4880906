"""Glyphs, colours and small drawings, without a screen."""
