"""Bayesian optimization without a model: it finds, it repeats itself, it survives, it refuses."""

import inspect
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import landscape
import numpy as np
import pytest
import torch
from landscape import BOX, SIZE, decode, encode, optimizer, score, shown
from scipy.stats import spearmanr

import grammar_rae as gr
from grammar_rae.catalogue import ACQUISITIONS
from grammar_rae.densities.gaussian import fit as fit_gaussian
from grammar_rae.errors import DataError
from grammar_rae.optimization import BoxRegion, HighDensity, Journal, TrustRegion
from grammar_rae.optimization.candidates import most_frequent
from grammar_rae.optimization.regions import RoundResult
from grammar_rae.optimization.sparse import Sparse
from grammar_rae.optimization.surrogates import Exact, Values, fenced
from grammar_rae.optimization.trust import Around


def draws(n, seed=1):
    return score(decode(BOX.draw(n, seed)))


@pytest.mark.parametrize("seed", [0, 1])
def test_it_finds_what_random_draws_do_not(seed):
    best = optimizer(seed=seed).run(80)[0].score
    assert best > np.nanmax(draws(8000)), "80 evaluations beat 8,000 draws of the box"


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
@pytest.mark.parametrize("region", [BOX, TrustRegion(BOX)])
def test_every_acquisition_in_every_region_beats_as_many_draws(acquisition, region):
    found = optimizer(region=region, acquisition=acquisition)
    assert found.run(32)[0].score > np.nanmax(draws(32))


def test_the_same_seed_repeats_the_run_and_another_does_not():
    first, again, other = (optimizer(seed=seed) for seed in (3, 3, 4))
    for run in (first, again, other):
        run.run(24)
    assert shown(first.journal) == shown(again.journal) != shown(other.journal)


def test_the_caller_keeps_its_random_state():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    optimizer(acquisition="logei").run(12)
    assert torch.equal(torch.rand(3), expected)


def test_no_string_is_paid_for_twice():
    calls = Counter()

    def counted(strings):
        calls.update(strings)
        return score(strings)

    small = BoxRegion(np.full(SIZE, -0.3), np.full(SIZE, 0.3))  # few different strings in it
    found = optimizer(counted, small)
    found.run(30)
    assert len(calls) == 30 and set(calls.values()) == {1}
    for row in found.journal.rows():
        assert np.array_equal(row.code, encode([row.string])[0]), "a string's code is its own"


def test_where_nothing_new_is_decoded_it_stops():
    point = BoxRegion(np.zeros(SIZE), np.full(SIZE, 0.1))
    found = optimizer(region=point)
    assert len(found.run(50)) == 1 and found.ask(5) == []


def test_ask_and_tell_are_what_run_does():
    told, ran = optimizer(score=None, batch=4), optimizer(batch=4)
    while told.evaluations < 20:
        strings = told.ask(4)
        assert told.ask(4) == strings, "until it is told it asks the same"
        told.tell(strings[:1], score(strings[:1]))
        told.tell(strings[1:], score(strings[1:]))
    ran.run(20)
    assert shown(told.journal) == shown(ran.journal)


def test_strings_of_ones_own_count():
    found = optimizer(score=None)
    own = decode(TARGET_NEAR := landscape.TARGET[None])
    found.tell(own, [0.0])
    assert found.best()[0].string == own[0] and np.abs(found.best()[0].code - TARGET_NEAR).max() <= 0.25
    with pytest.raises(DataError, match="told already"):
        found.tell(own, [0.0])
    with pytest.raises(DataError, match="one number each"):
        found.tell(own, [0.0, 1.0])


def test_bad_scores_are_written_down_and_stop_nothing():
    def moody(strings):
        z = encode(strings)
        if (z[:, 1] > 1).any():
            raise RuntimeError("no, thank you")
        return np.where(z[:, 2] > 1, np.inf, score(strings))

    found = optimizer(moody)
    found.run(40, at_once=4)
    rows = found.journal.rows()
    failed = [row for row in rows if row.status == "failed"]
    assert len(rows) == found.evaluations == 40 and failed
    for row in rows:
        z = encode([row.string])[0]
        assert (row.status == "failed") == (z[0] > 3 or z[1] > 1 or z[2] > 1)
        assert np.isfinite(row.score) == (row.status == "scored")
        assert (row.reason == "RuntimeError: no, thank you") == (z[1] > 1)


def test_a_score_that_always_fails_ends_the_budget():
    assert optimizer(lambda strings: [float("nan")] * len(strings)).run(20) == []
    with pytest.raises(DataError, match="shape"):
        optimizer(lambda strings: 1.0).run(20)


def test_of_equal_strings_only_one_is_asked_for():
    def kind(string):
        return tuple(np.round(encode([string])[0][:2]))

    def alike(strings):
        kinds = [kind(string) for string in strings]
        return np.array([kinds.index(each) for each in kinds])

    every, few = optimizer(), optimizer(alike=alike)
    every.run(30)
    few.run(30)
    assert len({kind(row.string) for row in every.journal.rows()}) < 30
    scored = [kind(row.string) for row in few.journal.rows() if row.status == "scored"]
    assert len(set(scored)) == len(scored)
    same = {"alike": lambda strings: np.zeros(len(strings), int)}
    assert len(optimizer(**same).run(6)) == 1
    unscored = optimizer(lambda strings: [float("nan")] * len(strings), **same)
    unscored.run(6)
    assert unscored.evaluations == 6, "one without a score says nothing of its equals"


def test_infeasible_strings_are_never_asked_for():
    scored = []

    def watched(strings):
        scored.extend(strings)
        return score(strings)

    def feasible(strings):
        return encode(strings)[:, 0] <= 0

    found = optimizer(watched, feasible=feasible, start=decode(-np.ones((1, SIZE))))
    found.run(30)
    rows = found.journal.rows()
    assert len(scored) == len(rows) == 30 and feasible(scored).all()
    assert rows[0].string == decode(-np.ones((1, SIZE)))[0]


def test_known_labels_are_used_and_not_counted():
    z = BOX.draw(60, 7)
    y = score(decode(z))
    found = optimizer(known=(z, y))
    assert found.run(4)[0].score > np.nanmax(draws(4)) and found.evaluations == 4


def test_a_retrained_model_reads_the_old_strings_anew():
    seen = []

    def retrain(strings, values, expected, generation):
        near = spearmanr(expected(strings), values).statistic > 0.9
        seen.append((generation, len(strings), np.isfinite(values).all(), near))
        shift = float(generation)
        return (
            lambda texts: encode(texts) + shift,
            lambda z: decode(np.asarray(z) - shift),
            TrustRegion(BoxRegion(BOX.bounds[0] + shift, BOX.bounds[1] + shift)),
        )

    finite = lambda strings: np.nan_to_num(score(strings), nan=-99.0)  # noqa: E731
    found = optimizer(finite, retrain=retrain, retrain_every=12, batch=4)
    found.run(40)
    assert seen == [(1, 12, True, True), (2, 24, True, True), (3, 36, True, True)]
    assert {row.generation for row in found.journal.rows()} == {0, 1, 2, 3}
    for row in found.journal.rows():
        assert decode(row.code[None] - row.generation) == [row.string]


def test_killed_twenty_times_it_ends_with_the_same_journal(tmp_path):
    """SIGKILL before a string is scored or a round decoded, each time after one to five such steps."""
    moments, path = np.random.default_rng(0).integers(2, 6, 20), tmp_path / "killed.sqlite"
    assert _program("killed", path, 64, *moments) == 20
    whole = optimizer()
    whole.run(64)
    assert shown(Journal(path, _settings())) == shown(whole.journal)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_journal(tmp_path):
    """SIGKILL from outside, wherever it is: opening the journal, fitting, proposing, writing or scoring."""
    path = tmp_path / "killed.sqlite"
    assert _program("interrupted", path, 200, 20) == 20
    assert shown(Journal(path, _settings())) == shown(Journal(tmp_path / "whole.sqlite", _settings()))


def _program(*words):
    """What `landscape.py` prints."""
    tests, root = Path(__file__).parents[1], Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(tests)])
    ran = subprocess.run(
        [sys.executable, tests / "landscape.py", *map(str, words)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(ran.stdout)


def _settings():
    import json

    found = optimizer()
    stored = found.journal._base.execute("SELECT name, value FROM settings")
    return {name: json.loads(value) for name, value in stored}


def test_another_run_s_journal_is_refused(tmp_path):
    path = tmp_path / "journal.sqlite"
    first = optimizer(journal=path, about={"score": "qed"})
    with pytest.raises(DataError, match="in use by another run"):
        optimizer(journal=path, about={"score": "qed"})
    first.journal.close()
    with pytest.raises(DataError, match='with score "qed", now it is "logp"; choose another folder'):
        optimizer(journal=path, about={"score": "logp"})
    with pytest.raises(DataError, match="with seed 0, now it is 1"):
        optimizer(journal=path, about={"score": "qed"}, seed=1)
    (tmp_path / "other").write_text(
        "no journal, but long enough to be looked at as a header of a data base\n" * 30
    )
    with pytest.raises(DataError, match="not a journal"):
        optimizer(journal=tmp_path / "other")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"acquisition": "guess"}, "no acquisition is called guess"),
        ({"surrogate": "guess"}, "no surrogate is called guess"),
        ({"batch": 0}, "batch 0; expected 1 to 10,000"),
        ({"refinements": -1}, "refinements -1; expected 0 to 1,000"),
        ({"retrain_every": 5}, "retrain_every 5"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(DataError, match=message):
        optimizer(**settings)


@pytest.mark.parametrize("function", [gr.optimize, gr.Optimizer])
def test_options_are_listed_and_an_unknown_one_is_refused_with_the_nearest(function):
    options = inspect.signature(function).parameters
    assert options["candidates"].default == 300 and options["seed"].kind is inspect.Parameter.KEYWORD_ONLY
    assert len(options) in (20, 21) and "seed  " in inspect.getdoc(function)
    with pytest.raises(TypeError, match="no candidate; did you mean candidates"):
        function("one", "two", candidate=3)


def test_run_needs_a_score():
    with pytest.raises(DataError, match="needs a score"):
        optimizer(score=None).run(5)


def test_a_trust_region_grows_shrinks_and_begins_anew():
    """TuRBO's rules, by hand: three gains double, `failures` losses halve, below `shortest` it begins anew."""
    region = TrustRegion(BOX, length=0.8, longest=1.6, shortest=0.3, failures=2)

    def rounds(*tops):
        return [
            RoundResult(np.full((4, SIZE), 0.1 * i), np.full(4, float(top))) for i, top in enumerate(tops)
        ]

    assert region.at(rounds(), 4) is BOX, "the first are draws of the outer region"
    assert region.at(rounds(0), 4).length == 0.8
    assert region.at(rounds(0, 1, 2, 3), 4).length == 1.6
    assert region.at(rounds(0, 1, 2, 3, 4, 5, 6), 4).length == 1.6, "never longer than 1.6"
    assert region.at(rounds(0, 0, 0), 4).length == 0.4
    grown = region.at(rounds(0, 5, 0, 0), 4)
    assert grown.length == 0.4 and np.allclose(grown.best[:4], 0.1) and len(grown.best) == 16
    many = RoundResult(np.zeros((30, SIZE)), np.arange(30.0))
    assert len(region.at([many], 4).best) == 20
    assert region.at(rounds(0, 0, 0, 0, 0), 4) is BOX, "and 0.2 is too short"
    anew = region.at(rounds(9, 9, 9, 9, 9, -7, -6), 4)
    assert anew.length == 0.8 and np.allclose(anew.best[0], 0.6) and len(anew.best) == 8
    assert len(region.at([RoundResult(np.zeros((4, SIZE)), np.array([1, -np.inf, 0, -np.inf]))], 4).best) == 2
    assert BOX.incumbent is None and grown.incumbent == 5 and anew.incumbent == -6, "what to improve on"


def test_draws_around_the_best_are_steps_crossovers_and_a_few_from_anywhere():
    best = np.array([np.full(SIZE, -3.0), np.full(SIZE, 3.0)])
    z = Around(BOX, best, length=0.1).draw(3000, 0)
    near = np.abs(z[:, None] - best).max(2) < 5 * 0.1 * BOX.scale[0]
    crossed = 2 / 3 * 2 * 0.6 * 0.4  # two thirds, where the two drawn by weights 1/2 and 1/3 differ
    assert near.any(1).mean() == pytest.approx(0.9 * (1 - crossed * 2 / 3), abs=0.05)
    assert near[:, 0].sum() == pytest.approx(1.5 * near[:, 1].sum(), rel=0.15), "the better more often"
    mixed = (np.abs(np.abs(z) - 3) < 2).all(1) & ~near.any(1)
    assert mixed.mean() == pytest.approx(0.9 * crossed / 3, abs=0.04), "the coordinates of either"
    corners = 3 * np.random.default_rng(1).choice([-1.0, 1.0], (3, SIZE))
    z = Around(BOX, corners, length=0.01).draw(3000, 0)
    for away in range(3):
        repeated = corners.sum(0) - 2 * corners[away]  # one and the difference of the two others
        assert (np.abs(z - repeated).max(1) < 5 * 0.15 * BOX.scale[0]).mean() > 0.01
    for reach in (1, 10):
        alone = Around(BOX, best[:1], length=0.1, reach=reach)
        steps = np.sqrt((((alone.draw(3000, 0) + 3) / BOX.scale) ** 2).mean(1))
        within = (steps > 0.1 * 0.07) & (steps < 0.1 * 1.4 * reach)
        assert within.mean() == pytest.approx(0.9, abs=0.03), "a tenth is from anywhere"
        assert (within & (steps < 0.1)).mean() == pytest.approx(0.9 / (1 + math.log10(reach)), abs=0.06)
    region = TrustRegion(BOX, reach=10).at([RoundResult(best, np.arange(2.0))], 2)
    assert region.reach == region.near(best).reach == 10


def test_refinements_follow_the_surrogate_farther_and_repeat():
    """After one round of 40 the next is better foreseen, and a run with them is the same every time."""
    calls = []

    def counted(z):
        calls.append(z)
        return decode(z)

    def second(refinements):
        search = optimizer(
            decode=counted, initial=40, batch=40, candidates=60, refinements=refinements, surrogate=Exact()
        )
        first = search.ask(40)
        search.tell(first, score(first))
        calls.clear()
        chosen = search.ask(40)
        return chosen, len(calls), np.nanmean(score(chosen))

    plain, calls_plain, worth_plain = second(0)
    refined, calls_refined, worth_refined = second(3)
    assert calls_refined == calls_plain + 3
    assert worth_refined > worth_plain + 0.5, "scores are distances of some 10 to 20"
    assert second(3)[0] == refined != plain
    centre = Around(BOX, np.zeros((1, SIZE)), 0.7, -3.0).near(np.ones((2, SIZE)))
    assert (centre.length, centre.incumbent, len(centre.best)) == (0.7, -3.0, 2)
    assert BOX.near(centre.best) is BOX


def test_a_fit_that_is_refused_keeps_where_it_began(monkeypatch):
    def refuse(likelihood, **_):
        likelihood.model.covar_module.lengthscale = 1e-9
        raise ValueError("not within the support")

    z = np.random.default_rng(0).normal(size=(20, 3))
    monkeypatch.setattr("botorch.fit.fit_gpytorch_mll", refuse)
    model = Exact().fit(z, z.sum(1), 0)
    assert model.covar_module.lengthscale.item() == pytest.approx(3**0.5)
    assert torch.isfinite(model.posterior(torch.as_tensor(z)).mean).all()


def test_the_dense_region_holds_the_share_it_says():
    z = np.random.default_rng(0).normal(size=(4000, 6)) * [1, 2, 3, 1, 1, 1]
    density = fit_gaussian(torch.as_tensor(z))
    region = HighDensity(density, codes=z, share=0.9)
    assert region.inside(z).mean() == pytest.approx(0.9, abs=0.001)
    assert region.inside(region.draw(500, 1)).all()
    assert not region.inside(np.full((1, 6), 9.0))[0]
    assert HighDensity(density, share=0.9).inside(z).mean() == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    "surrogate", [Exact(), Values(), Sparse(inducing=60, passes=200, batch=100, rate=0.01)]
)
def test_surrogates_learn_a_smooth_function_and_say_where_they_do_not_know(surrogate):
    random = np.random.default_rng(0)
    z = random.uniform(-2, 2, (200, 3))
    value = lambda z: 5 + np.sin(z[:, 0]) + 0.3 * z[:, 1]  # noqa: E731
    model = surrogate.fit(z, value(z), 0)
    inner = random.uniform(-1.5, 1.5, (100, 3))
    with torch.no_grad():
        near, far = (
            model.posterior(torch.as_tensor(inner)),
            model.posterior(torch.full((1, 3), 30.0).double()),
        )
    error = np.sqrt(np.mean((near.mean[:, 0].numpy() - value(inner)) ** 2))
    assert error < 0.2 * value(z).std()
    assert far.variance.item() > 10 * near.variance.mean().item()


def test_the_fence_raises_the_far_low_and_nothing_else():
    y = np.array([0.0, 1.0, 2.0, 3.0, 4.0, -1000.0, 50.0])
    assert fenced(y).tolist()[:5] == y.tolist()[:5] and fenced(y)[6] == 50
    assert fenced(y)[5] == 0.5 - 1.5 * 3


def test_the_most_frequent_valid_string_is_taken():
    drawn = iter([["a", "b", "b", "-", "-", "-", "-", "-", "-", "c", "a", "c"]])
    decode = most_frequent(
        lambda z, seed: next(drawn), 3, lambda texts: [None if t == "-" else t for t in texts]
    )
    assert decode(np.zeros((4, 2))) == ["b", "", "", "c"]


def test_optimization_imports_no_model():
    heavy = {"grammar_rae.model.model", "grammar_rae.runs.folder", "botorch"}
    code = f"import sys, grammar_rae.optimization; print({heavy} & sys.modules.keys())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"
