"""What of a poll is as it was in the last good one, found before anything of it is decoded."""
