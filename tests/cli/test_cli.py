"""The command line as a user runs it: verbs, files, and one clear line for every mistake."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import RNA, TINY
from safetensors.torch import load_file

from grammar_rae.errors import DataError
from grammar_rae.experiments.card import origin
from grammar_rae.experiments.train import train
from grammar_rae.model.model import Model

PROGRAM = f"{sys.executable} -c 'from grammar_rae.cli import main; main()'"


def test_generate_writes_what_it_counts(done, toy_run, tmp_path):
    numbers = json.loads(done("generate", "-n", 30, "-m", toy_run, "--out", tmp_path / "a.csv", "--json"))
    assert numbers["n"] == 30 and numbers["valid"] == 1
    table = pd.read_csv(tmp_path / "a.csv")
    assert len(table) == 30 and table["valid"].all()
    done("generate", "-n", 30, "-m", toy_run, "--out", tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_text().splitlines() == table["string"].tolist()
    assert done("generate", "-n", 30, "-m", toy_run, "--out", "-").splitlines() == table["string"].tolist()
    assert (
        done("generate", "-n", 30, "-m", toy_run, "--seed", 1, "--out", "-").splitlines()
        != table["string"].tolist()
    )


def test_unique_strings_come_once(done, toy_run):
    lines = done(
        "generate", "-n", 25, "-m", toy_run, "--unique", "--temperature", 1, "--out", "-"
    ).splitlines()
    assert len(lines) == len(set(lines)) == 25


def test_expressions_against_points(done, tmp_path):
    (tmp_path / "points.csv").write_text("x,y\n0,1\n2,3\n")
    (tmp_path / "mine.txt").write_text("x + 1\n1+x\n2\nx+\n")
    words = (
        "evaluate",
        tmp_path / "mine.txt",
        "--data",
        tmp_path / "points.csv",
        "--train",
        tmp_path / "mine.txt",
    )
    numbers = json.loads(done(*words, "--json"))
    assert numbers["best"] == numbers["best_mse"] == 0 and numbers["unique_equal"] == pytest.approx(2 / 3)
    assert numbers["novel_equal"] == 0
    done(*words, "--table", tmp_path / "rows.csv", "--confirm", 60)
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert rows["equality"].tolist()[1] == "proved" and rows["position"].tolist()[3] == 2


def test_codes_there_and_back(done, toy_run, rna, tmp_path):
    numbers = json.loads(
        done("encode", rna / "rna.txt", "-m", toy_run, "--out", tmp_path / "z.npz", "--json")
    )
    with np.load(tmp_path / "z.npz") as stored:
        assert stored["codes"].shape == (numbers["n"], 4)
    lines = done("decode", tmp_path / "z.npz", "-m", toy_run).splitlines()
    frame_file = tmp_path / "r.csv"
    done("reconstruct", rna / "rna.txt", "-m", toy_run, "--out", frame_file)
    assert pd.read_csv(frame_file)["reconstruction"].tolist() == lines


def test_reconstruct_counts_what_it_cannot_read_as_failures(done, toy_run, rna, tmp_path):
    long = "." * 200
    (tmp_path / "long.txt").write_text((rna / "rna.txt").read_text() + f"{long}\n")
    numbers = json.loads(done("reconstruct", tmp_path / "long.txt", "-m", toy_run, "--json"))
    assert numbers["covered"] == numbers["n"] - 1
    assert numbers["reconstructed"] <= numbers["covered"] / numbers["n"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_harm(closed, tmp_path):
    (tmp_path / "a.smi").write_text("CCO\nC(\n")
    for words, code in ((f"a.smi --table a.csv --json {closed}", 0), (f"- </dev/null {closed}", 2)):
        done = subprocess.run(
            ["bash", "-c", f"{PROGRAM} evaluate {words}"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == code and "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 1 and (code or "2>" in closed or not done.stderr)
    assert pd.read_csv(tmp_path / "a.csv")["valid"].tolist() == [True, False]


def test_what_cannot_be_printed_is_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("no full device here")
    done = subprocess.run(["bash", "-c", f"{PROGRAM} models > /dev/full"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["grammar-rae: output: No space left on device"]


def test_density_is_kept_in_the_folder(done, toy_run, rna, tmp_path):
    folder = shutil.copytree(toy_run, tmp_path / "run")
    before = done("generate", "-n", 20, "-m", folder, "--out", "-")
    done("density", folder, "--fit", "gmm", "--components", 3, "--data", rna / "rna.txt")
    assert done("generate", "-n", 20, "-m", folder, "--out", "-") != before


def test_densities_stand_side_by_side_and_are_compared(done, toy_run, tmp_path):
    folder = shutil.copytree(toy_run, tmp_path / "run")
    gmm = (folder / "densities" / "gmm.safetensors").read_bytes()
    fit = ("density", folder, "--json", "--fit")
    found = json.loads(done(*fit, "gmm", "--components", 3, "--name", "gmm3"))
    assert found["density"] == "gmm3" and found["kind"] == "gmm" and found["fitted_on"] == "means"
    assert (folder / "densities" / "gmm.safetensors").read_bytes() == gmm
    again = (folder / "densities" / "gmm3.safetensors").read_bytes()
    done(*fit, "gmm", "--components", 3, "--name", "gmm3")
    assert (folder / "densities" / "gmm3.safetensors").read_bytes() == again
    done("generate", "-n", 20, "-m", folder, "--density", "gmm3", "--out", "-")
    flow = ("flow_matching", "--width", 8, "--blocks", 1, "--steps", 4, "--epochs", 1)
    assert np.isfinite(json.loads(done(*fit, *flow))["held_out_nats"])
    done("generate", "-n", 20, "-m", folder, "--density", "flow_matching", "--out", "-")
    rows = json.loads(done(*fit, "two_stage", "--width", 8, "--epochs", 1, "--codes", "samples", "--compare"))
    assert {row["density"] for row in rows} == {
        "prior", "gaussian", "gmm", "gmm3", "box", "two_stage", "flow_matching"
    }  # fmt: skip
    by_name = {row["density"]: row for row in rows}
    assert by_name["gmm3"]["held_out_nats"] == pytest.approx(found["held_out_nats"])
    assert by_name["two_stage"]["bound"] == "lower" and by_name["flow_matching"]["bound"] == "exact"
    assert by_name["gmm3"]["seconds"] >= 0 and by_name["prior"]["seconds"] is None
    numbers = [row["held_out_nats"] for row in rows if row["held_out_nats"] is not None]
    assert numbers == sorted(numbers, reverse=True)


def test_a_copy_is_kept_where_the_run_is_left_alone(done, toy_run, tmp_path):
    before = sorted(path.name for path in toy_run.rglob("*"))
    fit = ("density", toy_run, "--fit", "kde", "--bandwidth", 0.425, "--set", "at_most=50")
    done(*fit, "--out", tmp_path / "copy")
    assert len(Model.load(tmp_path / "copy").density("kde").centres) == 50
    assert sorted(path.name for path in toy_run.rglob("*")) == before
    done("generate", "-n", 5, "-m", tmp_path / "copy", "--density", "kde", "--out", "-")


def test_the_recipes_density_is_fitted_by_training(done, rna, tmp_path):
    options = [
        word
        for value in (*TINY, "encoder.widths=[2, 2]", "density.default=kde", "density.codes=samples")
        for word in ("--set", value)
    ]
    done(
        "train",
        "gvae",
        "--grammar",
        rna / "rna.cfg",
        "--data",
        rna / "rna.txt",
        "--out",
        tmp_path / "r",
        *options,
    )
    assert (tmp_path / "r" / "densities" / "kde.safetensors").is_file()
    done("generate", "-n", 5, "-m", tmp_path / "r", "--out", "-")


def test_evaluate_files_side_by_side(done, rna, toy_run, tmp_path):
    (tmp_path / "bad.txt").write_text("(.)\n...\n")
    first, second = json.loads(
        done("evaluate", rna / "rna.txt", tmp_path / "bad.txt", "--task", rna / "rna.cfg", "--json")
    )
    assert first["valid"] == 1 and second["valid"] == 0.5
    done("evaluate", tmp_path / "bad.txt", "--task", rna / "rna.cfg", "--table", tmp_path / "t.csv")
    assert "position 2" in pd.read_csv(tmp_path / "t.csv")["reason"][0]


def test_evaluate_a_run_writes_its_card(done, toy_run, tmp_path):
    folder = shutil.copytree(toy_run, tmp_path / "run")
    numbers = json.loads(done("evaluate", folder, "-n", 50, "--json"))
    assert numbers["valid_gmm"] == 1
    assert "| gmm | 100.00 %" in (folder / "CARD.md").read_text()


def test_fine_tuning_starts_from_the_weights(done, toy_run, rna, tmp_path):
    options = [word for value in TINY for word in ("--set", value)]
    steps = ["--set", "codec.steps=30"]
    base = [
        "train",
        "grae",
        "--grammar",
        rna / "rna.cfg",
        "--data",
        rna / "rna.txt",
        *options,
        *steps,
        "--json",
    ]
    done(*base, "--out", tmp_path / "a")
    fresh, tuned = (
        json.loads(done(*base, "--out", tmp_path / out, *more))
        for out, more in (("b", []), ("c", ["--from", tmp_path / "a"]))
    )
    assert tuned["best_valid_loss"] < fresh["best_valid_loss"]
    assert tuned["started_from"] == "grae" and "started_from" not in fresh
    before = tuned["trained_before"]
    assert before == f"{fresh['epochs']} epochs of grae" and before in origin(
        Model.load(tmp_path / "c"), "items"
    )
    printed = done(*base[:-1], "--out", tmp_path / "d", "--from", tmp_path / "c")
    assert "trained before" in printed
    again = json.loads((tmp_path / "d" / "metrics.json").read_text())
    assert again["trained_before"] == f"{before}, {before}"


def test_another_objective_starts_from_the_same_networks(rna, toy_run, tmp_path):
    """GVAE from GRAE: the variance of its codes starts anew, nothing else does; other sizes are refused."""
    about = {"grammar": rna / "rna.cfg", "data": rna / "rna.txt", "from_": toy_run}
    vae = [*TINY, "objective.variant=vae", "objective.weights={}"]
    told = []
    train(
        "grae",
        **about,
        out=tmp_path / "a",
        overrides=[*vae, "training.epochs=1", "training.learning_rate=1e-30", "training.floor=1e-30"],
        report=lambda text, share: told.append(text),
    )
    old, new = (load_file(folder / "weights.safetensors") for folder in (toy_run, tmp_path / "a"))
    anew = {"encoder.head.log_var.weight", "encoder.head.log_var.bias"}
    assert new.keys() - old.keys() == anew
    assert all((new[name] == old[name]).all() for name in old if name in new)
    assert any(all(name in text for name in anew) for text in told)
    with pytest.raises(DataError, match="start from a model with the same networks"):
        train("grae", **about, out=tmp_path / "b", overrides=[*vae, "encoder.latent=3"])


def test_grammar_verbs(done, rna, tmp_path):
    assert "no defects, 7 productions" in done("grammar", "check", rna / "rna.cfg")
    assert (
        json.loads(done("grammar", "show", rna / "rna.cfg", "--steps", 8, "--json"))["derivations_of_8_steps"]
        == 127
    )
    (tmp_path / "plus.cfg").write_text("S -> S '+' S | 'x'\n")
    assert "two parses of «x+x+x»" in done("grammar", "check", tmp_path / "plus.cfg")
    (tmp_path / "m.smi").write_text("CCO name\nc1ccccc1\nnot-a-molecule\n")
    out = done("grammar", "build", tmp_path / "m.smi", "--out", tmp_path / "m.cfg")
    assert "from 2 molecules, 1 rows left out" in out
    assert "no defects" in done("grammar", "check", tmp_path / "m.cfg")
    assert pd.read_csv(tmp_path / "m.cfg.rejects.csv")["line"].tolist() == [3]


def test_derivations_of_a_grammar_as_a_sample_set(done, cli, tmp_path):
    zinc = ("grammar", "sample", "zinc", "-n", 200, "--steps", 30, "--seed", 3)
    lines = done(*zinc).splitlines()
    out = done(*zinc, "--out", tmp_path / "x.smi")
    assert out == f"{tmp_path / 'x.smi'}: 200 strings, derivations of 1 to 30 steps\n"
    assert (tmp_path / "x.smi").read_text().splitlines() == lines
    assert json.loads(done("evaluate", tmp_path / "x.smi", "--task", "zinc.cfg", "--json"))["valid"] == 1
    assert json.loads(done("evaluate", tmp_path / "x.smi", "--task", "molecules", "--json"))["valid"] < 0.5
    few = ("grammar", "sample", "equation", "-n", 9, "--steps", 2, "--unique", "--out", tmp_path / "x.csv")
    assert "stopped after 180 draws: 4 different strings" in cli(*few)[2]
    assert set(pd.read_csv(tmp_path / "x.csv", dtype=str)["string"]) == {"x", "1", "2", "3"}


@pytest.mark.parametrize(("verb", "name"), [("recipes", "gvae-zinc"), ("datasets", "zinc250k")])
def test_lists(done, verb, name):
    assert name in done(verb)
    assert any(name in row.values() for row in json.loads(done(verb, "--json")))


def mistakes(rna, run, folder):
    """(words, what the one line must say) of every mistake."""
    (folder / "empty.txt").write_text("")
    (folder / "binary.txt").write_bytes(b"\x00\xff\x00\xfe" * 50)
    (folder / "foreign.txt").write_text("xyz\nabc\n")
    (folder / "bad.cfg").write_text("S -> 'a' T\nU -> 'b'\n")
    (folder / "file").write_text("")
    (folder / "mol.smi").write_text("CCO\nCCN\n")
    broken = shutil.copytree(run, folder / "broken")
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    out = ("--out", folder / "z.npz")
    small = ("train", "grae", "--grammar", rna / "rna.cfg", "--data", rna / "rna.txt")
    return {
        "empty file": (("encode", folder / "empty.txt", "-m", run, *out), "empty.txt: empty"),
        "binary file": (("encode", folder / "binary.txt", "-m", run, *out), "binary.txt: binary file"),
        "missing file": (("encode", folder / "none.txt", "-m", run, *out), "none.txt"),
        "foreign items": (("encode", folder / "foreign.txt", "-m", run, *out), "'x' at position 0"),
        "no codes": (("decode", folder / "foreign.txt", "-m", run), "cannot be read as an .npz"),
        "unknown key": (("train", "grae", "--set", "trainin.epochs=3"), "did you mean training?"),
        "bad value": (("train", "grae", "--set", "training.epochs=many"), "training.epochs"),
        "unknown recipe": (("train", "gvae-zink"), "did you mean gvae-zinc?"),
        "unknown model": (("generate", "-m", "nobody"), "no model nobody"),
        "unknown density": (
            ("generate", "-m", run, "--density", "flow"),
            "it has: prior, box, gaussian, gmm",
        ),
        "too short": (("grammar", "sample", "zinc", "--steps", 4), "its shortest takes 5; allow more"),
        "no such kind": (("grammar", "sample", "zinc", "--out", folder / "a.doc"), "cannot tell the kind"),
        "no kind": (("density", run), "which density?"),
        "compare takes no settings": (("density", run, "--compare", "--components", 3), "which density?"),
        "foreign setting": (
            ("density", run, "--fit", "flow", "--components", 3),
            "flow has no setting components",
        ),
        "foreign setting by name": (
            ("density", run, "--fit", "kde", "--set", "at_mots=3"),
            "kde has no setting at_mots; did you mean at_most?",
        ),
        "no setting": (
            ("density", run, "--fit", "kde", "--set", "at_most"),
            "expected key=value, such as at_most",
        ),
        "foreign kind": (("density", run, "--fit", "flwo"), "did you mean flow?"),
        "density's name": (("density", run, "--fit", "kde", "--name", "../a"), "expected letters, digits"),
        "another's name": (("density", run, "--fit", "kde", "--name", "gmm"), "the name of another density"),
        "no such codes": (("density", run, "--fit", "kde", "--codes", "modes"), "expected means or samples"),
        "too few codes": (("density", run, "--fit", "gmm", "--components", 9999), "9999 components need"),
        "shipped run": (("density", "grae-equations", "--fit", "kde"), "comes with the package"),
        "copy on top": (("density", run, "--fit", "kde", "--out", folder), "exists; --out takes a folder"),
        "no samples": (("generate", "-m", run, "-n", 0), "-n 0; expected 1 to 1,000,000,000"),
        "cold": (("generate", "-m", run, "--temperature", -1), "expected 0"),
        "truncated weights": (("generate", "-m", broken), "weights.safetensors is damaged"),
        "bad grammar": (("grammar", "check", folder / "bad.cfg"), "line 1: T has no production"),
        "no grammar": (
            ("train", "grae", "--data", "uniform", "--out", folder / "r"),
            "name one with --grammar",
        ),
        "unwritable": (
            ("generate", "-m", run, "-n", 5, "--out", folder / "file" / "a.csv"),
            "cannot be written",
        ),
        "no report there": (
            ("evaluate", rna / "rna.txt", "--report", folder / "none" / "r.html"),
            "expected a file in a folder",
        ),
        "no run": (("evaluate", folder), "is not a run folder"),
        "nothing to rank by": (
            ("evaluate", folder / "mol.smi", "--report", folder / "r.html", "--best", "price"),
            "no score 'price' to rank by",
        ),
        "unwritable run": ((*small, "--out", folder / "file" / "r"), "Not a directory"),
    }


NAMES = [
    "empty file", "binary file", "missing file", "foreign items", "no codes", "unknown key", "bad value",
    "unknown recipe", "unknown model", "unknown density", "no kind", "compare takes no settings",
    "foreign setting", "foreign setting by name", "no setting", "foreign kind",
    "density's name", "another's name", "no such codes", "too few codes",
    "shipped run", "copy on top", "no samples", "cold", "truncated weights", "too short", "no such kind",
    "bad grammar", "no grammar", "unwritable", "unwritable run", "no report there",
    "nothing to rank by", "no run",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_one_line(cli, rna, toy_run, tmp_path, name):
    words, expected = mistakes(rna, toy_run, tmp_path)[name]
    code, out, err = cli(*words)
    assert code == 2 and out == ""
    assert err.startswith("grammar-rae: ") and expected in err and "Traceback" not in err
    assert len(err.splitlines()) == (2 if name == "bad grammar" else 1)
    assert not (tmp_path / "z.npz").exists() and not list(tmp_path.glob("**/*.new"))


def test_the_grammar_of_the_fixture_is_what_the_readme_shows():
    readme = __import__("pathlib").Path(__file__).parents[2] / "README.md"
    assert RNA in readme.read_text()


def test_brackets_and_colons_are_no_markup(capsys):
    from grammar_rae.cli.output import show_frame

    show_frame(pd.DataFrame({"logp": [1.0]}, index=pd.Index(["[nH]1:smile:"], name="smiles")), False)
    assert "[nH]1:smile:" in capsys.readouterr().out


def test_a_report_is_one_page(done, rna, tmp_path):
    page = tmp_path / "r.html"
    (tmp_path / "a&b.smi").write_text("CCO\nc1ccccc1O\nC1CC\n")
    (tmp_path / "c.smi").write_text("CCN\nCCCCCCCC\n")
    files = tmp_path / "a&b.smi", tmp_path / "c.smi"
    done("evaluate", files[0], "--reference", files[1], "--report", page, "--best", "weight")
    text = page.read_text()
    for word in ("a&amp;b.smi", "SHA-256", "Most novel", "--best weight", "RDKit"):
        assert word in text
    done("evaluate", *files, "--report", page)
    assert "Bold is the best of a row" in page.read_text()
    done("evaluate", rna / "rna.txt", "--task", rna / "rna.cfg", "--report", page)
    assert "Examples" in page.read_text()


def test_a_report_of_a_model_has_its_latent_space(done, toy_run, rna, tmp_path):
    folder = shutil.copytree(toy_run, tmp_path / "run")
    done("evaluate", folder, "-n", 40, "--report", tmp_path / "r.html")
    assert "Latent space" in (tmp_path / "r.html").read_text()
    done(
        "evaluate", rna / "rna.txt", "--task", rna / "rna.cfg", "--model", folder,
        "--report", tmp_path / "r.html",
    )  # fmt: skip
    assert "Latent space" in (tmp_path / "r.html").read_text()


def test_side_by_side_shows_the_better_way(done, tmp_path):
    (tmp_path / "a.smi").write_text("CCO\nC1CC\n")
    (tmp_path / "b.smi").write_text("CCO\n")
    lines = done("evaluate", tmp_path / "a.smi", tmp_path / "b.smi").splitlines()
    assert any("valid" in line and "↑" in line and "50.00 %" in line and "100.00 %" in line for line in lines)
