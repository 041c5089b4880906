"""Looks at what a system answers and proposes a description of it: `skew describe`."""
