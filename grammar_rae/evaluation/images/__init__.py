"""Metrics of images and the networks whose features they compare."""
