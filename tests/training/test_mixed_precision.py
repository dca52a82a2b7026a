"""Training in bfloat16: what the nets put out is shorter, what is made of it is as exact as in float32."""

import platform
import warnings

import pytest
import torch
from conftest import TINY
from lightning_fabric import Fabric
from tiny import KINDS, tiny

from grammar_rae.experiments.train import train
from grammar_rae.recipes.build import make_objective
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit
from grammar_rae.training.settings import Settings


def scored(model, x, short):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=short):
        q = model.posterior(x)
        return q.mean, model.decoder(torch.ones_like(q.mean)).scores(x)


@pytest.mark.parametrize("kind", KINDS)
def test_likelihoods_are_those_of_the_short_logits_and_as_far_from_the_long_ones_as_these_allow(kind):
    run, x = tiny("rae", kind)
    (code, long), (short_code, short) = [scored(run.autoencoder, x, on) for on in (False, True)]
    assert short.logits.dtype == short_code.dtype == torch.float32
    assert 0 < (short.logits - long.logits).abs().max() < 0.1 * long.logits.std()
    assert 0 < (short_code - code).abs().max() < 0.1 * code.std()

    logits, masked = short.logits.double(), long.masked
    every = logits if kind == "characters" else logits[..., run.autoencoder.decoder.column]
    every = every.masked_fill(masked == -torch.inf, -torch.inf)
    exact = every.log_softmax(-1).gather(-1, x.long()[..., None])[..., 0]
    assert torch.allclose(short.log_prob().double(), exact.sum(1), rtol=1e-6, atol=1e-6)
    feasible = torch.where(long.real, every.logsumexp(-1) - logits.logsumexp(-1), 0.0).sum(1)
    assert torch.allclose(short.log_feasible().double(), feasible.clamp(max=0), rtol=1e-6, atol=1e-5)

    # log softmax moves by no more than twice the largest change of a logit
    bound = 2 * (short.logits - long.logits).abs().amax(-1).sum(1)
    assert ((short.log_prob() - long.log_prob()).abs() <= bound + 1e-5).all()


@pytest.mark.parametrize("kind", ["parallel", "sequential"])
def test_gradients_are_those_of_float32_but_for_the_digits_that_are_missing(kind):
    run, x = tiny("rae_l2", kind)
    objective = make_objective(run.recipe, run.autoencoder)
    slopes = []
    for short in (False, True):
        objective.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=short):
            loss = torch.stack([term.mean() for term in objective(x).values()]).sum()
        loss.backward()
        slopes.append(torch.cat([p.grad.flatten() for p in objective.parameters()]))
    assert slopes[1].dtype == torch.float32 and not torch.equal(*slopes)
    assert torch.nn.functional.cosine_similarity(*slopes, 0) > 0.999


def fitted(precision):
    run, x = tiny("rae", "sequential")
    objective = make_objective(run.recipe, run.autoencoder)
    settings = Settings(epochs=3, batch=20, precision=precision)
    history = list(fit(objective, Data(x[:80], x[80:]), settings, Fabric(accelerator="cpu", devices=1)))
    return history[-1]["valid_loss"], torch.cat([p.detach().flatten() for p in objective.parameters()])


def test_the_fused_optimizer_takes_the_same_steps():
    (loss, weights), (fused_loss, fused) = fitted("32-true"), fitted("bf16-mixed")
    assert fused_loss == pytest.approx(loss, rel=1e-4)
    assert torch.allclose(fused, weights, atol=1e-4)


class Killed(BaseException):
    pass


def stop(record):
    raise Killed


def test_a_run_that_stopped_goes_on_to_the_same_weights(rna, tmp_path):
    overrides = (*TINY[1:], "training.epochs=2", "training.precision=bf16-mixed")
    given = {"grammar": rna / "rna.cfg", "data": rna / "rna.txt", "overrides": overrides}
    train("grae", out=tmp_path / "whole", **given)
    with pytest.raises(Killed):
        train("grae", out=tmp_path / "run", on_epoch=stop, **given)
    train("grae", out=tmp_path / "run", resume=True, **given)
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "run")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("has", [False, True])
def test_a_processor_without_bfloat16_is_told_of_once(rna, monkeypatch, has):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    overrides = (*TINY, "training.precision=bf16-mixed")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        train("grae", grammar=rna / "rna.cfg", data=rna / "rna.txt", overrides=overrides)
    lines = [str(w.message) for w in found if "bfloat16" in str(w.message)]
    assert len(lines) == (not has)
    assert has or lines[0].endswith("only imitates it; 32-true is faster here")
