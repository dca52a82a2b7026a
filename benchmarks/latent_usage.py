"""What a decoder that sees pixels leaves to the code: KL, active units and reconstructions on binarised MNIST.

    python benchmarks/latent_usage.py --out usage                       # a quarter of an hour on two cores
    python benchmarks/latent_usage.py --out usage --limit 50000 --epochs 30 --items 10000

VAE, lossy autoencoders whose windows are empty, reach one pixel or hold every pixel before, and the mutual autoencoder,
all with the same dense encoder, code, images, optimizer and epochs; the lossy ones have dense planes before a small
masked network, the others a dense decoder. `pictures.png`: test images, then two rows a model, what the code decodes to
by the likeliest pixels and by one draw. Stopped, it goes on: rows and run folders are in `--out`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import resumed
from resumed import Row, markdown, measured, set_up

from grammar_rae import datasets
from grammar_rae.experiments.latent import latent_numbers
from grammar_rae.files.pictures import write_sheet
from grammar_rae.model.model import Model
from grammar_rae.recipes.schema import Recipe

DENSE = {"net": "dense", "widths": [200, 200]}
FLOW = {"steps": 2, "widths": [200, 200]}
MEAN_ONLY = {**FLOW, "mean_only": True}


def local(window: Any) -> Row:
    """The sections of a lossy autoencoder of a window."""
    decoder = {"net": "local_dense", "widths": [200, 200], "window": window, "layers": 2, "blocks": 2}
    return {"decoder": decoder, "prior": MEAN_ONLY, "objective": {"variant": "lossy"}}


MODELS: dict[str, Row] = {
    "vae": {"objective": {"variant": "vae"}},
    "lossy, no window": local([0, 0]),
    "lossy, window 3 x 1": local([3, 1]),
    "lossy, full window": local("full"),
    "mutual": {"prior": FLOW, "objective": {"variant": "mutual"}},
}
SHOWN = 12  # test images in the picture


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """A run of every model that is asked for."""
    for model in options.only:
        sections: Row = {
            "name": model,
            "task": "images",
            "data": {"name": "mnist", "view": "binarised", "limit": options.limit},
            "codec": {"kind": "image", "size": 28, "channels": 1},
            "encoder": {"latent": 16, **DENSE},
            "decoder": DENSE,
            "training": {
                "epochs": options.epochs,
                "batch": 100,
                "learning_rate": 2e-3,
                "valid_examples": 1000,
            },
            "density": {"default": "gaussian", "temperature": 0.0},
            **MODELS[model],
        }
        sections["objective"] = {**sections["objective"], "likelihood": "bernoulli"}
        yield model, Recipe.model_validate(sections)


def measure(model: Model[Any], folder: Path, items: int) -> Row:
    """Usage and code lengths of the first test images; reconstructions of some are left in the run folder."""
    rows, _, _ = model.rows_known(datasets.load("mnist").test[:items])
    codes = model.codes(rows[:SHOWN])
    pictures = [model.decode(codes, temperature=0.0), model.decode(codes, temperature=1.0)]
    np.save(folder / "pictures.npy", np.concatenate(pictures))
    return latent_numbers(model, rows, None, 0)


def table(rows: list[Row]) -> str:
    """KL, units and lengths."""
    head = [
        "model",
        "KL",
        "active units",
        "C_naive",
        "H(q)",
        "C_bits-back",
        "bits per dimension",
        "seconds an epoch",
    ]
    lines = [
        [
            row["name"],
            f"{row['kl']:.2f}",
            f"{row['active_units']} of {row['units']}",
            *(f"{row[name]:.2f}" for name in ("naive_length", "posterior_entropy", "bits_back_length")),
            f"{row['bits_back_length_bits']:.4f}",
            f"{row['seconds_an_epoch']:.1f}",
        ]
        for row in rows
    ]
    return markdown(head, lines)


def main() -> None:
    parser = resumed.parser(__doc__, seeds=1)
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--limit", type=int, default=10_000, help="training images, the first ones")
    parser.add_argument("--items", type=int, default=1000, help="test images that are measured")
    options = parser.parse_args()
    settings = set_up(options, "only")
    rows = measured(
        cases(options), options.out, settings, lambda model, folder: measure(model, folder, options.items)
    )
    print(f"\nnats an image, {options.items:,} test images\n\n{table(rows)}")
    shown = [np.stack(datasets.load("mnist").test[:SHOWN])[..., None]]
    shown += [np.load(options.out / "runs" / row["name"] / "pictures.npy") for row in rows]
    write_sheet(np.concatenate(shown), options.out / "pictures.png", SHOWN, 1 + 2 * len(rows))


if __name__ == "__main__":
    main()
