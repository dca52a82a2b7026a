"""How a decoder is told of noise on its codes: what stands in front of a net that reads z + σ ε and knows σ.

With s the codes' spread and tan θ = σ / s the net reads (z + σ ε) cos θ, whose numbers are as large on the mean
whatever σ is, and beside it the first sines of θ that vanish at 0 and are orthogonal up to π / 2, where nothing is left
of the code. Without noise it reads z itself and zeros, so that a net that knew no noise goes on as it was.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

FURTHER = 4  # numbers beside the code
LEAST = 0.01  # of a batch in the running spread


class NoiseInput(nn.Module):
    """(z, σ) → (B, D + FURTHER).

    The spread s, the root mean square of the codes' numbers, runs along in training and is kept with the decoder: it
    moves where the encoder is trained too, and is none of a recipe's to know.
    """

    spread: Tensor
    batches: Tensor
    odd: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))
        self.register_buffer("odd", 1.0 + 2 * torch.arange(FURTHER), persistent=False)

    def forward(self, z: Tensor, sigma: Tensor | float = 0.0) -> Tensor:
        """What the net reads of noisy codes z (B, D), σ one for all or (B, 1)."""
        noise = torch.as_tensor(sigma, dtype=self.spread.dtype, device=z.device)
        angle = torch.atan2(noise, self.spread).expand(len(z), 1)
        return torch.cat([z * angle.cos(), (angle * self.odd).sin()], 1)

    @torch.no_grad()
    def follow(self, z: Tensor) -> None:
        """Codes (B, D) without noise enter the spread, the mean of all batches, in time of the last hundred or so."""
        self.batches += 1
        own = z.detach().to(self.spread.dtype).square().mean().sqrt()
        self.spread.lerp_(own, (1 / self.batches).clamp(min=LEAST).to(own.dtype))
