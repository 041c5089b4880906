"""The vendors' APIs, as far as our kinds use them: stateful, on loopback, with their traps."""
