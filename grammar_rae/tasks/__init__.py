"""Kinds of data: molecules, expressions, strings, images. Items in, numbers and tables out; they never see a model."""
