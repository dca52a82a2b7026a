"""Scoring functions: sums of named scores, and a user's own functions in worker processes."""
