"""Evaluators: strings or images in, numbers out. They never see a model."""
