"""Genetic programming by gplearn at a budget of evaluations, beside `optimization.py expressions` and `formulas`."""

from __future__ import annotations

import numpy as np
from gplearn.fitness import make_fitness
from gplearn.functions import make_function
from gplearn.genetic import SymbolicRegressor

from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.target import Target

POPULATION = 50  # of the sizes 25, 50 and 100, ten generations of 50 did best at 500 evaluations


def best(target: Target, budget: int, seed: int) -> float:
    """The lowest score (log(1 + MSE) against the target) of `budget` programs of +, *, /, sin, exp, x and constants
    from 1 to 3. Its division and exponential have a value everywhere, unlike ours.
    """
    found: list[float] = []

    def error(wanted: np.ndarray, got: np.ndarray, weight: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            mean = np.minimum((got - wanted) ** 2, scores.CAP).mean()
        return float(np.log1p(mean)) if np.isfinite(mean) else scores.WORST

    def counted(wanted: np.ndarray, got: np.ndarray, weight: np.ndarray) -> float:
        if len(wanted) == len(target.points):  # gplearn tries a metric on two points when it is made
            found.append(error(wanted, got, weight))
        return error(wanted, got, weight)

    exponential = make_function(function=lambda x: np.exp(np.minimum(x, 50.0)), name="exp", arity=1)
    SymbolicRegressor(
        population_size=POPULATION,
        generations=budget // POPULATION,
        function_set=("add", "mul", "div", "sin", exponential),
        metric=make_fitness(function=counted, greater_is_better=False),
        const_range=(1.0, 3.0),
        tournament_size=5,
        parsimony_coefficient=0.0,
        random_state=seed,
    ).fit(target.points[:, None], target.values)
    return min(found[:budget])
