"""Scores by name: what each gives, which way is better, and that nothing a user's function does stops a run."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from rdkit.Chem import AllChem, DataStructs

from grammar_rae.chemistry import fingerprints
from grammar_rae.datasets import canonicals, load, molecule
from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.target import GRID
from grammar_rae.evaluation.molecules import metrics
from grammar_rae.evaluation.scoring.functions import UserFunction
from grammar_rae.tasks.goals import goal

MINE = """
import ctypes, os, signal, sys, time
import numpy as np

class Made:
    def __init__(self): self.calls = 0
    def __call__(self, text): return float(len(text))

made = Made()
constant = 3
def length(text): return len(text)
def array(text): return np.float32(len(text))
def shout(text):
    print("not an answer")
    os.write(1, b"nor is this")
    return len(text)
def process(text): return os.getpid()
class Mute(Exception):
    def __str__(self): raise RuntimeError("asked what it is")
    __repr__ = __str__
def hostile(text):
    if text == "parent": os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)
    if text == "group": os.killpg(os.getpgid(os.getppid()), signal.SIGINT); time.sleep(60)
    if text == "interrupt": signal.raise_signal(signal.SIGINT)
    if text == "mute": raise Mute
    if text == "odd": raise ValueError("\\x1b[31m\\udc80" + "x" * 1000)
    if text == "thing": return Mute()
    if text == "memory": return len(bytearray(1 << 44))
    if text == "pieces":
        pieces = []
        while True: pieces.append(np.ones(1 << 24))
    return len(text)
def endless(texts):
    while True: yield 1.0
def misbehave(text):
    if text == "hang": time.sleep(3600)
    if text == "exit": os._exit(3)
    if text == "quit": sys.exit(2)
    if text == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if text == "raise": raise ValueError("no\\nway")
    return {"none": None, "text": "3.5", "nan": float("nan"), "inf": float("inf"), "list": [1.0],
            "array": np.ones(1)}.get(text, len(text))
def child(text):
    if text == "hang":
        os.fork()
        time.sleep(3600)
    return len(text)
def lengths(texts):
    if "raise" in texts: raise RuntimeError("one is bad")
    return np.array([len(text) for text in texts])
def more(texts): return [1.0] * (len(texts) + 1)
def scalar(texts): return 1.0
def seen(texts): return [len(texts)] * len(texts)
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A current directory with a module of the user's own."""
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found\n")
    (tmp_path / "hasty.py").write_text("import os\nos._exit(1)\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", metrics.NAMES)
def test_properties_count_the_way_they_are_better(name: str) -> None:
    smiles = ["CCO", "c1ccc2ccccc2c1", "C("]
    score = goal(name)
    published = metrics.properties(canonicals(smiles), (name,))[name]
    found = score(smiles)
    np.testing.assert_array_equal(found, -published if name == "sa" else published)
    np.testing.assert_array_equal(score.display(found), published)
    assert score.lower_is_better == (name == "sa") and score.task == "molecules" and score.name == name
    assert score.failures == {"C(": "unbalanced brackets"}


def test_similarity_is_of_2048_bits_and_rediscovery_of_guacamols_counts() -> None:
    reference, others = "CC(=O)Oc1ccccc1C(=O)O", load("nci").train[:100]
    read = [molecule(text) for text in others]
    of = molecule(reference)
    bits = [AllChem.GetMorganFingerprintAsBitVect(found, 2, nBits=2048) for found in [*read, of]]
    counts = [AllChem.GetMorganFingerprint(found, 2) for found in [*read, of]]
    for spec, prints in {"similarity": bits, "rediscovery": counts}.items():
        wanted = [DataStructs.TanimotoSimilarity(prints[-1], found) for found in prints]
        np.testing.assert_allclose(goal(f"{spec}:{reference}")([*others, reference]), wanted, atol=1e-12)
    assert np.isnan(fingerprints.bit_similarity(reference, ["C("])).all()


def test_a_sum_weighs_its_terms_each_the_way_it_is_better() -> None:
    smiles = ["CCO", "C[N+](C)(C)C", "C("]
    qed, sa, near = (goal(spec)(smiles) for spec in ("qed", "sa", "similarity:C[N+](C)C"))
    for spec in ("0.7*qed+0.3*similarity:C[N+](C)C+1e-1*sa", " 0.7 * qed + .3*similarity:C[N+](C)C + 0.1*sa"):
        score = goal(spec.replace(" * ", "*"))
        np.testing.assert_allclose(score(smiles), 0.7 * qed + 0.3 * near + 0.1 * sa)
        assert not score.lower_is_better and np.isnan(score(smiles)[2])
    np.testing.assert_array_equal(goal("-1*logp")(smiles), -goal("logp")(smiles))


def test_many_spellings_are_measured_once(here: Path) -> None:
    score = goal("python-batch:mine:seen")
    assert score(["CCO", "OCC", "C(O)C", "C"]).tolist() == [2, 2, 2, 2]
    assert score([]).shape == (0,)


def test_too_many_atoms_have_no_value() -> None:
    score = goal("logp", max_atoms=3)
    assert np.isnan(score(["CCO", "CCCO"])).tolist() == [False, True]
    assert score.failures == {"CCCO": "4 heavy atoms, more than 3"}
    assert np.isfinite(score(["CCO"])).all() and score.failures == {}


def test_an_expression_is_better_the_closer_it_is() -> None:
    score = goal("expression:1/3+x+sin(x*x)")
    strings = ["1/3 + x + sin(x*x)", "x", "exp(exp(exp(x)))/exp(exp(exp(x)))", "x+"]
    found = score(strings)
    np.testing.assert_array_equal(score.display(found), scores.score(strings))
    np.testing.assert_allclose(found[:3], [0, -0.4876, -math.log(1001)], atol=1e-4)
    assert score.task == "expressions" and score.lower_is_better and list(score.failures) == ["x+"]


def test_points_of_the_grid_give_the_published_score(tmp_path: Path) -> None:
    strings = ["x", "1/3+x", "x*x*x", "1/x", "exp(exp(exp(x)))/exp(exp(exp(x)))"]
    grid = GRID
    lines = [
        f"{y!r},{x!r}"
        for x, y in zip(grid.tolist(), (1 / 3 + grid + np.sin(grid * grid)).tolist(), strict=True)
    ]
    (tmp_path / "points.csv").write_text("\n".join(["Y,X", *lines]))
    score = goal(f"data:{tmp_path / 'points.csv'}")
    np.testing.assert_allclose(score.display(score(strings)), scores.score(strings), rtol=1e-12)
    np.testing.assert_allclose(np.sort(score.points), goal("expression:x").points)
    assert goal("qed").points is None


def test_plain_error_is_not_capped_and_undefined_is_no_value(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("x,y\n0,0\n1,100\n")
    score = goal(f"mse:{tmp_path / 'points.csv'}")
    found = score(["x", "1/x", "2", "1+"])
    np.testing.assert_allclose(score.display(found[[0, 2]]), [99**2 / 2, (4 + 98**2) / 2])
    assert score.failures["1/x"].endswith("undefined at one of the points") and np.isnan(found[[1, 3]]).all()
    assert goal(f"data:{tmp_path / 'points.csv'}")(["1/x"])[0] == -math.log1p(1000)


def test_a_score_knows_whether_it_runs_the_users_code(here: Path) -> None:
    (here / "python.csv").write_text("x,y\n0,0\n1,1\n")
    specs = [
        "qed",
        "data:python.csv",
        "python:mine:length",
        "python-batch:mine:lengths",
        "qed+0.1*python:mine:length",
    ]
    assert [goal(spec).runs_user_code for spec in specs] == [False, False, True, True, True]


@pytest.mark.parametrize("name", ["length", "array", "shout", "made"])
def test_a_users_function_sees_canonical_molecules_one_by_one(here: Path, name: str) -> None:
    score = goal(f"python:mine:{name}", max_atoms=6)
    assert np.array_equal(
        score(["OCC", "C(", "C1=CC=CC=C1", "CCCCCCC"]), [3, np.nan, 8, np.nan], equal_nan=True
    )
    assert goal(f"python:mine:{name}", task="expressions")(["x + 1", "x+"])[0] == 3
    assert goal(f"python:mine:{name}", task="strings")(["x + 1"])[0] == 5


def test_whatever_a_function_does_costs_only_its_string(here: Path) -> None:
    score = goal("python:mine:misbehave", task="strings", timeout=30)
    bad = {
        "exit": "crashed (exit code 3)",
        "quit": "SystemExit: 2",
        "kill": f"crashed ({signal.SIGKILL.name})",
        "raise": "ValueError: no",
        "none": "returned None, expected a number",
        "text": "returned str '3.5', expected a number",
        "nan": "returned nan",
        "inf": "returned inf",
        "list": "returned list [1.0], expected a number",
        "array": "returned ndarray array([1.]), expected a number",
    }
    strings = [
        text for pair in zip(bad, [f"good {n}" for n in range(len(bad))], strict=True) for text in pair
    ]
    assert np.array_equal(score(strings), [np.nan, 6] * len(bad), equal_nan=True)
    assert score.failures == {text: f"python:mine:misbehave: {why}" for text, why in bad.items()}


def test_a_hostile_function_costs_only_its_string(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grammar_rae.evaluation.scoring.functions.available", lambda: 0)  # the least there is
    workers = UserFunction("mine:hostile", seconds=30, count=2)
    bad = {
        "parent": "crashed (SIGTERM)",
        "group": "KeyboardInterrupt",
        "interrupt": "KeyboardInterrupt",
        "mute": "Mute",
        "odd": "ValueError: \N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}" + "x" * 194,
        "thing": "returned Mute, expected a number",
        "memory": "MemoryError",
        "pieces": "MemoryError",
    }
    strings = [text for hostile in bad for text in (hostile, "good")]
    values, reasons = workers(strings)
    assert np.array_equal(values, [np.nan, 4] * len(bad), equal_nan=True)
    assert [why.partition(": Unable")[0] for why in reasons.values()] == list(bad.values())


def test_a_list_without_end_is_refused(here: Path) -> None:
    why = UserFunction("mine:endless", batch=True)(["a"])[1]
    assert why == {0: "returned more than 1 numbers for 1 strings"}


def test_a_module_that_hangs_when_imported_is_stopped(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "stuck.py").write_text("import time\ntime.sleep(3600)\n")
    monkeypatch.setattr("grammar_rae.evaluation.scoring.functions.LOADING", 2.0)
    with pytest.raises(DataError, match=r"stuck:f: cannot be started: no answer within 2 s"):
        UserFunction("stuck:f", seconds=1)
    (here / "closed.py").write_text("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()\n")
    with pytest.raises(DataError, match=r"closed:f: cannot be imported \(E\)"):
        UserFunction("closed:f")


@pytest.mark.parametrize("name", ["misbehave", "child"])
def test_a_hanging_function_is_stopped(here: Path, name: str) -> None:
    workers = UserFunction(f"mine:{name}", seconds=2, count=1)
    found, why = workers(["hang"])
    assert np.isnan(found[0]) and why == {0: "no answer within 2 s"}
    assert workers(["good"])[0].tolist() == [4]


def test_a_lost_worker_is_replaced_and_a_good_one_kept(here: Path) -> None:
    workers = UserFunction("mine:process", count=1)
    first, again = workers(["a"])[0][0], workers(["b"])[0][0]
    assert first == again != os.getpid()
    os.kill(int(first), signal.SIGKILL)
    assert workers(["c"])[1] == {0: "crashed (SIGKILL)"}
    assert workers(["d"])[0][0] not in (first, np.nan)


def test_processes_end_with_the_score(here: Path) -> None:
    workers = UserFunction("mine:process", count=2)
    workers(["a", "b", "c", "d"])
    processes = [worker.process for worker in workers.workers if worker.process is not None]
    assert processes and all(process.poll() is None for process in processes)
    del workers
    assert all(process.poll() is not None for process in processes)


def test_a_list_of_strings_where_one_fails_is_asked_for_one_by_one(here: Path) -> None:
    found, why = UserFunction("mine:lengths", batch=True)(["a", "raise", "abc"])
    assert np.array_equal(found, [1, np.nan, 3], equal_nan=True) and why == {1: "RuntimeError: one is bad"}
    assert UserFunction("mine:more", batch=True)(["a", "b"])[1] == dict.fromkeys(
        (0, 1), "returned 2 numbers for 1 strings"
    )
    assert "expected a list of 1 numbers" in UserFunction("mine:scalar", batch=True)(["a"])[1][0]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "expected a name"),
        ("qde", "did you mean qed"),
        ("QED", "no score 'QED'; did you mean qed"),
        ("qed:3", "nothing after it"),
        ("qed+", "nothing before or after a \\+; terms are joined as in"),
        ("qed-0.1*sa", "joined by"),
        ("many*qed", "weight 'many'"),
        ("0*qed", "other than 0"),
        ("-1*sa", "minus sa already"),
        ("similarity:", "nothing after similarity"),
        ("rediscovery:C(", "not a molecule"),
        ("0.5*expression:x", "stands alone"),
        ("qed+expression:x", "stands alone"),
        ("expression:x+", "target expression"),
        ("expression:__import__('os')", "target expression"),
        ("data:nowhere.csv", "nowhere.csv"),
        ("data:mine.py", "mine.py"),
        ("python:mine", "expected module:function"),
        ("python:nowhere:f", "no module 'nowhere'"),
        ("python:mine.sub:f", "no module 'mine.sub'"),
        ("python:mine:nothing", "has no 'nothing'"),
        ("python:mine:constant", "is no function"),
        ("python:broken:f", "nowhere_to_be_found"),
        ("python:hasty:f", "crashed"),
    ],
)
def test_bad_specifications_are_one_line(spec: str, says: str, here: Path) -> None:
    with pytest.raises(DataError, match=says) as error:
        goal(spec)
    assert "\n" not in str(error.value)


def test_a_score_of_another_task_is_refused() -> None:
    for spec, task in {"qed": "expressions", "expression:x": "molecules", "similarity:C": "strings"}.items():
        with pytest.raises(DataError, match=f"not for {task}"):
            goal(spec, task)
    with pytest.raises(DataError, match="no task"):
        goal("qed", "pictures")
    for options in ({"max_atoms": 0}, {"timeout": 0}, {"timeout": math.nan}):
        with pytest.raises(DataError, match="expected"):
            goal("qed", **options)
    with pytest.raises(DataError, match="molecules"):
        goal("expression:x", max_atoms=3)
