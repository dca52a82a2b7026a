"""Metrics of strings and images. Nothing here knows a model."""
