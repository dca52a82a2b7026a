"""Where tests put their tensors: `pytest --device cuda` runs the same tests on a GPU."""

DEVICE = "cpu"
