"""A device that is not here is refused by every verb and function, in one line, before anything is done."""

import pytest
import torch

from grammar_rae.adapters.sklearn import Latents
from grammar_rae.errors import DataError
from grammar_rae.experiments.train import train
from grammar_rae.model.device import device_of
from grammar_rae.model.model import Model, load
from grammar_rae.workflows.optimize import optimize

WRONG = [
    "mps",
    "xla",
    "meta",
    "cuda:x",
    "cuda:-1",
    "CUDA",
    "gpu",
    "-1",
    "",
    "cpu:0",
    "cuda:99999999999",
    "c" * 300,
    "c\nd",
]
NOT_HERE = ["cuda", "cuda:0"] if not torch.cuda.is_available() else [f"cuda:{torch.cuda.device_count()}"]
VERBS = {
    "generate": ["generate", "-n", "2", "--out", "OUT"],
    "reconstruct": ["reconstruct", "FILE"],
    "encode": ["encode", "FILE", "--out", "CODES"],
    "decode": ["decode", "FILE", "--out", "OUT"],
    "interpolate": ["interpolate", "CCO", "CCN", "--out", "OUT"],
    "neighbours": ["neighbours", "CCO", "--out", "OUT"],
    "optimize": ["optimize", "--score", "qed", "--out", "OUT"],
    "train": ["train", "grae-smiles", "--data", "FILE", "--out", "OUT"],
    "density": ["density", "grae-smiles", "--fit", "gaussian", "--out", "OUT"],
    "compare": ["density", "grae-smiles", "--compare"],
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["meta", *NOT_HERE[:1]])
def test_every_verb_refuses_a_device_that_is_not_here(cli, tmp_path, verb, name):
    (tmp_path / "a.smi").write_text("CCO\n")
    places = {name: str(tmp_path / f"out.{kind}") for name, kind in (("OUT", "smi"), ("CODES", "npz"))}
    places["FILE"] = str(tmp_path / "a.smi")
    code, out, err = cli(*[places.get(word, word) for word in VERBS[verb]], "--device", name)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and name in err and "cpu" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.smi"]


@pytest.mark.parametrize("name", [*WRONG, *NOT_HERE])
def test_a_name_that_is_no_device_here_is_one_line(name):
    with pytest.raises(DataError) as refused:
        device_of(name)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 250


def test_every_function_refuses_it():
    run = load("grae-equations").run
    for call in (
        lambda: load("grae-smiles", device="meta"),
        lambda: Model(run, "meta"),
        lambda: train("grae-smiles", data=["CCO"], device="meta"),
        lambda: optimize("grae-smiles", "qed", device="meta"),
        lambda: Latents(device="meta").fit(["CCO"]).transform(["CCO"]),
    ):
        with pytest.raises(DataError, match="meta"):
            call()


def test_more_devices_than_there_are_or_none_are_refused():
    for count in (0, -1, 10**9):
        with pytest.raises(DataError, match="expected 1 to"):
            device_of("cpu", count)
    assert device_of("cpu", 1) == device_of(torch.device("cpu")) == torch.device("cpu")
