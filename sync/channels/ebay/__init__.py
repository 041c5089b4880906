"""The kind `ebay`: a seller's listings on eBay, through the Sell Inventory API."""
