"""The kind `amazon`: a seller's stock on Amazon, through the Selling Partner API."""
