"""Bayesian optimization, the published protocol and ours; one JSON line a run, plain figures, every seed.

    python benchmarks/optimization.py published --model gvae-equations --seeds 5     # 5 rounds of 50, all labels
    python benchmarks/optimization.py expressions --seeds 10 --budget 500            # trained on the worse half
    python benchmarks/optimization.py formulas --model runs/formulas --seeds 5       # five functions from 20 points
    python benchmarks/optimization.py molecules --seeds 5 --max-atoms 38             # plogp; 0: uncapped
    python benchmarks/optimization.py molecules --score qed --seeds 5
    python benchmarks/optimization.py molecules --seeds 5 --max-atoms 0 --retrain-every 50
    python benchmarks/optimization.py constrained --molecules 800 --budget 80        # plogp_raw, four thresholds

`--out DIR` keeps finished lines, and journals of `expressions` and `molecules`: the same command goes on from there.
`--seeds 1 --budget 50` is a short trial. Published figures to compare with are in the Grammar VAE (Kusner et al.
2017), GRAE (Ghosh et al. 2020), JT-VAE (Jin et al. 2018) and weighted retraining (Tripp et al. 2020) papers.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from constrained import constrained, summary
from formulas import EXACT, formulas
from published import published
from rdkit import RDLogger

from grammar_rae import datasets
from grammar_rae.evaluation.expressions import scores as expressions
from grammar_rae.evaluation.expressions.target import target_of
from grammar_rae.experiments.train import train
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample
from grammar_rae.model.model import Model
from grammar_rae.tasks.goals import goal
from grammar_rae.training.memory import keep_freed
from grammar_rae.workflows.optimize import SearchResult, optimize

Line = dict[str, Any]
CURVE = (50, 100, 250, 500)
MODELS = {"published": "gvae-equations", "formulas": "grae-equations"}
METHOD = ("region", "acquisition", "surrogate", "candidates")
# of a training on 5,000 expressions
SMALL = ("training.batch=100", "training.schedule=cosine", "training.learning_rate=2e-3")


def expressions_ours(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """A model trained from scratch on the worse half, then `--budget` evaluations; as many density draws, uniform
    derivations and programs of gplearn beside it. Lower is better, 0 is the target itself.
    """
    import gplearn_peer

    name = "-".join(["worse-half", str(a.items), str(a.epochs), *a.set])
    folder = Path(a.out or "runs/optimization") / name
    data = datasets.load("equations")
    scores = expressions.score(data.train)
    worse = np.flatnonzero(scores >= np.median(scores))
    chosen = [data.train[i] for i in np.random.default_rng(0).permutation(worse)[: a.items]]
    if not (folder / "weights.safetensors").is_file():
        train(
            a.recipe,
            data=chosen,
            out=folder,
            overrides=(f"training.epochs={a.epochs}", *SMALL, *a.set),
        )
    grammar = expressions.standard()
    target = target_of(expressions.TARGET, grammar)
    for seed in range(a.seeds):

        def run(seed: int = seed) -> Line:
            model = Model.load(folder)
            result = optimize(model, f"expression:{expressions.TARGET}", a.budget, seed=seed, **_how(a, seed))
            uniform = unparse(grammar, sample(grammar, a.budget, 15, seed=seed))
            drawn = model.generate(a.budget, seed=seed)
            return {
                "seed": seed,
                "trained_on": len(chosen),
                "best_in_training": float(expressions.score(chosen).min()),
                **_course(result),
                "exact": bool(result.numbers["best_score"] <= EXACT),
                "density_draws": float(np.nanmin(expressions.score(drawn))),
                "uniform_derivations": float(np.nanmin(expressions.score(uniform))),
                "gplearn": gplearn_peer.best(target, a.budget, seed),
            }

        yield run


def molecules(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """The shipped model and a score of molecules, as many draws of the density beside it."""
    for seed in range(a.seeds):

        def run(seed: int = seed) -> Line:
            model = Model.load(a.model)
            how = {"max_atoms": a.max_atoms or None, "retrain_every": a.retrain_every}
            result = optimize(model, a.score, a.budget, seed=seed, **how, **_how(a, seed))
            drawn = goal(a.score, max_atoms=a.max_atoms or None)(model.generate(a.budget, seed=1000 + seed))
            first = result.table.iloc[0]
            beside = {name: first[name] for name in ("heavy_atoms", "sa", "novel") if name in first}
            return {
                "score": a.score,
                "max_atoms": a.max_atoms or None,
                "steps": model.recipe.codec.steps,
                "seed": seed,
                **_course(result),
                **{
                    f"best_{name}": getattr(value, "item", lambda v=value: v)()
                    for name, value in beside.items()
                },
                "density_draws": float(np.nanmax(drawn)),
                "density_mean": float(np.nanmean(drawn)),
            }

        yield run


def _how(a: argparse.Namespace, seed: int) -> dict[str, Any]:
    """The method, and the folder of this run's journal."""
    options = ("protocol", "score", "max_atoms", "retrain_every", "items", "epochs", *METHOD)
    name = "-".join(
        [*(str(getattr(a, part)) for part in options if hasattr(a, part)), *getattr(a, "set", []), str(seed)]
    )
    folder = {} if a.out is None else {"out": Path(a.out) / name.replace(":", "-").replace("/", "-")}
    return {**{part: getattr(a, part) for part in METHOD}, **folder}


def _course(result: SearchResult) -> Line:
    """Best so far along the budget, averages and shares."""
    best = result.score.display(np.fmax.accumulate(result.course))
    at = {f"best_of_{n}": float(best[n - 1]) for n in CURVE if n <= len(best)}
    numbers = {
        name: result.numbers[name]
        for name in ("evaluations", "best_string", "best_score", "valid", "mean_score")
    }
    return {**numbers, **at}


RUNS = {
    "published": published,
    "expressions": expressions_ours,
    "formulas": formulas,
    "molecules": molecules,
    "constrained": constrained,
}


def main() -> None:
    """Print every run as a line, finished ones as they were kept, and their summary."""
    a = _parser().parse_args()
    lines = None if a.out is None else Path(a.out) / "lines.jsonl"
    finished: dict[str, str] = {}
    if lines is not None:
        lines.parent.mkdir(parents=True, exist_ok=True)
        if lines.is_file():
            finished = {json.loads(text)["run"]: text for text in lines.read_text().splitlines()}
    asked = json.dumps(
        {k: v for k, v in vars(a).items() if k not in ("out", "seeds", "workers")}, sort_keys=True
    )
    done: list[Line] = []
    for number, run in enumerate(RUNS[a.protocol](a)):
        key = f"{asked} {number}"
        text = finished.get(key) or json.dumps({**run(), "run": key})
        print(text, flush=True)
        if lines is not None and key not in finished:
            with lines.open("a") as file:
                file.write(text + "\n")
        done.append(json.loads(text))
    if done:
        print(json.dumps((summary if a.protocol == "constrained" else _summary)(done)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    protocols = parser.add_subparsers(dest="protocol", required=True)
    for name in RUNS:
        verb = protocols.add_parser(name)
        verb.add_argument("--seeds", type=int, default=1)
        verb.add_argument("--budget", type=int, default={"published": 250, "constrained": 80}.get(name, 500))
        verb.add_argument("--out", help="keeps finished lines, and journals of expressions and molecules")
        verb.add_argument("--model", default=MODELS.get(name, "grae-smiles"))
        if name in ("expressions", "molecules"):
            verb.add_argument("--region", default="trust")
            verb.add_argument("--acquisition", default="logei")
            verb.add_argument("--surrogate", default="values" if name == "expressions" else "structure")
            verb.add_argument("--candidates", type=int, default=300)
        if name == "published":
            verb.add_argument("--items", type=int, help="the first so many labels; all when not given")
            verb.add_argument("--decodes", type=int, help="draws a code; 25, molecules 500 when not given")
            verb.add_argument("--passes", type=int, default=5)
        if name == "expressions":
            verb.add_argument("--items", type=int, default=5000)
            verb.add_argument("--epochs", type=int, default=120)
            verb.add_argument("--recipe", default="grae-equations")
            verb.add_argument(
                "--set", action="append", default=[], help="recipe.setting=value, of the training"
            )
        if name == "molecules":
            verb.add_argument("--score", default="plogp")
            verb.add_argument("--max-atoms", type=int, default=38, help="0: no cap")
            verb.add_argument("--retrain-every", type=int)
        if name == "constrained":
            verb.add_argument("--molecules", type=int, default=800)
            verb.add_argument("--workers", type=int, default=2, help="processes")
    return parser


def _summary(lines: list[Line]) -> Line:
    """Mean, standard deviation and median over the seeds of every number, and the share of every yes."""
    totals: Line = {"runs": len(lines)}
    for name, first in lines[0].items():
        values = [line[name] for line in lines if line[name] is not None]
        if isinstance(first, bool):
            totals[name] = sum(values) / len(values)
        elif isinstance(first, float) and values:
            totals[name] = {"mean": np.mean(values), "sd": np.std(values), "median": np.median(values)}
    return totals


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    RDLogger.DisableLog("rdApp.*")
    torch.set_num_threads(1)
    keep_freed()
    main()
