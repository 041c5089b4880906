"""The kind `simulated`: a channel of the demo's world, over real HTTP."""
