"""Gaussian processes over codes, by BoTorch and GPyTorch: exact for local search, sparse for many codes.

Inputs are scaled to the unit box and targets standardised by BoTorch's transforms. We maximise, so how bad the worst
are matters little: targets below the lower quartile by more than 1.5 interquartile ranges (Tukey's fence) are raised
to that, else a few very bad strings would take all the variance.
"""

from __future__ import annotations

import copy
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.errors import DataError

if TYPE_CHECKING:
    import torch
    from botorch.models.model import Model


def require() -> None:
    """ModuleNotFoundError that says how to install BoTorch."""
    try:
        import botorch  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "optimization needs BoTorch; install it with: pip install 'grammar-rae[optimize]'"
        ) from error


def fenced(y: np.ndarray) -> np.ndarray:
    """Targets (n,) with the far low ones raised to Tukey's lower fence."""
    low, high = np.quantile(y, [0.25, 0.75])
    return np.maximum(y, low - 1.5 * (high - low))


@dataclass(frozen=True)
class Exact:
    """An exact Gaussian process: RBF kernel with the dimension-scaled prior of Hvarfner et al. (2024) and BoTorch's on
    the noise, fitted by L-BFGS. Of more than `at_most` codes those most like the best are used.

    One length scale serves all dimensions: the coordinates of a learned space are alike, and a few hundred values
    do not tell 56 length scales apart.
    """

    at_most: int = 1000
    iterations: int = 40

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """Of codes x (n, D) and values y (n,), the larger the better."""
        import torch
        from botorch.exceptions import ModelFittingError
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Standardize
        from gpytorch.mlls import ExactMarginalLogLikelihood

        if len(x) > self.at_most:
            near = np.argsort(-self._alike(x, x[np.argmax(y)]), kind="stable")[: self.at_most]
            x, y = x[near], y[near]
        inputs, targets = _tensors(x, fenced(y))
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            model = SingleTaskGP(
                inputs, targets, outcome_transform=Standardize(1), **self._kernel(inputs.shape[1])
            )
            likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
            begun = copy.deepcopy(model.state_dict())
            try:
                fit_gpytorch_mll(
                    likelihood, optimizer_kwargs={"options": {"maxiter": self.iterations}}, max_attempts=1
                )
            except (ModelFittingError, ValueError):  # GPyTorch's priors refuse what has rounded to zero
                model.load_state_dict(begun)
                model.eval()
        return model

    def _kernel(self, size: int) -> dict[str, Any]:
        from botorch.models.transforms import Normalize
        from gpytorch.kernels import RBFKernel
        from gpytorch.priors import LogNormalPrior

        prior = LogNormalPrior(math.sqrt(2) + math.log(size) / 2, math.sqrt(3))
        kernel = RBFKernel(lengthscale_prior=prior)
        kernel.lengthscale = math.sqrt(size)
        return {"covar_module": kernel, "input_transform": Normalize(size)}

    def _alike(self, x: np.ndarray, best: np.ndarray) -> np.ndarray:
        return -((x - best) ** 2).sum(1)


@dataclass(frozen=True)
class Structure(Exact):
    """An exact Gaussian process over what strings are made of, counts (n, F): the Tanimoto kernel, and a linear one for
    what it cannot foresee, a string larger than all that were seen; each with a scale.

    Codes say where to look, the strings' parts what to expect there (Moss et al. 2025). `benchmarks/surrogates.py` sets
    both beside each other.
    """

    def _kernel(self, size: int) -> dict[str, Any]:
        from gpytorch.kernels import ScaleKernel

        from grammar_rae.optimization.kernels import Dot, Tanimoto

        return {"covar_module": ScaleKernel(Tanimoto()) + ScaleKernel(Dot())}

    def _alike(self, x: np.ndarray, best: np.ndarray) -> np.ndarray:
        import torch

        from grammar_rae.optimization.kernels import Tanimoto

        found: np.ndarray = Tanimoto().forward(torch.as_tensor(x), torch.as_tensor(best[None]))[:, 0].numpy()
        return found


@dataclass(frozen=True)
class Values(Exact):
    """An exact Gaussian process over what expressions compute, values (n, P): how far one is from a target is a smooth
    function of them, and they are known without scoring it (composite optimization; Astudillo and Frazier 2019). The
    rational quadratic kernel, a mixture of all length scales: the score is flat far away and steep nearby.
    """

    def _kernel(self, size: int) -> dict[str, Any]:
        from gpytorch.kernels import RQKernel, ScaleKernel

        found = super()._kernel(size)
        rbf = found["covar_module"]
        kernel = RQKernel(lengthscale_prior=rbf.lengthscale_prior)
        kernel.lengthscale = rbf.lengthscale
        return {**found, "covar_module": ScaleKernel(kernel)}


@dataclass(frozen=True)
class Sparse:
    """A sparse variational Gaussian process (Hensman et al. 2013): squared-exponential kernel, one length scale a
    dimension, 500 inducing points, minibatches of 5,000, as in the published protocol (Kusner et al. 2017).

    Theirs minimises an energy of expectation propagation by 50 passes of Adam at 5e-4. Ours is the variational bound,
    its variational distribution moved by natural gradients (Salimbeni et al. 2018), in 5 passes with Adam at 5e-3,
    trained in float32, or float64 where that does not do, and predicting in float64. `benchmarks/optimization.py
    published` prints how well it predicts held-out labels, and its `--passes` takes more.
    """

    inducing: int = 500
    passes: int = 5
    batch: int = 5000
    steps: int = 90  # at the least, of fewer labels in more passes
    rate: float = 5e-3
    natural_rate: float = 0.1

    def fit(self, z: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """As `Exact.fit`."""
        import torch
        from botorch.models.transforms import Normalize, Standardize
        from linear_operator.utils.errors import NanError, NotPSDError

        inputs, targets = _tensors(z, fenced(y))
        normalize, standardize = Normalize(inputs.shape[1]), Standardize(1)
        x, t = normalize(inputs), standardize(targets)[0].squeeze(-1)
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model = self._trained(x.float(), t.float(), seed)
            except (NanError, NotPSDError):
                model = self._trained(x, t, seed)
        model.input_transform, model.outcome_transform = normalize.eval(), standardize.eval()
        return model.double().eval()

    def _trained(self, x: torch.Tensor, t: torch.Tensor, seed: int) -> Any:
        """Of scaled codes x (n, D) and standardised values t (n,), in their precision."""
        import torch
        from botorch.models import SingleTaskVariationalGP
        from gpytorch.kernels import RBFKernel, ScaleKernel
        from gpytorch.mlls import VariationalELBO
        from gpytorch.optim import NGD
        from gpytorch.variational import NaturalVariationalDistribution

        torch.manual_seed(seed)
        points = x[torch.randperm(len(x))[: self.inducing]].clone()
        kernel = ScaleKernel(RBFKernel(ard_num_dims=x.shape[1])).to(x)
        kernel.base_kernel.lengthscale = _median_distance(points)
        model = SingleTaskVariationalGP(
            x[:1],
            covar_module=kernel,
            inducing_points=points,
            variational_distribution=NaturalVariationalDistribution(len(points)),
        ).to(x)
        # In training as in prediction, whatever the precision.
        model.model.variational_strategy.jitter_val = 1e-6
        bound = VariationalELBO(model.likelihood, model.model, num_data=len(x))
        natural = NGD(model.model.variational_parameters(), num_data=len(x), lr=self.natural_rate)
        adam = torch.optim.Adam(
            [*model.model.hyperparameters(), *model.likelihood.parameters()], lr=self.rate
        )
        model.train()
        # Equal parts: the natural gradient of a small last one would be mostly noise.
        parts = max(1, round(len(x) / self.batch))
        for _ in range(max(self.passes, math.ceil(self.steps / parts))):
            for rows in torch.randperm(len(x)).tensor_split(parts):
                natural.zero_grad()
                adam.zero_grad()
                loss = -bound(model.model(x[rows]), t[rows])
                loss.backward()
                natural.step()
                adam.step()
        return model


READ_STRINGS = ("structure", "values")
SURROGATES = {"structure": Structure, "values": Values, "exact": Exact, "sparse": Sparse}


def named(name: str) -> Exact | Sparse:
    """A surrogate with its default settings. DataError lists the names."""
    if name not in SURROGATES:
        raise DataError(f"no surrogate is called {name}; there are: {', '.join(SURROGATES)}")
    return SURROGATES[name]()


def _tensors(z: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    return torch.as_tensor(z, dtype=torch.float64), torch.as_tensor(y, dtype=torch.float64)[:, None]


def _median_distance(x: torch.Tensor) -> float:
    """√(half the median squared distance): the published start of the length scale."""
    import torch

    return max(float((torch.pdist(x).square().median() / 2).sqrt()), 1e-3) if len(x) > 1 else 1.0
