"""Train the classifiers whose features `frechet_classifier` is measured on, and write them into the package.

MNIST for grey images, CIFAR-10 for colour, from the compact files of the data folder; prints test accuracies.
`python benchmarks/classifier.py [mnist] [cifar10]`.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from grammar_rae import datasets
from grammar_rae.codecs.images import ImageCodec
from grammar_rae.evaluation.images.classifier import Classifier
from grammar_rae.evaluation.images.features import WEIGHTS

EPOCHS = {"mnist": 3, "cifar10": 12}
BATCH, RATE = 128, 3e-3


def train(name: str) -> float:
    """The share of test images that the classifier of a data set tells right."""
    data = datasets.load(name)
    codec = ImageCodec(32, 1 if name == "mnist" else 3)
    x, tested = (torch.as_tensor(codec.encode(part)) for part in (data.train, data.test))
    y = torch.as_tensor(data.labels["train"].astype(np.int64))
    torch.manual_seed(0)
    net = Classifier(codec.channels)
    steps = EPOCHS[name] * -(-len(x) // BATCH)
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    for _ in range(EPOCHS[name]):
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(net(x[batch] / 255), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    net.eval()
    WEIGHTS.mkdir(exist_ok=True)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    save_file(halves, WEIGHTS / f"{name}.safetensors")
    with torch.no_grad():
        guessed = torch.cat([net(part / 255).argmax(1) for part in tested.split(1000)])
    return float((guessed.numpy() == data.labels["test"]).mean())


if __name__ == "__main__":
    print(json.dumps({f"accuracy_{name}": train(name) for name in sys.argv[1:] or EPOCHS}))
