"""Tiny models of every kind of data, and rows to train them on."""

import numpy as np
import torch

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample
from grammar_rae.recipes.build import make_autoencoder, make_codec
from grammar_rae.recipes.toml import parse
from grammar_rae.runs.folder import Run

RECIPE = """
name = "tiny"
task = "strings"
data.name = "none"
codec = {{ kind = "{kind}", steps = {steps}, alphabet = "x123+*/()sinep " }}
encoder = {{ net = "{read}", latent = 3, hidden = 12, filters = [4, 4], widths = [2, 2], embedding = 6 }}
decoder = {{ net = "{write}", hidden = 14, layers = 2, embedding = 6 }}
objective = {{ variant = "{variant}", likelihood = "{likelihood}" }}
training = {{ epochs = 2, batch = 25, learning_rate = 0.01 }}
density = {{ components = 2 }}
"""


IMAGES = """
name = "tiny"
task = "images"
data.name = "none"
codec = {{ kind = "image", size = {size}, channels = {channels} }}
encoder = {{ net = "image", latent = 3, width = 2, bound = 5.0 }}
decoder = {{ net = "image", width = 2 }}
objective = {{ variant = "{variant}", likelihood = "{likelihood}" }}
training = {{ epochs = 2, batch = 4, learning_rate = 0.01 }}
density = {{ components = 2, temperature = 0.0 }}
"""


PICTURES = {
    "grey": (32, 1, "gaussian"),
    "colour": (32, 3, "learned_gaussian"),
    "two-level": (64, 1, "bernoulli"),
    "bytes": (32, 3, "logistic_mixture"),
}


KINDS = {
    "parallel": ("grammar", 12, "convolution", "repeat", "cross_entropy"),
    "sequential": ("grammar", 12, "strided", "recurrent", "categorical"),
    "characters": ("character", 20, "convolution", "repeat", "categorical"),
}


def tiny(variant, kind):
    """(run, rows): a variant on a kind of KINDS or PICTURES, and what it may train on."""
    if kind in PICTURES:
        size, channels, likelihood = PICTURES[kind]
        text = IMAGES.format(size=size, channels=channels, likelihood=likelihood, variant=variant)
        recipe = parse(text, "tiny")
        codec = make_codec(recipe, None)
        torch.manual_seed(0)
        run = Run(recipe, None, codec, make_autoencoder(recipe, codec))
        smooth = np.random.default_rng(0).integers(0, 256, (8, 4, 4, channels), np.uint8)
        return run, torch.as_tensor(codec.encode(smooth.repeat(size // 4, 1).repeat(size // 4, 2)))
    codec_kind, steps, read, write, likelihood = KINDS[kind]
    text = RECIPE.format(
        kind=codec_kind, steps=steps, read=read, write=write, variant=variant, likelihood=likelihood
    )
    recipe, grammar = parse(text, "tiny"), Grammar.read("equation")
    codec = make_codec(recipe, grammar)
    texts = unparse(grammar, sample(grammar, 100, 10, seed=1))
    torch.manual_seed(0)
    run = Run(recipe, grammar, codec, make_autoencoder(recipe, codec))
    return run, torch.as_tensor(codec.encode(texts))
