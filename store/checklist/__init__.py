"""How the channels behaved of late."""
