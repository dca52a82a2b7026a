"""What is given for codes and temperatures: refused by row where it is none, and never written as empty strings."""

import math

import numpy as np
import pytest
import torch
from untrained import untrained_molecules, untrained_strings

from grammar_rae.errors import DataError
from grammar_rae.experiments.protocols import reconstruction_stochastic

FIVE = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
WRONG = {
    "a width of another model": (FIVE[:, :3], "shape (5, 3)"),
    "25 million columns": (np.zeros((1, 25_000_000), np.float32), "shape (1, 25000000)"),
    "one code alone": (FIVE[0], "shape (4,)"),
    "a number": (3.0, "shape ()"),
    "nothing": (None, "object codes"),
    "an empty list": ([], "shape (0,)"),
    "text": ("CCO", "codes of shape ()"),
    "numbers as text": (FIVE.astype(str), "<U"),
    "complex numbers": (FIVE.astype(complex), "complex128"),
    "truth values": (FIVE > 0, "bool"),
    "dates": (FIVE.astype("datetime64[D]"), "datetime64"),
    "NaN": (np.where(np.arange(5)[:, None] == 3, np.nan, FIVE), "code 3 is not finite (1 of 5 are not)"),
    "infinity": (np.where(FIVE > 0, np.inf, FIVE), "not finite"),
    "too large for single precision": (FIVE.astype(float) * 1e39, "code 0 is not finite (5 of 5"),
    "rows of several lengths": ([[1.0] * 4, [1.0] * 3], "code 1 is [1.0, 1.0, 1.0]; expected 4 numbers"),
    "a row of nothing": ([[1.0] * 4, None], "code 1"),
    "a row with a word": ([[1.0] * 4, [1.0, "C", 2.0, 3.0]], "<U"),
    "a row with nothing in it": ([[1.0] * 4, [1.0, None, 2.0, 3.0]], "code 1"),
    "a tensor of NaN": (torch.full((2, 4), math.nan), "code 0 is not finite"),
    "a complex tensor": (torch.zeros(2, 4, dtype=torch.complex64), "complex64"),
}
TEMPERATURES = [math.nan, math.inf, -math.inf, -1.0, 1e-45, 1e-7, 1e300]


@pytest.fixture(scope="module")
def model():
    return untrained_strings()


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_code_is_refused(model, kind):
    given, words = WRONG[kind]
    for call in (lambda: model.decode(given), lambda: model.fit_density("gaussian", given)):
        with pytest.raises(DataError) as refused:
            call()
        assert words in str(refused.value) and str(refused.value).isprintable()
    assert model.densities == ["prior"]


def test_codes_are_arrays_tensors_or_lists_of_numbers(model):
    texts = model.decode(FIVE)
    assert len(texts) == 5
    same = [
        torch.tensor(FIVE, requires_grad=True),
        FIVE.tolist(),
        FIVE.astype(">f8"),
        FIVE.astype("longdouble"),
    ]
    for given in same:
        assert model.decode(given) == texts
    assert model.decode(np.round(FIVE)) == model.decode(np.round(FIVE).astype(int))
    assert model.decode(torch.as_tensor(FIVE).bfloat16()) == model.decode(
        torch.as_tensor(FIVE).bfloat16().tolist()
    )
    assert model.decode(FIVE[:0]) == []


def test_rows_that_no_codec_writes_are_refused(model):
    rows = model.rows_known(["...", "...."])[0]
    assert model.codes(rows).shape == (2, 4)
    wrong = [rows[:, :-1], rows[0], rows.astype(float), rows - 1, rows + 1000, np.array(["C"]), [1, 2]]
    for given in wrong:
        with pytest.raises(DataError, match="untrained reads"):
            model.codes(given)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_a_temperature_out_of_range_is_refused(model, temperature):
    for call in (
        lambda: model.generate(2, temperature=temperature),
        lambda: model.samples(2, temperature=temperature),
        lambda: model.decode(FIVE, temperature=temperature),
        lambda: model.reconstruct(["..."], temperature=temperature),
        lambda: reconstruction_stochastic(model, ["..."], 1, 1, temperature=temperature),
    ):
        with pytest.raises(ValueError, match="temperature"):
            call()


@pytest.mark.parametrize("net", ["repeat", "recurrent"])
@pytest.mark.parametrize("temperature", [0.0, 1e-6, 1.0, 1e6])
def test_whatever_the_codes_and_the_temperature_no_molecule_is_left_unfinished(net, temperature):
    model = untrained_molecules(net)
    z = np.concatenate([FIVE, 1e6 * FIVE, 1e20 * FIVE, np.full((2, 4), 3e38), np.full((2, 4), -3e38)])
    texts = model.decode(z.astype(np.float32), temperature=temperature)
    assert all(texts) and None not in model.same(texts)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38])
@pytest.mark.parametrize("net", ["repeat", "recurrent"])
def test_whatever_a_network_says_no_molecule_is_left_unfinished(net, value):
    model = untrained_molecules(net)
    with torch.no_grad():
        for parameter in model.run.autoencoder.decoder.parameters():
            parameter.flatten()[::3] = value
    texts = [*model.decode(FIVE), *model.decode(FIVE, temperature=1.0), *model.decode(FIVE, temperature=1e-6)]
    assert all(texts) and None not in model.same(texts)
