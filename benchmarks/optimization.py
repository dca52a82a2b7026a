"""Bayesian optimization, the published protocol and ours; one JSON line a run, plain figures, every seed.

    python benchmarks/optimization.py published --model gvae-equations --seeds 5     # 5 rounds of 50, all labels
    python benchmarks/optimization.py expressions --seeds 10 --budget 500            # trained on the worse half
    python benchmarks/optimization.py molecules --seeds 5 --max-atoms 38             # plogp; 0: uncapped
    python benchmarks/optimization.py molecules --score qed --seeds 5
    python benchmarks/optimization.py molecules --seeds 5 --max-atoms 0 --retrain-every 50
    python benchmarks/optimization.py constrained --molecules 800 --budget 80        # plogp_raw, four thresholds

`--out DIR` keeps journals and finished lines: the same command goes on where it stopped.
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
from rdkit import RDLogger

from grammar_rae import datasets
from grammar_rae.counting import sample
from grammar_rae.evaluators import expressions, tanimoto, task_for
from grammar_rae.evaluators.goals import goal
from grammar_rae.experiment import train
from grammar_rae.model import Model
from grammar_rae.optimization import Box, Optimizer
from grammar_rae.optimization.decoding import most_frequent
from grammar_rae.optimization.published import believer
from grammar_rae.optimization.surrogates import Sparse
from grammar_rae.parsing import render
from grammar_rae.search import optimize, region_of

Line = dict[str, Any]
CURVE = (50, 100, 250, 500)
THRESHOLDS = (0.0, 0.2, 0.4, 0.6)
EXACT = 1e-9


def published(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """Kusner et al.: all labels, 90/10 split, sparse GP, box, batches of 50, the most frequent of many decodes.

    Points may repeat, and invalid ones get the worst training target, as theirs do. `average` leaves out what is
    strictly no better than the worst of the run (their accounting), `plain_average` is over all valid points.
    """
    for seed in range(1, a.seeds + 1):
        yield lambda seed=seed: _published(a, seed)


def _published(a: argparse.Namespace, seed: int) -> Line:
    model = Model.load(a.model)
    molecules = model.task == "molecules"
    score = goal("plogp" if molecules else f"expression:{expressions.TARGET}", model.task)
    data = datasets.load(model.recipe.data.name)
    strings = [*data.train, *data.valid, *data.test][: a.items]
    z, known, _ = model.encode_known(strings)
    y = score([strings[i] for i in known])
    z, y = z[np.isfinite(y)].astype(float), y[np.isfinite(y)]
    order = np.random.default_rng(seed).permutation(len(z))
    cut = int(0.9 * len(z))
    test, z, y = order[cut:], z[order[:cut]], y[order[:cut]]
    held = model.encode_known([strings[known[i]] for i in test])[0].astype(float)
    truth = score([strings[known[i]] for i in test])
    decode = most_frequent(
        lambda codes, s: model.decode(codes.astype(np.float32), temperature=1.0, seed=s),
        a.decodes or (500 if molecules else 25),
        task_for(model.task, []).canonical,
    )
    box, found, line = Box.around(z), [], {}
    for number in range(a.budget // 50):
        surrogate = Sparse(passes=a.passes).fit(z, y, seed * (number + 1))
        if number == 0:
            line = _predictive(surrogate, held, truth, y.std())
        new = believer(surrogate, box, 50, seed * 100 + number)
        texts = decode(new)
        values = score(texts)
        found += list(zip(texts, values.tolist(), strict=True))
        z = np.concatenate([z, new])
        y = np.concatenate([y, np.where(np.isfinite(values), values, y.min())])
    every = np.array([value for _, value in found])
    filled = np.where(np.isfinite(every), every, y.min())
    shown = score.display
    best = sorted({text: value for text, value in found if np.isfinite(value)}.items(), key=lambda p: -p[1])[
        :3
    ]
    return {
        "model": a.model,
        "seed": seed,
        "valid": float(np.isfinite(every).mean()),
        "average": float(shown(filled[filled > filled.min()]).mean()),
        "plain_average": float(shown(every[np.isfinite(every)]).mean()),
        "best_three": [float(shown(np.array(value))) for _, value in best],
        "best_strings": [text for text, _ in best],
        **line,
    }


def _predictive(surrogate: Any, z: np.ndarray, y: np.ndarray, scale: float) -> Line:
    """RMSE and mean log density of held-out targets, noise included."""
    with torch.no_grad():
        parts = [surrogate.posterior(part, observation_noise=True) for part in torch.as_tensor(z).split(1000)]
        mean = torch.cat([part.mean[:, 0] for part in parts])
        variance = torch.cat([part.variance[:, 0] for part in parts])
        targets = torch.as_tensor(y)
        density = torch.distributions.Normal(mean, variance.sqrt()).log_prob(targets)
    return {
        "rmse": float((mean - targets).square().mean().sqrt()),
        "log_likelihood": float(density.mean()),
        "rmse_of_the_mean": float(scale),
    }


def expressions_ours(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """A model trained from scratch on the worse half, then `--budget` evaluations; as many density draws and uniform
    derivations beside it. Lower is better, 0 is the target itself.
    """
    folder = Path(a.out or "runs/optimization") / f"worse-half-{a.items}-{a.epochs}"
    data = datasets.load("equations")
    scores = expressions.score(data.train)
    worse = np.flatnonzero(scores >= np.median(scores))
    chosen = [data.train[i] for i in np.random.default_rng(0).permutation(worse)[: a.items]]
    if not (folder / "weights.safetensors").is_file():
        train(
            a.recipe,
            data=chosen,
            out=folder,
            overrides=(f"training.epochs={a.epochs}", "training.batch=100"),
        )
    grammar = expressions.standard()
    for seed in range(a.seeds):

        def run(seed: int = seed) -> Line:
            model = Model.load(folder)
            found = optimize(model, f"expression:{expressions.TARGET}", a.budget, seed=seed, **_how(a, seed))
            uniform = render(grammar, sample(grammar, a.budget, 15, seed=seed))
            drawn = model.generate(a.budget, seed=seed)
            return {
                "seed": seed,
                "trained_on": len(chosen),
                "best_in_training": float(expressions.score(chosen).min()),
                **_course(found),
                "exact": bool(found.numbers["best_score"] <= EXACT),
                "density_draws": float(np.nanmin(expressions.score(drawn))),
                "uniform_derivations": float(np.nanmin(expressions.score(uniform))),
            }

        yield run


def molecules(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """The shipped model and a score of molecules, as many draws of the density beside it."""
    for seed in range(a.seeds):

        def run(seed: int = seed) -> Line:
            model = Model.load(a.model)
            how = {"max_atoms": a.max_atoms or None, "retrain_every": a.retrain_every}
            found = optimize(model, a.score, a.budget, seed=seed, **how, **_how(a, seed))
            drawn = goal(a.score, max_atoms=a.max_atoms or None)(model.generate(a.budget, seed=1000 + seed))
            first = found.table.iloc[0]
            beside = {name: first[name] for name in ("heavy_atoms", "sa", "novel") if name in first}
            return {
                "score": a.score,
                "max_atoms": a.max_atoms or None,
                "steps": model.recipe.codec.steps,
                "seed": seed,
                **_course(found),
                **{
                    f"best_{name}": getattr(value, "item", lambda v=value: v)()
                    for name, value in beside.items()
                },
                "density_draws": float(np.nanmax(drawn)),
            }

        yield run


def constrained(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """JT-VAE's task: improve plogp_raw of the test molecules with the lowest, within a similarity.

    One search of `--budget` evaluations a molecule serves all thresholds; `random_…` is a cloud of Gaussian
    perturbations of the start's code at the same budget. Failures count as no success and as improvement 0.
    """
    score = goal("plogp_raw")
    test = datasets.load("zinc250k").test
    starts = [test[i] for i in np.argsort(score(test), kind="stable")[: a.molecules]]

    def run() -> Line:
        model = Model.load(a.model)
        ours, perturbed = [], []
        for place, start in enumerate(model.same(starts)):
            if start is None:
                continue
            base = score([start])[0]
            ours.append(_improvements(start, base, *_searched(model, score, start, a.budget, place)))
            region = region_of(model, "trust", start)
            cloud = _cloud(model, region, start, a.budget, place)
            perturbed.append(_improvements(start, base, cloud, score(cloud)))
        line: Line = {"molecules": len(ours), "budget": a.budget}
        for name, gains in {"": np.array(ours), "random_": np.array(perturbed)}.items():
            for column, least in enumerate(THRESHOLDS):
                gained = gains[:, column]
                line |= {
                    f"{name}improvement_{least}": float(gained.mean()),
                    f"{name}deviation_{least}": float(gained.std()),
                    f"{name}success_{least}": float((gained > 0).mean()),
                }
        return line

    yield run


def _searched(model: Model, score: Any, start: str, budget: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Strings and values of one search around a start, whatever their similarity."""
    search = Optimizer(
        lambda texts: model.encode(texts).astype(float),
        lambda z: model.decode(z.astype(np.float32)),
        score,
        region_of(model, "trust", start),
        start=(start,),
        initial=20,
        batch=20,
        seed=seed,
    )
    best = search.run(budget + 1, at_once=20)
    return [row.string for row in best], np.array([row.score for row in best])


def _cloud(model: Model, region: Any, start: str, budget: int, seed: int) -> list[str]:
    """Gaussian perturbations of the start's code, 0.4 of the codes' standard deviation wide."""
    centre = model.encode([start])[0].astype(float)
    noise = np.random.default_rng(seed).standard_normal((budget, len(centre)))
    return model.decode((centre + 0.4 * region.scale * noise).astype(np.float32))


def _improvements(start: str, base: float, strings: list[str], values: np.ndarray) -> list[float]:
    """The largest gain at each least similarity, 0 where there is none."""
    alike = tanimoto.folded(start, strings)
    gains = np.nan_to_num(values - base, nan=-np.inf)
    return [max(0.0, float(np.max(gains[alike >= least], initial=0.0))) for least in THRESHOLDS]


def _how(a: argparse.Namespace, seed: int) -> dict[str, Any]:
    """The method, and the folder of this run's journal."""
    name = f"{a.protocol}-{getattr(a, 'score', '')}-{getattr(a, 'max_atoms', '')}-{a.region}-{a.acquisition}-{seed}"
    kept = {} if a.out is None else {"out": Path(a.out) / name.replace(":", "-").replace("/", "-")}
    return {"region": a.region, "acquisition": a.acquisition, **kept}


def _course(found: Any) -> Line:
    """Best so far along the budget, averages and shares."""
    shown = getattr(found.score, "display", lambda values: values)
    best = shown(np.fmax.accumulate(found.course))
    at = {f"best_of_{n}": float(best[n - 1]) for n in CURVE if n <= len(best)}
    numbers = {
        name: found.numbers[name] for name in ("evaluations", "best", "best_score", "valid", "mean_score")
    }
    return {**numbers, **at}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    protocols = parser.add_subparsers(dest="protocol", required=True)
    runs = {
        "published": published,
        "expressions": expressions_ours,
        "molecules": molecules,
        "constrained": constrained,
    }
    for name in runs:
        verb = protocols.add_parser(name)
        verb.add_argument("--seeds", type=int, default=1)
        verb.add_argument("--budget", type=int, default={"published": 250, "constrained": 80}.get(name, 500))
        verb.add_argument("--out", help="keeps journals and finished lines")
        verb.add_argument("--model", default="gvae-equations" if name == "published" else "grae-smiles")
        if name in ("expressions", "molecules"):
            verb.add_argument("--region", default="trust")
            verb.add_argument("--acquisition", default="thompson")
        if name == "published":
            verb.add_argument("--items", type=int, help="the first so many labels; all when not given")
            verb.add_argument("--decodes", type=int, help="draws a code; 25, molecules 500 when not given")
            verb.add_argument("--passes", type=int, default=50)
        if name == "expressions":
            verb.add_argument("--items", type=int, default=5000)
            verb.add_argument("--epochs", type=int, default=100)
            verb.add_argument("--recipe", default="grae-equations")
        if name == "molecules":
            verb.add_argument("--score", default="plogp")
            verb.add_argument("--max-atoms", type=int, default=38, help="0: no cap")
            verb.add_argument("--retrain-every", type=int)
        if name == "constrained":
            verb.add_argument("--molecules", type=int, default=800)
    a = parser.parse_args()
    lines = None if a.out is None else Path(a.out) / "lines.jsonl"
    finished: dict[str, str] = {}
    if lines is not None:
        lines.parent.mkdir(parents=True, exist_ok=True)
        if lines.is_file():
            finished = {json.loads(text)["run"]: text for text in lines.read_text().splitlines()}
    asked = json.dumps({k: v for k, v in vars(a).items() if k not in ("out", "seeds")}, sort_keys=True)
    for number, run in enumerate(runs[a.protocol](a)):
        key = f"{asked} {number}"
        text = finished.get(key) or json.dumps({**run(), "run": key})
        print(text, flush=True)
        if lines is not None and key not in finished:
            with lines.open("a") as file:
                file.write(text + "\n")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    RDLogger.DisableLog("rdApp.*")
    torch.set_num_threads(1)
    main()
