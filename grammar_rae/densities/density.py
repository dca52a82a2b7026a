"""What a density is beside its distribution: a kind and sizes, from which an empty one is made to load into."""

from __future__ import annotations

from torch import nn


class Density(nn.Module):
    """A prior fitted on codes: `density()` is a `Latent` distribution."""

    kind: str = ""  # its name in the catalogue, given where it is fitted or read

    def __init__(self, **sizes: int) -> None:
        """`sizes` are the arguments of the `empty` function in its catalogue row, the latent size left out."""
        super().__init__()
        self.sizes = sizes
