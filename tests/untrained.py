"""Models with random weights: what holds whatever a network says."""

import place
import torch
from conftest import RNA

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.model.model import Model
from grammar_rae.recipes.build import make_autoencoder, make_codec
from grammar_rae.recipes.toml import parse
from grammar_rae.runs.folder import Run

MOLECULES = """
name = "untrained"
task = "molecules"
data = {{ name = "none", prepare = "kekule" }}
codec = {{ grammar = "smiles.cfg", steps = 48 }}
encoder = {{ net = "strided", latent = 4, hidden = 8, filters = [4], embedding = 4 }}
decoder = {{ net = "{net}", hidden = 12, layers = 2, embedding = 6, machine = "valence" }}
objective = {{ variant = "rae" }}
training = {{ epochs = 1, batch = 25 }}
"""


def untrained_molecules(net, scale=4.0, overrides=()):
    """A model of SMILES with a decoder net of that name, its weights `scale` times as wild as fresh ones."""
    recipe, grammar = parse(MOLECULES.format(net=net), "untrained", overrides), Grammar.read("smiles.cfg")
    codec = make_codec(recipe, grammar)
    torch.manual_seed(0)
    autoencoder = make_autoencoder(recipe, codec)
    with torch.no_grad():
        for weight in autoencoder.parameters():
            weight *= scale
    return Model(Run(recipe, grammar, codec, autoencoder), place.DEVICE)


STRINGS = """
name = "untrained"
task = "strings"
data = {{ name = "none" }}
codec = {{ grammar = "rna.cfg", steps = 12 }}
encoder = {{ net = "convolution", latent = 4, hidden = 8, filters = [4], widths = [2], noise = {noise} }}
decoder = {{ net = "repeat", hidden = 8, layers = 1, embedding = 4, budget = "sampling" }}
objective = {{ variant = "{variant}" }}
training = {{ epochs = 1, batch = 25 }}
"""


def untrained_strings(variant="vae", noise=2.0):
    """A model of RNA secondary structures whose posterior has `noise` times its own deviation."""
    recipe, grammar = parse(STRINGS.format(variant=variant, noise=noise), "untrained"), Grammar.parse(RNA)
    codec = make_codec(recipe, grammar)
    torch.manual_seed(0)
    autoencoder = make_autoencoder(recipe, codec)
    with torch.no_grad():
        for weight in autoencoder.parameters():
            weight *= 2
    return Model(Run(recipe, grammar, codec, autoencoder), place.DEVICE)
