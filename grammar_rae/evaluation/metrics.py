"""What every metric is called, which way is better, what it means and in which unit it is; and how several are read.

Nothing else says it a second time: tables, figures, the page and the search look it up here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from grammar_rae.files.formatting import plain, pretty

ARROWS = {"higher": "↑", "lower": "↓", "": ""}


class Metric(NamedTuple):
    """A number of a set of items, or a property of one.

    `better`: the way a better one goes; empty where a number only describes. `unit`: «share» for a part of a whole,
    0 to 1, which is printed in percent; empty for a count or a number without unit. `label`: what a figure calls it.
    """

    title: str
    better: Literal["higher", "lower", ""]
    meaning: str
    unit: str = ""
    label: str = ""


METRICS: dict[str, Metric] = {
    "n": Metric("items", "", "how many were looked at"),
    "rejected": Metric("rejected rows", "lower", "rows of the file that hold no string, not valid"),
    "left_out": Metric("left out", "lower", "items that are not valid, so that nobody could write them"),
    "not_covered": Metric("not covered", "", "why the first item that is not counted or not written is not"),
    "train_unreadable": Metric(
        "training set unread", "lower", "of the training set what cannot be read / all", "share"
    ),
    "reference_unreadable": Metric(
        "reference unread", "lower", "of the reference what cannot be read / all", "share"
    ),
    "valid": Metric("valid", "higher", "valid / all", "share"),
    "scored": Metric("with a score", "higher", "evaluations that have a score / all", "share"),
    "unique": Metric("unique", "higher", "distinct canonical / valid", "share"),
    "unique_1000": Metric("unique of 1,000", "higher", "distinct among the first 1,000 valid", "share"),
    "unique_10000": Metric("unique of 10,000", "higher", "distinct among the first 10,000 valid", "share"),
    "novel": Metric("novel", "higher", "distinct not in the training set / distinct", "share"),
    "invalid_syntax": Metric("bad syntax", "lower", "no SMILES at all / all", "share"),
    "invalid_ring_bond": Metric(
        "bad ring bond", "lower", "a ring left open or closed where it cannot be / all", "share"
    ),
    "invalid_valence": Metric(
        "bad valence", "lower", "an atom with more bonds than it can have / all", "share"
    ),
    "invalid_kekulisation": Metric(
        "not Kekulé", "lower", "aromatic atoms without alternating bonds / all", "share"
    ),
    "invalid_other": Metric("otherwise invalid", "lower", "refused by RDKit without a reason / all", "share"),
    "ten_heavy_atoms": Metric(
        "ten heavy atoms", "higher", "valid with ten heavy atoms or more / valid", "share"
    ),
    "filters": Metric(
        "filters", "higher", "valid that pass MOSES's medicinal chemistry filters / valid", "share"
    ),
    "int_div_1": Metric("internal diversity 1", "higher", "1 - mean Tanimoto similarity of all pairs"),
    "int_div_2": Metric(
        "internal diversity 2", "higher", "1 - mean root mean square similarity to the others"
    ),
    "int_div_on": Metric("internal diversity of", "", "molecules that the two internal diversities are of"),
    "snn": Metric("nearest neighbour", "higher", "mean similarity to the nearest reference molecule"),
    "fragments": Metric("fragments", "higher", "cosine of BRICS fragment counts with the reference's"),
    "scaffolds": Metric("scaffolds", "higher", "cosine of Bemis-Murcko scaffold counts with the reference's"),
    "fcd": Metric("FCD", "lower", "Fréchet ChemNet distance to the reference"),
    "fcd_left_out": Metric("too long for FCD", "", "molecules left out of FCD"),
    "fcd_left_out_reference": Metric("too long for FCD, reference", "", "of the reference, left out of FCD"),
    "guacamol_kl": Metric(
        "GuacaMol KL", "higher", "mean exp(-KL) over ten descriptors, against the reference"
    ),
    "guacamol_fcd": Metric("GuacaMol FCD", "higher", "exp(-0.2 FCD)"),
    "logp": Metric("logP", "", "water-octanol partition coefficient", label="logP"),
    "sa": Metric(
        "SA", "lower", "synthetic accessibility, 1 easy to 10 hard", label="Synthetic accessibility (SA)"
    ),
    "qed": Metric("QED", "higher", "drug-likeness, 0 to 1", label="Drug-likeness (QED)"),
    "plogp": Metric(
        "penalised logP",
        "higher",
        "normalised over ZINC250k: logP, SA and the cycle term as z-scores",
        label="Penalised logP",
    ),
    "plogp_raw": Metric(
        "penalised logP, raw",
        "higher",
        "logP - SA + cycle term, not normalised",
        label="Penalised logP, not normalised",
    ),
    "cycle": Metric(
        "cycle term", "higher", "minus the atoms above six in the largest ring", label="Cycle term"
    ),
    "weight": Metric("weight", "", "g/mol", "g/mol", "Molecular weight, g/mol"),
    "heavy_atoms": Metric("heavy atoms", "", "atoms other than hydrogen", label="Heavy atoms"),
    "rings": Metric("rings", "", "smallest rings", label="Rings"),
    "aromatic_rings": Metric(
        "aromatic rings", "", "smallest rings that are aromatic", label="Aromatic rings"
    ),
    "defined": Metric("defined", "higher", "expressions with a value at x = 0 / all", "share"),
    "undefined_everywhere": Metric(
        "undefined", "lower", "valid without a value at any point / valid", "share"
    ),
    "unique_equal": Metric("unique up to equality", "higher", "kinds of equal expressions / valid", "share"),
    "novel_equal": Metric("novel up to equality", "higher", "kinds not in the training set / kinds", "share"),
    "best": Metric("best score", "lower", "the lowest score of a valid expression"),
    "best_mse": Metric("lowest error", "lower", "the lowest mean squared error of a valid expression"),
    "equal_proved": Metric("proved equal", "", "that SymPy proves to equal an earlier one"),
    "equal_unconfirmed": Metric("perhaps equal", "", "of the same values as an earlier one, SymPy undecided"),
    "score": Metric(
        "score",
        "lower",
        "log(1 + mean squared error) against the target expression",
        label="log(1 + mean squared error)",
    ),
    "steps": Metric("steps", "", "rules in the derivation", label="Productions"),
    "depth": Metric("depth", "", "productions from the root to the farthest leaf"),
    "length": Metric("length", "", "characters", label="Characters"),
}

# The properties of an item that a set is averaged over and that its distribution is compared by.
MOLECULE_PROPERTIES = ("logp", "sa", "qed", "plogp", "plogp_raw", "cycle", "weight", "heavy_atoms", "rings")
EXPRESSION_PROPERTIES = ("score", "steps", "depth")
STRING_PROPERTIES = ("length",)
METRICS |= {
    f"{name}_w1": Metric(
        f"{METRICS[name].title} distance",
        "lower",
        f"Wasserstein-1 of {METRICS[name].title} to the reference",
        METRICS[name].unit,
    )
    for name in (*MOLECULE_PROPERTIES, *EXPRESSION_PROPERTIES, *STRING_PROPERTIES)
}
METRICS |= {
    "test_images": Metric("test images", "", "what every set is compared with"),
    "squared_error": Metric("squared error", "lower", "of reconstructions, summed over an image, of 0 to 1"),
    "log_likelihood": Metric(
        "log-likelihood",
        "higher",
        "nats an item, importance-sampled; compare under one likelihood and view",
        "nats",
    ),
    "log_likelihood_error": Metric(
        "error of the log-likelihood", "", "standard error over the items", "nats"
    ),
    "log_likelihood_draws": Metric("draws of the log-likelihood", "", "codes drawn of each posterior"),
    "log_likelihood_items": Metric(
        "items of the log-likelihood", "", "held-out items that it is the mean of"
    ),
    "bits_per_dimension": Metric(
        "bits per dimension", "lower", "minus the log-likelihood, a number of the image", "bits"
    ),
    "kl": Metric("KL", "", "of the posterior from the prior, mean over held-out items", "nats"),
    "active_units": Metric(
        "active units", "", "coordinates whose posterior mean varies over held-out items by more than 0.01"
    ),
    "units": Metric("units", "", "coordinates of a code"),
    "kl_by_dimension": Metric("KL by dimension", "", "the part of each coordinate in KL, in order", "nats"),
    "naive_length": Metric(
        "C_naive",
        "lower",
        "length of a held-out item and its code: −log p(z) − log p(x | z); compare likewise",
        "nats",
    ),
    "posterior_entropy": Metric("H(q)", "", "what bits-back gives back of C_naive: −log q(z | x)", "nats"),
    "bits_back_length": Metric(
        "C_bits-back", "lower", "C_naive − H(q), minus the bound; compare likewise", "nats"
    ),
    "naive_length_bits": Metric("C_naive a dimension", "lower", "C_naive, a number of the image", "bits"),
    "bits_back_length_bits": Metric(
        "C_bits-back a dimension", "lower", "C_bits-back, a number of the image", "bits"
    ),
}
# Of a model, one for each of its densities or parts of its data, whose name follows the family's: f8_gmm.
FAMILIES: dict[str, Metric] = {
    "clustering_accuracy": Metric(
        "clustering accuracy",
        "higher",
        "items whose cluster is given to their class, one cluster a class",
        "share",
    ),
    "majority_accuracy": Metric(
        "majority accuracy", "higher", "items of the commonest class of their cluster", "share"
    ),
    "clustering_nmi": Metric("mutual information", "higher", "of classes and clusters, normalised"),
    "valid": Metric("valid", "", "valid / all", "share"),
    "unique": Metric("unique", "", "distinct canonical / valid", "share"),
    "novel": Metric("novel", "", "distinct not in the training set / distinct", "share"),
    "defined": Metric("defined", "", "expressions with a value at x = 0 / all", "share"),
    "ten_heavy_atoms": Metric("ten heavy atoms", "", "valid with ten heavy atoms or more / valid", "share"),
    "completed": Metric("completed", "", "finished without a step budget / all", "share"),
    "reconstructed": Metric("reconstructed", "", "equal to what was encoded / all", "share"),
    "discrepancy": Metric(
        "discrepancy", "lower", "of the best by a score, those whose code decodes to another score", "share"
    ),
    "frechet": Metric("frechet", "lower", "Fréchet distance of features to those of the test images"),
    "fid": Metric("fid", "lower", "Fréchet distance of Inception features to those of the test images"),
    "f8": Metric("f8", "higher", "best F with β = 8, which weighs recall"),
    "f_eighth": Metric("f eighth", "higher", "best F with β = 1/8, which weighs precision"),
}


def metric(name: str) -> Metric:
    """The metric of this name, or one of a family; a name that is not known is its own title, with no direction.

    Of no family is how many items a number is of, as in `reconstructed_train_items`.
    """
    words = name.replace("_", " ")
    if name in METRICS:
        return METRICS[name]._replace(label=METRICS[name].label or words)
    families = (
        family for family in FAMILIES if f"{name}_".startswith(f"{family}_") and not name.endswith("_items")
    )
    return FAMILIES.get(next(families, ""), Metric("", "", ""))._replace(title=words, label=words)


def titled(name: str) -> str:
    """A metric's title with an arrow the way it gets better."""
    return f"{metric(name).title} {ARROWS[metric(name).better]}".rstrip()


def printed(name: str, value: Any) -> str:
    """A metric's value as people read it: a share in percent, «–» for no score."""
    return pretty(value, share=metric(name).unit == "share")


def are_best(name: str, values: Sequence[Any]) -> list[bool]:
    """Which of several sets have the best value of a metric as it is printed; none where all are alike."""
    better, numbers = metric(name).better, [plain(value) for value in values]
    scores = [value for value in numbers if isinstance(value, int | float)]
    texts = [printed(name, value) for value in numbers]
    if not better or len(set(texts)) < 2 or not scores:
        return [False] * len(numbers)
    top = printed(name, max(scores) if better == "higher" else min(scores))
    return [text == top for text in texts]
