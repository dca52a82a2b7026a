"""Views of images x (B, C, H, W) uint8, which encoder and likelihood share, by u, uniform in [0, 1).

In training and validation u is drawn; where a code must not depend on chance, u is 1/2 everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

View = Callable[[Tensor, Tensor | float], Tensor]


def as_is(x: Tensor, u: Tensor | float) -> Tensor:
    """The rows themselves, of any kind of data."""
    return x


def binarised(x: Tensor, u: Tensor | float) -> Tensor:
    """Two levels, 0 and 255: a pixel is white with its intensity as probability (Salakhutdinov, Murray 2008).

    u of 1/2 leaves white what is 128 or more.
    """
    return (x / 255 > u).to(torch.uint8) * 255


def dequantised(x: Tensor, u: Tensor | float) -> Tensor:
    """Floats whose intensity, x / 255, is (byte + u) / 256 (Uria, Murray, Larochelle 2013).

    The mean log-density over u is no more than the log-mass of the bytes plus log 256 a pixel (Theis et al. 2016).
    """
    return (x + u) * (255 / 256)


def drawn(view: View, x: Tensor) -> Tensor:
    """The view of x under u of torch's global generator, which is asked only where the view needs it."""
    return x if view is as_is else view(x, torch.rand(x.shape, device=x.device))
