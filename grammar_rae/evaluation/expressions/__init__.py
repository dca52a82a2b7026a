"""Arithmetic expressions as programs: values, rounding error, equality, scores."""
