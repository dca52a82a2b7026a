"""Scores of one molecule: logP, synthetic accessibility, QED, the cycle term and penalised logP.

Penalised logP is the normalised sum of the grammar VAE line of papers: z-scores of logP, of minus SA and of
the cycle term, their means and standard deviations taken over ZINC250k. `plogp_raw` is logP - SA + cycle term
without normalisation (constrained optimisation of the junction tree VAE). The two must never be mixed.
The cycle term depends on the order of the atoms, so give molecules read from their canonical SMILES.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, RDConfig
from rdkit.Chem import QED, Descriptors, GraphDescriptors, rdMolDescriptors

from grammar_rae.errors import DataError
from grammar_rae.evaluators.screening import Screen, pattern

LOGP_MEAN, LOGP_STD = 2.4570953396190123, 1.434324401111988
SA_MEAN, SA_STD = -3.0525811293166134, 0.8335207024513095  # of minus SA
CYCLE_MEAN, CYCLE_STD = -0.0485696876403053, 0.2860212110245455
LARGEST_FREE_RING = 6


def logp(molecule: Chem.Mol) -> float:
    """Water-octanol partition coefficient (Wildman and Crippen, 1999)."""
    return float(rdMolDescriptors.CalcCrippenDescriptors(molecule)[0])


def sa(molecule: Chem.Mol) -> float:
    """Synthetic accessibility, 1 easy to 10 hard (Ertl and Schuffenhauer, 2009), by RDKit's Contrib."""
    return float(_scorer().calculateScore(molecule))


def qed(molecule: Chem.Mol, found: NDArray[np.uint64] | None = None) -> float:
    """Quantitative estimate of drug-likeness, 0 to 1 (Bickerton et al., 2012); `found`: its `pattern`.

    RDKit's `QED.qed`, with the 116 structural alerts screened and what the molecule remembers used again.
    """
    if any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        return float(QED.qed(molecule))  # takes hydrogens off first, which makes another molecule
    parts = QED.QEDproperties(
        MW=Descriptors.MolWt(molecule),  # type: ignore[attr-defined]
        ALOGP=logp(molecule),
        HBA=sum(len(molecule.GetSubstructMatches(query)) for query in QED.Acceptors),
        HBD=rdMolDescriptors.CalcNumHBD(molecule),
        PSA=rdMolDescriptors.CalcTPSA(molecule),
        ROTB=rdMolDescriptors.CalcNumRotatableBonds(
            molecule, rdMolDescriptors.NumRotatableBondsOptions.Strict
        ),
        AROM=len(Chem.GetSSSR(Chem.DeleteSubstructs(Chem.Mol(molecule), QED.AliphaticRings))),
        ALERTS=sum(
            molecule.HasSubstructMatch(alert)
            for alert in _alerts().candidates(pattern(molecule) if found is None else found)
        ),
    )
    return float(QED.qed(molecule, qedProperties=parts))


def cycle(molecule: Chem.Mol) -> float:
    """Minus the atoms above six in the largest ring of NetworkX's cycle basis, 0 where there are none."""
    rings = molecule.GetRingInfo()
    if all(rings.NumBondRings(bond) < 2 for bond in range(molecule.GetNumBonds())):
        sizes = [len(ring) for ring in rings.AtomRings()]  # no bond in two rings: only one basis
    else:
        graph = nx.Graph()
        graph.add_nodes_from(range(molecule.GetNumAtoms()))
        graph.add_edges_from(
            sorted(sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())) for bond in molecule.GetBonds())
        )
        sizes = [len(ring) for ring in nx.cycle_basis(graph)]
    return float(min(0, LARGEST_FREE_RING - max(sizes, default=0)))


def plogp(logp: float, sa: float, cycle: float) -> float:
    """Normalised penalised logP."""
    return (logp - LOGP_MEAN) / LOGP_STD + (-sa - SA_MEAN) / SA_STD + (cycle - CYCLE_MEAN) / CYCLE_STD


def plogp_raw(logp: float, sa: float, cycle: float) -> float:
    """Penalised logP without normalisation."""
    return logp - sa + cycle


def weight(molecule: Chem.Mol) -> float:
    """Average molecular weight, g/mol."""
    return float(Descriptors.MolWt(molecule))  # type: ignore[attr-defined]


PROPERTIES: dict[str, Callable[[Chem.Mol], float]] = {
    "logp": logp,
    "sa": sa,
    "qed": qed,
    "cycle": cycle,
    "weight": weight,
    "heavy_atoms": lambda molecule: float(molecule.GetNumHeavyAtoms()),
    "rings": lambda molecule: float(molecule.GetRingInfo().NumRings()),
    "bertz": lambda molecule: float(GraphDescriptors.BertzCT(molecule)),  # complexity (Bertz, 1981)
    "tpsa": lambda molecule: float(rdMolDescriptors.CalcTPSA(molecule)),  # polar surface, square ångström
    "acceptors": lambda molecule: float(rdMolDescriptors.CalcNumHBA(molecule)),
    "donors": lambda molecule: float(rdMolDescriptors.CalcNumHBD(molecule)),
    "rotatable_bonds": lambda molecule: float(rdMolDescriptors.CalcNumRotatableBonds(molecule)),
    "aliphatic_rings": lambda molecule: float(rdMolDescriptors.CalcNumAliphaticRings(molecule)),
    "aromatic_rings": lambda molecule: float(rdMolDescriptors.CalcNumAromaticRings(molecule)),
}
PENALISED: dict[str, Callable[[float, float, float], float]] = {"plogp": plogp, "plogp_raw": plogp_raw}
NAMES = (*PROPERTIES, *PENALISED)


def scores(
    molecule: Chem.Mol, names: tuple[str, ...], found: NDArray[np.uint64] | None = None
) -> dict[str, float]:
    """The named properties of a molecule read from its canonical SMILES; `found`: its `pattern`, if made."""
    needed = dict.fromkeys(names)
    if set(names) & set(PENALISED):
        needed = dict.fromkeys((*names, "logp", "sa", "cycle"))
    values = {
        name: qed(molecule, found) if name == "qed" else PROPERTIES[name](molecule)
        for name in needed
        if name in PROPERTIES
    }
    parts = (values.get("logp", 0.0), values.get("sa", 0.0), values.get("cycle", 0.0))
    values |= {name: PENALISED[name](*parts) for name in needed if name in PENALISED}
    return {name: values[name] for name in names}


@cache
def _alerts() -> Screen:
    return Screen(QED.StructuralAlerts)


@cache
def _scorer() -> ModuleType:
    """RDKit's Contrib `sascorer`, which is shipped beside the package and not importable from it."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("rdkit_sascorer", path)
    if spec is None or spec.loader is None or not path.exists():
        raise DataError(f"{path} is not there; this RDKit was built without Contrib, install the rdkit wheel")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
