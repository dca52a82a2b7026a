"""The verbs that write, for `kills.py`: what each reads, its words, and what it leaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from same_bytes_commands import IMAGES

RNA = "S -> '.' S | '(' L ')' S | '.'\nL -> '.' L | '(' L ')' L | '.' '.' '.'\n"
SMALL = [
    "training.epochs=2",
    "training.batch=64",
    "encoder.hidden=16",
    "encoder.filters=[8,8]",
    "encoder.latent=4",
    "decoder.hidden=16",
    "density.components=2",
]
FEW_IMAGES = [*IMAGES, "data.limit=200"]


@dataclass(frozen=True)
class Case:
    """A command, the words that go with it when it is given again after a kill, and the folder it works in, if any."""

    words: list[str]
    again: tuple[str, ...] = ()
    folder: str | None = None


def _set(settings: list[str]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def _train(out: str, settings: list[str]) -> list[str]:
    return ["train", "grae", "--grammar", "rna.cfg", "--data", "rna.txt", "--out", out, *_set(settings)]


def write_inputs(folder: Path, execute: Callable[[list[str]], None]) -> None:
    """What the commands read: files, and two small models, trained by `execute`."""
    folder.mkdir(parents=True)
    draw = random.Random(0)
    strings = dict.fromkeys(_folded(draw, 0) for _ in range(300))
    files = {
        "rna.cfg": RNA.splitlines(),
        "rna.txt": [*strings, "x.", "(."],
        "mine.py": ["def paired(text):", "    return text.count('(')"],
        "molecules.smi": ["CCO", "CCN", "c1ccccc1O", "CC(=O)NC", "C1CC", "CCCCC", "OCC(N)C"],
    }
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
    execute(_train("model", SMALL))
    execute(["density", "model", "--fit", "kde"])
    execute(["train", "vae-digits", "--out", "images", *_set(FEW_IMAGES)])
    execute(["encode", "rna.txt", "-m", "model", "--out", "codes.npz"])


def _folded(draw: random.Random, depth: int) -> str:
    dots = "." * draw.randint(1, 3)
    if depth < 3 and draw.random() < 0.6:
        return f"{dots[1:]}({_folded(draw, depth + 1)}...){dots}"
    return dots


def cases() -> dict[str, Case]:
    """By name."""
    walk = "-m grae-smiles --out a.csv --grid a.png"
    search = "optimize --candidates 40 --out found"
    retraining = "--score python:mine:paired --budget 30 --retrain-every 20"
    lines = {
        "density": Case(["density", "model", "--fit", "gmm", "--name", "two"], folder="model"),
        "density, a copy": Case(["density", "model", "--fit", "gmm", "--name", "two", "--out", "copy"]),
        "evaluate, a model": Case(["evaluate", "model", "-n", "50", "--report", "page.html"], folder="model"),
        "evaluate, a file": Case(
            ["evaluate", "molecules.smi", "--table", "rows.csv", "--report", "page.html"]
        ),
        "generate": Case(["generate", "-n", "10", "--out", "a.csv", "--grid", "a.png"]),
        "generate, images": Case(
            ["generate", "-n", "12", "-m", "images", "--out", "pictures"], (), "pictures"
        ),
        "reconstruct": Case(["reconstruct", "rna.txt", "-m", "model", "--out", "a.csv"]),
        "encode": Case(["encode", "rna.txt", "-m", "model", "--out", "z.npz"]),
        "decode": Case(["decode", "codes.npz", "-m", "model", "--out", "a.txt"]),
        "interpolate": Case(f"interpolate CCO CCN --steps 4 {walk}".split()),
        "neighbours": Case(f"neighbours CCO -n 4 {walk}".split()),
        "optimize": Case(
            f"{search} -m grae-equations --score expression:x*x --budget 30".split(), (), "found"
        ),
        "optimize, retraining": Case(f"{search} -m model {retraining}".split(), (), "found"),
        "grammar build": Case(["grammar", "build", "molecules.smi", "--out", "mine.cfg"]),
        "grammar sample": Case(["grammar", "sample", "rna.cfg", "-n", "20", "--out", "a.csv"]),
    }
    return {
        "train": Case(_train("run", SMALL), ("--resume",), "run"),
        "train, in place of another": Case(_train("model", [*SMALL, "training.seed=1"]), (), "model"),
        **lines,
    }
