"""The notebooks run from a clean kernel with what a new user has, and what they use of the package."""

from pathlib import Path

import nbformat
import pytest
from conftest import TINY
from nbclient import NotebookClient
from PIL import Image

import grammar_rae as gr
from grammar_rae.errors import DataError
from grammar_rae.grammar.grammar import Grammar

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
KILOBYTES = 200


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["generate", "grammar", "latent", "optimize", "score"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_from_one_clean_run(path):
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any("execution" in cell.metadata for cell in code)  # times of day, noise in every diff
    assert {output.output_type for output in outputs(notebook)} <= {
        "stream",
        "execute_result",
        "display_data",
    }
    assert {output.get("name", "stdout") for output in outputs(notebook)} == {"stdout"}
    assert path.stat().st_size < KILOBYTES * 1000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_a_clean_kernel(path, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAMMAR_RAE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()  # raises CellExecutionError
    nbformat.validate(notebook)
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []
    assert [found.name for found in tmp_path.iterdir() if found.name != "cache"] == []


def test_training_takes_a_grammar_that_is_in_no_file(rna, tmp_path):
    grammar = Grammar.parse((rna / "rna.cfg").read_text(), "mine.cfg")
    strings = (rna / "rna.txt").read_text().split()
    model = gr.train("grae", grammar=grammar, data=strings, out=tmp_path / "run", overrides=TINY)
    again = gr.load(tmp_path / "run")
    assert model.recipe.codec.grammar == "mine.cfg" and again.run.grammar == grammar
    assert again.generate(20) == model.generate(20)


def test_a_grid_is_shown_by_its_cell(tmp_path):
    picture = gr.grid(["CCO", "not a molecule", "c1ccccc1"], columns=2, legends=["a", "b", "c"])
    (tmp_path / "grid.png").write_bytes(picture._repr_png_())
    with Image.open(tmp_path / "grid.png") as drawn:
        assert drawn.size == (480, 240) and len(drawn.convert("RGB").getcolors()) > 2
    with pytest.raises(DataError, match="none of the 1 strings is a molecule"):
        gr.grid(["no"])
