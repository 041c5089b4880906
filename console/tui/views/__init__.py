"""How each thing looks on a screen: rows, panels, header."""
