"""One SKU: its cells and all that is known of it."""
