"""What the keys that decide do. One module for each thing that is decided on."""
