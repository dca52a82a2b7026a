"""How likely a model finds held-out items, how much of its codes they use, and what it costs to send them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grammar_rae.evaluation.usage import usage
from grammar_rae.experiments.assessment import Numbers
from grammar_rae.model.coding import code_lengths
from grammar_rae.model.likelihood import bits_per_dimension, log_likelihood
from grammar_rae.model.model import Model
from grammar_rae.model.usage import posterior_usage


def latent_numbers(model: Model, rows: NDArray[np.integer], draws: int | None, seed: int) -> Numbers:
    """`usage_numbers` and `coding_numbers`, and with `draws` `likelihood_numbers`, of rows (n, …)."""
    numbers = usage_numbers(model, rows, seed) | coding_numbers(model, rows, seed)
    return numbers if draws is None else numbers | likelihood_numbers(model, rows, draws, seed)


def usage_numbers(model: Model, rows: NDArray[np.integer], seed: int) -> Numbers:
    """`evaluation.usage.usage` of rows (n, …)."""
    return usage(*posterior_usage(model, rows, seed))


def coding_numbers(model: Model, rows: NDArray[np.integer], seed: int) -> Numbers:
    """The mean lengths of rows (n, …) in nats: of code and row, of what bits-back gives back, and of what is left; in
    bits per dimension too where there are any. Nothing where the model's codes are not drawn from its posterior.
    """
    if not model.stochastic:
        return {}
    naive, returned = (float(nats.mean()) for nats in code_lengths(model, rows, seed))
    lengths = {"naive_length": naive, "posterior_entropy": returned, "bits_back_length": naive - returned}
    bits = {
        f"{name}_bits": bits_per_dimension(model, -lengths[name])
        for name in ("naive_length", "bits_back_length")
    }
    return {**lengths, **{name: value for name, value in bits.items() if value is not None}}


def likelihood_numbers(model: Model, rows: NDArray[np.integer], draws: int, seed: int) -> Numbers:
    """The mean log-likelihood of rows (n, …) by importance sampling, its standard error over the rows, and bits per
    dimension where there are any; None where the model's codes are not drawn from its posterior.
    """
    counts: Numbers = {"log_likelihood_draws": draws, "log_likelihood_items": len(rows)}
    if not model.stochastic:
        return {"log_likelihood": None, "log_likelihood_error": None} | counts
    bounds = log_likelihood(model, rows, draws, seed)
    mean, error = float(bounds.mean()), float(bounds.std(ddof=1) / np.sqrt(len(bounds)))
    numbers: Numbers = {"log_likelihood": mean, "log_likelihood_error": error, **counts}
    bits = bits_per_dimension(model, mean)
    return numbers if bits is None else numbers | {"bits_per_dimension": bits}


def latent_lines(metrics: Numbers, asked: bool) -> list[str]:
    """What a model's card says of those numbers among its metrics; of the likelihood where it was `asked` for."""
    lines = []
    if asked and metrics.get("log_likelihood_draws"):
        mean, error, bits = (
            metrics.get(name) for name in ("log_likelihood", "log_likelihood_error", "bits_per_dimension")
        )
        known = (
            "–: the codes are no draws from the posterior"
            if mean is None
            else f"{mean:.2f} ± {error:.2f} nats"
        )
        lines.append(
            f"Log-likelihood of {metrics['log_likelihood_items']:,} held-out items by importance sampling with "
            f"{metrics['log_likelihood_draws']:,} draws, a lower bound in expectation: {known}"
            + ("." if bits is None else f", {bits:.4f} bits per dimension.")
        )
    if "active_units" in metrics:
        kl = metrics["kl"]
        lines.append(
            f"Latent usage: {metrics['active_units']} of {metrics['units']} units active (their posterior mean varies "
            f"over held-out items by more than 0.01), KL {'–' if kl is None else f'{kl:.3f} nats'}."
        )
    if "naive_length" in metrics:
        naive, entropy, length = (
            metrics[name] for name in ("naive_length", "posterior_entropy", "bits_back_length")
        )
        bits = metrics.get("bits_back_length_bits")
        lines.append(
            f"Length of a held-out item sent by its code: C_naive {naive:.2f} nats, of which bits-back gives H(q) "
            f"{entropy:.2f} back, C_bits-back {length:.2f} nats"
            + ("." if bits is None else f", {bits:.4f} bits per dimension.")
        )
    return lines
