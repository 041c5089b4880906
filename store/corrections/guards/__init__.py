"""What holds an update back: doubts about its readings, and what was written of late."""
