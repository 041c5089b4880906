"""What the kinds that ask an API share: signing in, reading answers, and what those complain of."""
