"""Autoencoders with a standard normal prior: AE, VAE (Kingma, Welling 2014), CV-VAE (Ghosh et al. 2020)."""

from __future__ import annotations

from grammar_rae.autoencoders.encoders import ConstantVarianceHead, GaussianHead, PointHead
from grammar_rae.autoencoders.objective import LIKELIHOOD
from grammar_rae.autoencoders.priors import Standard
from grammar_rae.autoencoders.terms import kl
from grammar_rae.autoencoders.variant import Variant

AE = Variant(LIKELIHOOD, PointHead, Standard)
VAE = Variant({**LIKELIHOOD, "kl": (kl, 1.0)}, GaussianHead, Standard)
CV_VAE = Variant({**LIKELIHOOD, "kl": (kl, 1.0)}, ConstantVarianceHead, Standard)
