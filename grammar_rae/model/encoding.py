"""Items to codes: the rows that a model's codec makes of them, and what its encoder makes of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.catalogue import PREPARATIONS, look_up
from grammar_rae.errors import DataError, brief, excerpt
from grammar_rae.model.decoding import BATCH
from grammar_rae.noise import Noise

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


def prepared(model: Model, items: Sequence[Any]) -> list[Any]:
    """`Model.prepare`."""
    medium = model.run.task.medium
    forms = medium.forms(medium.given(items))
    prepare = look_up(PREPARATIONS, model.recipe.data.prepare, "preparation")
    made = iter(prepare([form for form in forms if form is not None]))
    return [None if form is None else next(made) for form in forms]


def each(model: Model, items: Sequence[str]) -> NDArray[np.float32]:
    """`Model.encode_each`."""
    items = model.run.task.medium.given(items)
    z = np.full((len(items), model.latent), np.nan, np.float32)
    codes, places, _ = model.encode_known(items)
    z[places] = codes
    return z


def codec_rows(model: Model, items: Sequence[Any]) -> NDArray[np.integer]:
    """The codec's rows (n, …). ParseError or DataError names the first item that cannot be written."""
    items = model.run.task.medium.given(items)
    if not model.run.task.medium.gaps:
        return model.run.codec.encode(items)
    prepared = model.prepare(items)
    missing = next((i for i, text in enumerate(prepared) if text is None), None)
    if missing is not None:
        why = "" if items[missing] is None else model.run.task.reasons([items[missing]])[0]
        raise DataError(
            f"item {missing}: {excerpt(repr(items[missing]))[0]} is none of the {model.task} that "
            f"{model.recipe.name} reads" + (why and f": {why}")
        )
    return model.run.codec.encode(prepared)


def codec_rows_known(
    model: Model, items: Sequence[Any]
) -> tuple[NDArray[np.integer], list[int], list[tuple[int, str]]]:
    """Rows (m, …) of the items that can be written, their indices, (index, reason) of the others."""
    items = model.run.task.medium.given(items)
    if not model.run.task.medium.gaps:
        x, places, rejected = model.run.codec.encode_known(items)
        return x, places.tolist(), [(i, brief(error)) for i, error in rejected]
    prepared = model.prepare(items)
    readable = [i for i, text in enumerate(prepared) if text is not None]
    x, places, rejected = model.run.codec.encode_known([prepared[i] for i in readable])
    unread = [i for i, text in enumerate(prepared) if text is None]
    reasons = [
        (i, "missing" if items[i] is None else model.run.task.reasons([items[i]])[0] or "not read")
        for i in unread
    ]
    reasons += [(readable[i], brief(error)) for i, error in rejected]
    return x, [readable[i] for i in places], sorted(reasons)


def check_rows(model: Model, x: NDArray[Any]) -> None:
    """DataError where x are no rows that the model's codec writes: of another shape or type, or with other symbols."""
    wanted = model.run.codec.encode([])
    if x.dtype.kind not in "iu" or x.shape[1:] != wanted.shape[1:]:
        shape = ", ".join(map(str, ("n", *wanted.shape[1:])))
        raise DataError(f"rows of {x.dtype} {x.shape}; {model.recipe.name} reads whole numbers ({shape})")
    symbols = model.run.codec.symbols
    if x.size and not 0 <= x.min() <= x.max() < symbols:
        raise DataError(f"rows of {x.min()} to {x.max()}; {model.recipe.name} reads 0 to {symbols - 1}")


@torch.no_grad()
def posterior_codes(model: Model, x: NDArray[np.integer], sampled: int | None = None) -> NDArray[np.float32]:
    """(n, latent) posterior means of rows x (n, …), or one draw of each under the seed `sampled`."""
    autoencoder, z = model.run.autoencoder, np.zeros((len(x), model.latent), np.float32)
    for begin in range(0, len(x), BATCH):
        part = torch.as_tensor(np.asarray(x[begin : begin + BATCH])).to(model.device)
        q = autoencoder.posterior(autoencoder.view(part, 0.5))
        noise = None if sampled is None else Noise.first(sampled, len(part), begin, model.device)
        z[begin : begin + BATCH] = (q.mean if noise is None else q.sample(noise)).cpu().numpy()
    return z
