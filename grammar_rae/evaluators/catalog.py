"""What every metric is called, which way is better, and what it means: for tables, the report and the docs."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """`better`: the way a better set goes; empty where a number only describes."""

    title: str
    better: Literal["higher", "lower", ""]
    meaning: str


METRICS: dict[str, Metric] = {
    "n": Metric("items", "", "strings looked at"),
    "rejected": Metric("rejected rows", "lower", "rows of the file that hold no string"),
    "valid": Metric("valid", "higher", "valid / all"),
    "unique": Metric("unique", "higher", "distinct canonical / valid"),
    "unique_1000": Metric("unique of 1,000", "higher", "distinct among the first 1,000 valid"),
    "unique_10000": Metric("unique of 10,000", "higher", "distinct among the first 10,000 valid"),
    "novel": Metric("novel", "higher", "distinct not in the training set / distinct"),
    "invalid_syntax": Metric("bad syntax", "lower", "no SMILES at all / all"),
    "invalid_ring_bond": Metric(
        "bad ring bond", "lower", "a ring left open or closed where it cannot be / all"
    ),
    "invalid_valence": Metric("bad valence", "lower", "an atom with more bonds than it can have / all"),
    "invalid_kekulisation": Metric("not Kekulé", "lower", "aromatic atoms without alternating bonds / all"),
    "invalid_other": Metric("otherwise invalid", "lower", "refused by RDKit without a reason / all"),
    "ten_heavy_atoms": Metric("ten heavy atoms", "higher", "valid with ten heavy atoms or more / valid"),
    "filters": Metric("filters", "higher", "valid that pass MOSES's medicinal chemistry filters / valid"),
    "int_div_1": Metric("internal diversity 1", "higher", "1 - mean Tanimoto similarity of all pairs"),
    "int_div_2": Metric(
        "internal diversity 2", "higher", "1 - mean root mean square similarity to the others"
    ),
    "int_div_on": Metric("internal diversity of", "", "molecules that the two internal diversities are of"),
    "snn": Metric("nearest neighbour", "higher", "mean similarity to the nearest reference molecule"),
    "fragments": Metric("fragments", "higher", "cosine of BRICS fragment counts with the reference's"),
    "scaffolds": Metric("scaffolds", "higher", "cosine of Bemis-Murcko scaffold counts with the reference's"),
    "fcd": Metric("FCD", "lower", "Fréchet ChemNet distance to the reference"),
    "guacamol_kl": Metric(
        "GuacaMol KL", "higher", "mean exp(-KL) over ten descriptors, against the reference"
    ),
    "guacamol_fcd": Metric("GuacaMol FCD", "higher", "exp(-0.2 FCD)"),
    "logp": Metric("logP", "", "water-octanol partition coefficient"),
    "sa": Metric("SA", "lower", "synthetic accessibility, 1 easy to 10 hard"),
    "qed": Metric("QED", "higher", "drug-likeness, 0 to 1"),
    "plogp": Metric(
        "penalised logP", "higher", "normalised over ZINC250k: logP, SA and the cycle term as z-scores"
    ),
    "plogp_raw": Metric("penalised logP, raw", "higher", "logP - SA + cycle term, not normalised"),
    "cycle": Metric("cycle term", "higher", "minus the atoms above six in the largest ring"),
    "weight": Metric("weight", "", "g/mol"),
    "heavy_atoms": Metric("heavy atoms", "", "atoms other than hydrogen"),
    "rings": Metric("rings", "", "smallest rings"),
    "defined": Metric("defined", "higher", "expressions with a value at x = 0 / all"),
    "undefined_everywhere": Metric("undefined", "lower", "valid without a value at any point / valid"),
    "unique_equal": Metric("unique up to equality", "higher", "kinds of equal expressions / valid"),
    "novel_equal": Metric("novel up to equality", "higher", "kinds not in the training set / kinds"),
    "best": Metric("best score", "lower", "the lowest score of a valid expression"),
    "best_mse": Metric("lowest error", "lower", "the lowest mean squared error of a valid expression"),
    "equal_proved": Metric("proved equal", "", "that SymPy proves to equal an earlier one"),
    "equal_unconfirmed": Metric("perhaps equal", "", "of the same values as an earlier one, SymPy undecided"),
    "score": Metric("score", "lower", "log(1 + mean squared error) against the target expression"),
    "steps": Metric("steps", "", "rules in the derivation"),
    "depth": Metric("depth", "", "productions from the root to the farthest leaf"),
    "length": Metric("length", "", "characters"),
}
MEASURED = ("logp", "sa", "qed", "plogp", "plogp_raw", "cycle", "weight", "heavy_atoms", "rings")
METRICS |= {
    f"{name}_w1": Metric(
        f"{METRICS[name].title} distance", "lower", f"Wasserstein-1 of {METRICS[name].title} to the reference"
    )
    for name in (*MEASURED, "score", "steps", "depth", "length")
}
METRICS |= {
    "test_images": Metric("test images", "", "what every set is compared with"),
    "squared_error": Metric("squared error", "lower", "of reconstructions, summed over an image, of 0 to 1"),
    "log_likelihood": Metric("log-likelihood", "higher", "nats an image, importance-sampled"),
}
BY_SET: dict[str, Literal["higher", "lower"]] = {  # of images; the name goes on with the set, as in f8_gmm
    "frechet_": "lower",
    "fid_": "lower",
    "f8_": "higher",
    "f_eighth_": "higher",
}
