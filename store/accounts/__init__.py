"""The account of each listing: what moved it since its first reading, and what nothing explains."""
