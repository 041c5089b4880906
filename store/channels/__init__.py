"""How each channel fares: polls, pauses, incidents."""
