"""What a notebook holds: a trained model that generates, encodes, decodes and reconstructs strings or images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from grammar_rae.catalogue import PREPARATIONS, look_up
from grammar_rae.chance import DRAWS
from grammar_rae.densities.density import Density, Fitted
from grammar_rae.densities.fitting import fit_density, named
from grammar_rae.errors import DataError, RecipeError, brief
from grammar_rae.machines.machine import Masks
from grammar_rae.model import likelihood, revision
from grammar_rae.model.latent import around, between
from grammar_rae.model.sampling import BATCH, Sampling, decoded, draw, masked, spelled, written
from grammar_rae.noise import Noise
from grammar_rae.progress import Report, silent
from grammar_rae.runs import folder as runs
from grammar_rae.runs.folder import Run


class Model:
    """A run folder in use. Codes are (n, latent) float32 arrays.

    Items are strings; of an image model they are uint8 images: a sequence of arrays (H, W) or (H, W, 3) in, one
    array (n, S, S, C) out.
    """

    def __init__(self, run: Run, device: str = "cpu") -> None:
        self.run = run
        self.recipe = run.recipe
        self.device = torch.device(device)
        run.autoencoder.to(self.device).eval()
        for fitted in run.densities.values():
            fitted.density.to(self.device)

    @classmethod
    def load(cls, name: str | Path, device: str = "cpu") -> Model:
        """A shipped model by name, or a run folder. DataError when there is none or it is damaged."""
        return cls(runs.load(runs.find(name)), device)

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

    def sample_codes(
        self, n: int, density: str | None = None, seed: int = 0, start: int = 0
    ) -> NDArray[np.float32]:
        """(n, latent) codes, samples number `start` to `start` + n − 1 of `density`."""
        noise = Noise.first(seed, n, start, self.device)
        with torch.no_grad():
            return self.density(density)().sample(noise).cpu().numpy()

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
        report: Report = silent,
    ) -> Any:
        """n strings, or images (n, S, S, C): codes from `density`, decoded at `temperature`; the recipe's own where
        None.

        Temperature 0 writes the likeliest production at every step.
        Molecules come as canonical SMILES, or as written with `raw` and where they are not valid. Without
        `budget` a derivation may stay unfinished and is the empty string; with `syntax_only` the rules of
        valence are not enforced. With `unique` every string comes once, and drawing stops after 20 n, so that
        fewer than n may come. `keep` < 1 draws more and keeps that share, the strings in which the model itself,
        before any mask, believed most. `start`, the beginning of a SMILES, is completed n times.
        DataError or RecipeError where a beginning cannot be, ValueError for numbers out of range.
        """
        masks = Masks(budget, not syntax_only)
        sampling = Sampling(density, temperature, seed, masks, keep, start, unique, raw)
        return draw(self, n, sampling, report).items

    def samples(self, n: int = 1000, **how: Any) -> pd.DataFrame:
        """`generate` as a table: `string`, and `log_feasible_mass`, how much of its own belief (nats, at most 0)
        the model, before any mask, put on what the machine allowed while writing it. Arguments as `generate`.
        """
        options = {"report": silent, **how}
        progress = options.pop("report")
        masks = Masks(options.pop("budget", True), not options.pop("syntax_only", False))
        drawn = draw(self, n, Sampling(masks=masks, **options), progress, mass=True)
        return pd.DataFrame({self.run.task.medium.word: drawn.items, "log_feasible_mass": drawn.mass})

    def log_feasible(self, items: Sequence[str]) -> NDArray[np.float32]:
        """(n,) nats: how much of its own belief, before any mask, the model put where the machine allowed it
        while each item is written from its own code; 0 is all of it. Errors as those of `encode`.
        """
        return likelihood.log_feasible(self, self._rows(items))

    def encode(self, items: Sequence[Any]) -> NDArray[np.float32]:
        """(n, latent) posterior means. ParseError or DataError names the first item that cannot be written."""
        return self.codes(self._rows(items))

    def _rows(self, items: Sequence[Any]) -> NDArray[np.integer]:
        if not self.run.task.medium.gaps:
            return self.run.codec.encode(items)
        prepared = self.prepare(items)
        missing = next((i for i, text in enumerate(prepared) if text is None), None)
        if missing is not None:
            raise DataError(f"item {missing}: {items[missing]!r} is not a molecule this model can read")
        return self.run.codec.encode(prepared)

    def encode_known(
        self, items: Sequence[Any], sampled: int | None = None
    ) -> tuple[NDArray[np.float32], list[int], list[tuple[int, str]]]:
        """Codes (see `codes`) of the items that can be written, their indices, (index, reason) of the others."""
        x, places, rejected = self.rows_known(items)
        return self.codes(x, sampled), places, rejected

    def encode_each(self, items: Sequence[str]) -> NDArray[np.float32]:
        """(n, latent) posterior means, a row of NaN for an item that cannot be written."""
        z = np.full((len(items), self.latent), np.nan, np.float32)
        codes, places, _ = self.encode_known(items)
        z[places] = codes
        return z

    def rows_known(
        self, items: Sequence[Any]
    ) -> tuple[NDArray[np.integer], list[int], list[tuple[int, str]]]:
        """As `encode_known`, with the codec's rows (m, …) in place of codes."""
        if not self.run.task.medium.gaps:
            x, places, rejected = self.run.codec.encode_known(items)
            return x, places.tolist(), [(i, brief(error)) for i, error in rejected]
        prepared = self.prepare(items)
        readable = [i for i, text in enumerate(prepared) if text is not None]
        x, places, rejected = self.run.codec.encode_known([prepared[i] for i in readable])
        reasons = [(i, "not a molecule") for i, text in enumerate(prepared) if text is None]
        reasons += [(readable[i], brief(error)) for i, error in rejected]
        return x, [readable[i] for i in places], sorted(reasons)

    def prepare(self, items: Sequence[Any]) -> list[Any]:
        """What the codec reads in place of `items`, as the recipe says; None for bad ones."""
        prepared: list[Any] = look_up(PREPARATIONS, self.recipe.data.prepare, "preparation")(list(items))
        return prepared

    @torch.no_grad()
    def codes(self, x: NDArray[np.integer], sampled: int | None = None) -> NDArray[np.float32]:
        """(n, latent) posterior means of integer rows x (n, T), or one draw of each under the seed `sampled`."""
        z = np.zeros((len(x), self.latent), np.float32)
        for begin in range(0, len(x), BATCH):
            part = torch.as_tensor(np.asarray(x[begin : begin + BATCH])).to(self.device)
            q = self.run.autoencoder.posterior(part)
            noise = None if sampled is None else Noise.first(sampled, len(part), begin, self.device)
            z[begin : begin + BATCH] = (q.mean if noise is None else q.sample(noise)).cpu().numpy()
        return z

    def decode(
        self,
        z: NDArray[np.floating] | Tensor,
        *,
        temperature: float = 0.0,
        seed: int = 0,
        raw: bool = False,
        budget: bool = True,
        syntax_only: bool = False,
        revisions: int = 0,
    ) -> Any:
        """The strings or images of codes z (n, latent): the likeliest step by step, or a draw at `temperature` each.

        `budget` and `syntax_only` as in `generate`. A string whose own code is not z is written again, up to
        `revisions` times, and the nearest kept: see `revision`. ValueError for codes of another shape, RecipeError
        for revisions of images.
        """
        codes = torch.as_tensor(np.asarray(z), dtype=torch.float32)
        if codes.dim() != 2 or codes.shape[1] != self.latent:
            raise ValueError(
                f"codes of shape {tuple(codes.shape)}; {self.recipe.name} takes (n, {self.latent})"
            )
        if revisions < 0:
            raise ValueError(f"{revisions} revisions asked for; expected 0 or more")
        masks = Masks(budget, not syntax_only)

        def write(aimed: NDArray[np.floating], index: NDArray[np.int64]) -> list[Any]:
            """Items of codes (n, D), drawn under the noise of samples `index` (n,)."""
            noise = Noise(seed, torch.as_tensor(index, device=self.device))
            return self._written(torch.as_tensor(aimed), noise, revision.TEMPERATURE, masks)

        items = self._written(codes, Noise.first(seed, len(codes), 0, self.device), temperature, masks)
        if revisions and items:
            masked(self, decoded(self, codes[:1].to(self.device), masks))
            items = revision.revised(codes.cpu().numpy(), items, write, self.encode_each, revisions)
        task = self.run.task
        if task.spelling is not None and not raw:
            items = [item for item, _ in spelled(task.spelling, items)]
        return task.medium.join(items) if items else self.run.codec.decode(self.run.codec.encode([]))

    def _written(self, codes: Tensor, noise: Noise, temperature: float, masks: Masks) -> list[Any]:
        """Items as written; an unfinished string is empty."""
        parts = written(self, codes, noise, temperature, masks)
        return [item for part in parts for item in self.run.task.medium.finished(part)]

    def reconstruct(
        self,
        items: Sequence[Any],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        raw: bool = False,
        budget: bool = True,
        syntax_only: bool = False,
        revisions: int = 0,
    ) -> Any:
        """Each item encoded and decoded, greedily or drawn at a temperature; None where it cannot be read.

        Images, all of which must be readable, come back as one array (n, S, S, C). The options are those of `decode`.
        """
        options: dict[str, Any] = {"temperature": temperature, "seed": seed, "revisions": revisions}
        options |= {"budget": budget, "syntax_only": syntax_only}
        medium = self.run.task.medium
        if not medium.gaps:
            return self.decode(self.encode(items), raw=raw, **options)
        z, places, _ = self.encode_known(items)
        result: list[Any] = [None] * len(items)
        for i, item in zip(places, self.decode(z, raw=raw, **options), strict=True):
            result[i] = item
        return medium.join(result)

    @property
    def stochastic(self) -> bool:
        """Whether draws of q(z | x) follow the density it states, which a likelihood needs."""
        none = torch.as_tensor(self.run.codec.encode([])).to(self.device)
        return self.run.autoencoder.posterior(none).proper

    def log_likelihood(self, items: Sequence[Any], draws: int = 100, seed: int = 0) -> NDArray[np.float64]:
        """(n,) nats: log of the mean over draws z ~ q of p(x | z) p(z) / q(z | x), in expectation a lower bound.

        Importance sampling (Burda et al. 2016, equation 8). RecipeError where q is no distribution to draw from;
        errors as those of `encode`.
        """
        if not self.stochastic:
            raise RecipeError(f"{self.recipe.name} has no likelihood: its codes are not drawn from q(z | x)")
        return likelihood.log_likelihood(self, self._rows(items), draws, seed)

    def interpolate(self, a: Any, b: Any, steps: int = 8, path: str = "straight") -> Any:
        """What lies between two items' codes, decoded greedily, the codes themselves included.

        `path` is `straight`, or `spherical`, which suits models whose codes lie on a shell; see `model.latent.between`.
        """
        first, last = self.encode([a, b])
        return self.decode(between(first, last, steps, path))

    def neighbours(self, item: Any, n: int = 20, *, radius: float = 1.0, seed: int = 0) -> pd.DataFrame:
        """Up to n different items around an item's code, nearest first: `string` or `image`, and its `distance`.

        20 n codes are decoded greedily, their distances evenly spaced up to `radius`, where 1 is as far as a code
        commonly lies from the mean of all codes (see `model.latent.around`, with the density `gaussian`). Invalid items
        and the item itself are left out, so that fewer than n may come. Errors as those of `encode`.
        """
        if n < 1:
            raise ValueError(f"{n} neighbours asked for; expected 1 or more")
        factor = self.density("gaussian")().factors[0].cpu().numpy()
        z, distances = around(self.encode([item])[0], factor, DRAWS * n, radius, seed)
        task, items = self.run.task, self.decode(z, raw=True)
        forms = task.canonical(items)
        first: dict[str | None, int] = {}
        for place, form in enumerate(forms):
            first.setdefault(form, place)
        for left_out in (None, *task.canonical([item])):
            first.pop(left_out, None)
        places = list(first.values())[:n]
        values = items if task.spelling is None else forms
        return pd.DataFrame({task.medium.word: [values[i] for i in places], "distance": distances[places]})

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
        called = named(name or kind, kind)
        density = fit_density(kind, torch.as_tensor(np.asarray(z)).to(self.device), seed, report, settings)
        self.run.densities[called] = Fitted(kind, density.to(self.device))
        return density

    def save(self, folder: str | Path) -> None:
        """Write the run folder; an existing one is replaced file by file."""
        runs.save(Path(folder), self.run)

    def same(self, items: Sequence[Any]) -> list[Any]:
        """The one spelling of equal items: canonical SMILES, None for what is no molecule; others as they are."""
        spelling = self.run.task.spelling
        return list(items) if spelling is None else list(spelling(items))

    def density(self, name: str | None = None) -> nn.Module:
        """A density by name, the recipe's own where None: calling it gives the distribution. RecipeError."""
        name = name or self.recipe.density.default
        if name == "prior":
            prior: nn.Module = self.run.autoencoder.prior
            return prior
        if name not in self.run.densities:
            raise RecipeError(
                f"{self.recipe.name} has no density {name}; it has: {', '.join(self.densities)}"
            )
        return self.run.densities[name].density


def load(name: str | Path, device: str = "cpu") -> Model:
    """A shipped model by name, or a run folder."""
    return Model.load(name, device)
