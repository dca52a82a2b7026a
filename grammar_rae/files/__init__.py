"""Reading and writing: tables of items, images, codes, caches, and the one way a file is replaced."""
