"""Autoencoders with a standard normal prior: AE, VAE (Kingma, Welling 2014), CV-VAE (Ghosh et al. 2020)."""

from __future__ import annotations

from grammar_rae.encoders import ConstantVarianceHead, GaussianHead, PointHead
from grammar_rae.objective import LIKELIHOOD, Variant, kl
from grammar_rae.priors import Standard

AE = Variant(LIKELIHOOD, PointHead, Standard)
VAE = Variant({**LIKELIHOOD, "kl": (kl, 1.0)}, GaussianHead, Standard)
CV_VAE = Variant({**LIKELIHOOD, "kl": (kl, 1.0)}, ConstantVarianceHead, Standard)
