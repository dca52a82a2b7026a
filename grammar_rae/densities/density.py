"""What a density is: the module that keeps what its distribution is made of, and its kind in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from grammar_rae.distributions.interfaces import Latent


class Density(nn.Module):
    """A prior fitted on codes: calling it gives `distribution`, called with its parts by name.

    Tensors among the parts are kept as buffers in single precision; a module among them is itself called first.
    """

    def __init__(
        self,
        distribution: Callable[..., Latent],
        sizes: Mapping[str, int] | None = None,
        **parts: Tensor | nn.Module,
    ) -> None:
        """`sizes` are the arguments of the `empty` function in its catalogue row, the latent size left out."""
        super().__init__()
        self.distribution = distribution
        self.sizes = dict(sizes or {})
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)
            else:
                self.register_buffer(name, part.float().contiguous())  # a product's bits depend on the layout

    def forward(self) -> Latent:
        """p(z), made of the parts."""
        modules = {name: module() for name, module in self.named_children()}
        return self.distribution(**dict(self.named_buffers(recurse=False)), **modules)


@dataclass(frozen=True)
class Fitted:
    """What a run keeps of a density: its kind in the catalogue, and the density."""

    kind: str
    density: Density
