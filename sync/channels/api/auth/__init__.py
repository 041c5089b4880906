"""How an API is signed in to: a file for each way."""
