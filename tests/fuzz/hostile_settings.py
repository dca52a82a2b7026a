"""Words of commands with hostile settings: recipes, --set, and every option that takes a number."""

import typing

import mutations
import numpy as np
from home import RNA, packed

from grammar_rae.cli import VERBS, grammar

RECIPE = """
name = "mine"
task = "strings"
data = { name = "none" }
codec = { grammar = "rna.cfg", steps = 12 }
encoder = { net = "convolution", latent = 3, hidden = 4, filters = [2], widths = [2] }
decoder = { net = "repeat", hidden = 4, layers = 1 }
objective = { variant = "rae_l2", weights = { half_norm = 0.1 } }
training = { epochs = 1, batch = 25, learning_rate = 0.01 }
density = { components = 2 }
"""


def recipes(chance, home):
    """Recipes damaged, and settings given one by one, trained for an epoch."""
    (home.files / "rna.cfg").write_text(RNA)
    data = home.file(chance, ".txt", "...\n(...)\n....\n(....)\n(...).\n" * 4)
    body = chance.choice((RECIPE, mutations.text(chance, RECIPE), mutations.toml(chance, RECIPE)))
    keys = (
        "encoder.latent",
        "encoder.hidden",
        "encoder.filters",
        "decoder.layers",
        "decoder.hidden",
        "decoder.net",
        "codec.steps",
        "objective.variant",
        "objective.weights.half_norm",
        "training.batch",
        "training.learning_rate",
        "density.components",
        "density.default",
        "training.precision",
        "task",
        "codec",
        "nothing.here",
        "training",
        "prior.steps",
    )
    odd = (
        *mutations.NUMBERS,
        "auto",
        "[]",
        "{}",
        "[1, 2]",
        "true",
        "'",
        "x" * 300,
        "gmm",
        "kde",
        "vae",
        "wae",
    )
    settings = [f"{chance.choice(keys)}={chance.choice(odd)}" for _ in range(chance.randint(0, 2))]
    wanted = [word for setting in (*settings, "training.epochs=1") for word in ("--set", setting)]
    return [
        "train",
        home.file(chance, ".toml", body),
        "--grammar",
        str(home.files / "rna.cfg"),
        "--data",
        data,
        "--out",
        home.out(chance, ""),
        *wanted,
        "--json",
    ]


def _numeric():
    """(verb's words, option) of every option that takes a number."""
    every = [([verb.__name__], verb) for verb in VERBS]
    every += [
        (["grammar", one.name or one.callback.__name__], one.callback)
        for one in grammar.app.registered_commands
    ]
    found = []
    for words, verb in every:
        defaults = dict(zip(verb.__code__.co_varnames, verb.__defaults__ or (), strict=False))
        for name, kind in typing.get_type_hints(verb).items():
            if kind in (int, float):
                declared = getattr(defaults.get(name), "param_decls", None) or ()
                found.append((words, declared[-1] if declared else f"--{name.replace('_', '-')}"))
    return found


NUMERIC = _numeric()
ASKED_FOR = {
    ("--devices", "2"),  # starts the program anew, which is not this one
    ("--budget", "1_000"),  # a thousand evaluations take minutes
}


def numbers(chance, home):
    """Odd numbers for an option that takes one, of any verb."""
    words, option = chance.choice(NUMERIC)
    model, items = home.model("strings"), home.file(chance, ".txt", "...\n(...)\n(...).\n")
    needs = {
        "generate": ["-n", "2", "-m", model, "--json"],
        "reconstruct": [items, "-m", model, "--json"],
        "decode": [home.file(chance, ".npz", packed(codes=np.zeros((2, 4), np.float32))), "-m", model],
        "interpolate": ["...", "(...)", "-m", model, "--json"],
        "neighbours": ["...", "-m", model, "-n", "2", "--json"],
        "evaluate": [items, "--json"],
        "optimize": [
            "--score",
            "expression:x",
            "--budget",
            "2",
            "--candidates",
            "3",
            "-m",
            "grae-equations",
            "--json",
        ],
        "density": [model, "--fit", "gaussian", "--out", home.out(chance, ""), "--data", items, "--json"],
        "show": [home.file(chance, ".cfg", RNA)],
        "check": [home.file(chance, ".cfg", RNA)],
        "sample": [home.file(chance, ".cfg", RNA), "-n", "2"],
        "build": [home.file(chance, ".smi", "CCO\nCCN\n"), "--out", home.out(chance, ".cfg")],
        "train": [
            home.file(chance, ".toml", RECIPE),
            "--grammar",
            home.file(chance, ".cfg", RNA),
            "--data",
            items,
            "--out",
            home.out(chance, ""),
            "--json",
        ],
    }
    number = chance.choice(mutations.NUMBERS)
    if (option, number) in ASKED_FOR:
        number = "3000000000"
    return [
        *words,
        *needs.get(words[-1], []),
        f"{option}={number}" if option.startswith("--") else f"{option}{number}",
    ]
