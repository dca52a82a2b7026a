"""Strings to derivations and back, for whole batches, compiled."""
