"""Policies that try to make the valence machine fail, and what counts as a failure."""

import place
import torch
from rdkit import Chem, rdBase

from grammar_rae.chemistry.bonds import probe
from grammar_rae.chemistry.tokens import kind_of
from grammar_rae.distributions.derivations import Derivations
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.machines.conjunction import Conjunction
from grammar_rae.machines.stack import StackMachine
from grammar_rae.machines.valence import ValenceMachine
from grammar_rae.noise import Noise

SMILES = Grammar.read("smiles.cfg")
FIRST = [p.rhs[0] if p.rhs else "" for p in SMILES.productions]
COLUMN = torch.as_tensor(SMILES.tables.column)


def bond_table(grammar=SMILES, radicals=False):
    return probe((t for t in grammar.terminals if kind_of(t) == "atom"), radicals)


def machine(grammar=SMILES, table=None):
    return Conjunction(StackMachine(grammar), ValenceMachine(grammar, table or bond_table(grammar))).to(
        place.DEVICE
    )


def derivations_of(both, logits, column=COLUMN):
    return Derivations(logits.to(place.DEVICE), both, column.to(place.DEVICE))


def bias(**weights):
    """(C,) logits: rings, branches, bonds, ends, one token, or hypervalent atoms made likelier."""
    groups = {
        "rings": lambda t: str(t).isdigit(),
        "branches": lambda t: t == "(",
        "bonds": lambda t: t in ("=", "#"),
        "ends": lambda t: t == "",
        "hypervalent": lambda t: str(t).strip("[@+-H2]") in ("S", "P", "I"),
        "plain": lambda t: t in ("C", "N", "O"),
    }
    found = torch.zeros(SMILES.tables.columns)
    for name, weight in weights.items():
        for column, token in zip(COLUMN.tolist(), FIRST, strict=True):
            found[column] = weight if groups.get(name, name.__eq__)(token) else found[column]
    return found


POLICIES = {
    "uniform": lambda noise: 0 * noise,
    "normal": lambda noise: noise,
    "rings": lambda noise: noise + bias(rings=4, hypervalent=2),
    "branches": lambda noise: noise + bias(branches=4),
    "rings and branches": lambda noise: noise + bias(rings=3, branches=3, ends=-9),
    "bonds": lambda noise: noise + bias(bonds=4, rings=2, hypervalent=3),
    "chains": lambda noise: noise + bias(plain=4, rings=2, ends=-20),
    "one token": lambda noise: 0 * noise + bias(**{"1": 1e9}),
    "another token": lambda noise: 0 * noise + bias(**{"[S@@]": 1e9, "(": 1e8}),
    "iodine": lambda noise: noise + bias(I=4, bonds=4, **{"[OH+]": 4, "[O+]": 4}),
    "extreme": lambda noise: 1e38 * noise.sign() * (noise.abs() > 1),
    "half": lambda noise: (4 * noise).half(),
}


def samples(both, policy, batch, steps, seed=0):
    """(strings, failures): the machine's samples under a policy, and how many rows of the mask were empty."""
    random = torch.Generator().manual_seed(seed)
    noise = torch.randn(batch, steps, SMILES.tables.columns, generator=random)
    x = derivations_of(both, POLICIES[policy](noise)).sample(Noise.first(seed, batch, 0, place.DEVICE))
    masks = both.masks(x, steps)
    return unparse(SMILES, x.cpu().numpy()), int((~masks.any(-1)).sum())


def faults(strings):
    """{what is wrong: an example} of strings that should all be molecules."""
    found = {}
    with rdBase.BlockLogs():
        for text in strings:
            molecule = Chem.MolFromSmiles(text) if text else None
            if not text:
                found["unfinished"] = text
            elif molecule is None:
                found["invalid"] = text
            elif any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
                found["radical"] = text
            elif Chem.MolFromSmiles(Chem.MolToSmiles(molecule)) is None:
                found["canonical form not read"] = text
    return found
