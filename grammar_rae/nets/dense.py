"""Dense networks for images of any size: layers of ReLU, whose decoder is piecewise linear in the code.

Two layers of 500 are those of the variational Laplace autoencoder (Park, Kim, Kim 2019, published code), initial
weights too: Kaiming's uniform by the number of outputs, biases 0.
"""

from __future__ import annotations

from torch import Tensor, nn

from grammar_rae.nets.linearised import Linearised, through
from grammar_rae.nets.sizes import Sizes

WIDTHS = [500, 500]


def kaiming(module: nn.Module) -> None:
    """He et al. 2015, uniform, variance kept on the way back. For `Module.apply`."""
    if isinstance(module, nn.Linear):
        nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)


def rectified(inputs: int, widths: Sizes) -> nn.Sequential:
    """(B, inputs) → ReLU layers of `widths` → (B, widths[-1])."""
    layers: list[nn.Module] = []
    for before, after in zip([inputs, *widths], widths, strict=False):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers)


class DenseReader(nn.Module):
    """Intensities (B, C, S, S) → ReLU layers of `widths` → (B, outputs)."""

    def __init__(self, channels: int, size: int, *, widths: Sizes = WIDTHS) -> None:
        super().__init__()
        self.layers = rectified(channels * size**2, widths).apply(kaiming)
        self.outputs = widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, outputs) of intensities x (B, C, S, S)."""
        features: Tensor = self.layers(x.flatten(1))
        return features


class DenseWriter(nn.Module):
    """z (B, D) → ReLU layers of `widths` → planes (B, P, S, S), linear at the end."""

    def __init__(self, latent: int, planes: int, size: int, *, widths: Sizes = WIDTHS) -> None:
        super().__init__()
        self.layers = rectified(latent, widths)
        self.out = nn.Linear(widths[-1], planes * size**2)
        self.shape = (planes, size, size)
        self.apply(kaiming)

    def forward(self, z: Tensor) -> Tensor:
        """Planes (B, P, S, S) of z (B, D)."""
        return self.out(self.layers(z)).unflatten(1, self.shape)

    def linearised(self, z: Tensor, beside: int = 0) -> Linearised:
        """The linear map that the net is around z (B, …) in all but the last `beside` numbers of z, its output planes
        (B, P, S, S).
        """
        h, slopes = through(self.layers, z, z.shape[1] - beside)
        return Linearised(self.out(h).unflatten(1, self.shape), slopes, self.out.weight)
