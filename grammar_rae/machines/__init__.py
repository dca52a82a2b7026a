"""What may come next: productions that keep syntax, the step budget and valence, for whole batches."""
