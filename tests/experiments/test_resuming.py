"""The folder of a training run: killed, resumed, finished, replaced, in use."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack

import pandas as pd
import pytest
from conftest import TINY

from grammar_rae.errors import DataError, RecipeError
from grammar_rae.experiments.density import DensityRequest, add_density
from grammar_rae.experiments.train import train
from grammar_rae.files.claims import occupied
from grammar_rae.model.model import Model
from grammar_rae.runs.succession import NEXT, at_work
from grammar_rae.training.checkpoint import checkpoint_of

LONGER = (*TINY[1:], "training.epochs=3")


def training(rna, out, overrides=LONGER, **options):
    return train(
        "grae", grammar=rna / "rna.cfg", data=rna / "rna.txt", out=out, overrides=overrides, **options
    )


def content(folder):
    """{name: bytes} of all that does not tell how long something took."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    timed = ("history.csv", "metrics.json")
    return {name: path.is_file() and name not in timed and path.read_bytes() for name, path in found.items()}


class Killed(BaseException):
    pass


def stop_after(epochs):
    def on_epoch(record):
        if record["epoch"] == epochs:
            raise Killed

    return on_epoch


@pytest.fixture(scope="module")
def whole(rna, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    training(rna, folder)
    return folder


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_run_that_stopped_goes_on_to_the_same_bytes(rna, whole, tmp_path, epochs):
    with pytest.raises(Killed):
        training(rna, tmp_path / "run", on_epoch=stop_after(epochs))
    (tmp_path / "run" / "history.csv").unlink()
    heard = []
    training(rna, tmp_path / "run", resume=True, on_epoch=heard.append)
    assert [record["epoch"] for record in heard] == list(range(epochs + 1, 4))
    assert content(tmp_path / "run") == content(whole)
    assert pd.read_csv(tmp_path / "run" / "history.csv")["epoch"].tolist() == [1, 2, 3]


def test_what_was_killed_before_its_first_checkpoint_begins_anew(rna, whole, tmp_path):
    (tmp_path / "run" / "checkpoint").mkdir(parents=True)
    for name in ("recipe.toml", "codec/grammar.cfg"):
        (tmp_path / "run" / name).parent.mkdir(exist_ok=True)
        shutil.copy(whole / name, tmp_path / "run" / name)
    training(rna, tmp_path / "run", resume=True)
    assert content(tmp_path / "run") == content(whole)


def test_a_finished_run_is_left_as_it_is(rna, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    (folder / "checkpoint").mkdir()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    with pytest.warns(UserWarning, match="run: this run is finished, nothing was left to train"):
        model = training(rna, folder, resume=True)
    assert model.run.metrics["epochs"] == 3
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before
    assert not (folder / "checkpoint").exists()
    with pytest.raises(DataError, match="finished run of another recipe; train without resume"):
        training(rna, folder, (*LONGER, "training.seed=1"), resume=True)


@pytest.fixture
def former(rna, tmp_path):
    """A finished run of another recipe, with more than training leaves there, and a file that is none of ours."""
    folder = tmp_path / "run"
    training(rna, folder, TINY)
    add_density(folder, DensityRequest("kde", {}))
    (folder / "CARD.md").write_text("of the former run")
    (folder / "mine.txt").write_text("stays")
    return folder


def files(folder):
    """{name: bytes} of all that can be seen."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("[!.]*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(NEXT)}


def test_a_new_run_takes_nothing_over_from_the_one_it_replaces(rna, whole, former):
    with pytest.warns(UserWarning, match="run: the model there stays until the new one is complete"):
        training(rna, former)
    (former / "mine.txt").unlink()
    assert content(former) == content(whole)


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("epochs", [1, 3])
def test_a_model_stays_as_it_is_until_the_one_in_its_place_is_complete(
    rna, whole, former, cli, epochs, resume
):
    before, model = files(former), Model.load(former)
    with pytest.raises(Killed):
        training(rna, former, on_epoch=stop_after(epochs))
    assert files(former) == before
    assert Model.load(former).generate(20, density="kde") == model.generate(20, density="kde")
    assert cli("encode", rna / "rna.txt", "-m", former, "--out", former.parent / "z.npz")[0] == 0
    assert cli("evaluate", former, "-n", 20)[0] == 0
    heard = []
    training(rna, former, resume=resume, on_epoch=heard.append)
    assert [record["epoch"] for record in heard] == list(range(epochs * resume + 1, 4))
    (former / "mine.txt").unlink()
    assert content(former) == content(whole)


def test_a_model_is_worked_with_while_the_one_in_its_place_is_made(rna, whole, former, cli):
    """Another that is to take its place has to wait."""
    before = Model.load(former).generate(20, density="kde")

    def on_epoch(record):
        if record["epoch"] == 2:
            assert cli("evaluate", former, "-n", 20)[0] == 0
            assert cli("density", former, "--fit", "box", "--name", "more")[0] == 0
            assert Model.load(former).generate(20, density="kde") == before
            for write in (lambda: training(rna, former), lambda: Model.load(former).save(former)):
                with pytest.raises(DataError, match="in use by process"):
                    write()

    training(rna, former, on_epoch=on_epoch)
    (former / "mine.txt").unlink()
    assert content(former) == content(whole)


def test_a_new_model_is_in_use_where_it_cannot_come_to_its_place_yet(rna, whole, former):
    with ExitStack() as busy:
        with pytest.warns(UserWarning, match="in use by process .*; the new model is the one in use"):
            training(
                rna,
                former,
                on_epoch=lambda record: record["epoch"] == 3 and busy.enter_context(occupied(former)),
            )
        assert Model.load(former).generate(20) == Model.load(whole).generate(20)
    with at_work(former):
        pass
    (former / "mine.txt").unlink()
    assert content(former) == content(whole)


def test_what_fails_leaves_the_model_that_was_there(rna, former):
    before = files(former)
    with pytest.raises(DataError, match="training diverged"):
        training(rna, former, (*LONGER, "training.learning_rate=1e30"))
    with pytest.raises(RecipeError):
        training(rna, former, (*LONGER, "objective.weights={eta = 2.0}"))
    assert files(former) == before
    training(rna, former, TINY, from_=former)
    assert Model.load(former).run.metrics["started_from"] == "grae"


def test_a_recipe_that_is_refused_costs_no_run(rna, whole, tmp_path):
    """A run of that folder stays as it is, and none is begun."""
    folder = shutil.copytree(whole, tmp_path / "run")
    before = content(folder)
    for wrong in ("objective.weights={eta = 2.0}", "objective.warm_up={eta = 2.0}"):
        for out in (folder, tmp_path / "new"):
            with pytest.raises(RecipeError):
                training(rna, out, (*LONGER, wrong))
    assert content(folder) == before and not (tmp_path / "new").exists()


def test_a_checkpoint_that_kept_its_state_beside_the_tensors_is_read(rna, whole, tmp_path):
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with pytest.raises(Killed):
        training(rna, tmp_path / "run", on_epoch=stop_after(2))
    path = checkpoint_of(tmp_path / "run")
    with safe_open(path, "pt") as file:
        (path.parent / "progress.json").write_text(file.metadata()["state"])
    save_file(load_file(path), path)
    training(rna, tmp_path / "run", resume=True)
    assert content(tmp_path / "run") == content(whole)


@pytest.mark.parametrize("verb", ["train", "density", "evaluate", "optimize"])
def test_the_second_process_in_a_folder_hears_of_the_first(cli, rna, toy_run, tmp_path, verb):
    folder = tmp_path / "run"
    if verb in ("density", "evaluate"):
        shutil.copytree(toy_run, folder)
    words = {
        "train": ("grae", "--grammar", rna / "rna.cfg", "--data", rna / "rna.txt", "--out", folder),
        "density": (folder, "--fit", "kde"),
        "evaluate": (folder, "-n", 5),
        "optimize": ("-m", "grae-equations", "--score", "expression:x", "--budget", 5, "--out", folder),
    }
    with occupied(folder):
        before = content(folder)
        code, out, err = cli(verb, *words[verb])
        assert content(folder) == before
    assert code == 2 and out == "" and len(err.splitlines()) == 1
    assert f"{folder}: in use by process {os.getpid()} on " in err


@pytest.mark.parametrize("kind", ["new", "former"])
def test_a_killed_process_is_followed_by_the_next(rna, whole, tmp_path, request, kind):
    """Killed from outside in its first epoch, as the kernel kills what has no memory left."""
    folder = tmp_path / "run"
    before = files(request.getfixturevalue("former")) if kind == "former" else {}
    words = ["grae", "--grammar", rna / "rna.cfg", "--data", rna / "rna.txt", "--out", folder]
    changes = [word for change in LONGER for word in ("--set", change)]
    code = "import os, signal, sys; from grammar_rae.training import loop; from grammar_rae.cli import main\n"
    code += "loop._Loop.validate = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", *map(str, words), *changes], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL
    stays = f"grammar-rae: {folder}: the model there stays until the new one is complete\n"
    assert done.stderr == (stays if before else "")
    assert before.items() <= files(folder).items()
    training(rna, folder, resume=True)
    (folder / "mine.txt").unlink(missing_ok=True)
    assert content(folder) == content(whole)


@pytest.mark.parametrize("epochs", [2, 3])
def test_training_whose_folder_is_removed_ends_and_writes_nothing_more(rna, whole, tmp_path, epochs):
    def remove(record):
        if record["epoch"] == epochs:
            shutil.rmtree(tmp_path / "run")

    with pytest.raises(DataError, match="run: removed by somebody while it was in use here"):
        training(rna, tmp_path / "run", on_epoch=remove)
    assert not (tmp_path / "run").exists()
    training(rna, tmp_path / "run", resume=True)
    assert content(tmp_path / "run") == content(whole)
