"""The validity ledger: molecules drawn under whatever could break the promise, and what is wrong with any of them.

    python benchmarks/validity.py --out ledger -n 1000000

Models that come with the package, under every density, from greedy to nearly uniform temperatures, with few and many
steps, from beginnings; codes far outside; weights that are scaled, negated, shuffled; decoders that nobody trained,
also over a grammar of many atoms. Counted: strings that RDKit refuses, that were left unfinished, that hold an unpaired
electron, whose canonical form reads back as another one, and for comparison those for which RDKit's own does.

`--out` keeps a row a setting, so that a ledger goes on where it was ended. Exit code 1 where anything was found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rdkit import Chem, rdBase

from grammar_rae.chemistry.bonds import probe
from grammar_rae.chemistry.smiles import canonical
from grammar_rae.chemistry.smiles_grammar import build_grammar
from grammar_rae.chemistry.tokens import kind_of
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.model.model import Model
from grammar_rae.recipes.build import make_autoencoder, make_codec
from grammar_rae.recipes.schema import Recipe
from grammar_rae.recipes.toml import parse
from grammar_rae.runs import folder as runs
from grammar_rae.runs.folder import Run

BATCH = 1000
NETS = ("recurrent", "repeat")
SHOWN = 20
FAULTS = ("invalid", "unfinished", "radicals", "another form")
COUNTED = (*FAULTS, "RDKit's own")
KINDS = ("densities", "temperatures", "step limits", "codes", "weights", "untrained", "beginnings")
MANY = (
    "B C N O F P S I Cl Br [C@] [C@@] [C@H] [C@@H] [CH2-] [CH-] [C-] [CH3+] [CH2+] [13C] [13CH3] [N+]"
    " [NH+] [NH2+] [NH3+] [N-] [NH-] [N@+] [N@@+] [15N] [O-] [O+] [OH+] [18O] [F-] [Si] [SiH] [SiH2]"
    " [SiH3] [Si@] [Si@@] [P+] [PH] [PH2] [PH+] [P@] [P@@] [P-] [P@H] [S+] [S-] [SH+] [S@] [S@@] [S@+]"
    " [S@@+] [S@H] [SH] [SH2] [Cl+] [Cl+2] [Cl+3] [Br+] [Br+2] [I+] [I-] [IH2] [Se] [SeH] [Se+] [Se-]"
    " [Se@] [As] [AsH] [As+] [As-] [Te] [Te+] [Ge] [GeH2] [Sn] [SnH] [Pb] [B-] [BH-] [BH3-] [Al] [Na]"
    " [Na+] [K+] [Li] [Mg] [Mg+2] [Ca+2] [Zn] [Hg] [Hg+] [Pt] [Pd] [Fe] [Cu] [Ag] [Ag+] [Au] [Ti] [Rh]"
    " [Sb] [Bi] [2H] [3H] [H] [H+] [H-] [He] [Xe] [Kr] [At] [Po] [Tl] [Ga] [In] - = # / \\ 1 2 3 4 5 6"
    " 7 8 9 %10 %11 %12 ( )"
)
UNTRAINED = """
name = "untrained"
task = "molecules"
data = {{ name = "none", prepare = "kekule" }}
codec = {{ grammar = "smiles.cfg", steps = {steps} }}
encoder = {{ net = "strided", latent = 8, hidden = 8, filters = [4], embedding = 4 }}
decoder = {{ net = "{net}", hidden = 16, layers = 1, embedding = 8, machine = "valence" }}
objective = {{ variant = "rae" }}
training = {{ epochs = 1, batch = 25 }}
"""


@dataclass(frozen=True)
class Setting:
    """A model that comes with the package, or a decoder net for one that nobody trained, and how it is drawn from."""

    kind: str
    model: str = "grae-smiles"
    density: str | None = None
    temperature: float | None = None
    steps: int | None = None
    codes: float = 1.0  # they are multiplied by this
    weights: float = 1.0  # likewise those of the decoder
    shuffled: bool = False
    atoms: str = "smiles.cfg"
    start: str | None = None

    @property
    def name(self) -> str:
        """What differs from the defaults."""
        given = asdict(self)
        odd = [field.name for field in fields(self) if given[field.name] != field.default]
        return ", ".join(given[name] if name == "kind" else f"{name} {given[name]}" for name in odd)


def settings() -> list[Setting]:
    """All of them."""
    shipped = ("grae-smiles", "grae-smiles-plain", "gvae-smiles")
    found = [
        Setting("densities", model=model, density=density)
        for model in shipped
        for density in ("prior", "gaussian", "gmm", "box")
    ]
    found += [Setting("temperatures", temperature=value) for value in (0.0, 0.5, 2.0, 10.0, 1e6)]
    found += [Setting("step limits", steps=steps) for steps in (4, 12, 30, 60, 200)]
    found += [Setting("codes", density="prior", codes=factor) for factor in (10.0, 1e3, 1e6, 1e30)]
    found += [Setting("weights", weights=factor) for factor in (0.0, -1.0, 10.0, 1e3)]
    found += [Setting("weights", model=model, shuffled=True) for model in shipped]
    found += [
        Setting("untrained", model=net, density="prior", steps=steps, weights=factor, atoms=atoms)
        for atoms in ("smiles.cfg", "many")
        for net in NETS
        for steps, factor in ((16, 1.0), (48, 10.0), (96, 100.0), (160, 4.0))
    ]
    found += [Setting("beginnings", start=start) for start in ("c1ccccc1C(=O)N", "CC(", "C1CC", "CC=")]
    return found


@cache
def grammar_of(atoms: str) -> Grammar:
    """The one that comes with the package, or one of `many` atoms."""
    if atoms != "many":
        return Grammar.read(atoms)
    tokens = MANY.split()
    bonds = probe(token for token in tokens if kind_of(token) == "atom").bonds
    return Grammar.parse(build_grammar(token for token in tokens if token not in bonds or bonds[token].sums))


@cache
def model_of(setting: Setting) -> Model[Any]:
    """The model as the setting has it."""
    if setting.model in NETS:
        recipe = parse(UNTRAINED.format(net=setting.model, steps=setting.steps), "untrained")
        run = fresh(recipe, grammar_of(setting.atoms))
    else:
        run = Model.load(setting.model).run
        if setting.steps is not None:
            run = limited(run, setting.steps)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in run.autoencoder.decoder.parameters():
            weight *= setting.weights
            if setting.shuffled:
                weight.copy_(
                    weight.flatten()[torch.randperm(weight.numel(), generator=random)].view_as(weight)
                )
    return Model(run)


def fresh(recipe: Recipe, grammar: Grammar | None) -> Run:
    """A run with weights that nobody trained, always the same."""
    codec = make_codec(recipe, grammar)
    torch.manual_seed(0)
    return Run(recipe, grammar, codec, make_autoencoder(recipe, codec))


def limited(run: Run, steps: int) -> Run:
    """A run whose derivations have so many steps."""
    codec = run.recipe.codec.model_copy(update={"steps": steps})
    other = fresh(run.recipe.model_copy(update={"codec": codec}), run.grammar)
    other.autoencoder.decoder.load_state_dict(run.autoencoder.decoder.state_dict())
    return replace(other, densities=run.densities)


def drawn(setting: Setting, first: int, n: int) -> list[str]:
    """Strings as written, n from number `first` on."""
    model = model_of(setting)
    if setting.start is not None:
        return model.generate(n, start=setting.start, raw=True, seed=first)
    temperature = model.recipe.density.temperature if setting.temperature is None else setting.temperature
    codes = model.sample_codes(n, setting.density, start=first) * np.float32(setting.codes)
    return model.decode(codes, temperature=temperature, raw=True, seed=first)


def faults(text: str) -> Iterator[str]:
    """What is wrong with a string that was drawn, by RDKit."""
    molecule = Chem.MolFromSmiles(text) if text else None
    if molecule is None:
        yield "invalid" if text else "unfinished"
        return
    if any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
        yield "radicals"
    form = canonical(text)
    if form == Chem.MolToSmiles(molecule):  # which `canonical` has read and written again
        return
    yield "RDKit's own"
    if form is None or Chem.MolFromSmiles(form) is None:
        yield "invalid"
    elif canonical(form) != form:
        yield "another form"


def empty(setting: Setting) -> dict[str, Any]:
    """The row of a setting that nothing was drawn under yet."""
    counts = dict.fromkeys(("molecules", *COUNTED), 0)
    return {"name": setting.name, "kind": setting.kind, **counts, "shown": []}


def went_on(row: dict[str, Any], setting: Setting, n: int) -> dict[str, Any]:
    """The row of a setting with n more molecules: how many have each fault, and the first few that have one."""
    texts = drawn(setting, row["molecules"], n)
    counts = Counter({name: row[name] for name in ("molecules", *COUNTED)})
    counts["molecules"] += n
    shown = list(row["shown"])
    for text in texts:
        found = list(faults(text))
        counts.update(found)
        shown += [text] * any(name in FAULTS for name in found)
    counts["unfinished"] += n - len(texts)
    return {**row, **counts, "shown": shown[:SHOWN]}


def table(rows: list[dict[str, Any]]) -> str:
    """The sums of each kind of setting, and of all."""
    columns = ("molecules", *COUNTED)
    lines = [["drawn under", "settings", *columns], ["---"] + ["---:"] * (len(columns) + 1)]
    for kind in (*KINDS, "all"):
        of = [row for row in rows if kind in (row["kind"], "all")]
        lines.append([kind, str(len(of)), *(f"{sum(row[name] for row in of):,}" for name in columns)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """A thousand molecules of each setting in turn, until there are enough."""
    rdBase.DisableLog("rdApp.*")
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--out", type=Path, required=True, help="folder of rows, to go on from")
    made.add_argument("-n", type=int, default=1_000_000, help="molecules in all")
    options = made.parse_args()
    torch.set_num_threads(1)
    every = settings()
    paths = [options.out / f"{setting.name}.json" for setting in every]
    rows = [
        json.loads(path.read_text()) if path.exists() else empty(setting)
        for path, setting in zip(paths, every, strict=True)
    ]
    for most in range(BATCH, options.n // len(every) + 2 * BATCH, BATCH):
        for place, setting in enumerate(every):
            wanted = (place + 1) * options.n // len(every) - place * options.n // len(every)
            missing = min(most, wanted) - rows[place]["molecules"]
            if missing > 0:
                rows[place] = went_on(rows[place], setting, missing)
                runs.replace(paths[place], json.dumps(rows[place], indent=1) + "\n")
        print(f"{sum(row['molecules'] for row in rows):,} of {options.n:,}", file=sys.stderr, flush=True)
    for row in rows:
        print(json.dumps({name: value for name, value in row.items() if value}))
    print(table(rows))
    raise SystemExit(any(row[fault] for row in rows for fault in FAULTS))


if __name__ == "__main__":
    main()
