"""One run takes the place of another as a whole, whatever happens on the way."""

import os
import signal
import sys

import pytest

from grammar_rae.errors import DataError
from grammar_rae.files.claims import IN_USE
from grammar_rae.model.model import Model
from grammar_rae.runs import folder as runs
from grammar_rae.runs.succession import NEXT, at_work, current, parts, settle

OLD = {
    "recipe.toml": "old",
    "codec/grammar.cfg": "old",
    "densities/box.safetensors": "old",
    "densities/kde.safetensors": "old",
    "metrics.json": "old",
    "history.csv": "old",
    "CARD.md": "old",
    "weights.safetensors": "old",
}
NEW = {
    "recipe.toml": "new",
    "densities/box.safetensors": "new",
    "densities/gmm.safetensors": "new",
    "metrics.json": "new",
    "rejects.csv": "new",
    "weights.safetensors": "new",
}


def write(folder, run):
    for name, text in run.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def read(place):
    return {name: path.read_text() for name, path in parts(place).items()}


@pytest.fixture
def folder(tmp_path):
    """An old run whose successor is complete, and a file that is none of ours."""
    write(tmp_path, OLD)
    write(tmp_path / NEXT, {**NEW, "checkpoint/tensors.safetensors": "new"})
    (tmp_path / "mine.txt").write_text("stays")
    return tmp_path


def killed_at(folder, at):
    """`settle` in a process of its own, killed before its file operation number `at`: whether it got so far."""
    child = os.fork()
    if not child:
        done = 0

        def hook(event, arguments):
            nonlocal done
            writes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
            writes |= event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
            done += writes
            if writes and done == at:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        with at_work(folder):
            pass
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_run_that_is_complete_is_what_the_folder_holds_wherever_a_kill_strikes(folder, tmp_path_factory):
    at, struck = 0, True
    while struck:
        at += 1
        place = tmp_path_factory.mktemp("killed")
        write(place, OLD)
        write(place / NEXT, NEW)
        struck = killed_at(place, at)
        assert read(current(place)) == NEW
        with at_work(place):
            assert read(place) == NEW
        assert {path.name for path in place.iterdir()} == {name.split("/")[0] for name in NEW}
    assert at > 20


def test_what_is_no_part_of_a_run_stays(folder):
    settle(folder)
    assert read(folder) == NEW and (folder / "mine.txt").read_text() == "stays"
    assert {path.name for path in folder.iterdir()} == {name.split("/")[0] for name in NEW} | {"mine.txt"}
    settle(folder)
    assert read(folder) == NEW


def test_a_run_that_is_not_complete_is_none(folder):
    (folder / NEXT / "weights.safetensors").unlink()
    settle(folder)
    assert current(folder) == folder and read(folder) == OLD


@pytest.fixture
def equations(tmp_path):
    """A run with a history, saved over by the tests."""
    folder = tmp_path / "run"
    Model.load("grae-equations").save(folder)
    (folder / "history.csv").write_text("epoch\n1\n")
    return folder


def test_a_model_that_is_saved_over_itself_keeps_its_history(equations):
    model = Model.load(equations)
    del model.run.densities["gmm"]
    model.save(equations)
    assert not (equations / "densities" / "gmm.safetensors").exists()
    assert (equations / "history.csv").read_text() == "epoch\n1\n"
    assert Model.load(equations).generate(20, density="prior") == model.generate(20, density="prior")
    assert not any(path.name.startswith(".") for path in equations.rglob("*"))


def test_a_model_stays_where_another_cannot_be_saved(equations, monkeypatch):
    before = {path: path.read_bytes() for path in equations.rglob("*") if path.is_file()}
    pack = runs.pack_weights

    def no_room(*given):
        if len(list((equations / NEXT / "densities").glob("*"))) == 2:
            raise OSError(28, "no room")
        return pack(*given)

    monkeypatch.setattr(runs, "pack_weights", no_room)
    with pytest.raises(OSError, match="no room"):
        Model.load("gvae-equations").save(equations)
    assert all(path.read_bytes() == body for path, body in before.items())
    monkeypatch.undo()
    Model.load("gvae-equations").save(equations)
    assert Model.load(equations).recipe.name == "gvae-equations"


def test_a_training_that_was_interrupted_is_not_lost_to_a_model_that_is_saved(equations):
    write(equations / NEXT, {"checkpoint/tensors.safetensors": "half"})
    with pytest.raises(
        DataError, match="run holds a training that was interrupted; end it with train and resume"
    ):
        Model.load("gvae-equations").save(equations)
    assert (equations / NEXT / "checkpoint" / "tensors.safetensors").read_text() == "half"


def test_a_reader_finds_one_run_or_the_other(equations, tmp_path, monkeypatch):
    """The change comes when the recipe has been read, and the weights have not."""
    other, declared = Model.load("gvae-equations"), runs.declared
    said = []

    def late(path, identity=None):
        if not said:
            said.append(path)
            other.save(equations)
        return declared(path, identity)

    monkeypatch.setattr(runs, "declared", late)
    found = Model.load(equations)
    assert found.recipe.name == "gvae-equations" and found.run.place == str(equations)
    assert found.generate(20) == other.generate(20)


def test_a_copy_is_of_the_run_that_is_complete(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("copies") / "copy"
    (folder / NEXT / IN_USE).write_text("")
    runs.copy(folder, out)
    assert read(out) == {name: text for name, text in NEW.items()}
    assert {path.name for path in out.iterdir()} == {name.split("/")[0] for name in NEW}
