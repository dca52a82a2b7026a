"""The run folder: everything that a trained model is, on disk."""
