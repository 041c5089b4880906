"""What a channel should show, in words: policy, terms, directions."""
