"""Which of the decoded candidates to evaluate next: Thompson sampling and batched log expected improvement, by BoTorch.

Each takes a fitted surrogate, its inputs (m, ·) of the candidates, how many are wanted, the best value so far and a
seed; it gives the places (n,) of different candidates, the first choice first. The candidates are new strings, so
that no evaluation is spent on a code that decodes to a known one. An acquisition is a line of `catalogue.ACQUISITIONS`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from botorch.models.model import Model

Acquisition = Callable[["Model", np.ndarray, int, float, int], np.ndarray]


def thompson(model: Model, inputs: np.ndarray, n: int, best: float, seed: int) -> np.ndarray:
    """The largest of each of n functions drawn from the posterior, among what is left."""
    import torch

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        functions = model.posterior(torch.as_tensor(inputs)).rsample(torch.Size([n])).squeeze(-1)
    places: list[int] = []
    for function in functions.numpy():
        function[places] = -np.inf
        places.append(int(function.argmax()))
    return np.array(places)


def logei(model: Model, inputs: np.ndarray, n: int, best: float, seed: int) -> np.ndarray:
    """Monte Carlo log expected improvement of the whole batch, one candidate after the other (qLogEI, sequential
    greedy; Ament et al. 2023): in log space it also ranks candidates that are unlikely to improve.
    """
    import torch
    from botorch.acquisition import qLogExpectedImprovement
    from botorch.sampling import SobolQMCNormalSampler

    from grammar_rae.optimization.joint import Joint

    numbers = torch.arange(len(inputs), dtype=torch.float64)[:, None]  # of candidates, as `Joint` reads them
    places: list[int] = []
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jitter on the diagonal
        joint = Joint(model, torch.as_tensor(inputs))
        value: Any = qLogExpectedImprovement(
            joint, best, sampler=SobolQMCNormalSampler(torch.Size([64]), seed=seed % 2**31)
        )
        for _ in range(n):
            value.set_X_pending(numbers[places] if places else None)
            improvements = value(numbers[:, None])
            improvements[places] = -torch.inf
            places.append(int(improvements.argmax()))
    return np.array(places)
