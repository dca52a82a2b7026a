"""A model, a score and the optimizer put together: strings with a high score, and a folder that tells of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grammar_rae.errors import DataError
from grammar_rae.evaluators import expressions, structure, tanimoto
from grammar_rae.evaluators.goals import Score, goal
from grammar_rae.evaluators.molecules import properties
from grammar_rae.evaluators.seen import contains
from grammar_rae.model import Model
from grammar_rae.optimization import Box, HighDensity, Optimizer, Round, TrustRegion
from grammar_rae.optimization.decoding import most_frequent
from grammar_rae.optimization.optimizer import Expected
from grammar_rae.optimization.regions import DRAWS, Region
from grammar_rae.retraining import Retrainer
from grammar_rae.samples import task_of

AT = (50, 100, 250, 500, 1000)  # evaluations after which the best so far is told
COLUMNS = {"molecules": "smiles", "expressions": "expression"}
REGIONS = ("trust", "density", "box")
REACH = 10.0  # of a search that retrains: a refitted decoder may write the same all around its best codes
REFINEMENTS = {"values": 2}  # a surrogate that foresees well is followed farther from what has been scored
RETRAINED = 2  # refinements of a search that retrains


@dataclass(frozen=True)
class Found:
    """`table`: strings with a score, best first, each once, with their properties; `numbers`: the run in short;
    `course` (n,): the value of every evaluation in order, NaN where there was none, higher is better.
    """

    table: pd.DataFrame
    numbers: dict[str, Any]
    course: np.ndarray
    task: str
    score: Score | Callable[[list[str]], np.ndarray]


def optimize(
    model: str | Path | Model,
    score: str | Callable[[list[str]], np.ndarray],
    budget: int = 500,
    *,
    start: str | None = None,
    similarity: float | None = None,
    region: str = "trust",
    acquisition: str = "logei",
    surrogate: str | None = None,
    batch: int = 10,
    initial: int = 20,
    candidates: int = 300,
    samples: int = 1,
    retrain_every: int | None = None,
    rank_weight: float = 1e-3,
    max_atoms: int | None = None,
    timeout: float = 60.0,
    seed: int = 0,
    out: str | Path | None = None,
    device: str = "cpu",
    report: Callable[[Round], None] | None = None,
) -> Found:
    """Search a model's latent space for strings with a high score, `budget` evaluations long.

    `score` is a specification (see `grammar_rae.evaluators.goals`) or a function strings → (n,), the larger the
    better. `region`: «trust» (around the best), «density» (where the model's density is high) or «box» (of all
    codes). `start` begins around a string; with `similarity` all others must have at least that Tanimoto similarity
    to it. Molecules of more than `max_atoms` heavy atoms are never asked for. A round decodes `candidates` codes and
    scores the `batch` most promising strings. `surrogate`: «values» of expressions (their default), «structure» of
    strings (that of all others), or «exact» or «sparse», of codes. `samples` > 1 decodes to the most frequent of as
    many draws. After every `retrain_every` evaluations the model is refitted, `rank_weight` is Tripp's k. `out` keeps
    the journal: the same call with the same folder goes on. DataError or RecipeError says what does not fit.
    """
    used = model if isinstance(model, Model) else Model.load(model, device)
    folder = None if out is None else Path(out)
    if budget < 1:
        raise DataError(f"budget {budget}; expected 1 evaluation or more")
    if samples < 1:
        raise DataError(f"{samples} samples a code; expected 1 or more")
    value = (
        goal(score, used.task, timeout=timeout, grammar=_grammar(used)) if isinstance(score, str) else score
    )
    origin = None if start is None else _origin(used, start)
    feasible = _feasible(used, origin, similarity, max_atoms)
    reads = surrogate or ("values" if used.task == "expressions" else "structure")
    retrainer = None
    reach, refinements = 1.0, REFINEMENTS.get(reads, 0)
    if retrain_every is not None:
        retrainer, reach, refinements = Retrainer(used, rank_weight, folder, seed), REACH, RETRAINED

    def retrained(strings: Sequence[str], values: np.ndarray, expected: Expected, generation: int) -> Any:
        assert retrainer is not None
        newer = retrainer(strings, values, expected, generation)
        return newer.encode_each, decoder_of(newer, samples), region_of(newer, region, origin, reach)

    name = score if isinstance(score, str) else f"{score.__module__}.{getattr(score, '__qualname__', score)}"
    optimizer = Optimizer(
        used.encode_each,
        decoder_of(used, samples),
        value,
        region_of(used, region, origin, reach),
        surrogate=reads,
        features=features_of(used, reads, getattr(value, "points", None)),
        acquisition=acquisition,
        batch=batch,
        initial=initial,
        candidates=candidates,
        refinements=refinements,
        start=() if origin is None else (origin,),
        feasible=feasible,
        alike=partial(expressions.alike, grammar=_grammar(used)) if used.task == "expressions" else None,
        retrain=None if retrainer is None else retrained,
        retrain_every=retrain_every,
        journal=None if folder is None else folder / "journal.sqlite",
        about={
            "model": f"{used.recipe.name} {fingerprint(used)}",
            "score": _told(name),
            "max_atoms": max_atoms,
            "region": region,
            "similarity": similarity,
            "samples": samples,
            "rank_weight": None if retrain_every is None else rank_weight,
        },
        seed=seed,
    )
    by_batch = isinstance(value, Score) and value.runs_user_code  # shared out over worker processes
    optimizer.run(budget, at_once=batch if by_batch else 1, report=report)
    found = _found(used, value, optimizer, budget)
    optimizer.journal.close()
    return found


def region_of(model: Model, name: str = "trust", start: str | None = None, reach: float = 1.0) -> Region:
    """A region of a model's codes by name, around the code of `start` where that is given; `reach` as TrustRegion's."""
    if name == "box":
        if "box" in model.run.densities:
            box = model.density("box")()
            return Box(box.low.cpu().numpy(), box.high.cpu().numpy())
        return Box.around(model.sample_codes(DRAWS))
    outer = HighDensity(model.density(None))
    if name == "density":
        return outer
    if name != "trust":
        raise DataError(f"no region is called {name}; there are: {', '.join(REGIONS)}")
    centre = None if start is None else model.encode([start])[0].astype(float)
    return TrustRegion(outer, start=centre, reach=reach)


def decoder_of(model: Model, samples: int = 1) -> Callable[[np.ndarray], list[str]]:
    """Codes (n, D) → strings: the likeliest, or the most frequent of so many draws."""
    if samples == 1:
        return lambda z: model.decode(z.astype(np.float32))
    return most_frequent(
        lambda z, seed: model.decode(z.astype(np.float32), temperature=1.0, seed=seed),
        samples,
        task_of(model).canonical,
    )


def features_of(
    model: Model, surrogate: str = "structure", points: np.ndarray | None = None
) -> Callable[[Sequence[str]], np.ndarray] | None:
    """Strings → (n, F), what a surrogate reads of them, None where it reads codes: for «structure» what they are made
    of (see `evaluators.structure`), for «values» what they compute at `points` (P,), the published grid where None.
    DataError where they compute nothing.
    """
    if surrogate == "values":
        if model.task != "expressions":
            raise DataError(
                f"surrogate values reads what expressions compute, not {model.task}; take structure"
            )
        return partial(expressions.curves, points=points, grammar=_grammar(model))
    if surrogate != "structure":
        return None
    if model.task == "molecules":
        return structure.fragments
    grammar = model.run.grammar
    return structure.letters if grammar is None else partial(structure.places, grammar=grammar)


def fingerprint(model: Model) -> str:
    """Twelve digits that change with any weight."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.run.autoencoder.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]


def _told(name: str) -> str:
    """The score's name; with the contents of its file where it has one."""
    kind, _, rest = name.partition(":")
    if kind in ("data", "mse") and Path(rest).is_file():
        return f"{kind}:{hashlib.sha256(Path(rest).read_bytes()).hexdigest()[:12]}"
    return name


def _grammar(model: Model) -> Any:
    return model.run.grammar if model.task == "expressions" else None


def _origin(model: Model, start: str) -> str:
    form = model.same([start])[0]
    if form is None:
        raise DataError(f"start {start!r}: not one of the {model.task} that {model.recipe.name} reads")
    model.encode([form])  # an error says why it cannot be
    return form


def _feasible(
    model: Model, origin: str | None, similarity: float | None, max_atoms: int | None
) -> Callable[[list[str]], np.ndarray] | None:
    """Which strings may be asked for: similar enough to the start, small enough. DataError where that cannot be."""
    if similarity is not None and (origin is None or model.task != "molecules" or not 0 <= similarity <= 1):
        raise DataError(f"similarity {similarity}: expected 0 to 1, a start and a model of molecules")
    if max_atoms is not None and (model.task != "molecules" or max_atoms < 1):
        raise DataError(f"max_atoms {max_atoms}: expected 1 or more, and a model of molecules")

    def feasible(strings: list[str]) -> np.ndarray:
        allowed = np.ones(len(strings), bool)
        if similarity is not None:
            allowed &= np.nan_to_num(tanimoto.bit_similarity(str(origin), strings), nan=-1.0) >= similarity
        if max_atoms is not None:
            allowed &= properties(strings, ("heavy_atoms",))["heavy_atoms"].to_numpy(float) <= max_atoms
        return allowed

    if origin is not None and not feasible([origin])[0]:
        raise DataError(f"{origin} has more than {max_atoms} heavy atoms; raise max_atoms or start smaller")
    return None if similarity is None and max_atoms is None else feasible


def _found(model: Model, score: Any, optimizer: Optimizer, budget: int) -> Found:
    """The table of what has a score, and the run in numbers."""
    rows = [row for row in optimizer.journal.rows()]
    told = [row for row in rows if row.status in ("scored", "failed")]
    course = np.array([row.score for row in told])
    best = optimizer.best()
    shown: Callable[[np.ndarray], np.ndarray] = getattr(score, "display", lambda values: values)
    task = task_of(model)
    strings = [row.string for row in best]
    table = pd.DataFrame(
        {
            COLUMNS.get(model.task, "string"): strings,
            "score": shown(np.array([row.score for row in best])),
            "evaluation": [[r.number for r in told].index(row.number) + 1 for row in best],
        }
    )
    if strings:
        own = task.table(strings)
        if model.run.seen is not None:
            forms = [form or "" for form in own["canonical"]]
            table["novel"] = ~contains(model.run.seen, forms)
        table = table.join(own[[name for name in task.properties if name not in table]])
    values = shown(course)
    top = np.fmax.accumulate(course) if len(course) else course
    numbers: dict[str, Any] = {
        "evaluations": len(told),
        "best_score": float(table["score"].iloc[0]) if strings else None,
        "best_string": strings[0] if strings else None,
        "valid": float(np.isfinite(course).mean()) if len(told) else None,
        "mean_score": float(np.nanmean(values)) if strings else None,
        "stopped_early": len(told) < budget,
    }
    numbers |= {f"best_of_{n}": float(shown(top)[n - 1]) for n in AT if n <= len(top)}
    return Found(table, numbers, course, model.task, score)
