"""What a notebook holds: a trained model that generates, encodes, decodes and reconstructs strings or images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.densities.density import Density
from grammar_rae.distributions.interfaces import Latent
from grammar_rae.errors import RecipeError
from grammar_rae.limits.ranges import within
from grammar_rae.machines.machine import Masks
from grammar_rae.model import encoding, likelihood
from grammar_rae.model.decoding import decoded_items
from grammar_rae.model.densities import density_of, drawn_codes, fit
from grammar_rae.model.device import device_of
from grammar_rae.model.latent import between
from grammar_rae.model.neighbours import items_near
from grammar_rae.model.sampling import Sampling, draw
from grammar_rae.progress import Report, silent
from grammar_rae.runs import folder as runs
from grammar_rae.runs.folder import Run

Items = TypeVar("Items")  # of a model of strings list[str], of images an array (n, S, S, C) uint8


class Model(Generic[Items]):
    """A run folder in use. Codes are (n, latent) float32 arrays.

    Items are strings: a list, an array, a series, a table with a column of them, or one string; of an image model they
    are uint8 images: a sequence of arrays (H, W) or (H, W, 3) in, one array (n, S, S, C) out.
    """

    def __init__(self, run: Run, device: str | torch.device = "cpu") -> None:
        self.run = run
        self.recipe = run.recipe
        self.device = device_of(device)
        run.autoencoder.to(self.device).eval()
        for fitted in run.densities.values():
            fitted.density.to(self.device)

    @classmethod
    def load(cls, name: str | Path, device: str = "cpu") -> Model[Any]:
        """A shipped model by name, or a run folder, on a device `cpu`, `cuda` or `cuda:N`.

        DataError when there is none or it is damaged, or no such device is here.
        """
        place = device_of(device)
        return cls(runs.load(runs.find(name)), place)

    def __repr__(self) -> str:
        size = sum(p.numel() for p in self.run.autoencoder.parameters())
        densities = ", ".join(self.densities)
        return (
            f"Model({self.recipe.name}: {self.task}, latent {self.latent}, {size:,} parameters, {densities})"
        )

    @property
    def task(self) -> str:
        """molecules, expressions, strings or images."""
        return self.recipe.task

    @property
    def latent(self) -> int:
        """The size D of a code."""
        return self.recipe.encoder.latent

    @property
    def densities(self) -> list[str]:
        """What `generate` can draw codes from."""
        return ["prior", *self.run.densities]

    @property
    def default_density(self) -> str:
        """The recipe's own; `gaussian` where that could not be fitted, and the prior where none could."""
        return next(n for n in (self.recipe.density.default, "gaussian", "prior") if n in self.densities)

    def sample_codes(
        self, n: int, density: str | None = None, seed: int = 0, start: int = 0
    ) -> NDArray[np.float32]:
        """(n, latent) codes, samples number `start` to `start` + n − 1 of `density`, without noise on them."""
        return drawn_codes(self, n, density, seed, start)

    def generate(
        self,
        n: int = 1000,
        *,
        density: str | None = None,
        temperature: float | None = None,
        seed: int = 0,
        unique: bool = False,
        raw: bool = False,
        budget: bool = True,
        syntax_only: bool = False,
        keep: float = 1.0,
        start: str | None = None,
        rung: int | None = None,
        component: int | None = None,
        noise: float | None = None,
        report: Report = silent,
    ) -> Items:
        """n strings, or images (n, S, S, C): codes from `density`, decoded at `temperature`; None: the recipe's own.

        Temperature 0 writes the likeliest production at every step. Molecules come as canonical SMILES, or as written
        with `raw` and where they are not valid. Without `budget` a derivation may stay unfinished and is the empty
        string; with `syntax_only` the rules of valence are not enforced. With `unique` every string comes once, and
        drawing stops after 20 n, so that fewer than n may come. `keep` < 1 draws more and keeps that share, the strings
        in which the model itself, before any mask, believed most. `start`, the beginning of a SMILES, is completed n
        times. Both choose within every thousand samples: with them the strings of a smaller n need not be the first
        ones of a larger. `rung`, 1 the lowest, and `component` draw that part of the code of that component of vlac's
        prior. `noise`, in the units of codes, smooths the density, and the decoder is told. DataError or RecipeError
        where a beginning or noise cannot be, ValueError for numbers out of range.
        """
        chosen = keep, start, unique, raw, rung, component, noise
        sampling = Sampling(density, temperature, seed, Masks(budget, not syntax_only), *chosen)
        return draw(self, n, sampling, report).items

    def samples(self, n: int = 1000, **how: Any) -> pd.DataFrame:
        """`generate` as a table: `string`, and `log_feasible_mass`, how much of its own belief (nats, at most 0)
        the model, before any mask, put on what the machine allowed while writing it. Arguments as `generate`.
        """
        progress = how.pop("report", silent)
        masks = Masks(how.pop("budget", True), not how.pop("syntax_only", False))
        drawn = draw(self, n, Sampling(masks=masks, **how), progress, mass=True)
        return pd.DataFrame({self.run.task.medium.word: drawn.items, "log_feasible_mass": drawn.mass})

    def log_feasible(self, items: Sequence[str]) -> NDArray[np.float32]:
        """(n,) nats: how much of its own belief, before any mask, the model put where the machine allowed it
        while each item is written from its own code; 0 is all of it. Errors as those of `encode`.
        """
        return likelihood.log_feasible(self, encoding.codec_rows(self, items))

    def encode(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """(n, latent) posterior means. ParseError or DataError names the first item that cannot be written."""
        return self.codes(encoding.codec_rows(self, items))

    def encode_known(
        self, items: Sequence[Any], sampled: int | None = None
    ) -> tuple[NDArray[np.float32], list[int], list[tuple[int, str]]]:
        """Codes (see `codes`) of the items that can be written, their indices, (index, reason) of the others."""
        x, places, rejected = self.rows_known(items)
        return self.codes(x, sampled), places, rejected

    def encode_each(self, items: Sequence[str]) -> NDArray[np.float32]:
        """(n, latent) posterior means, a row of NaN for an item that cannot be written."""
        return encoding.each(self, items)

    def rows_known(
        self, items: Sequence[Any]
    ) -> tuple[NDArray[np.integer], list[int], list[tuple[int, str]]]:
        """As `encode_known`, with the codec's rows (m, …) in place of codes."""
        return encoding.codec_rows_known(self, items)

    def prepare(self, items: Sequence[Any]) -> list[Any]:
        """What the codec reads in place of `items`, as the recipe says; None for bad ones."""
        return encoding.prepared(self, items)

    def codes(self, x: NDArray[np.integer], sampled: int | None = None) -> NDArray[np.float32]:
        """(n, latent) posterior means of integer rows x (n, …), or one draw of each under the seed `sampled`.

        DataError where they are no rows of the model's codec.
        """
        rows = np.asarray(x)
        encoding.check_rows(self, rows)
        return encoding.posterior_codes(self, rows, sampled)

    def decode(
        self,
        z: NDArray[np.floating] | Tensor,
        *,
        temperature: float | None = None,
        seed: int = 0,
        raw: bool = False,
        budget: bool = True,
        syntax_only: bool = False,
        revisions: int = 0,
    ) -> Items:
        """The strings or images of codes z (n, latent): a draw at `temperature` each, 0 for the likeliest step by step.

        None is 0, but the recipe's own temperature for images whose pixels see those before, as `lossy` has them.
        `budget` and `syntax_only` as in `generate`. A string whose own code is not z is written again, up to
        `revisions` times, and the nearest kept: see `revision`. DataError for codes of another shape or not finite and
        for a temperature out of range, RecipeError for revisions of images.
        """
        return self._join(
            decoded_items(self, z, temperature, seed, raw, Masks(budget, not syntax_only), revisions)
        )

    def _join(self, items: list[Any]) -> Items:
        """Single items as a user has them, none of them too."""
        return self.run.task.medium.join(items) if items else self.run.codec.decode(self.run.codec.encode([]))

    def reconstruct(
        self,
        items: Sequence[Any],
        *,
        temperature: float | None = None,
        seed: int = 0,
        raw: bool = False,
        budget: bool = True,
        syntax_only: bool = False,
        revisions: int = 0,
    ) -> Items | list[str | None]:
        """Each item encoded and decoded as `decode` says, with its options; None where it cannot be read. Images, all
        of which must be readable, come back as one array (n, S, S, C).
        """
        options = temperature, seed, raw, Masks(budget, not syntax_only), revisions
        medium = self.run.task.medium
        items = medium.given(items)
        if not medium.gaps:
            return self._join(decoded_items(self, self.encode(items), *options))
        z, places, _ = self.encode_known(items)
        result: list[Any] = [None] * len(items)
        for i, item in zip(places, decoded_items(self, z, *options), strict=True):
            result[i] = item
        return medium.join(result)

    @property
    def stochastic(self) -> bool:
        """Whether draws of q(z | x) follow the density it states, which a likelihood needs."""
        none = torch.as_tensor(self.run.codec.encode([])).to(self.device)
        return self.run.autoencoder.posterior(none).proper

    def log_likelihood(self, items: Sequence[Any], draws: int = 100, seed: int = 0) -> NDArray[np.float64]:
        """(n,) nats: log of the mean over draws z ~ q of p(x | z) p(z) / q(z | x), in expectation a lower bound.

        Importance sampling (Burda et al. 2016, equation 8) in memory that does not grow with `draws`. Where the recipe
        trains on a view of images, the likelihood is that of a view of each, drawn under the seed. RecipeError where q
        is no distribution to draw from; errors as those of `encode`.
        """
        within(draws=draws, seed=seed)
        if not self.stochastic:
            raise RecipeError(f"{self.recipe.name} has no likelihood: its codes are not drawn from q(z | x)")
        return likelihood.log_likelihood(self, encoding.codec_rows(self, items), draws, seed)

    def interpolate(self, a: Any, b: Any, steps: int = 8, path: str = "straight") -> Items:
        """What lies between two items' codes, decoded as `decode` says, the codes themselves included.

        `path` is `straight`, or `spherical`, which suits models whose codes lie on a shell; see `model.latent.between`.
        """
        first, last = self.encode([a, b])
        return self.decode(between(first, last, steps, path))

    def neighbours(
        self, item: Any, n: int = 20, *, radius: float = 1.0, seed: int = 0, rung: int | None = None
    ) -> pd.DataFrame:
        """Up to n different items around an item's code, nearest first: `string` or `image`, and its `distance`.

        20 n codes, n of images, are decoded, their distances evenly spaced up to `radius`, where 1 is as far as a code
        commonly lies from the mean of all codes (see `model.latent.around`, with the density `gaussian`). Invalid items
        and the item itself are left out, so that fewer than n may come. With a `rung` of a ladder, 1 the lowest, that
        part of the code moves alone, and distances are within it. Errors as those of `encode`; DataError for a rung
        that is not there.
        """
        return items_near(self, item, n, radius, seed, rung)

    def fit_density(
        self,
        kind: str,
        z: NDArray[np.floating],
        seed: int = 0,
        *,
        name: str | None = None,
        report: Report = silent,
        **settings: Any,
    ) -> Density:
        """Fit a density of a kind (`catalogue.DENSITIES`) on codes z (n, latent) and keep it, as `name` or its kind.

        RecipeError for a kind, a name or a setting there is not, DataError for codes that cannot be fitted.
        """
        return fit(self, kind, z, seed, name, report, settings)

    def save(self, folder: str | Path) -> None:
        """Write the run folder; a run that is there is replaced once the new one is complete.

        DataError where it cannot be written, or somebody is at work there.
        """
        runs.save_over(Path(folder), self.run)

    def same(self, items: Sequence[Any]) -> list[Any]:
        """The one spelling of equal items: canonical SMILES, None for what is none; others as a model reads them."""
        medium, spelling = self.run.task.medium, self.run.task.spelling
        items = medium.given(items)
        return list(medium.forms(items)) if spelling is None else list(spelling(items))

    def density(self, name: str | None = None) -> Callable[[], Latent]:
        """A density by name, the model's own where None: calling it gives the distribution. RecipeError."""
        return density_of(self, name)


def load(name: str | Path, device: str = "cpu") -> Model[Any]:
    """A shipped model by name, or a run folder."""
    return Model.load(name, device)
