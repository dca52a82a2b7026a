"""Bits-back accounting: C_naive, what is given back, and the bound."""

import math

import numpy as np
import pytest
import torch
from tiny import tiny

from grammar_rae.experiments.latent import coding_numbers, latent_lines, latent_numbers
from grammar_rae.model.coding import code_lengths
from grammar_rae.model.likelihood import log_likelihood
from grammar_rae.model.model import Model


@pytest.mark.parametrize("kind", ["sequential", "grey", "two-level", "bytes"])
def test_what_bits_back_leaves_of_the_naive_length_is_minus_the_bound(kind):
    """Section 5f of the facts, fact 5: C_naive − H(q) = −ELBO."""
    run, x = tiny("vae", kind)
    model = Model(run)
    naive, returned = code_lengths(model, x.numpy(), 3)
    bound = log_likelihood(model, x.numpy(), 1, 3)
    np.testing.assert_allclose(naive - returned, -bound, rtol=1e-5)
    with torch.no_grad():
        log_var = run.autoencoder.posterior(x).log_var
    entropy = 0.5 * (log_var + math.log(2 * math.pi * math.e)).sum(-1)
    many = np.mean([code_lengths(model, x.numpy(), seed)[1].mean() for seed in range(200)])
    assert many == pytest.approx(entropy.mean().item(), abs=0.05 if len(x) > 20 else 0.2)


def test_lengths_are_said_in_nats_and_where_there_are_any_in_bits():
    run, x = tiny("vae", "bytes")
    numbers = coding_numbers(Model(run), x.numpy(), 0)
    size = 3 * 32 * 32 * math.log(2)
    assert numbers["bits_back_length_bits"] == pytest.approx(numbers["bits_back_length"] / size)
    assert numbers["naive_length_bits"] == pytest.approx(numbers["naive_length"] / size)
    said = latent_lines(latent_numbers(Model(run), x.numpy(), None, 0), False)[-1]
    assert f"C_bits-back {numbers['bits_back_length']:.2f} nats" in said and "bits per dimension" in said
    run, x = tiny("vae", "grey")
    assert "bits_back_length_bits" not in coding_numbers(Model(run), x.numpy(), 0)
    run, x = tiny("rae", "grey")
    assert coding_numbers(Model(run), x.numpy(), 0) == {}
