"""How a cell is numbered and kept: what every room that reads or writes one shares."""
