"""What the variational Laplace autoencoder's posterior gains over the amortised Gaussian, and what it costs.

    python benchmarks/laplace.py --out laplace-digits                                   # some minutes on one core
    python benchmarks/laplace.py --out laplace-mnist --data mnist --pixels gaussian binarised --limit 20000 --epochs 20

Two tables a kind of pixels. The first is of VAEs as they are: their encoder's mean begins T steps of the search under
their decoder, and the bound of the Gaussian there is compared with that of the Gaussian which the encoder says. The
second is of models trained with T steps, of the same nets, beside those VAEs. Bounds are E log p(x | z) − KL by
`--samples` draws, KL in closed form; log-likelihoods are by importance sampling. All of test images, in nats; the ± is
the standard deviation over seeds. Times are of this machine: of the posteriors of a batch of 100 test images without
gradients, and of an epoch of training.

Pixels: `gaussian`, one learned variance around the output, of intensities from 0 to 1, dequantised; `binarised`,
Bernoulli, binarised anew in every epoch and by a fixed seed in the test. Park, Kim, Kim 2019 (charts; two layers of
500, 50 codes, 2,000 epochs) find −85.4 for the VAE on binarised MNIST and −83.7, −83.8, −83.7, −83.6 with T = 1, 2,
4, 8.

Stopped, it goes on: finished rows and run folders are in `--out`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import resumed
import torch
from resumed import Row, markdown, measured, set_up, spread
from torch import Tensor

from grammar_rae import datasets
from grammar_rae.autoencoders.variants.laplace import Laplace
from grammar_rae.distributions.divergence import divergence
from grammar_rae.distributions.interfaces import Posterior
from grammar_rae.experiments.latent import latent_numbers
from grammar_rae.model.likelihood import drawn_view
from grammar_rae.model.model import Model
from grammar_rae.recipes.schema import Recipe

PIXELS = {"gaussian": ("dequantised", "linear_gaussian"), "binarised": ("binarised", "bernoulli")}
BATCH = 100
REPEATS = 5  # of a posterior that is timed; the median counts


def recipe(variant: str, steps: int | None, pixels: str, seed: int, options: argparse.Namespace) -> Recipe:
    """A VAE, or a Laplace autoencoder of `steps`, with the same nets and training."""
    view, likelihood = PIXELS[pixels]
    net = {"net": "dense", "widths": options.widths}
    own = {} if steps is None else {"steps": steps}
    return Recipe.model_validate(
        {
            "name": f"{variant}-{pixels}",
            "task": "images",
            "data": {"name": options.data, "view": view, "limit": options.limit},
            "codec": {"kind": "image", "size": 32 if options.data == "digits" else 28, "channels": 1},
            "encoder": {"latent": options.latent, **net, **own},
            "decoder": net,
            "objective": {"variant": variant, "likelihood": likelihood},
            "training": {"epochs": options.epochs, "batch": BATCH, "learning_rate": 1e-3, "seed": seed},
            "density": {"default": "prior", "temperature": 0.0},
        }
    )


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """Every run, all of a seed before the next."""
    for seed in range(options.seeds):
        for pixels in options.pixels:
            yield f"{pixels}-vae-{seed}", recipe("vae", None, pixels, seed, options)
            for steps in options.steps:
                yield f"{pixels}-{steps}-{seed}", recipe("laplace", steps, pixels, seed, options)


@torch.no_grad()
def bound(model: Model[Any], q: Posterior, x: Tensor, samples: int) -> Tensor:
    """(B,) E log p(x | z) − KL, z from q under a seed."""
    torch.manual_seed(0)
    decoder, z = model.run.autoencoder.decoder, q.rsample((samples,))
    said = torch.stack([decoder(one).log_prob(x) for one in z]).mean(0)
    return said - divergence(q, model.run.autoencoder.prior(), z[0])


def timed(model: Model[Any], x: Tensor) -> tuple[Posterior, float]:
    """The posteriors of a batch, and the median of the seconds they take."""
    seconds = []
    with torch.no_grad():
        for _ in range(REPEATS):
            begun = time.perf_counter()
            q = model.run.autoencoder.posterior(x)
            seconds.append(time.perf_counter() - begun)
    return q, sorted(seconds)[REPEATS // 2]


def judged(model: Model[Any], rows: Any, samples: int) -> Row:
    """The mean bound of a model's posteriors, and the milliseconds that those of one image take."""
    bounds, seconds = [], []
    for begin in range(0, len(rows), BATCH):
        x = drawn_view(model, rows[begin : begin + BATCH], begin, 0)
        q, taken = timed(model, x)
        bounds.append(bound(model, q, x, samples))
        seconds += [taken / len(x)]
    return {
        "bound": torch.cat(bounds).mean().item(),
        "milliseconds": 1000 * sorted(seconds)[len(seconds) // 2],
    }


def measure(model: Model[Any], options: argparse.Namespace) -> Row:
    """A model under its own posterior, and a VAE's under that of every number of steps too."""
    rows, _, _ = model.rows_known(datasets.load(options.data).test[: options.items])
    found = judged(model, rows, options.samples) | latent_numbers(model, rows, options.draws, 0)
    autoencoder = model.run.autoencoder
    if model.recipe.objective.variant == "vae":
        found["searched"] = {}
        for steps in options.steps:
            autoencoder.refine = Laplace(autoencoder.decoder.pixels, steps=steps)
            found["searched"][str(steps)] = judged(model, rows, options.samples)
    return found


def searched(rows: list[Row], steps: list[int]) -> str:
    """The VAEs' own posteriors, and those of the search under the same decoders."""
    base = [row["bound"] for row in rows]
    lines = [["amortised", spread(base), "", spread([row["milliseconds"] for row in rows], 3)]]
    for count in steps:
        own = [row["searched"][str(count)] for row in rows]
        gains = [one["bound"] - before for one, before in zip(own, base, strict=True)]
        cells = [spread([one["bound"] for one in own]), spread(gains)]
        lines.append([f"T = {count}", *cells, spread([one["milliseconds"] for one in own], 3)])
    return markdown(["posterior", "bound", "gain", "ms an image"], lines)


def trained(rows: list[Row], steps: list[int]) -> str:
    """Models trained with the posterior that they are judged by, and their log-likelihood's distance from the VAE's."""
    base = {row["seed"]: row["log_likelihood"] for row in rows if row["model"] == "vae"}
    lines = []
    for model in ["vae", *map(str, steps)]:
        own = [row for row in rows if row["model"] == model]
        above = "" if model == "vae" else spread([row["log_likelihood"] - base[row["seed"]] for row in own])
        cells = [spread([row[key] for row in own]) for key in ("bound", "log_likelihood")]
        usage = [spread([row["kl"] for row in own]), spread([row["active_units"] for row in own], 1)]
        seconds = spread([row["seconds_an_epoch"] for row in own])
        lines.append(["vae" if model == "vae" else f"laplace, T = {model}", *cells, above, *usage, seconds])
    head = ["model", "bound", "log-likelihood", "above the VAE", "KL", "active units", "seconds an epoch"]
    return markdown(head, lines)


def main() -> None:
    parser = resumed.parser(__doc__)
    parser.add_argument("--data", default="digits", help="digits, mnist, fashion_mnist or omniglot")
    parser.add_argument("--pixels", nargs="+", default=["gaussian"], choices=PIXELS)
    parser.add_argument("--steps", nargs="+", type=int, default=[0, 1, 2, 4, 8], help="of the search")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--limit", type=int, help="training images, the first ones")
    parser.add_argument("--latent", type=int, default=16)
    parser.add_argument("--widths", nargs="+", type=int, default=[200, 200])
    parser.add_argument("--items", type=int, default=300, help="test images, the first ones")
    parser.add_argument("--samples", type=int, default=50, help="draws of a posterior for its bound")
    parser.add_argument("--draws", type=int, default=500, help="importance samples of a log-likelihood")
    options = parser.parse_args()
    settings = set_up(options, "pixels")
    found = measured(cases(options), options.out, settings, lambda model, _: measure(model, options))
    for row in found:
        row["pixels"], row["model"], seed = row["name"].split("-")
        row["seed"] = int(seed)
    for pixels in options.pixels:
        rows = [row for row in found if row["pixels"] == pixels]
        print(f"\n{options.data}, {pixels}: {options.items:,} test images at most, {options.seeds} seeds\n")
        print(searched([row for row in rows if row["model"] == "vae"], options.steps))
        print(f"\ntrained with it; log-likelihoods by {options.draws} draws\n")
        print(trained(rows, options.steps))


if __name__ == "__main__":
    main()
