"""Properties of one molecule: logP, synthetic accessibility, QED, the cycle term and penalised logP.

Penalised logP is the normalised sum of the grammar VAE line of papers: z-scores of logP, of minus SA and of
the cycle term, their means and standard deviations taken over ZINC250k. `plogp_raw` is logP - SA + cycle term
without normalisation (constrained optimisation of the junction tree VAE). The two must never be mixed.
The cycle term depends on the order of the atoms, so give molecules read from their canonical SMILES.
"""

from __future__ import annotations

import gzip
import math
import pickle
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from rdkit import Chem, RDConfig
from rdkit.Chem import QED, Descriptors, GraphDescriptors, rdMolDescriptors

from grammar_rae.errors import DataError
from grammar_rae.evaluation.molecules.molecule import Molecule
from grammar_rae.evaluation.molecules.screening import Screen

LOGP_MEAN, LOGP_STD = 2.4570953396190123, 1.434324401111988
SA_MEAN, SA_STD = -3.0525811293166134, 0.8335207024513095  # of minus SA
CYCLE_MEAN, CYCLE_STD = -0.0485696876403053, 0.2860212110245455
LARGEST_FREE_RING = 6
LEAST_LOGP = -100.0  # below, QED's function of logP has reached its limit, and then overflows
UNKNOWN = -4.0  # contribution to SA of an environment that was not in the molecules it was fitted to
LARGEST_COMMON_RING = 8
SA_LEAST, SA_MOST = -4.0, 2.5


def logp(molecule: Molecule) -> float:
    """Water-octanol partition coefficient (Wildman and Crippen, 1999)."""
    return float(rdMolDescriptors.CalcCrippenDescriptors(molecule.mol)[0])


def sa(molecule: Molecule) -> float:
    """Synthetic accessibility, 1 easy to 10 hard (Ertl and Schuffenhauer, 2009).

    As RDKit's Contrib `sascorer`, with its contributions of fragments: their mean, less a penalty for size and for
    what is complex, plus a bonus for symmetry, scaled to 1 to 10.
    """
    mol, counts = molecule.mol, molecule.environments
    atoms, contributions = mol.GetNumAtoms(), _contributions()
    total = sum(contributions.get(name, UNKNOWN) * count for name, count in counts.items())
    mean = total / sum(counts.values())
    counted = (
        rdMolDescriptors.CalcNumAtomStereoCenters(mol),
        rdMolDescriptors.CalcNumSpiroAtoms(mol),
        rdMolDescriptors.CalcNumBridgeheadAtoms(mol),
        any(len(ring) > LARGEST_COMMON_RING for ring in molecule.rings),
    )
    penalty = atoms**1.005 - atoms + sum(math.log10(number + 1) for number in counted)
    symmetry = max(0.0, math.log(atoms / len(counts)) / 2)
    score = 11 - 9 * (mean - penalty + symmetry - SA_LEAST + 1) / (SA_MOST - SA_LEAST)
    return min(max(score if score <= 8 else 8 + math.log(score - 8), 1.0), 10.0)


def qed(molecule: Molecule) -> float:
    """Quantitative estimate of drug-likeness, 0 to 1 (Bickerton et al., 2012).

    RDKit's `QED.qed`, with the 116 structural alerts screened and what is known of the molecule used again.
    """
    mol = molecule.mol
    if mol.HasSubstructMatch(_hydrogen()):
        parts = QED.properties(mol)  # takes hydrogens off first, which makes another molecule
        return float(QED.qed(mol, qedProperties=parts._replace(ALOGP=max(parts.ALOGP, LEAST_LOGP))))
    parts = QED.QEDproperties(
        MW=Descriptors.MolWt(mol),  # type: ignore[attr-defined]
        ALOGP=max(logp(molecule), LEAST_LOGP),
        HBA=sum(len(mol.GetSubstructMatches(query)) for query in QED.Acceptors),
        HBD=rdMolDescriptors.CalcNumHBD(mol),
        PSA=rdMolDescriptors.CalcTPSA(mol),
        ROTB=molecule.rotatable_bonds,
        AROM=len(Chem.GetSSSR(Chem.DeleteSubstructs(mol, QED.AliphaticRings))),
        ALERTS=sum(mol.HasSubstructMatch(alert) for alert in _alerts().candidates(molecule)),
    )
    return float(QED.qed(mol, qedProperties=parts))


def cycle(molecule: Molecule) -> float:
    """Minus the atoms above six in the largest ring of NetworkX's cycle basis, 0 where there are none."""
    bonds = [bond for ring in molecule.mol.GetRingInfo().BondRings() for bond in ring]
    if len(bonds) == len(set(bonds)):
        sizes = [len(ring) for ring in molecule.rings]  # no bond in two rings: only one basis
    else:
        import networkx as nx

        ends = ((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.mol.GetBonds())
        graph = nx.Graph()
        graph.add_nodes_from(range(molecule.mol.GetNumAtoms()))
        graph.add_edges_from(sorted((min(pair), max(pair)) for pair in ends))
        sizes = [len(ring) for ring in nx.cycle_basis(graph)]
    return float(min(0, LARGEST_FREE_RING - max(sizes, default=0)))


def plogp(logp: float, sa: float, cycle: float) -> float:
    """Normalised penalised logP."""
    return (logp - LOGP_MEAN) / LOGP_STD + (-sa - SA_MEAN) / SA_STD + (cycle - CYCLE_MEAN) / CYCLE_STD


def plogp_raw(logp: float, sa: float, cycle: float) -> float:
    """Penalised logP without normalisation."""
    return logp - sa + cycle


PROPERTIES: dict[str, Callable[[Molecule], float]] = {
    "logp": logp,
    "sa": sa,
    "qed": qed,
    "cycle": cycle,
    "weight": lambda molecule: float(Descriptors.MolWt(molecule.mol)),  # type: ignore[attr-defined]  # average, g/mol
    "heavy_atoms": lambda molecule: float(molecule.mol.GetNumHeavyAtoms()),
    "rings": lambda molecule: float(molecule.mol.GetRingInfo().NumRings()),
    "bertz": lambda molecule: float(GraphDescriptors.BertzCT(molecule.mol)),  # complexity (Bertz, 1981)
    "tpsa": lambda molecule: float(rdMolDescriptors.CalcTPSA(molecule.mol)),  # polar surface, square ångström
    "acceptors": lambda molecule: float(rdMolDescriptors.CalcNumHBA(molecule.mol)),
    "donors": lambda molecule: float(rdMolDescriptors.CalcNumHBD(molecule.mol)),
    "rotatable_bonds": lambda molecule: float(molecule.rotatable_bonds),
    "aliphatic_rings": lambda molecule: float(rdMolDescriptors.CalcNumAliphaticRings(molecule.mol)),
    "aromatic_rings": lambda molecule: float(rdMolDescriptors.CalcNumAromaticRings(molecule.mol)),
}
PENALISED: dict[str, Callable[[float, float, float], float]] = {"plogp": plogp, "plogp_raw": plogp_raw}
PARTS = ("logp", "sa", "cycle")  # of penalised logP
NAMES = (*PROPERTIES, *PENALISED)


def property_values(molecules: Sequence[Molecule], names: Sequence[str]) -> dict[str, list[float]]:
    """The named properties of molecules, one after the other: what a property needs stays in the processor's cache."""
    needed = dict.fromkeys(name for name in names if name in PROPERTIES)
    if set(names) & set(PENALISED):
        needed |= dict.fromkeys(PARTS)
    values = {name: [PROPERTIES[name](molecule) for molecule in molecules] for name in needed}
    for name in set(names) & set(PENALISED):
        values[name] = [PENALISED[name](*row) for row in zip(*(values[part] for part in PARTS), strict=True)]
    return {name: values[name] for name in names}


@cache
def _alerts() -> Screen:
    return Screen(QED.StructuralAlerts)


@cache
def _hydrogen() -> Chem.Mol:
    return Chem.MolFromSmarts("[#1]")


@cache
def _contributions() -> dict[int, float]:
    """What each circular environment adds to SA: of RDKit's Contrib, shipped beside the package, not importable."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "fpscores.pkl.gz"
    if not path.exists():
        raise DataError(f"{path} is not there; this RDKit was built without Contrib, install the rdkit wheel")
    rows = pickle.loads(gzip.decompress(path.read_bytes()))
    return {name: float(row[0]) for row in rows for name in row[1:]}
