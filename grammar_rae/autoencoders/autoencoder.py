"""An autoencoder is an encoder x → q, a decoder z → p and a prior; nothing else."""

from __future__ import annotations

from torch import Tensor, nn

from grammar_rae.autoencoders.views import View, as_is
from grammar_rae.distributions.interfaces import Posterior


class Autoencoder(nn.Module):
    """The modules every objective works on: encoder(x) → Posterior, decoder(z, masks) → Decoded, prior() → Latent.

    `refine`, where given, betters the encoder's posterior: refine(q, x, decoder, prior) → Posterior. `view` is what
    rows become before encoder and likelihood see them; callers apply it.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        prior: nn.Module,
        refine: nn.Module | None = None,
        view: View = as_is,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior
        self.refine = refine
        self.view = view

    def posterior(self, x: Tensor) -> Posterior:
        """q(z | x) of viewed x (B, …)."""
        q: Posterior = self.encoder(x)
        if self.refine is not None:
            q = self.refine(q, x, self.decoder, self.prior)
        return q
