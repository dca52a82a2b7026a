"""VLAC: Willetts, Roberts, Holmes, "Disentangling to Cluster: Gaussian Mixture Variational Ladder Autoencoders" (2019).

The ladder with a mixture of Gaussians over every rung, so that each rung clusters the data by what it holds. Given z
the component is known in closed form, q(y | z) = p(y | z), as in VaDE (Jiang et al. 2017) and in the same group's later
MFCVAE; the bound is then that of a VAE whose prior is the mixture. The paper may learn q(y | x) instead: we know its
abstract alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.priors import RungMixtures
from grammar_rae.autoencoders.terms import KL, LIKELIHOOD
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.autoencoders.views import drawn

FITTED = 20_000  # codes that mixtures are fitted to, at most
TRIES = 5  # beginnings of a fit, of which the likeliest end is kept
BATCH = 500


def fit_mixtures(model: Autoencoder, epoch: int, epochs: int, rows: Tensor) -> None:
    """Before epoch `prior.fit_epoch`, or the last, mixtures fitted by expectation maximisation to draws of the rows'
    codes.
    """
    prior = model.prior
    if not isinstance(prior, RungMixtures) or not epoch or epoch != min(prior.fit_epoch, epochs - 1):
        return
    from sklearn.mixture import GaussianMixture

    codes = _codes(model, rows[:FITTED])
    device, rungs = codes.device, codes.split(prior().sizes, -1)
    if len(codes) < 2:
        return
    for mixture, rung in zip(prior.rungs, rungs, strict=True):
        fitted = GaussianMixture(
            min(len(mixture.weights), len(rung)),
            covariance_type="full" if prior.covariance == "full" else "diag",
            n_init=TRIES,
            reg_covar=1e-4,
            random_state=0,
        ).fit(rung.double().cpu().numpy())
        covariances = torch.as_tensor(fitted.covariances_)
        covariances = covariances if covariances.dim() == 3 else torch.diag_embed(covariances)
        means = torch.as_tensor(fitted.means_)
        again = torch.arange(len(mixture.weights)) % len(means)  # of fewer rows than components: some twice
        factors = torch.linalg.cholesky(covariances)
        mixture.set(means[again].to(device), factors[again].to(device))


def _codes(model: Autoencoder, rows: Tensor) -> Tensor:
    """(n, D) a draw of q of each row (n, …), as the model is outside training."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    codes = [model.posterior(drawn(model.view, part.to(device))).rsample() for part in rows.split(BATCH)]
    model.train(training)
    return torch.cat(codes)


VLAC = Variant({**LIKELIHOOD, "kl": (KL, 1.0)}, "rungs", "rung_mixtures", begin=fit_mixtures)
