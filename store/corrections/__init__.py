"""A correction's life: propose, decide, batches, audit, freeze."""
