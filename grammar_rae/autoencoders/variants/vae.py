"""Autoencoders with a standard normal prior: AE, VAE (Kingma, Welling 2014), CV-VAE (Ghosh et al. 2020)."""

from __future__ import annotations

from grammar_rae.autoencoders.terms import KL, LIKELIHOOD
from grammar_rae.autoencoders.variant import Variant

AE = Variant(LIKELIHOOD, "point", "standard")
VAE = Variant({**LIKELIHOOD, "kl": (KL, 1.0)}, "gaussian", "standard")
CV_VAE = Variant({**LIKELIHOOD, "kl": (KL, 1.0)}, "constant_variance", "standard")
