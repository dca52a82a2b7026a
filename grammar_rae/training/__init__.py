"""The training loop: any objective, any rows of data, resumed to the same bits."""
