"""Events that come: a batch of them brought in, and what is wrong with some of them."""
