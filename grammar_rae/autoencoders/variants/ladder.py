"""Variational ladder autoencoder: Zhao, Song, Ermon, "Learning Hierarchical Features from Generative Models" (2017).

A flat code of independent rungs, N(0, I), whose places in the networks differ: a rung further up is read from deeper
features and passes more layers on its way down. The bound is a VAE's, its KL summed over rungs.
"""

from __future__ import annotations

from grammar_rae.autoencoders.terms import LIKELIHOOD, kl
from grammar_rae.autoencoders.variant import Variant

LADDER = Variant({**LIKELIHOOD, "kl": (kl, 1.0)}, "rungs", "standard")
