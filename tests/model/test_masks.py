"""Masks are values: what a machine enforces is an argument of a call, and no call changes it for another."""

import copy
import threading

import numpy as np
import place
import pytest
import torch
from hostile import SMILES, machine
from untrained import untrained_molecules, untrained_strings

from grammar_rae.datasets import canonicals
from grammar_rae.machines.machine import Masks
from grammar_rae.machines.stack import StackMachine
from grammar_rae.model.model import Model

HOW = {"density": "prior", "temperature": 1.0, "raw": True}


@pytest.fixture(scope="module", params=["recurrent", "repeat"])
def model(request):
    return untrained_molecules(request.param)


def attributes(model):
    """Every attribute of the decoder and of its parts, the machine among them; tensors copied."""
    return {
        (name, key): value.clone() if isinstance(value, torch.Tensor) else copy.copy(value)
        for name, part in model.run.autoencoder.named_modules()
        for key, value in (
            vars(part) | dict(part.named_parameters(recurse=False)) | dict(part.named_buffers(recurse=False))
        ).items()
        if not key.startswith("_")
    }


def assert_unchanged(before, after):
    assert before.keys() == after.keys()
    for key, value in before.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, after[key]) and value.requires_grad == after[key].requires_grad, key
        else:
            assert value == after[key], key


def test_no_call_writes_into_a_model(model):
    before = attributes(model)
    for masks in ({}, {"budget": False}, {"syntax_only": True}, {"budget": False, "syntax_only": True}):
        strings = model.generate(20, **HOW, **masks)
        model.decode(model.sample_codes(20, "prior"), **masks)
        model.reconstruct([text for text in strings if model.same([text])[0]], **masks)
        assert_unchanged(before, attributes(model))


def test_a_distribution_has_one_likelihood(model):
    x = torch.as_tensor(model.run.codec.encode(model.generate(20, **HOW))).long().to(place.DEVICE)
    z = torch.as_tensor(model.sample_codes(20, "prior")).to(place.DEVICE)
    decoder = model.run.autoencoder.decoder
    with torch.no_grad():
        strict, loose = decoder(z, Masks()), decoder(z, Masks(semantics=False))
        first = strict.log_prob(x), loose.log_prob(x)
        model.generate(20, **HOW, syntax_only=True)
        again = decoder(z, Masks()).log_prob(x), decoder(z, Masks(semantics=False)).log_prob(x)
        assert torch.equal(first[0], strict.log_prob(x)) and torch.equal(first[1], loose.log_prob(x))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert (first[0] > first[1] + 0.01).any()  # fewer choices, each of them likelier


def test_a_machine_under_masks_is_another_with_the_same_tables():
    both = machine()
    plain = both.under(Masks(budget=False, semantics=False))
    assert both.syntax.budget and both.enforced and not plain.syntax.budget and not plain.enforced
    assert all(a.data_ptr() == b.data_ptr() for a, b in zip(both.buffers(), plain.buffers(), strict=True))
    x = torch.full((1, 3), SMILES.pad, device=place.DEVICE)
    alone = StackMachine(SMILES, budget=False).to(place.DEVICE)
    assert torch.equal(plain.masks(x, 3), alone.masks(x, 3))
    assert not torch.equal(plain.masks(x, 3), both.masks(x, 3))
    assert torch.equal(plain.under(Masks()).masks(x, 3), both.masks(x, 3))


def test_a_recipe_without_budget_never_has_one():
    model = untrained_strings()
    without = model.generate(50, **HOW, budget=False)
    assert "" in without and "" not in model.generate(50, **HOW)
    part = model.recipe.decoder.model_copy(update={"budget": "never"})
    model.recipe = model.recipe.model_copy(update={"decoder": part})
    assert model.generate(50, **HOW) == without


def test_decode_and_reconstruct_take_the_masks_of_generate(model):
    z = model.sample_codes(60, "prior")
    strings = model.decode(z, temperature=1.0, raw=True)
    assert None not in canonicals(strings)
    loose = model.decode(z, temperature=1.0, raw=True, syntax_only=True)
    assert None in canonicals(loose) and "" not in loose
    assert "" in model.decode(z, temperature=1.0, raw=True, syntax_only=True, budget=False)
    for syntax_only in (True, False):
        written = model.reconstruct(strings, temperature=1.0, raw=True, syntax_only=syntax_only)
        readable = [text for text in written if text is not None]
        assert len(readable) > 20 and (None in canonicals(readable)) is syntax_only


def test_a_search_does_not_touch_the_model():
    from grammar_rae.workflows.optimize import optimize

    model = Model.load("grae-equations")
    before = attributes(model)
    optimize(model, "expression:sin(x)", 20, initial=5, candidates=20)
    assert_unchanged(before, attributes(model))
    assert all(weight.requires_grad for weight in model.run.autoencoder.parameters())


def test_threads_with_other_masks_do_not_meet():
    """One asks for syntax alone while the other draws molecules, valid and the same as when it is alone."""
    model = Model.load("grae-smiles")
    alone = model.generate(5000, raw=True, seed=1)
    stop = threading.Event()

    def disturb():
        while not stop.is_set():
            model.generate(200, raw=True, syntax_only=True)

    other = threading.Thread(target=disturb)
    other.start()
    try:
        beside = model.generate(5000, raw=True, seed=1)
    finally:
        stop.set()
        other.join()
    assert beside == alone
    assert np.mean([form is not None for form in canonicals(beside)]) == 1
