"""What strings are made of, and the surrogate that reads it."""

import numpy as np
import pytest
import torch
from landscape import BOX, decode, encode, optimizer, score
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions import scores
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample
from grammar_rae.optimization import TrustRegion
from grammar_rae.optimization.candidates import decode_jointly
from grammar_rae.optimization.joint import Joint
from grammar_rae.optimization.kernels import Tanimoto
from grammar_rae.optimization.surrogates import Exact, Structure, Values
from grammar_rae.tasks.features import BINS, fragments, letters, places

SMILES = ["CCO", "CCN", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CCCCCCCCCC"]


def halves(strings):
    """Counts of a landscape string: which half-integer stands at which place."""
    found = np.zeros((len(strings), 10, 41))
    for row, text in zip(found, encode(strings), strict=True):
        row[np.arange(10), np.round(text * 2).astype(int) % 41] = 1
    return found.reshape(len(strings), -1)


def explained(surrogate, inputs, y):
    """The share of the variance after the first 200 values, by those."""
    model = surrogate.fit(inputs[:200], y[:200], 0)
    with torch.no_grad():
        mean = model.posterior(torch.as_tensor(inputs[200:])).mean[:, 0].numpy()
    return 1 - np.mean((mean - y[200:]) ** 2) / y[200:].var()


def test_the_kernel_of_fragments_is_tanimoto_of_morgan_counts():
    counts = torch.as_tensor(fragments(SMILES))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=BINS)
    prints = [generator.GetCountFingerprint(Chem.MolFromSmiles(text)) for text in SMILES]
    bits = torch.as_tensor(np.array([[1.0, 0, 1, 1], [1, 1, 0, 1]]))
    with torch.no_grad():
        kernel = Tanimoto()(counts).to_dense().numpy()
        assert Tanimoto()(bits)[0, 1].item() == pytest.approx(2 / 4)
        assert np.allclose(Tanimoto()(counts, diag=True), 1)
    x = counts.numpy()
    assert kernel[0, 1] == pytest.approx(x[0] @ x[1] / (x[0] @ x[0] + x[1] @ x[1] - x[0] @ x[1]))
    assert (np.linalg.eigvalsh(kernel) > -1e-12).all()
    for one in range(len(SMILES)):
        assert {place: x[one, place] for place in np.flatnonzero(x[one])} == prints[one].GetNonzeroElements()


def test_places_of_productions_by_hand():
    grammar = Grammar.parse("S -> S '+' T | T\nT -> 'x' | '1'", "sum.cfg")
    one, same_start, other, bad = places(["x+1", "x+x", "1+x", "x+"], grammar)
    assert one.sum() == 4, "four productions"
    assert one @ same_start == 3 and one @ other == 2, "shared: all but one leaf; the inner nodes alone"
    assert bad[BINS] == bad.sum() == 1


def test_what_is_not_read_is_alike_and_like_nothing_else():
    for x in (fragments(["CC", "nonsense(", ""]), letters(["ab", "", ""])):
        assert (
            x.shape == (3, BINS + 1) and np.array_equal(x[1], x[2]) and x[0] @ x[1] == 0 and x[1].sum() == 1
        )


def test_letters_are_counted_in_runs_of_one_to_three():
    assert letters(["abab"]).sum() == 4 + 3 + 2
    assert letters(["abab"]).max() == 2, "a, b and ab twice"


def test_the_surrogate_of_structure_learns_what_codes_hide():
    """Of 200 strings, what the next are worth: seen in their parts, not in codes that are noise."""
    random = np.random.default_rng(0)
    strings = decode(BOX.draw(400, 1))
    y = score(strings)
    finite = np.isfinite(y)
    y, parts, noise = y[finite], halves(strings)[finite], random.normal(size=(finite.sum(), 10))

    assert explained(Structure(), parts, y) > 0.3
    assert explained(Exact(), noise, y) < 0.1


def test_the_surrogate_of_structure_foresees_strings_larger_than_all_it_saw():
    """Of chains of up to 23 atoms, each worth a half: one of 92, unlike all of them to the Tanimoto kernel."""
    length = np.arange(4, 24)
    model = Structure().fit(fragments(["C" * n for n in length]), length / 2, 0)
    with torch.no_grad():
        found = model.posterior(torch.as_tensor(fragments(["C" * 92]))).mean.item()
    assert found == pytest.approx(46, rel=0.05)


def test_curves_are_what_expressions_compute():
    points = np.array([-1.0, 0, 3])
    found = scores.value_features(["x + 1", "x+", "x/x", "1/x", "exp(exp(3))"], points)
    far = np.arcsinh(1e4)
    assert np.allclose(found[0], np.arcsinh(points + 1)) and (found[1] == far).all()
    assert np.allclose(found[2], np.arcsinh([1, 0, 1])), "0/0 is no number"
    assert found[3, 1] == far == found[4, 0], "as far away as any"
    assert (scores.value_features(["x/x"], np.zeros(2)) == far).all(), "no value anywhere"
    many = np.linspace(0, 5, 1234)
    x = np.sinh(scores.value_features(["x"], many)[0])
    assert len(x) == 100 and x[0] == 0 and x[-1] == pytest.approx(5) and np.ptp(np.diff(x)) < 0.01


def test_of_expressions_what_they_compute_foresees_more_than_what_they_are_made_of():
    """Derivations drawn evenly; the variance of the next hundred that 200 explain."""
    grammar = scores.standard()
    strings = list(dict.fromkeys(unparse(grammar, sample(grammar, 500, 15, seed=0))))[:300]
    y = -scores.score(strings)

    by_structure = explained(Structure(), places(strings, grammar), y)
    assert explained(Values(), scores.value_features(strings), y) > 0.6 > by_structure + 0.2


def test_features_take_the_place_of_codes():
    found = optimizer(surrogate=Structure(iterations=10), features=halves).run(48)
    assert len(found) > 30
    first = optimizer(surrogate=Structure(iterations=10), features=halves, seed=0)
    assert [row.string for row in first.run(48)] == [row.string for row in found]
    with pytest.raises(DataError, match="expected features"):
        optimizer(surrogate="structure")
    with pytest.raises(DataError, match="values reads strings, not codes"):
        optimizer(surrogate="values")


def test_of_many_the_most_similar_are_kept():
    x = np.eye(6)[[0, 0, 1, 2, 3, 4]] + np.eye(6)[5]
    model = Structure(at_most=2, iterations=5).fit(x, np.array([9.0, 8, 1, 2, 3, 4]), 0)
    assert np.array_equal(model.train_inputs[0].numpy(), x[:2])


def test_the_joint_posterior_is_the_model_s():
    z = np.random.default_rng(0).normal(size=(30, 3))
    model = Exact().fit(z, z.sum(1), 0)
    candidates = torch.randn(12, 3, dtype=torch.float64)
    places = torch.tensor([[[3.0], [7.0]], [[0.0], [11.0]]], dtype=torch.float64)
    with torch.no_grad():
        ours = Joint(model, candidates).posterior(places)
        for batch, chosen in enumerate(places[..., 0].long()):
            theirs = model.posterior(candidates[chosen])
            assert torch.allclose(ours.mean[batch], theirs.mean)
            assert torch.allclose(
                ours.distribution.covariance_matrix[batch], theirs.distribution.covariance_matrix
            )


def test_searches_decoded_jointly_ask_for_what_each_asks_alone():
    calls = []

    def counted(z):
        calls.append(len(z))
        return decode(z)

    alone = [optimizer(seed=seed).run(24) for seed in range(3)]
    searches = [optimizer(seed=seed, region=TrustRegion(BOX)) for seed in range(3)]
    for _ in range(3):
        asked = decode_jointly([one.asking(8) for one in searches], counted)
        for one, strings in zip(searches, asked, strict=True):
            one.tell(strings, score(strings))
    assert [[row.string for row in one.best()] for one in searches] == [
        [r.string for r in run] for run in alone
    ]
    assert len(calls) < 3 * 3
