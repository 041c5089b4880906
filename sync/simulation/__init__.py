"""The faulty world that the demo runs in: shops over real HTTP on loopback."""
