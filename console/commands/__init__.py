"""The commands of `skew`: GROUP/NAME.py is the command NAME, by the groups of `skew --help`."""
