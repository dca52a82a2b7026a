"""How much of a data set the SMILES grammar and the valence machine can write, and why not the rest.

    python benchmarks/coverage.py [zinc250k moses qm9 chembl] [--json]

Each molecule: the largest fragment, canonical Kekulé SMILES, derivation, replay through the machine with ten steps
to spare, text, and the same molecule again. `zinc250k` with the shipped `smiles.cfg`; the others with a grammar
built from the file's own tokens, as `grammar-rae grammar build` does. At most 500 steps. `covered` is the share of
all, `covered_of_the_others` that of molecules without radicals that take no more than these steps.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

import numpy as np
from rdkit import Chem

from grammar_rae import datasets
from grammar_rae.chemistry.bonds import probe
from grammar_rae.chemistry.smiles_grammar import build_grammar
from grammar_rae.chemistry.tokens import kind_of
from grammar_rae.codecs.cached import encode_known
from grammar_rae.codecs.grammar import GrammarCodec
from grammar_rae.datasets import canonicals, kekules
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.conjunction import Conjunction
from grammar_rae.machines.coverage import first_refusals
from grammar_rae.machines.stack import StackMachine
from grammar_rae.machines.valence import ValenceMachine

SHIPPED = {"zinc250k": "smiles.cfg"}
SLACK, MOST = 10, 500
LONG, RADICAL = f"over {MOST} steps", "radical"


def reason(smiles: str) -> str:
    """Why the machine refuses a molecule that the grammar derives."""
    molecule = Chem.MolFromSmiles(smiles)
    if any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
        return RADICAL
    return "bond or ring that the machine does not write"


def coverage(name: str) -> dict[str, float | int | str | dict[str, int]]:
    data = datasets.load(name)
    items = data.train + data.valid + data.test
    forms = kekules(items)
    why: Counter[str] = Counter({"Kekulé form reads back as another molecule, or none": forms.count(None)})
    spelled = [form for form in forms if form is not None]
    grammar = Grammar.read(SHIPPED[name]) if name in SHIPPED else usable(spelled, why)
    atoms = [token for token in grammar.terminals if kind_of(token) == "atom"]
    machine = Conjunction(StackMachine(grammar), ValenceMachine(grammar, probe(atoms)))
    codec = GrammarCodec(grammar, MOST)
    x, known, failed = encode_known(codec, spelled)
    why["token or form that the grammar lacks"] += sum(bool(error.expected) for _, error in failed)
    why[LONG] += sum(not error.expected for _, error in failed)
    x = x[:, : int((x != codec.pad).sum(1).max())]
    kept = [spelled[i] for i in known]
    first = first_refusals(machine, grammar, x, min(x.shape[1] + SLACK, MOST), kept)
    why.update(reason(kept[i]) for i in np.flatnonzero(first >= 0))
    written = codec.decode(x[first < 0])
    wanted = canonicals([text for text, step in zip(kept, first, strict=True) if step < 0])
    same = sum(a == b for a, b in zip(wanted, canonicals([text or "" for text in written]), strict=True))
    why["comes back as another molecule"] += len(written) - same
    return {
        "set": name,
        "items": len(items),
        "covered": same / len(items),
        "covered_of_the_others": same / (len(items) - why[LONG] - why[RADICAL]),
        "left_out": len(items) - same,
        "productions": len(grammar.productions),
        "steps": x.shape[1],
        "reasons": {text: count for text, count in why.items() if count},
    }


def usable(spelled: list[str], why: Counter[str]) -> Grammar:
    """The grammar of a file's tokens, without atoms that RDKit takes in no closed-shell molecule."""
    grammar = Grammar.parse(build_grammar(spelled))
    bonds = probe(token for token in grammar.terminals if kind_of(token) == "atom").bonds
    odd = [token for token, found in bonds.items() if not found.sums]
    return Grammar.parse(build_grammar(text for text in spelled if not any(token in text for token in odd)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["zinc250k", "moses", "qm9", "chembl"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.names:
        found = coverage(name)
        print(json.dumps(found) if arguments.json else found, flush=True)
