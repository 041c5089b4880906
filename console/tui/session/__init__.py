"""What the operator's session is in: state, preferences, memory."""
