"""The posterior of all candidates at once, for acquisitions that look at many subsets of them."""

from __future__ import annotations

from typing import Any

import torch
from botorch.models.model import Model
from botorch.posteriors import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from linear_operator import to_linear_operator


class Joint(Model):
    """A model whose inputs (…, q, 1) are the numbers of candidates; their features (m, ·) are read once."""

    num_outputs = 1
    batch_shape = torch.Size()

    def __init__(self, model: Model, candidates: torch.Tensor) -> None:
        super().__init__()
        posterior: Any = model.posterior(candidates)
        self.mean, self.covariance = posterior.mean[:, 0], posterior.distribution.covariance_matrix

    def posterior(self, X: torch.Tensor, *_: Any, **__: Any) -> GPyTorchPosterior:
        """The joint posterior of q candidates, by their numbers X (…, q, 1)."""
        places = X[..., 0].long()
        covariance = self.covariance[places[..., :, None], places[..., None, :]]
        return GPyTorchPosterior(MultivariateNormal(self.mean[places], to_linear_operator(covariance)))
