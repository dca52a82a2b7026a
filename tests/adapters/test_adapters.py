"""Other packages take our models for theirs: GuacaMol, MOSES, scikit-learn.

GuacaMol 0.5.5 and MOSES 0.3.1 cannot stand beside the pinned packages (`scipy.histogram`, `rdkit.six` and
pomegranate 0.12 are gone), so their few lines of interface are written out here.
"""

import pickle
from abc import ABC, abstractmethod

import numpy as np
import pandas as pd
import pytest
import sklearn.utils.estimator_checks as checks
from rdkit import Chem
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from untrained import untrained_molecules

from grammar_rae.adapters.guacamol import DistributionMatching, GoalDirected
from grammar_rae.adapters.moses import Sampler
from grammar_rae.adapters.sklearn import Latents
from grammar_rae.errors import DataError
from grammar_rae.experiments.train import train
from grammar_rae.model.model import Model
from grammar_rae.optimization.evolution import EvolutionSettings, Pool, evolve

EXPRESSIONS = ["x+1", "x*x", "sin(x)", "x/2", "exp(x*3)+1", "(x+1)*2", "x", "3*x+2", "sin(x*x)", "x+x"]


class DistributionMatchingGenerator(ABC):
    @abstractmethod
    def generate(self, number_samples: int) -> list[str]: ...


class GoalDirectedGenerator(ABC):
    @abstractmethod
    def generate_optimized_molecules(
        self, scoring_function, number_molecules: int, starting_population: list[str] | None = None
    ) -> list[str]: ...


class Score:
    """GuacaMol's scoring function for counts of nitrogen: it keeps every string it was asked about."""

    def __init__(self):
        self.asked = []

    def score_list(self, smiles_list):
        self.asked += smiles_list
        return [float(text.upper().count("N")) for text in smiles_list]


@pytest.fixture(scope="module")
def model():
    return untrained_molecules("recurrent")


@pytest.mark.parametrize("ours", [DistributionMatching, Sampler])
def test_a_generator_goes_on_and_repeats_itself(model, ours):
    first, second = ours(model, seed=5, density="prior"), ours(model, seed=5, density="prior")
    drawn = [first.generate(30), first.generate(30)]
    assert [second.generate(30), second.generate(30)] == drawn
    assert drawn[0] != drawn[1] and [len(part) for part in drawn] == [30, 30]
    assert ours(model, seed=6, density="prior").generate(30) not in drawn


def test_guacamol_distribution_matching(model):
    class Theirs(DistributionMatching, DistributionMatchingGenerator):
        """Fails to be made where an abstract method is missing."""

    drawn = Theirs(model, density="prior").generate(number_samples=40)
    assert len(drawn) == 40 and all(Chem.MolFromSmiles(text) for text in drawn)


def test_guacamol_goal_directed_beats_its_own_first_codes(model):
    class Theirs(GoalDirected, GoalDirectedGenerator):
        """Fails to be made where an abstract method is missing."""

    score = Score()
    search = Theirs(model, density="prior", first=100, parents=20, children=50, generations=6)
    found = search.generate_optimized_molecules(score, number_molecules=10)
    assert len(found) == len(set(found)) == 10 and set(found) <= set(score.asked)
    assert len(score.asked) == len(set(score.asked)) <= 100 + 6 * 50
    values = Score().score_list(found)
    assert values == sorted(values, reverse=True)
    alone = GoalDirected(model, density="prior", first=100, generations=0)
    assert sum(values) > sum(Score().score_list(alone.generate_optimized_molecules(Score(), 10)))
    flat = [Chem.MolToSmiles(Chem.MolFromSmiles(text), isomericSmiles=False) for text in found]
    assert flat == found


def test_goal_directed_search_starts_from_what_it_is_given(model):
    score = Score()
    given = ["NCCN", "C[C@H](N)O", "not a molecule", "[Xe]"]
    search = GoalDirected(model, density="prior", first=5, parents=2, children=4, generations=1)
    found = search.generate_optimized_molecules(score, 3, starting_population=given)
    assert score.asked[:3] == ["NCCN", "CC(N)O", "[Xe]"] and len(found) == 3
    again = GoalDirected(model, density="prior", first=5, parents=2, children=4, generations=1)
    assert again.generate_optimized_molecules(Score(), 3, given) == found
    assert search.generate_optimized_molecules(Score(), 300) != found  # fewer than asked for, but no failure


def test_goal_directed_refuses_what_is_no_molecule():
    with pytest.raises(DataError, match="gvae-equations writes expressions; GuacaMol scores molecules"):
        GoalDirected("gvae-equations")


def test_evolution_climbs_a_known_hill():
    """Codes are written as numbers; the score is highest at (3, -2)."""

    def text(z):
        return [f"{a:.3f} {b:.3f}" for a, b in z]

    def score(strings):
        return [-sum((float(v) - t) ** 2 for v, t in zip(s.split(), (3, -2), strict=True)) for s in strings]

    pool = Pool(score, 2)
    first = np.random.default_rng(0).standard_normal((50, 2))
    pool.add(text(first), first)
    begun = pool.scores[0]
    evolve(pool, text, np.ones(2), EvolutionSettings(20, 40, 40), seed=0)
    assert pool.scores[0] > -0.01 > begun
    assert (np.diff(pool.scores) <= 0).all() and len(set(pool.strings)) == len(pool.strings)
    assert score(pool.strings) == pool.scores.tolist()
    assert text(pool.codes) == pool.strings


def test_strings_without_a_score_beget_nothing():
    pool = Pool(lambda strings: [None, float("nan"), 1.0], 2)
    pool.add(["a", "b", "c", None], np.ones((4, 2)))
    assert pool.strings == ["c"] and len(pool.parents(5)) == 1
    empty = Pool(lambda strings: [float("nan")] * len(strings), 2)
    empty.add(["a"], np.ones((1, 2)))
    with pytest.raises(DataError, match="no string to begin with has a finite score"):
        evolve(empty, lambda z: ["a"] * len(z), np.ones(2), EvolutionSettings(2, 2, 2), seed=0)


def test_moses_samples_are_short(model):
    sampler = Sampler(model, density="prior")
    drawn = sampler.sample(25, 40)
    assert len(drawn) == 25 and max(map(len, drawn)) <= 40
    assert len(sampler.sample(3)) == 3
    with pytest.raises(DataError, match="max_len 0: of 100 strings 0 are that short, 5 were asked for"):
        sampler.sample(5, max_len=0)


@pytest.mark.parametrize(
    "check",
    [
        "estimator_cloneable",
        "estimator_repr",
        "estimator_tags_renamed",
        "valid_tag_types",
        "mixin_order",
        "get_params_invariance",
        "set_params",
        "no_attributes_set_in_init",
        "parameters_default_constructible",
        "do_not_raise_errors_in_init_or_set_params",
        "estimators_overwrite_params",
        "estimators_fit_returns_self",
        "requires_y_none",
    ],
)
def test_scikit_learns_own_checks(check):
    """Those that ask for parameters and tags; the others give numbers where we read strings."""
    getattr(checks, f"check_{check}")("Latents", Latents("gvae-equations"))


def test_codes_and_back():
    latents = Latents("gvae-equations").fit(EXPRESSIONS)
    z = latents.transform(EXPRESSIONS)
    model = Model.load("gvae-equations")
    assert z.shape == (10, model.latent)
    # equal up to rounding, which depends on the memory's alignment
    np.testing.assert_allclose(z, model.encode(EXPRESSIONS), atol=1e-6)
    assert latents.inverse_transform(z) == model.decode(z)
    assert latents.get_feature_names_out().tolist() == [f"latents{i}" for i in range(model.latent)]
    for given in (np.array(EXPRESSIONS), pd.Series(EXPRESSIONS), pd.DataFrame({"x": EXPRESSIONS})):
        np.testing.assert_allclose(latents.transform(given), z, atol=1e-6)
    assert latents.transform([]).shape == (0, model.latent) and latents.inverse_transform(z[:0]) == []


def test_a_pipeline_is_scored_cloned_and_pickled():
    strings, y = EXPRESSIONS * 4, np.arange(40) % 10
    pipeline = make_pipeline(Latents("gvae-equations"), Ridge(1e-3))
    scores = cross_val_score(pipeline, strings, y, cv=4, error_score="raise")
    assert np.isfinite(scores).all() and scores.shape == (4,)
    pipeline.fit(strings, y)
    body = pickle.dumps(pipeline)
    assert len(body) < 10_000  # the model's name, not its weights
    assert (pickle.loads(body).predict(strings) == pipeline.predict(strings)).all()
    assert clone(pipeline).get_params()["latents__model"] == "gvae-equations"
    both = ColumnTransformer([("z", Latents("gvae-equations"), "text")], remainder="passthrough")
    frame = pd.DataFrame({"text": EXPRESSIONS, "more": range(10)})
    found = both.set_output(transform="pandas").fit_transform(frame)
    assert found.columns[0] == "z__latents0" and found.columns[-1] == "remainder__more" and len(found) == 10


def test_a_loaded_model_and_a_run_folder(toy_run, rna):
    strings = (rna / "rna.txt").read_text().split()[:20]
    loaded = Latents(Model.load(toy_run))
    z = Latents(toy_run).transform(strings)
    np.testing.assert_allclose(clone(loaded).transform(strings), z, atol=1e-6)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(loaded)).transform(strings), z, atol=1e-6)
    before = toy_run.parent / "again"
    overrides = ("training.epochs=1", "encoder.latent=3", "encoder.hidden=8", "decoder.hidden=8")
    train("grae", grammar=rna / "rna.cfg", data=strings, out=before, overrides=overrides)
    first = Latents(before).transform(strings)
    train(
        "grae",
        grammar=rna / "rna.cfg",
        data=strings,
        out=before,
        overrides=(*overrides, "training.seed=1"),
    )
    assert (Latents(before).transform(strings) != first).any()  # weights written anew are read anew


def test_what_cannot_be_read_is_named_or_nan():
    given = ["x+1", "x+", None, "x*x", 3.0]
    with pytest.raises(DataError) as refused:
        Latents("gvae-equations").transform(given)
    message = str(refused.value)
    assert message.startswith(
        "gvae-equations cannot read 3 of 5 items, rows 1, 2, 4; row 1, 'x+': the end at "
    )
    assert message.endswith("errors='nan'") and "\n" not in message and "item " not in message
    lenient = Latents("gvae-equations", errors="nan")
    z = lenient.transform(given)
    assert np.isnan(z).all(1).tolist() == [False, True, True, False, True]
    assert (z[[0, 3]] == lenient.transform(["x+1", "x*x"])).all()
    texts = lenient.inverse_transform(z)
    assert [text is None for text in texts] == [False, True, True, False, True]
    with pytest.raises(DataError, match="3 of 5 codes are not finite, the first in row 1"):
        Latents("gvae-equations").inverse_transform(z)
    model = make_pipeline(lenient, HistGradientBoostingRegressor()).fit(given * 10, np.arange(50) % 5)
    assert np.isfinite(model.predict(given)).all()


@pytest.mark.parametrize(
    "given, message",
    [
        ("x+1", "one string, 'x.1'; expected a list"),
        ([["x", "x"], ["x", "1"]], r"shape \(2, 2\); expected strings"),
    ],
)
def test_what_is_no_list_of_strings(given, message):
    with pytest.raises(DataError, match=message):
        Latents("gvae-equations").fit(given)


def test_wrong_parameters():
    with pytest.raises(DataError, match="no model nothing: expected"):
        Latents("nothing").fit(EXPRESSIONS)
    with pytest.raises(DataError, match="errors='ignore'; expected 'raise' or 'nan'"):
        Latents("gvae-equations", errors="ignore").fit(EXPRESSIONS)
    with pytest.raises(DataError, match=r"codes of shape \(2, 3\); gvae-equations takes \(n, 25\)"):
        Latents("gvae-equations").inverse_transform(np.zeros((2, 3)))
