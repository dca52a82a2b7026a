"""What a density is beside its distribution: a kind and sizes, from which an empty one is made to load into."""

from __future__ import annotations

from torch import nn


class Density(nn.Module):
    """A prior fitted on codes: `density()` is a distribution with `log_prob(z) → (B,)` and `sample(noise)`."""

    kind: str = ""  # its name in the catalogue, given where it is fitted or read
    exact: bool = True  # whether log_prob is the logarithm of the density; False: a lower bound of it

    def __init__(self, **sizes: int) -> None:
        """`sizes` are the arguments of the `empty` function in its catalogue row, the latent size left out."""
        super().__init__()
        self.sizes = sizes
