"""Image autoencoders beside pythae 0.1.2 (`pip install 'grammar-rae[benchmarks]'`), in one run on the same work.

    python benchmarks/images.py --data digits --epochs 10            # --width 16 --threads 2 --rounds 3
    python benchmarks/images.py --data mnist --train 10000 --epochs 2

Both train the networks of `nets/images.py`, from the same initial weights, on the same images in equal batches for the
same epochs, with a validation pass each, and draw from a ten-component mixture fitted on their codes. Printed:
images a second in training and in sampling, ours over theirs, medians of rounds in which both have their turn, and
`frechet_classifier` of those samples against the test images, the mean of the rounds, each of its own seed. pythae's
RAE-GP differentiates in the image, ours in the code: other work, so that its speeds are not compared. The share of
training time outside the convolutions is ours, by torch's profiler. With `--threads 1` seconds are those of the
processor, which a busy machine does not stretch.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grammar_rae import datasets
from grammar_rae.codecs.codec import grey
from grammar_rae.codecs.images import ImageCodec
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import frechet
from grammar_rae.experiments.prepare import prepare
from grammar_rae.experiments.train import finish
from grammar_rae.model.model import Model
from grammar_rae.progress import silent
from grammar_rae.recipes import find
from grammar_rae.recipes.build import make_objective
from grammar_rae.training.loop import fit
from grammar_rae.training.memory import keep_freed

LATENT, BATCH, RATE, COMPONENTS, SAMPLES = 16, 100, 1e-3, 10, 2000
MODELS = ("rae_l2", "vae", "wae", "rae_gp")
WEIGHTS = {  # beside the summed squared error; pythae's VAE halves the error, which doubles its KL here
    "rae_l2": "{half_norm = 0.0128, decoder_decay = 0.0, kernel_decay = 1e-4}",
    "vae": "{kl = 2.0}",
    "wae": "{mmd = 30.0}",
    "rae_gp": "{half_norm = 0.0128, gradient_penalty = 1e-6}",
}
CONVOLUTIONS = ("convolution", "conv2d")


def begun(name: str, options: argparse.Namespace, seed: int) -> Any:
    """Our data and our untrained model, whose initial weights both sides begin with."""
    overrides = (
        f"encoder.width={options.width}",
        f"decoder.width={options.width}",
        f"training.epochs={options.epochs}",
        f"training.seed={seed}",
        *([] if options.train is None else [f"data.limit={options.train}"]),
        f"training.batch={BATCH}",
        f"training.learning_rate={RATE}",
        'objective.convention="summed"',
        f"objective.weights={WEIGHTS[name]}",
    )
    return prepare(find(f"{name}-mnist-small", overrides), options.data)


def ours(name: str, options: argparse.Namespace, seed: int) -> tuple[dict[str, float], np.ndarray]:
    """Speeds, and samples (SAMPLES, 32, 32, C)."""
    from lightning_fabric import Fabric

    prepared = begun(name, options, seed)
    objective = make_objective(prepared.run.recipe, prepared.run.autoencoder)
    start = _now()
    for _ in fit(objective, prepared.rows, prepared.run.recipe.training, Fabric(accelerator="cpu")):
        pass
    trained = _now() - start
    finish(prepared.run, prepared.rows, [], None, silent)
    model = Model(prepared.run)
    model.generate(BATCH)  # compiles the noise
    start = _now()
    images = model.generate(SAMPLES, density="gmm", seed=seed)
    drawn = _now() - start
    speeds = {
        "training": options.epochs * len(prepared.rows.train) / trained,
        "sampling": SAMPLES / drawn,
        "outside_convolutions": outside(objective, prepared.rows.train[:BATCH]),
    }
    return speeds, images


def outside(objective: nn.Module, x: Tensor, steps: int = 3) -> float:
    """The share of time of training steps that is not spent in convolutions."""
    optimizer = torch.optim.Adam(objective.parameters())
    objective.train()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(steps):
            loss = torch.stack([term.mean() for term in objective(x).values()]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    spent = {event.key: event.self_cpu_time_total for event in profile.key_averages()}
    inside = sum(t for key, t in spent.items() if any(word in key for word in CONVOLUTIONS))
    return 1 - inside / sum(spent.values())


def theirs(name: str, options: argparse.Namespace, seed: int) -> tuple[dict[str, float], np.ndarray]:
    """The same of pythae."""
    from pythae import models, samplers
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainerConfig, CoupledOptimizerTrainerConfig

    data = datasets.load(options.data)
    codec = ImageCodec(32, 1 if grey(data.train) else 3)
    train, valid = (
        codec.encode(part).astype(np.float32) / 255 for part in (data.train[: options.train], data.valid)
    )

    first = begun(name, options, seed).run.autoencoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = first.encoder.net
            self.head = first.encoder.head

        def forward(self, x: Tensor) -> Any:
            q = self.head(self.net(2 * x - 1))
            spread = {"log_covariance": q.log_var} if name == "vae" else {}
            return ModelOutput(embedding=q.mean, **spread)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = first.decoder.net

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.net(z).sigmoid())

    kind, extra = {
        "rae_l2": ("RAE_L2", {"embedding_weight": 0.0128, "reg_weight": 1e-4}),
        "vae": ("VAE", {"reconstruction_loss": "mse"}),
        "wae": ("WAE_MMD", {"kernel_choice": "imq", "reg_weight": 30.0}),
        "rae_gp": ("RAE_GP", {"embedding_weight": 0.0128, "reg_weight": 1e-6}),
    }[name]
    shape = (codec.channels, 32, 32)
    settings = getattr(models, f"{kind}_Config" if kind != "VAE" else "VAEConfig")(
        input_dim=shape, latent_dim=LATENT, **extra
    )
    torch.manual_seed(seed)
    model = getattr(models, kind)(settings, encoder=Encoder(), decoder=Decoder())
    model.to(memory_format=torch.contiguous_format)  # torch's own, which pythae leaves as it is
    with tempfile.TemporaryDirectory() as folder:
        coupled = name == "rae_l2"
        rates = ("encoder_learning_rate", "decoder_learning_rate") if coupled else ("learning_rate",)
        how = (CoupledOptimizerTrainerConfig if coupled else BaseTrainerConfig)(
            output_dir=folder,
            seed=seed,
            num_epochs=options.epochs,
            **dict.fromkeys(rates, RATE),
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=BATCH,
            no_cuda=True,
        )
        pipeline = TrainingPipeline(model=model, training_config=how)
        start = _now()
        pipeline(train_data=train, eval_data=valid)
        trained = _now() - start
    chosen = samplers.GaussianMixtureSamplerConfig(n_components=COMPONENTS)
    sampler = samplers.GaussianMixtureSampler(model=model, sampler_config=chosen)
    sampler.fit(torch.as_tensor(train))
    sampler.sample(num_samples=BATCH, batch_size=BATCH, return_gen=True)
    start = _now()
    images = sampler.sample(num_samples=SAMPLES, return_gen=True)
    drawn = _now() - start
    bytes_ = (images.numpy() * 255).round().clip(0, 255).astype(np.uint8)
    speeds = {"training": options.epochs * len(train) / trained, "sampling": SAMPLES / drawn}
    return speeds, bytes_.transpose(0, 2, 3, 1)


def _now() -> float:
    """Seconds: the processor's with one thread, else the clock's."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def alone(side: Callable[..., Any], *given: Any) -> Any:
    """`side(name, options, seed)` in a process of its own, so that neither has what the other did to the process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_quietly, (side, *given))


def _quietly(side: Callable[..., Any], name: str, options: argparse.Namespace, seed: int) -> Any:
    torch.set_num_threads(options.threads)
    keep_freed()
    logging.disable(logging.WARNING)
    quiet = io.StringIO()
    with contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet):
        return side(name, options, seed)


def compare(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One row of the table."""
    data = datasets.load(options.data)
    codec = ImageCodec(32, 1 if grey(data.train) else 3)
    net = network("classifier")
    real = net.of(codec.decode(codec.encode(data.test[:SAMPLES])))
    rounds = [[alone(side, name, options, seed) for side in (ours, theirs)] for seed in range(options.rounds)]
    pairs = [(mine, other) for (mine, _), (other, _) in rounds]
    row: dict[str, Any] = {
        "model": name,
        "outside_convolutions": median(mine["outside_convolutions"] for mine, _ in pairs),
    }
    for what in ("training", "sampling"):
        row[f"{what}_ours"] = median(mine[what] for mine, _ in pairs)
        row[f"{what}_pythae"] = median(other[what] for _, other in pairs)
        ratios = sorted(mine[what] / other[what] for mine, other in pairs)
        row[f"{what}_ratio"] = None if name == "rae_gp" else median(ratios)
        row[f"{what}_ratios"] = None if name == "rae_gp" else [round(ratio, 2) for ratio in ratios]
    for side, drawn in zip(("ours", "pythae"), zip(*rounds, strict=True), strict=True):
        found = [frechet(net.of(images), real) for _, images in drawn]
        row[f"frechet_classifier_{side}"] = float(np.mean(found))
        row[f"frechet_classifier_{side}_sd"] = float(np.std(found))
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="digits", help="a data set of 32 x 32 images or smaller")
    parser.add_argument("--train", type=int, help="training images, the first ones")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3, help="of both, by turns; medians are printed")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--models", nargs="*", default=MODELS, choices=MODELS)
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    rows = []
    for name in options.models:
        rows.append(compare(name, options))
        print(
            json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}),
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
