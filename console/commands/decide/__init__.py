"""What a person decides: on updates, channels, quarantined polls and disagreements."""
