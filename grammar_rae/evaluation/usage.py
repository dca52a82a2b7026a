"""How much of its codes a model uses, from posteriors of items: KL in all and by dimension, and active units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ACTIVE = (
    0.01  # the least variance over items of an active unit's posterior mean (Burda et al. 2016, section 5.2)
)


def active_units(means: NDArray[np.floating]) -> int:
    """How many coordinates of posterior means (n, D) vary over the items by more than 0.01."""
    return int((np.var(means.astype(np.float64), axis=0, ddof=1) > ACTIVE).sum()) if len(means) > 1 else 0


def usage(
    means: NDArray[np.floating], kl: NDArray[np.floating] | None, by_dimension: NDArray[np.floating] | None
) -> dict[str, Any]:
    """The numbers of items' posteriors: their means (n, D), their KL (n,) from the prior and that of every coordinate
    (n, D), in nats.

    `kl` None: there is no density to take it of; `by_dimension` None: it is no sum over coordinates.
    """
    return {
        "kl": None if kl is None else float(kl.mean(dtype=np.float64)),
        "active_units": active_units(means),
        "units": means.shape[1],
        "kl_by_dimension": None
        if by_dimension is None
        else [round(float(nats), 4) for nats in by_dimension.mean(0, dtype=np.float64)],
    }
