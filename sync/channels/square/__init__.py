"""The `square` kind: a Square seller's stock, through the Inventory and Catalog APIs."""
