"""Tiny models of every kind of data, and rows to train them on."""

import numpy as np
import torch

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample
from grammar_rae.recipes.build import make_autoencoder, make_codec
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs.folder import Run

BASE = {
    "name": "tiny",
    "data": {"name": "none"},
    "training": {"epochs": 2, "batch": 25, "learning_rate": 0.01},
    "density": {"components": 2},
}

PICTURES = {  # pixels a side, channels, likelihood
    "grey": (32, 1, "gaussian"),
    "colour": (32, 3, "learned_gaussian"),
    "two-level": (64, 1, "bernoulli"),
    "bytes": (32, 3, "logistic_mixture"),
    "dense": (28, 1, "linear_gaussian"),
}

KINDS = {  # codec, steps, encoder's net, decoder's net, likelihood
    "parallel": ("grammar", 12, "convolution", "repeat", "cross_entropy"),
    "sequential": ("grammar", 12, "strided", "recurrent", "categorical"),
    "characters": ("character", 20, "convolution", "repeat", "categorical"),
}

NETS = {
    "dense": {"net": "dense", "latent": 3, "widths": [8, 8]},
    "image": {"net": "image", "latent": 3, "width": 2, "bound": 5.0},
    "convolution": {"net": "convolution", "latent": 3, "hidden": 12, "filters": [4, 4], "widths": [2, 2]},
    "strided": {"net": "strided", "latent": 3, "hidden": 12, "filters": [4, 4], "embedding": 6},
    "repeat": {"net": "repeat", "hidden": 14, "layers": 2},
    "recurrent": {"net": "recurrent", "hidden": 14, "embedding": 6},
}

LADDER = {"latent": 5, "rungs": [2, 2, 1]}
STRIDED_LADDER = {**LADDER, "net": "strided_ladder", "hidden": 8, "filters": [4, 4, 4], "embedding": 6}
LADDERS = {
    "parallel": {
        "encoder": STRIDED_LADDER,
        "decoder": {"net": "repeat_ladder", "hidden": 14, "layers": 2, "path": 6},
    },
    "sequential": {
        "encoder": STRIDED_LADDER,
        "decoder": {"net": "recurrent_ladder", "hidden": 14, "embedding": 6, "path": 6},
    },
    "characters": {
        "encoder": STRIDED_LADDER,
        "decoder": {"net": "repeat_ladder", "hidden": 14, "layers": 2, "path": 6, "merge": "concatenated"},
    },
    "grey": {
        "encoder": {**LADDER, "net": "image_ladder", "convolutions": [[[2, 2], [3, 2]]], "dense": 8},
        "decoder": {"net": "image_ladder", "convolutions": [[[2, 2], [3, 2]]], "dense": 8},
    },
    "colour": {
        "encoder": {**LADDER, "net": "image_ladder", "convolutions": [[[2, 2]], [[3, 2], [3, 1]]], "dense": 8},
        "decoder": {
            "net": "image_ladder", "convolutions": [[[2, 2]], [[3, 2], [3, 1]]], "dense": 8,
            "merge": "concatenated",
        },
    },
    "dense": {
        "encoder": {**LADDER, "net": "dense_ladder", "width": 8},
        "decoder": {"net": "dense_ladder", "width": 8},
    },
}  # fmt: skip

# A variant's own sections of the recipe, in place of those above, by kind; None: a kind that the variant refuses.
FLOW = {"prior": {"steps": 2, "widths": [6]}}
WINDOW = {"context": 2, "window": [3, 1], "maps": 4, "layers": 2, "blocks": 1}
LOCAL = {kind: {**FLOW, "decoder": {"net": "local_image", "width": 2, **WINDOW}} for kind in PICTURES}
LOCAL["dense"] = {**FLOW, "decoder": {"net": "local_dense", "widths": [8, 8], **WINDOW}}
OWN = {
    "laplace": {
        **{kind: None for kind in [*KINDS, *PICTURES] if kind != "dense"},
        "two-level": {"decoder": {"net": "dense", "widths": [8, 8]}},
    },
    "ladder": LADDERS,
    "lossy": {**dict.fromkeys(KINDS), **LOCAL},
    "mutual": dict.fromkeys([*KINDS, *PICTURES], FLOW),
    "vlac": LADDERS,
}


def table(variant, kind, told=False):
    """The tiny recipe of a variant on a kind of KINDS or PICTURES; its decoder may be told of noise on its codes."""
    if kind in PICTURES:
        size, channels, likelihood = PICTURES[kind]
        sections = {
            "task": "images",
            "codec": {"kind": "image", "size": size, "channels": channels},
            "encoder": NETS["dense" if kind == "dense" else "image"],
            "decoder": {"net": "dense", "widths": [8, 8]}
            if kind == "dense"
            else {"net": "image", "width": 2},
            "training": {**BASE["training"], "batch": 4},
            "density": {"components": 2, "temperature": 0.0},
        }
    else:
        codec, steps, read, write, likelihood = KINDS[kind]
        sections = {
            "task": "strings",
            "codec": {"kind": codec, "steps": steps, "alphabet": "x123+*/()sinep "},
            "encoder": NETS[read],
            "decoder": NETS[write],
        }
    objective = {"variant": variant, "likelihood": likelihood, "code_noise": 0.5 if told else 0.0}
    found = {**BASE, **sections, "objective": objective, **(OWN.get(variant, {}).get(kind) or {})}
    return {**found, "decoder": {**found["decoder"], "noise_input": told}}


def supported(variant, kind):
    """Whether a variant is for a kind of data."""
    return OWN.get(variant, {}).get(kind, {}) is not None


def tiny(variant, kind, told=False):
    """(run, rows): a variant on a kind of KINDS or PICTURES, and what it may train on."""
    recipe = Recipe.model_validate(table(variant, kind, told))
    if kind in PICTURES:
        codec = make_codec(recipe, None)
        torch.manual_seed(0)
        run = Run(recipe, None, codec, make_autoencoder(recipe, codec))
        smooth = np.random.default_rng(0).integers(0, 256, (8, 4, 4, codec.channels), np.uint8)
        return run, torch.as_tensor(
            codec.encode(smooth.repeat(codec.size // 4, 1).repeat(codec.size // 4, 2))
        )
    grammar = Grammar.read("equation")
    codec = make_codec(recipe, grammar)
    texts = unparse(grammar, sample(grammar, 100, 10, seed=1))
    torch.manual_seed(0)
    run = Run(recipe, grammar, codec, make_autoencoder(recipe, codec))
    return run, torch.as_tensor(codec.encode(texts))
