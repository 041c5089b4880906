"""Which updates a decision is about, and what came of it."""
