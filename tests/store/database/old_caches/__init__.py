"""Small caches of every earlier schema, made by the code of its time, and what that code said."""
