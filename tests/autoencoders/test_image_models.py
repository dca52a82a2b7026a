"""An image model as a user has it: a folder of pictures in, a run folder, images, scores and a page out."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from grammar_rae import datasets
from grammar_rae.cli import app, main
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import Curve
from grammar_rae.experiments.train import train
from grammar_rae.files.images import read
from grammar_rae.files.pictures import sheet
from grammar_rae.model.model import Model
from grammar_rae.noise import POSTERIOR, Noise
from grammar_rae.report.figures import usage
from grammar_rae.report.page import page
from grammar_rae.report.sets import ItemSet
from grammar_rae.tasks.find import named
from grammar_rae.tasks.images import PIXELS

TINY = (
    "training.epochs=1",
    "training.batch=20",
    "encoder.width=2",
    "decoder.width=2",
    "encoder.latent=3",
    "density.components=2",
)


def cli(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def complaint(capsys, monkeypatch, *arguments):
    """The one line of a refused command, through the entry point."""
    monkeypatch.setattr("sys.argv", ["grammar-rae", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Forty-one files in colour, one of them broken."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for i in range(40):
        corners = random.integers(0, 256, (2, 2, 3), np.uint8)
        Image.fromarray(corners).resize((50, 40), Image.Resampling.BILINEAR).save(folder / f"{i:02}.png")
    (folder / "00broken.jpg").write_bytes(b"\xff\xd8\xff cut off")
    return folder


@pytest.fixture(scope="session")
def run(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image-run") / "run"
    train("vae", data=pictures, out=folder, overrides=TINY)
    return folder


def test_a_folder_of_pictures_trains_a_model(run, pictures):
    model = Model.load(run)
    assert model.recipe.codec.channels == 3 and model.run.metrics["not_covered"] <= 1
    reasons = (run / "rejects.csv").read_text() if (run / "rejects.csv").exists() else ""
    assert model.run.metrics["not_covered"] == reasons.count("not an image")
    images = model.generate(7, density="gaussian", seed=1)
    assert images.shape == (7, 32, 32, 3) and images.dtype == np.uint8
    assert (model.generate(3, density="gaussian", seed=1) == images[:3]).all()
    items = read(pictures / "01.png")
    z = model.encode(items)
    assert z.shape == (1, 3) and (model.decode(z) == model.reconstruct(items)).all()
    assert model.interpolate(items[0], images[0], 5).shape == (5, 32, 32, 3)
    assert model.decode(np.zeros((0, 3))).shape == (0, 32, 32, 3)


def test_the_same_seed_gives_the_same_model(pictures, run, tmp_path):
    again = train("vae", data=pictures, out=tmp_path / "again", overrides=TINY)
    assert (again.generate(4, seed=2) == Model.load(run).generate(4, seed=2)).all()
    assert (tmp_path / "again" / "recipe.toml").read_text() == (run / "recipe.toml").read_text()


def test_images_do_not_depend_on_how_many_are_drawn_together(run):
    model = Model.load(run)
    count = PIXELS.batch_size + 3
    many, few = model.generate(count), model.generate(5)
    assert many.shape == (count, 32, 32, 3)
    assert np.abs(many[:5].astype(int) - few).max() <= 1  # a byte's rounding
    codes = model.sample_codes(count)
    assert np.abs(model.decode(codes).astype(int) - many).max() <= 1


def test_a_likelihood_is_a_bound_that_more_draws_raise(run, pictures):
    model = Model.load(run)
    items = [read(pictures / f"{i:02}.png")[0] for i in range(1, 9)]
    few, many = (model.log_likelihood(items, draws).mean() for draws in (1, 200))
    assert few < many and np.isfinite(many)
    with pytest.raises(RecipeError, match="has no likelihood"):
        model.run.autoencoder.encoder.head.noise = 0.5
        model.log_likelihood(items)


def test_the_bound_is_the_mean_over_draws_written_out(run, pictures):
    model = Model.load(run)
    items = [read(pictures / f"{i:02}.png")[0] for i in range(1, 4)]
    x = torch.as_tensor(model.run.codec.encode(items))
    parts, draws = model.run.autoencoder, 7
    expected = []
    with torch.no_grad():
        q = parts.posterior(x)
        for i in range(len(items)):
            eps = Noise.first(5, draws, i * draws).normal(POSTERIOR, model.latent)
            scale = (q.log_var[i] / 2).exp()
            z = q.mean[i] + scale * eps
            log_q = torch.distributions.Normal(q.mean[i], scale).log_prob(z).sum(-1)
            log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
            weights = parts.decoder(z).log_prob(x[i].expand(draws, *x[i].shape)) + log_prior - log_q
            expected.append(torch.logsumexp(weights.double(), 0).item() - math.log(draws))
    assert model.log_likelihood(items, draws, seed=5) == pytest.approx(expected, rel=1e-5)


def test_the_verbs(run, pictures, tmp_path):
    made = cli(
        "generate", "-m", run, "-n", 12, "--out", tmp_path / "i.npz", "--grid", tmp_path / "g.png", "--json"
    )
    assert json.loads(made.stdout) == {"n": 12, "size": 32, "channels": 3}
    assert read(tmp_path / "i.npz").array().shape == (12, 32, 32, 3)
    assert Image.open(tmp_path / "g.png").size == (10 * 34 + 2, 2 * 34 + 2)
    cli("generate", "-m", run, "-n", 3, "--out", tmp_path / "drawn")
    assert (read(tmp_path / "drawn").array() == read(tmp_path / "i.npz").array()[:3]).all()
    back = json.loads(cli("reconstruct", pictures, "-m", run, "--out", tmp_path / "back", "--json").stdout)
    assert back["n"] == 40 and back["rejected"] == 1 and 0 < back["squared_error"] < 32 * 32 * 3
    cli("encode", pictures, "-m", run, "--out", tmp_path / "z.npz")
    assert np.load(tmp_path / "z.npz")["codes"].shape == (40, 3)
    assert "00broken.jpg" in (tmp_path / "z.npz.rejects.csv").read_text()
    cli("decode", tmp_path / "z.npz", "-m", run, "--out", tmp_path / "again.npz")
    assert (read(tmp_path / "again.npz").array() == read(tmp_path / "back").array()).all()


def test_evaluation_with_a_likelihood(run, tmp_path, capsys, monkeypatch):
    done = cli("evaluate", run, "-n", 3, "--likelihood", 150, "--report", tmp_path / "page.html", "--json")
    numbers = json.loads(done.stdout)
    model = Model.load(run)
    test = datasets.load(model.recipe.data.name).test[:3]
    bounds = model.log_likelihood(test, 150)
    assert numbers["log_likelihood"] == pytest.approx(bounds.mean())
    assert numbers["log_likelihood_error"] == pytest.approx(bounds.std(ddof=1) / 3**0.5)
    assert (numbers["log_likelihood_items"], numbers["log_likelihood_draws"]) == (3, 150)
    assert sum(numbers["kl_by_dimension"]) == pytest.approx(numbers["kl"], abs=1e-3)
    assert numbers["active_units"] <= numbers["units"] == 3
    card = (run / "CARD.md").read_text()
    assert "Log-likelihood of 3 held-out items by importance sampling with 150 draws" in card
    assert "Latent usage: " in card and "Latent usage" in (tmp_path / "page.html").read_text()
    bars = usage([0.5, 0.0, 2.0]).axes[0].patches
    assert [bar.get_height() for bar in bars] == [0.5, 0.0, 2.0]
    words = complaint(capsys, monkeypatch, "evaluate", run, "--likelihood", 0)
    assert words.endswith("--likelihood 0; expected 1 to 1,000,000")


def test_evaluation_and_its_page(run, pictures, tmp_path):
    done = cli("evaluate", run, "--report", tmp_path / "page.html", "-n", 50, "--json")
    numbers = json.loads(done.stdout)
    sets = ("reconstruction", "interpolation", "prior", "gaussian", "gmm", "box")
    assert all(numbers[f"frechet_classifier_{name}"] >= 0 for name in sets)
    assert (
        numbers["f8_gmm"] is None and numbers["log_likelihood"] < 0
    )  # four test images are too few for 20 clusters
    page = (tmp_path / "page.html").read_text()
    assert "Samples, gmm" in page and page.count("data:image/png") >= 4
    assert "Latent space" in page and "4 of 4 images are valid" in page
    assert not {name for name in numbers if name.startswith("fid")}
    assert "it is no FID" in (run / "CARD.md").read_text()
    both = json.loads(cli("evaluate", run, run, "-n", 50, "--json").stdout)
    assert both[0]["squared_error"] == both[1]["squared_error"]


def test_what_cannot_be_is_one_line(run, pictures, toy_run, tmp_path, capsys, monkeypatch):
    (tmp_path / "empty").mkdir()
    for arguments, words in {
        ("train", "rae_l2", "--data", tmp_path / "empty"): "empty: no image in this folder; expected .png",
        ("train", "rae_l2", "--data", "nci"): "nci holds molecules; rae_l2 trains on images",
        (
            "train",
            "grae",
            "--data",
            pictures,
            "--grammar",
            "equation",
        ): "holds images; grae trains on strings",
        ("generate", "-m", run, "--keep", 0.5): "draws images, which no mask restrains",
        ("generate", "-m", run, "--no-budget"): "writes no derivations: there is no step budget",
        ("generate", "-m", run, "--start", "CC"): "cannot go on from a beginning",
        (
            "generate",
            "-m",
            run,
            "--out",
            tmp_path / "x.gif",
        ): "x.gif: cannot tell the kind of file; expected .npz",
        ("reconstruct", pictures / "00broken.jpg", "-m", run): "the first: .*00broken.jpg: cannot be read",
        ("reconstruct", pictures, "-m", run, "--revisions", 1): "revisions are for strings",
        ("decode", tmp_path / "z.npz", "-m", run): "images do not go to standard output",
        ("evaluate", run, toy_run): "writes images, .*run strings; evaluate them apart",
        ("evaluate", run, "--encodings", 2): "encodings and decodings count items that come back equal",
        ("evaluate", run, "--features", "vgg"): "no features vgg; expected classifier, inception",
    }.items():
        import re

        assert re.search(words, complaint(capsys, monkeypatch, *arguments))


def test_features_of_a_given_network(tmp_path):
    import torch

    class Means(torch.nn.Module):
        def forward(self, x):
            return x.float().mean((2, 3))

    torch.jit.script(Means()).save(str(tmp_path / "means.pt"))
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), np.uint8)
    found = network(str(tmp_path / "means.pt"))
    assert found.name == "frechet_means"
    np.testing.assert_allclose(found.of(images), images.mean((1, 2)), rtol=1e-5)
    (tmp_path / "bad.pt").write_bytes(b"no")
    with pytest.raises(DataError, match="bad.pt: not a TorchScript file"):
        network(str(tmp_path / "bad.pt")).of(images)


def test_the_classifiers_features():
    from grammar_rae import datasets

    digits = datasets.load("digits").test[:50]
    features = network("classifier").of(digits.array()[..., None])
    assert features.shape == (50, 64) and features.std() > 0
    colour = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    assert network("classifier").of(colour).shape == (3, 64)


def test_images_side_by_side():
    tiles = sheet(np.full((5, 4, 3, 1), 7, np.uint8), 2)
    assert tiles.shape == (3 * 6 + 2, 2 * 5 + 2, 1)
    assert (tiles == 7).sum() == 5 * 12 and (tiles == 128).sum() == tiles.size - 60


def test_a_page_compares_models():
    def one(name, distance, error):
        images = np.zeros((3, 8, 8, 1), np.uint8)
        numbers = {"squared_error": error, "frechet_classifier_gmm": distance, "f8_gmm": None}
        curves = {"gmm": Curve(np.linspace(0, 1, 5), np.linspace(1, 0, 5))}
        return ItemSet(name, named("images").table(images), numbers, None, {"samples": images}, curves)

    first, second = one("a<b", 2.0, 5.0), one("other", 1.0, 7.0)
    text = page([first, second], named("images"))
    assert "a&lt;b: 3 of 3 images are valid" in text and "frechet, by set" in text
    assert "Without a score here: f8 gmm" in text
    assert "<b>1.000</b>" in text and "<b>5.000</b>" in text and text.count("<b>") == 2
    assert text.count("data:image/png") == 2 and "Precision and recall" in text
    assert "<b>" not in page([first], named("images"))


def test_a_recipe_says_how_its_density_is_fitted(pictures):
    def fitted(settings):
        return train("two_stage", data=pictures, overrides=(*TINY, f"density.settings={settings}"))

    model = fitted('{form = "rae", width = 8, epochs = 1}')
    sizes = {tuple(weight.shape) for weight in model.density("two_stage").parameters()}
    assert (8, 3) in sizes and (8, 8) in sizes
    with pytest.raises(RecipeError, match="two_stage has no setting components"):
        fitted("{components = 2}")


def test_a_recipe_fits_the_second_stage_of_dai_and_wipf_on_samples(pictures, monkeypatch):
    fitted_on, codes = {}, Model.codes
    monkeypatch.setattr(
        Model, "codes", lambda self, x, sampled=None: codes(self, x, sampled) + (sampled is not None) * 100
    )
    fit = Model.fit_density
    monkeypatch.setattr(
        Model,
        "fit_density",
        lambda self, kind, z, *rest, **named: (
            fitted_on.update({kind: z.mean() > 50}) or fit(self, kind, z, *rest, **named)
        ),
    )
    train("two_stage", data=pictures, overrides=(*TINY, "density.settings={width = 8, epochs = 1}"))
    assert fitted_on == {"two_stage": True, "gaussian": False, "box": False, "gmm": False}
