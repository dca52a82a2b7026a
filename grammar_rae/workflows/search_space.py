"""Where a search looks, what its codes decode to, what a surrogate reads, and which strings it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from grammar_rae.catalogue import REGIONS, look_up
from grammar_rae.densities.box import BoxDistribution
from grammar_rae.errors import DataError, excerpt, option
from grammar_rae.limits.ranges import within
from grammar_rae.model.model import Model
from grammar_rae.optimization import BoxRegion, HighDensity, TrustRegion
from grammar_rae.optimization.candidates import most_frequent
from grammar_rae.optimization.regions import DRAWS, Region
from grammar_rae.tasks.task import Searchable


def region_of(model: Model, name: str = "trust", start: str | None = None, reach: float = 1.0) -> Region:
    """A region of a model's codes by its name in `catalogue.REGIONS`, around the code of `start` where that is given;
    `reach` as that of `TrustRegion`. DataError where there is no such region.
    """
    region: Region = look_up(REGIONS, name, "region", DataError)(model, start, reach)
    return region


def trust_region(model: Model, start: str | None, reach: float) -> TrustRegion:
    """Around the best codes found so far, at first around that of `start`."""
    centre = None if start is None else model.encode([start])[0].astype(float)
    return TrustRegion(dense_region(model, start, reach), start=centre, reach=reach)


def dense_region(model: Model, start: str | None, reach: float) -> HighDensity:
    """Where the model's own density of codes is high."""
    return HighDensity(model.density(None))


def box_region(model: Model, start: str | None, reach: float) -> BoxRegion:
    """The bounding box of the training codes, or of draws of the density where the model does not keep it."""
    if "box" in model.run.densities:
        box = model.density("box")()
        assert isinstance(box, BoxDistribution)
        return BoxRegion(box.low.cpu().numpy(), box.high.cpu().numpy())
    return BoxRegion.around(model.sample_codes(DRAWS))


def decoder_of(model: Model, samples: int = 1) -> Callable[[np.ndarray], list[str]]:
    """Codes (n, D) → strings: the likeliest, or the most frequent of so many draws."""
    if samples == 1:
        return lambda codes: model.decode(codes.astype(np.float32))
    return most_frequent(
        lambda codes, seed: model.decode(codes.astype(np.float32), temperature=1.0, seed=seed),
        samples,
        model.run.task.canonical,
    )


def features_of(
    model: Model, surrogate: str = "structure", points: np.ndarray | None = None
) -> Callable[[Sequence[str]], np.ndarray] | None:
    """Strings → (n, F), what a surrogate reads of them, None where it reads codes: for «structure» what they are made
    of (see `tasks.features`), for «values» what they compute at `points` (P,), the published grid where None.
    DataError where they compute nothing.
    """
    ability = searchable(model)
    if surrogate == "structure":
        return ability.structure
    if surrogate != "values":
        return None
    if ability.values is None:
        raise DataError(f"surrogate values reads what expressions compute, not {model.task}; take structure")
    return partial(ability.values, points=points)


def searchable(model: Model) -> Searchable:
    """What a search knows of a model's items. DataError where they cannot be searched."""
    ability = model.run.task.search
    if ability is None:
        raise DataError(f"{model.recipe.name} draws {model.task}; a search is for strings")
    return ability


def canonical_start(model: Model, start: str) -> str:
    """The one spelling of a string that a model can encode. DataError or ParseError where it cannot."""
    form = model.same([start])[0]
    if form is None:
        shown, why = excerpt(start)[0], model.run.task.reasons([start])[0] or "not read"
        raise DataError(
            f"{option('start')} {shown!r}: not one of the {model.task} that {model.recipe.name} reads: {why}"
        )
    model.encode([form])
    return form


def feasibility(
    model: Model, start: str | None, similarity: float | None, max_atoms: int | None
) -> Callable[[list[str]], np.ndarray] | None:
    """Which strings may be asked for: similar enough to the start, small enough. DataError where that cannot be."""
    like, heavy_atoms = searchable(model).similarity, searchable(model).heavy_atoms
    within(similarity=similarity, max_atoms=max_atoms)
    if similarity is not None and (start is None or like is None):
        raise DataError(
            f"{option('similarity')} {similarity}: to what? add {option('start')} SMILES, with a model of molecules"
        )
    if max_atoms is not None and heavy_atoms is None:
        raise DataError(f"{option('max_atoms')} {max_atoms}: expected a model of molecules")

    def feasible(strings: list[str]) -> np.ndarray:
        """(n,) whether each string may be asked for."""
        allowed = np.ones(len(strings), bool)
        if similarity is not None and like is not None:
            allowed &= np.nan_to_num(like(str(start), strings), nan=-1.0) >= similarity
        if max_atoms is not None and heavy_atoms is not None:
            allowed &= heavy_atoms(strings) <= max_atoms
        return allowed

    if start is not None and not feasible([start])[0]:
        raise DataError(
            f"{start} has more than {max_atoms} heavy atoms; raise {option('max_atoms')} or start smaller"
        )
    return None if similarity is None and max_atoms is None else feasible
