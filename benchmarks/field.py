"""The field's own tables of generated molecules, the published rows beside ours.

    grammar-rae train grae-smiles-noise --data zinc250k_graphs --out graphs
    python benchmarks/field.py zinc250k --model graphs      # 10,000 samples, as models of graphs report them since GDSS
    python benchmarks/field.py moses --model RUN            # 30,000 samples: the table of MOSES
    python benchmarks/field.py qm9 --model RUN              # 10,000 samples

RUN is trained on the data set of that name (`zinc250k`: `zinc250k_graphs`), which its row says. Samples are of the
model's own density and compared with the set's test molecules. *Valid* is what RDKit reads of what was written, nothing
corrected; *by syntax*, where the rules of valence are not enforced. The reference of ZINC250k has its stereochemistry,
which models of graphs do not write; *flat* is the distance of our molecules without theirs. The floor is as many
training molecules. Distances by the package `fcd`; those by `fcd_torch`, as the published rows are, stand beside them
where it is installed (docs/metrics.md says where they differ).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdkit import Chem
from resumed import markdown

from grammar_rae import datasets
from grammar_rae.chance import subset
from grammar_rae.evaluation.molecules import fcd, metrics
from grammar_rae.evaluation.molecules.profile import Profile, profile
from grammar_rae.model.decoding import has_semantics
from grammar_rae.model.model import Model

Row = dict[str, Any]
PUBLISHED = Path(__file__).with_suffix(".toml")
SHARES = ("valid", "by_syntax", "unique", "novel", "filters")  # in percent


@dataclass(frozen=True)
class Table:
    """A table of the field: its data set, how many samples it is of, and its columns."""

    data: str
    samples: int
    columns: tuple[str, ...]
    unique: str = "unique"  # the metric that its column of that name is
    scaffolds: str | None = None  # a second reference


DISTANCES = ("valid", "by_syntax", "unique", "novel", "fcd", "fcd_torch")
MOSES: tuple[str, ...] = (
    "valid",
    "by_syntax",
    "unique",
    "fcd",
    "fcd_scaffolds",
    "snn",
    "snn_scaffolds",
    "fragments",
    "scaffolds",
)
MOSES += ("scaffolds_scaffolds", "int_div_1", "int_div_2", "filters", "novel")
TABLES = {
    "zinc250k": Table("zinc250k_graphs", 10_000, (*DISTANCES, "flat")),
    "qm9": Table("qm9", 10_000, DISTANCES),
    "moses": Table("moses", 30_000, MOSES, "unique_10000", "moses_scaffolds"),
}


def row(table: Table, name: str, drawn: Sequence[str], data: datasets.Dataset[str], seen: Any) -> Row:
    """What the table says of strings; `seen`: hashes of training molecules, None where they are such themselves."""
    items = metrics.read_molecules(drawn)
    found = profile(items.forms, items.counts)
    numbers = metrics.metrics(items, found, metrics.reference(data.test), seen, fcd=True)
    line: Row = {"model": name, **numbers, "unique": numbers[table.unique]}
    if "flat" in table.columns:
        line["flat"] = fcd.frechet_distance(
            fcd.activation_moments(flat(items.canonical)),
            fcd.activation_moments(metrics.reference(data.test)),
        )
    if "fcd_torch" in table.columns and importlib.util.find_spec("fcd_torch"):
        from fcd_torch import FCD

        line["fcd_torch"] = FCD(device="cpu")(data.test, [form for form in items.canonical if form])
    if table.scaffolds:
        other = metrics.reference(datasets.load(table.scaffolds).test)
        beside = metrics.metrics(items, found, other, fcd=True)
        line |= {f"{key}_scaffolds": beside[key] for key in ("fcd", "snn", "scaffolds")}
    return {key: 100 * value if key in SHARES and value is not None else value for key, value in line.items()}


def flat(forms: Sequence[str | None]) -> Profile:
    """The same molecules without stereochemistry."""
    plain = [Chem.MolToSmiles(Chem.MolFromSmiles(form), isomericSmiles=False) for form in forms if form]
    items = metrics.read_molecules(plain)
    return profile(items.forms, items.counts, compared=False)


def rows(name: str, models: Sequence[str], n: int, seed: int) -> Iterator[Row]:
    """The floor, then each model."""
    table = TABLES[name]
    data = datasets.load(table.data)
    n = n or table.samples
    floor = [data.train[i] for i in subset(len(data.train), n, seed)]
    yield row(table, f"{n:,} training molecules", floor, data, None)
    for called in models:
        model = Model.load(called)
        drawn = model.generate(n, seed=seed)
        found = row(
            table, f"{model.recipe.name}, trained on {model.recipe.data.name}", drawn, data, model.run.seen
        )
        if has_semantics(model):
            unmasked = datasets.canonicals(model.generate(n, seed=seed, syntax_only=True))
            found["by_syntax"] = 100 * sum(form is not None for form in unmasked) / n
        yield found


def cells(line: Row, columns: Sequence[str]) -> list[str]:
    """Of one row; «–» where it has no such number."""
    shown = [line.get(column) for column in columns]
    numbers = ["–" if value is None else f"{value:.3f}".rstrip("0").rstrip(".") for value in shown]
    return [line["model"], *numbers, line.get("source", "this run")]


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--model", nargs="*", default=[], help="run folders or shipped models")
    parser.add_argument("-n", type=int, default=0, help="samples, where not the table's own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = list(rows(options.table, options.model, options.n, options.seed))
    if options.json:
        print("\n".join(json.dumps(line) for line in found))
    else:
        columns = TABLES[options.table].columns
        published = tomllib.loads(PUBLISHED.read_text())[options.table]
        print(
            markdown(["model", *columns, "source"], [cells(line, columns) for line in (*published, *found)])
        )
