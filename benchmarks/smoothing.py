"""What smoothing does for a model's molecules: FCD and shares over densities, noise of their codes, and temperatures.

    python benchmarks/smoothing.py --model RUN --out table                     # 10,000 molecules a row
    python benchmarks/smoothing.py --model RUN --out smoke -n 100 --noise 0 0.4 --temperatures 0.7 --densities gmm

Codes of a density get noise σ ε, of which the decoder is told (`decoder.noise_input`), and are decoded at a
temperature. Everything stands against the validation split of the data that the recipe names, so that σ, temperature
and density may be chosen by this table; the first row is what as many training molecules reach. Columns as
`benchmarks/samples.py` has them; `by syntax`: the share of `--syntax` samples that is valid where valence is not
enforced.

Stopped, it goes on: finished rows are in `--out`, and several processes may share it, each with rows of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import warnings
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from resumed import Row, kept, markdown
from samples import Reference, row

from grammar_rae import datasets
from grammar_rae.evaluation.molecules import fcd, metrics
from grammar_rae.evaluation.molecules.profile import profile
from grammar_rae.model.model import Model
from grammar_rae.runs.folder import find
from grammar_rae.runs.succession import WEIGHTS, current

SHOWN = {
    "fcd": "FCD",
    "unique_10000": "unique",
    "novel": "new",
    "by_syntax": "by syntax",
    "int_div_1": "diversity",
}


class Table:
    """Rows of one model; what they are compared with is read once, where a row is missing."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.model: Model[Any] = Model.load(options.model)

    @cached_property
    def known(self) -> tuple[datasets.Dataset[Any], Reference]:
        """The data, and what is known of its validation split."""
        data = datasets.load(self.model.recipe.data.name)
        held = metrics.reference(data.valid)
        return data, (held, fcd.activation_moments(held))

    def floor(self) -> Row:
        """As many training molecules."""
        data, reference = self.known
        order = np.random.default_rng(self.options.seed).permutation(len(data.train))[: self.options.n]
        return self._row("training molecules", [data.train[i] for i in order], reference, None)

    def drawn(self, density: str, noise: float, temperature: float) -> Row:
        """Samples of the model, and those of them that are valid by syntax."""
        data, reference = self.known
        how = {"density": density, "noise": noise, "temperature": temperature, "seed": self.options.seed}
        found = self._row(density, self.model.generate(self.options.n, **how), reference, set(data.train))
        loose = self.model.generate(min(self.options.n, self.options.syntax), syntax_only=True, **how)
        forms = self.model.run.task.canonical(loose)
        return {**how, **found, "by_syntax": sum(form is not None for form in forms) / len(forms)}

    def _row(self, name: str, smiles: list[str], reference: Reference, seen: set[str] | None) -> Row:
        items = metrics.read_molecules(smiles)
        found = profile(items.forms, items.counts, compared=False)
        return row(name, len(smiles), items, found, reference, seen)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cells(found: Row) -> list[str]:
    """A row of the table, shares in percent."""
    values = [found.get(key) for key in SHOWN]
    texts = [
        "–" if value is None else f"{value:.3f}" if key in ("fcd", "int_div_1") else f"{100 * value:.2f} %"
        for key, value in zip(SHOWN, values, strict=True)
    ]
    return [
        found["set"],
        *(f"{found[key]:g}" if key in found else "–" for key in ("noise", "temperature")),
        *texts,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True, help="a shipped model or a run folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of rows, to go on from")
    parser.add_argument("--densities", nargs="+", help="those of the model that were fitted, when not given")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8])
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.0, 0.5, 0.7, 0.85, 1.0])
    parser.add_argument("-n", type=int, default=10_000, help="molecules of a row")
    parser.add_argument("--syntax", type=int, default=2_000, help="of them drawn by syntax alone, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    table = Table(options)
    folder = current(find(options.model))
    settings = {"weights": digest(folder / WEIGHTS), "n": options.n, "seed": options.seed}
    lines = [cells(kept(options.out, "floor", settings, table.floor))]
    densities = options.densities or [name for name in table.model.run.densities if name != "box"]
    for density, noise, temperature in itertools.product(densities, options.noise, options.temperatures):
        name = f"{density}-{noise:g}-{temperature:g}"
        fitted = folder / "densities" / f"{density}.safetensors"
        own = (
            settings | {"syntax": options.syntax} | ({"density": digest(fitted)} if fitted.is_file() else {})
        )
        lines.append(cells(kept(options.out, name, own, partial(table.drawn, density, noise, temperature))))
    print(markdown(["density", "noise", "temperature", *SHOWN.values()], lines))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
