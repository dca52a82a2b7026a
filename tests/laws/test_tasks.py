"""Laws of kinds of data: every verb of a model and of a walk gives a result for each of them, or one clear error."""

import inspect
import json

import numpy as np
import pandas as pd
import pytest
from conftest import TINY
from tiny import tiny
from toy_task import FOLDS, LINE

from grammar_rae.catalogue import TASKS
from grammar_rae.errors import DataError
from grammar_rae.experiments.train import train
from grammar_rae.model.model import Model
from grammar_rae.tasks.evaluate import evaluate, table
from grammar_rae.tasks.find import named
from grammar_rae.workflows.optimize import optimize
from grammar_rae.workflows.walk import interpolation, neighbourhood


def small(task, kind):
    """An untrained VAE whose items are of a task."""
    run, _ = tiny("vae", kind)
    density = run.recipe.density.model_copy(update={"default": "gaussian", "temperature": 1.0})
    run.recipe = run.recipe.model_copy(update={"task": task, "density": density})
    model = Model(run)
    model.fit_density("gaussian", model.sample_codes(50, "prior"))
    return model


MODELS = {
    "molecules": lambda: Model.load("grae-smiles"),
    "expressions": lambda: small("expressions", "sequential"),
    "strings": lambda: small("strings", "parallel"),
    "images": lambda: small("images", "colour"),
}
CALLS = {  # every public method of a model, and the walks
    "codes": lambda model, items: model.codes(model.rows_known(items)[0], sampled=1),
    "decode": lambda model, items: model.decode(model.sample_codes(3), temperature=0.5),
    "decode revised": lambda model, items: model.decode(model.sample_codes(3), revisions=1),
    "density": lambda model, items: model.density(),
    "encode": lambda model, items: model.encode(items),
    "encode_each": lambda model, items: model.encode_each(items),
    "encode_known": lambda model, items: model.encode_known(items),
    "fit_density": lambda model, items: model.fit_density("box", model.encode(items)),
    "generate": lambda model, items: model.generate(3),
    "generate unique": lambda model, items: model.generate(3, unique=True),
    "generate kept": lambda model, items: model.generate(3, keep=0.5),
    "generate without budget": lambda model, items: model.generate(3, budget=False),
    "generate from a beginning": lambda model, items: model.generate(3, start="CC"),
    "interpolate": lambda model, items: model.interpolate(items[0], items[1], 4),
    "log_feasible": lambda model, items: model.log_feasible(items),
    "log_likelihood": lambda model, items: model.log_likelihood(items, draws=2),
    "neighbours": lambda model, items: model.neighbours(items[0], 3),
    "prepare": lambda model, items: model.prepare(items),
    "reconstruct": lambda model, items: model.reconstruct(items),
    "rows_known": lambda model, items: model.rows_known(items),
    "same": lambda model, items: model.same(items),
    "sample_codes": lambda model, items: model.sample_codes(2),
    "samples": lambda model, items: model.samples(3),
    "save": None,  # of every kind in `test_variants`
    "load": None,
    "interpolation": lambda model, items: interpolation(model, items[0], items[1], 4).table,
    "neighbourhood": lambda model, items: neighbourhood(model, items[0], 3).table,
    "a walk drawn": lambda model, items: interpolation(model, items[0], items[1], 4).draw("walk.png"),
}
REFUSED = {
    ("molecules", "log_likelihood"): "has no likelihood",  # an RAE
    ("strings", "a walk drawn"): "no picture of strings",
    ("images", "decode revised"): "revisions are for strings",
    ("images", "generate kept"): "draws images, which no mask restrains",
    ("images", "generate without budget"): "no step budget",
    ("images", "log_feasible"): "draws images, which no mask restrains",
    ("images", "samples"): "draws images, which no mask restrains",
    **{
        (task, "generate from a beginning"): "cannot go on from a beginning"
        for task in ("expressions", "strings", "images")
    },
}


@pytest.fixture(scope="module", params=TASKS)
def model(request):
    return MODELS[request.param]()


@pytest.fixture(scope="module")
def items(model):
    return model.generate(4, unique=True)


def test_no_method_is_forgotten():
    public = {name for name, _ in inspect.getmembers(Model, callable) if not name.startswith("_")}
    assert public <= {name.split(" ")[0] for name in CALLS}


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call is not None])
def test_a_result_or_one_clear_error(model, items, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if (says := REFUSED.get((model.task, name))) is None:
        assert CALLS[name](model, items) is not None
    else:
        with pytest.raises(ValueError, match=says) as error:
            CALLS[name](model, items)
        assert "\n" not in str(error.value)


def test_items_are_told_apart_and_held_together(model, items):
    task = model.run.task
    assert len({task.medium.key(item) for item in items}) == len(items) == 4
    forms = task.canonical(items)
    assert forms == task.canonical(list(items)) and all(forms)
    assert task.canonical([items[0], items[0]]) == [forms[0]] * 2
    assert task.reasons(items) == [""] * 4
    assert type(task.medium.join(list(items))) is type(items)
    rows = model.run.task.table(items)
    assert rows["valid"].all() and len(rows) == 4 and rows.columns[0] == task.column
    assert {"reason", "canonical", task.colour, *task.properties} <= set(rows.columns)
    assert (rows["canonical"] == forms).all()
    assert task.shares(items, task.seen(items))["novel"] == 0


def test_items_are_written_and_read_again(model, items, tmp_path):
    medium = model.run.task.medium
    path = str(tmp_path / ("items.npz" if medium.word == "image" else "items.txt"))
    medium.check(path)
    medium.write(path, items)
    again = medium.read(path)
    assert [medium.key(again.values[i]) for i in range(4)] == [medium.key(item) for item in items]
    assert len(again.names) == len(again.lines) == 4 and again.reject(1, "why").reason == "why"


def test_images_are_measured_as_others_are():
    chance = np.random.default_rng(0)
    first, second = chance.integers(0, 256, (2, 12, 8, 8, 1), np.uint8)
    numbers = evaluate(first, reference=second, task="images")
    assert numbers["n"] == 12 and numbers["frechet_classifier"] > 0 and 0 <= numbers["f8"] <= 1
    assert evaluate(first, reference=first, task="images")["frechet_classifier"] == pytest.approx(0, abs=1e-3)
    broken = [first[0], first[0, :, :, 0], first[0].astype(float)]
    rows = table(broken, "images")
    assert rows["valid"].tolist() == [True, True, False] and "expected an image" in rows["reason"][2]
    assert rows["brightness"][0] == pytest.approx(first[0].mean() / 255)


def test_neighbours_of_an_image_are_images():
    model = MODELS["images"]()
    image = model.generate(1)[0]
    near = model.neighbours(image, 3, radius=2.0)
    assert list(near) == ["image", "distance"] and near["distance"].is_monotonic_increasing
    assert len({named("images").medium.key(one) for one in [image, *near["image"]]}) == 1 + len(near) > 1
    assert near["image"][0].shape == (32, 32, 3)


def test_a_fifth_kind_is_one_file_and_one_line(done, rna, tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, *next(iter(LINE.items())))
    folder = tmp_path / "run"
    options = {"grammar": rna / "rna.cfg", "data": rna / "rna.txt", "out": folder}
    model = train("grae", **options, overrides=(*TINY, "task=folds"))
    assert model.task == "folds" and model.run.task is FOLDS
    numbers = json.loads(done("generate", "-m", folder, "-n", 20, "--out", tmp_path / "a.csv", "--json"))
    assert numbers["valid"] == 1 and numbers["pairs"] >= 0 and "novel" in numbers
    assert list(pd.read_csv(tmp_path / "a.csv"))[0] == "fold"
    (tmp_path / "b.txt").write_text("..(...)\n.(.\n")
    page = ("--report", tmp_path / "page.html", "--json")
    assert json.loads(done("evaluate", tmp_path / "b.txt", *page))["valid"] == 0.5
    assert "1 of 2 strings are folds" in (tmp_path / "page.html").read_text()
    assert json.loads(done("evaluate", folder, "-n", 20, *page))["valid_gmm"] == 1
    assert json.loads(done("reconstruct", rna / "rna.txt", "-m", folder, "--json"))["covered"] > 0
    walk = json.loads(done("neighbours", "(...).", "-m", folder, "-n", 3, "--json"))
    assert set(walk[0]) == {"fold", "distance"}
    found = optimize(model, lambda strings: np.array([float(len(text)) for text in strings]), 40)
    assert list(found.table)[:2] == ["fold", "score"] and found.task == "folds"


def test_a_gap_among_items_is_an_item_that_cannot_be_read(model, items):
    if not model.run.task.medium.gaps:
        pytest.skip("no gap can stand among such items")
    assert model.reconstruct([None, items[0]])[0] is None
    z = model.encode_each([None, items[0]])
    assert np.isnan(z[0]).all() and np.isfinite(z[1]).all()
    assert model.encode_known([None, items[0]])[2] == [(0, "missing")]
    with pytest.raises(DataError, match=f"item 1: None is none of the {model.task}"):
        model.encode([items[0], None])
