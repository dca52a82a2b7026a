"""Networks, which know nothing of the project."""
