"""The pictures of docs/autoencoders.md: every variant on MNIST, with the nets of benchmarks/likelihoods.py.

    python benchmarks/gallery.py --out likelihoods --pictures docs/pictures/autoencoders  # takes runs that are there

A sheet a variant, in rows of ten. Test images; what their codes decode to; a path from the first code to the second.
Samples of the prior, where the variant has one (of the VAE of two stages also of its second); samples of a mixture of
ten Gaussians fitted to the codes. Of a ladder, a row a rung, the highest first: a test image, and the same with that
rung drawn anew. Of mixtures, four rows more: a column is a component of the highest rung.
Images are the likeliest ones; those of a local decoder are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import likelihoods
import numpy as np
import resumed
from resumed import Row, set_up, trained

from grammar_rae import datasets
from grammar_rae.experiments.clusters import component_items
from grammar_rae.experiments.rungs import varied_items
from grammar_rae.files.pictures import write_sheet
from grammar_rae.model.components import mixtures
from grammar_rae.model.model import Model

ACROSS = 10
PENALISED: dict[str, Row] = {  # the deterministic ones, and the VAE of two stages, beside the table's models
    "ae": {},
    "wae": {"objective": {"weights": {"mmd": 10.0}}},
    "rae_gp": {"objective": {"weights": {"half_norm": 1e-2, "gradient_penalty": 0.1}}},
    "rae_l2": {"objective": {"weights": {"half_norm": 1e-2, "decoder_decay": 1e-3, "kernel_decay": 0.0}}},
    "rae_sn": {"objective": {"weights": {"half_norm": 1e-2}}},
    "two_stage": {"density": {"default": "two_stage", "settings": {"form": "rae", "width": 256}}},
}


def rows(model: Model[Any]) -> Iterator[Any]:
    """The rows of a sheet, each of ten images."""
    test = datasets.load("mnist").test
    x, _, _ = model.rows_known(test[:ACROSS])
    codes = model.codes(x)
    temperature = model.recipe.density.temperature
    share = np.linspace(0, 1, ACROSS)[:, None]
    yield np.stack(test[:ACROSS]).reshape(ACROSS, 28, 28, 1)
    yield model.decode(codes, temperature=temperature)
    yield model.decode((1 - share) * codes[0] + share * codes[1], temperature=temperature)
    for density in ("prior", "two_stage", "gmm"):
        if density in model.densities:
            yield model.generate(ACROSS, density=density, seed=0)
    yield from varied_items(model, codes[:1], ACROSS, 0).values()
    if (prior := mixtures(model)) is not None:
        every, _, _ = model.rows_known(test)
        drawn = component_items(model, prior, model.codes(every), len(prior.rungs) - 1, 4, 0)
        yield from (np.stack(column) for column in zip(*drawn.values(), strict=True))


def main() -> None:
    likelihoods.MODELS |= PENALISED
    parser = resumed.parser(__doc__, seeds=1)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of the sheets")
    parser.add_argument("--only", nargs="+", default=list(likelihoods.MODELS), choices=likelihoods.MODELS)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--limit", type=int, default=20_000, help="training images, the first ones")
    options = parser.parse_args()
    options.data = ["binarised"]
    set_up(options)
    options.pictures.mkdir(parents=True, exist_ok=True)
    for name, recipe in likelihoods.cases(options):
        model = trained(recipe, options.out / "runs" / name)
        images = np.concatenate(list(rows(model)))
        write_sheet(images, options.pictures / f"{recipe.objective.variant}.png", ACROSS, len(images))


if __name__ == "__main__":
    main()
