"""What a vendor lets us ask: requests or points a time, of which we take a share."""
