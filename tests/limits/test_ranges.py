"""Every option that holds a number says which ones in its help, and refuses the others with one line."""

from inspect import signature
from typing import get_type_hints

import numpy as np
import pytest
from typer.models import OptionInfo

import grammar_rae as gr
from grammar_rae.cli import VERBS, grammar
from grammar_rae.errors import DataError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.sampling import strings
from grammar_rae.limits.ranges import RANGES, Range, within
from grammar_rae.model.sampling import Sampling
from grammar_rae.optimization.candidates import most_frequent


def options():
    """(words of a verb, an option, its type) of every option of every verb that holds a number."""
    verbs = {(verb.__name__,): verb for verb in VERBS}
    for command in grammar.app.registered_commands:
        name = command.name or command.callback.__name__
        verbs["grammar", name] = command.callback
    for words, verb in verbs.items():
        types = get_type_hints(verb)
        for name, parameter in signature(verb).parameters.items():
            if isinstance(parameter.default, OptionInfo) and types[name] in (int, float):
                yield words, parameter.default, types[name]


NUMERIC = list(options())


def ids(value):
    return " ".join(value) if isinstance(value, tuple) else getattr(value, "param_decls", [""])[0]


def arguments_of(words, folder):
    """What a verb cannot do without, none of which is there."""
    count = {"density": 1, "train": 1, "interpolate": 2, "encode": 1, "optimize": 0, "generate": 0}
    more = ["--out", str(folder / "z.npz")] if words == ("encode",) else []
    return [str(folder / "nothing")] * count.get(words[-1], 1) + more


def test_there_are_options_to_check():
    assert len(NUMERIC) > 45


@pytest.mark.parametrize(("words", "option", "kind"), NUMERIC, ids=ids)
def test_help_says_which_numbers_an_option_takes_and_others_are_refused(words, option, kind, cli, tmp_path):
    assert any(f"[{allowed}]" in option.help for allowed in RANGES.values())
    values = ["-1", "1000000000000000000000"] + (["nan", "inf", "-inf"] if kind is float else [])
    for value in values:
        code, out, err = cli(*words, *arguments_of(words, tmp_path), option.param_decls[0], value)
        assert code == 2 and not out and len(err.splitlines()) == 1
        assert f"{option.param_decls[0]} " in err and "expected" in err and "nothing" not in err


@pytest.mark.parametrize("value", [0, 4, 2.5, "2", True, None, np.float64(2)])
def test_a_range_of_whole_numbers_takes_no_others(value):
    with pytest.raises(DataError, match=r"^steps .*expected .*1 to 3"):
        Range(1, 3).check("steps", value)


@pytest.mark.parametrize("value", [1, 3, np.int64(2), np.uint8(1)])
def test_a_range_takes_what_lies_in_it(value):
    Range(1, 3).check("steps", value)


def test_zero_may_stand_apart():
    within(temperature=0, keep=None)
    within(temperature=np.float32(0.5))
    for value in (1e-45, -1, np.nan, np.inf, "1", False):
        with pytest.raises(DataError, match=r"temperature .*expected .*0, or 1e-06 to 1,000,000$"):
            within(temperature=value)


@pytest.mark.parametrize(
    "numbers",
    [
        {"keep": np.inf},
        {"keep": 0},
        {"keep": 1e-300},
        {"temperature": np.nan},
        {"temperature": 1e-45},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": 1.5},
        {"component": (0, 1)},
    ],
    ids=str,
)
def test_drawing_refuses_what_is_out_of_range(numbers):
    with pytest.raises(DataError, match="expected"):
        Sampling(**numbers)


BAD = [0, -1, 10**18, 2.5, np.nan]


def test_every_function_of_a_model_refuses_counts_that_cannot_be(toy_run):
    model = gr.load(toy_run)
    codes = model.sample_codes(2)
    calls = {
        "n": lambda n: model.generate(n),
        "n of samples": lambda n: model.samples(n),
        "n of codes": lambda n: model.sample_codes(n),
        "n of neighbours": lambda n: model.neighbours(".", n),
        "radius": lambda n: model.neighbours(".", radius=-n if n > 0 else n),
        "steps": lambda n: model.interpolate(".", ".", n),
        "revisions": lambda n: model.decode(codes, revisions=n or -1),
        "temperature": lambda n: model.decode(codes, temperature=n if n < 0 or n != n else 1e9),
        "seed": lambda n: model.decode(codes, seed=-1),
        "draws": lambda n: model.log_likelihood(["."], n),
    }
    for name, call in calls.items():
        for value in BAD:
            with pytest.raises(DataError, match="expected"):
                call(value)
                pytest.fail(f"{name} takes {value}")


def test_what_needs_more_memory_than_there_is_is_refused_with_the_number(toy_run, monkeypatch):
    monkeypatch.setattr("grammar_rae.memory.available", lambda: 10**6)
    model = gr.load(toy_run)
    for call in (
        lambda: model.generate(10**6),
        lambda: model.sample_codes(10**6),
        lambda: model.neighbours(".", 10**5),
        lambda: strings(Grammar.read("equation"), 10**5, 50),
    ):
        with pytest.raises(DataError, match=r"would need [\d.]+ GiB of memory; 0.0 GiB are free"):
            call()
    assert len(model.generate(20)) == 20


def test_votes_of_more_draws_than_there_is_memory_for_are_refused(monkeypatch):
    monkeypatch.setattr("grammar_rae.memory.available", lambda: 10**6)
    vote = most_frequent(lambda codes, seed: ["C"] * len(codes), 1000, list)
    assert vote(np.zeros((1, 4))) == ["C"]
    with pytest.raises(DataError, match="1,000 draws of each of 100 codes would need"):
        vote(np.zeros((100, 4)))
