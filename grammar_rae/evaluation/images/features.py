"""Networks that turn images into features for `evaluation.images`.

`classifier`: small ones that we trained (`benchmarks/classifier.py`) and ship, on MNIST for grey images and on
CIFAR-10 for colour; their distance is `frechet_classifier`. `inception`: the standard Inception network by
torch-fidelity, which downloads its weights; its distance, and no other, is `fid`. A TorchScript file: its own name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError, one_line, option, shown_name

if TYPE_CHECKING:
    from torch import Tensor

    from grammar_rae.evaluation.images.classifier import Classifier

Images = NDArray[np.uint8]
WEIGHTS = Path(__file__).parent / "weights"
BATCH = 500


@dataclass(frozen=True)
class Features:
    """`name` of the distance on what `of` makes of images (n, H, W, C): features (n, d)."""

    name: str
    of: Callable[[Images], NDArray[np.floating]]


def network(name: str) -> Features:
    """`classifier`, `inception`, or a TorchScript file: (n, C, H, W) uint8 → (n, d). DataError where it cannot be."""
    if name == "classifier":
        return Features("frechet_classifier", lambda images: _batched(images, _classify))
    if name == "inception":
        return Features("fid", lambda images: _batched(images, _inception()))
    if not os.path.isfile(name):
        raise DataError(
            f"no features {shown_name(name)}; expected classifier, inception or a TorchScript file"
        )
    return Features(f"frechet_{Path(name).stem}", lambda images: _batched(images, _scripted(name)))


def _batched(images: Images, features: Callable[[Tensor], Tensor]) -> NDArray[np.floating]:
    import torch

    with torch.no_grad():
        parts = [
            features(torch.as_tensor(np.ascontiguousarray(images[i : i + BATCH].transpose(0, 3, 1, 2))))
            for i in range(0, len(images), BATCH)
        ]
    return torch.cat(parts).double().numpy()


def _classify(x: Tensor) -> Tensor:
    return _classifier(x.shape[1]).features(x / 255)


@cache
def _classifier(channels: int) -> Classifier:
    import torch
    from safetensors.torch import load_file

    from grammar_rae.evaluation.images.classifier import Classifier

    with torch.random.fork_rng():
        net = Classifier(channels)
    stored = load_file(WEIGHTS / ("mnist.safetensors" if channels == 1 else "cifar10.safetensors"))
    net.load_state_dict({k: v.to(net.state_dict()[k].dtype) for k, v in stored.items()})
    return net.eval()


@cache
def _inception() -> Callable[[Tensor], Tensor]:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:
        raise DataError(
            f"FID needs torch-fidelity, with a torchvision made for this torch ({error}); "
            "pip install 'grammar-rae[images]'"
        ) from error
    try:
        net = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"]).eval()
    except OSError as error:
        raise DataError(
            f"the weights of Inception could not be downloaded ({error}); without a network use {option('features')} "
            "classifier, whose distance is no FID"
        ) from error
    return lambda x: net(x.expand(-1, 3, -1, -1))[0]  # grey is repeated


@cache
def _scripted(name: str) -> Callable[[Tensor], Tensor]:
    import torch

    try:
        net = torch.jit.load(name, map_location="cpu").eval()
    except Exception as error:  # of many kinds, by what is wrong with the file
        raise DataError(f"{name}: not a TorchScript file ({one_line(error)})") from error

    def features(x: Tensor) -> Tensor:
        """(n, d) features of images (n, C, H, W). DataError where the file does not give them."""
        try:
            out: Tensor = net(x)
        except Exception as error:  # whatever the code in the file raises
            last = (str(error).splitlines() or [type(error).__name__])[-1]
            raise DataError(f"{name}: does not take uint8 images {tuple(x.shape)} ({last})") from error
        if not isinstance(out, torch.Tensor) or out.dim() != 2 or not out.isfinite().all():
            raise DataError(f"{name}: expected features (n, d), all of them finite")
        return out

    return features
