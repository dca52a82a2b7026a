"""Image data, networks, objectives and scores: true formats, exact formulas, one line for each mistake."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from scipy.linalg import sqrtm

from grammar_rae import datasets, recipes
from grammar_rae.autoencoders.discrepancy import SCALES, inverse_multiquadric, mmd_squared
from grammar_rae.autoencoders.terms import Pass
from grammar_rae.autoencoders.variants.rae import gradient_penalty
from grammar_rae.codecs.codec import grey
from grammar_rae.codecs.images import ImageCodec
from grammar_rae.datasets import cifar10, mnist
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.evaluation.images.metrics import frechet, prd, precision_recall, squared_error
from grammar_rae.files import images
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_objective, summed
from grammar_rae.recipes.toml import parse, read, write

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (20, 28, 28), np.uint8)
COLOUR = RANDOM.integers(0, 256, (12, 32, 32, 3), np.uint8)


def recipe(variant, *overrides):
    tiny = ("codec.channels=1", "encoder.width=2", "decoder.width=2", "encoder.latent=3")
    return recipes.find(f"{variant}-mnist", (*tiny, *overrides))


def built(variant, *overrides):
    found = recipe(variant, *overrides)
    torch.manual_seed(0)
    model = make_autoencoder(found, make_codec(found, None))
    return model, make_objective(found, model)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAMMAR_RAE_DATA", str(tmp_path))
    return tmp_path


def idx(path, array):
    path.parent.mkdir(exist_ok=True)
    body = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(body) if path.suffix == ".gz" else body)


# the codec


def test_small_images_are_centred_on_black_and_come_back():
    codec = ImageCodec(32, 1)
    x = codec.encode(GREY)
    assert x.shape == (20, 1, 32, 32) and (x[:, 0, 2:30, 2:30] == GREY).all()
    assert x.sum() == GREY.sum(dtype=np.int64)
    assert (codec.decode(x)[:, 2:30, 2:30, 0] == GREY).all()


def test_large_images_are_cut_to_their_middle_and_resized():
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96, 1] = 200
    (x,) = ImageCodec(32, 3).encode([wide])
    assert (x[1] == 200).all() and not x[0].any()


def test_grey_and_colour_become_each_other():
    assert (ImageCodec(32, 3).encode(GREY)[:, 2] == ImageCodec(32, 1).encode(GREY)[:, 0]).all()
    luminance = np.asarray(Image.fromarray(COLOUR[0]).convert("L")).astype(int)
    assert abs(ImageCodec(32, 1).encode(COLOUR[:1])[0, 0].astype(int) - luminance).max() <= 1


@pytest.mark.parametrize("bad", [np.zeros((3, 3)), np.zeros((2, 3, 3, 3), np.uint8), np.zeros(5, np.uint8)])
def test_what_is_no_image_is_said(bad):
    with pytest.raises(DataError, match=r"item 1: .* of shape .*; expected an image: uint8"):
        ImageCodec(32, 1).encode([GREY[0], bad])


# the sources


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files(data, name, suffix):
    idx(data / name / f"train-images-idx3-ubyte{suffix}", GREY)
    idx(data / name / f"t10k-images-idx3-ubyte{suffix}", GREY[:4])
    found = datasets.load(name)
    assert [len(part) for part in (found.train, found.valid, found.test)] == [17, 3, 4]
    assert (np.stack([*found.train, *found.valid]) == GREY).all() and (found.test.array() == GREY[:4]).all()


def test_an_idx_file_that_is_cut_off_or_none(tmp_path):
    idx(tmp_path / "whole", GREY)
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-7])
    (tmp_path / "none").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match="15,673 bytes for shape .20, 28, 28.; it is not whole"):
        mnist.read_idx(tmp_path / "cut")
    with pytest.raises(DataError, match="begins with 89504e47; expected an IDX file"):
        mnist.read_idx(tmp_path / "none")


def batch(part):
    rows = part.transpose(0, 3, 1, 2).reshape(len(part), -1)
    return pickle.dumps({b"data": rows, b"labels": [0] * len(part), b"batch_label": b"x"}, protocol=2)


@pytest.mark.parametrize("packed", [False, True])
def test_cifar_batches(data, packed):
    bodies = {f"data_batch_{i}": batch(COLOUR[2 * i - 2 : 2 * i]) for i in range(1, 6)}
    bodies["test_batch"] = batch(COLOUR[10:])
    if packed:
        (data / "cifar10").mkdir()
        with tarfile.open(data / "cifar10" / cifar10.ARCHIVE, "w:gz") as archive:
            for name, body in bodies.items():
                member = tarfile.TarInfo(f"{cifar10.FOLDER}/{name}")
                member.size = len(body)
                archive.addfile(member, io.BytesIO(body))
    else:
        (data / cifar10.FOLDER).mkdir()
        for name, body in bodies.items():
            (data / cifar10.FOLDER / name).write_bytes(body)
    found = datasets.load("cifar10")
    assert (np.stack([*found.train, *found.valid]) == COLOUR[:10]).all() and len(found.valid) == 1
    assert (found.test.array() == COLOUR[10:]).all()


def test_a_batch_can_run_no_code(data):
    (data / cifar10.FOLDER).mkdir()
    (data / cifar10.FOLDER / "data_batch_1").write_bytes(pickle.dumps({b"data": print}))
    with pytest.raises(DataError, match="data_batch_1: not a batch of CIFAR-10.*builtins.print"):
        datasets.load("cifar10")


def test_celeba_as_distributed(data):
    folder = data / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for number in (1, 162770, 162771, 182638, 202599):
        picture = np.zeros((218, 178, 3), np.uint8)
        picture[39:179, 19:159] = (250, 120, 10)  # the middle 140 x 140
        Image.fromarray(picture).save(folder / f"{number:06}.jpg", quality=95)
    found = datasets.load("celeba")
    assert [len(part) for part in (found.train, found.valid, found.test)] == [2, 1, 2]
    assert found.test[1].shape == (64, 64, 3)
    assert abs(found.test[0][4:60, 4:60].astype(int) - (250, 120, 10)).max() < 12


def test_omniglot_folders(data):
    for name, count in (("images_background", 10), ("images_evaluation", 3)):
        folder = data / "omniglot" / name / "Latin" / "character01"
        folder.mkdir(parents=True)
        for i in range(count):
            page = np.full((105, 105), 255, np.uint8)
            page[40:60] = 0  # a black stroke
            Image.fromarray(page).convert("1").save(folder / f"{i:02}.png")
    found = datasets.load("omniglot")
    assert [len(part) for part in (found.train, found.valid, found.test)] == [9, 1, 3]
    assert found.train[0].shape == (28, 28) and found.train[0][13, 5] > 250 and found.train[0][2, 5] < 5


def test_svhn_files(data):
    (data / "svhn").mkdir()
    for name, part in (("train", COLOUR[:10]), ("test", COLOUR[10:])):
        stored = {"X": part.transpose(1, 2, 3, 0), "y": np.zeros((len(part), 1))}
        savemat(data / "svhn" / f"{name}_32x32.mat", stored)
    found = datasets.load("svhn")
    assert (found.test.array() == COLOUR[10:]).all() and len(found.train) == 9
    (data / "svhn" / "train_32x32.mat").write_bytes(b"no")
    with pytest.raises(DataError, match="train_32x32.mat: cannot be read"):
        datasets.load("svhn")


def test_a_missing_source_says_where_it_goes(data, monkeypatch):
    monkeypatch.setattr("grammar_rae.files.cache.folder", lambda: data / "cache")
    with pytest.raises(DataError, match="svhn/train_32x32.mat is not here; fetch it from .*GRAMMAR_RAE_DATA"):
        datasets.load("svhn")
    with pytest.raises(DataError, match="mnist/mnist.npz is not here; put it at .*GRAMMAR_RAE_DATA"):
        datasets.load("mnist")


def test_digits_are_at_hand():
    found = datasets.load("digits")
    assert found.task == "images" and len(found.train) + len(found.valid) + len(found.test) == 1797
    assert found.train[0].shape == (32, 32) and found.train.array().max() == 255


def test_a_users_folder(tmp_path):
    for i in range(12):
        Image.fromarray(COLOUR[i]).save(tmp_path / f"{i}.png")
    (tmp_path / "notes.txt").write_text("not an image")
    found = datasets.load(tmp_path)
    assert [len(part) for part in (found.train, found.valid, found.test)] == [10, 1, 1]
    assert not grey(found.train) and found.train.name(0).endswith(".png")
    (tmp_path / "0.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"0.png: cannot be read \(not an image\); fetch it again"):
        images.read(tmp_path)[0]


def test_deep_and_transparent_files(tmp_path):
    Image.fromarray(np.full((4, 4), 65535, np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.full((4, 4, 4), 99, np.uint8), "RGBA").save(tmp_path / "clear.png")
    assert (images.read_image(tmp_path / "deep.png") == 255).all()
    assert images.read_image(tmp_path / "clear.png").shape == (4, 4, 3)


def test_other_things_given_for_images(tmp_path):
    np.savez(tmp_path / "two.npz", a=GREY, b=GREY)
    np.save(tmp_path / "flat.npy", np.zeros((5, 5)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected an array «images»; it holds a, b"):
        images.read(tmp_path / "two.npz")
    with pytest.raises(DataError, match=r"flat.npy: float64 of shape \(5, 5\); expected images"):
        images.read(tmp_path / "flat.npy")
    with pytest.raises(DataError, match="empty: no image in this folder; expected .png"):
        datasets.load(tmp_path / "empty")
    with pytest.raises(DataError, match="no such file or folder"):
        images.read(tmp_path / "nothing.png")


# recipes


def test_a_recipe_extends_another(tmp_path):
    (tmp_path / "mine.toml").write_text('extends = "rae_l2-mnist"\nname = "mine"\nencoder.latent = 5\n')
    mine, base = read(tmp_path / "mine.toml"), recipes.find("rae_l2-mnist")
    assert mine.encoder.latent == 5 and mine.objective == base.objective
    assert parse(write(mine), "again") == mine
    (tmp_path / "round.toml").write_text('extends = "round"\n')
    with pytest.raises(RecipeError, match="extends itself"):
        read(tmp_path / "round.toml")
    (tmp_path / "lost.toml").write_text('extends = "nothing"\n')
    with pytest.raises(RecipeError, match="extends nothing, which is neither beside it nor shipped"):
        read(tmp_path / "lost.toml")


@pytest.mark.parametrize("name", [n for n in recipes.names() if recipes.find(n).codec.kind == "image"])
def test_every_image_recipe_builds(name):
    channels = 1 if "mnist" in name or "digits" in name else 3
    plain = recipes.find(name)
    narrow = [f"{part}.width=1" for part in ("encoder", "decoder") if getattr(plain, part).net == "image"]
    found = recipes.find(name, (f"codec.channels={channels}", *narrow))
    model = make_autoencoder(found, make_codec(found, None))
    terms = make_objective(found, model.eval()).terms
    assert set(found.objective.weights) <= set(terms)
    size = found.codec.size
    x = torch.zeros(2, channels, size, size, dtype=torch.uint8)
    assert model.decoder(model.encoder(x).mean).mode().shape == x.shape


def test_the_papers_network_at_full_width():
    found = recipes.find("rae-mnist", ("codec.channels=1",))
    model = make_autoencoder(found, make_codec(found, None))
    sizes = [tuple(w.shape) for w in model.parameters() if w.dim() == 4]
    assert sizes[:4] == [(128, 1, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4), (1024, 512, 4, 4)]
    assert sizes[4:] == [(1024, 512, 4, 4), (512, 256, 4, 4), (256, 1, 4, 4)]
    assert model.decoder.net.dense.weight.shape == (8 * 8 * 1024, 16)
    assert model.encoder.head.mean.weight.shape == (16, 2 * 2 * 1024)


def test_images_and_strings_are_not_mixed_up():
    with pytest.raises(RecipeError, match="decoder.net image needs planes"):
        built("rae", "objective.likelihood=categorical")
    with pytest.raises(RecipeError, match="as_coded needs likelihood gaussian"):
        built("rae", "objective.likelihood=bernoulli")


# objectives

BATCH = torch.as_tensor(ImageCodec(32, 1).encode(GREY))
PIXELS = 32 * 32


def test_weights_as_coded():
    """The published loss, averaged, is ours by its factor, but for the constant of the Gaussian."""
    model, objective = built("rae_l2")
    terms = objective(BATCH)
    z = model.encoder(BATCH).mean
    y = model.decoder(z).outputs(BATCH)
    kernels = sum((w**2).sum() for w in model.decoder.parameters() if w.dim() == 4)
    coded = ((BATCH / 255 - y) ** 2).mean() + 1e-4 * (z**2).mean() + 1e-7 * kernels
    ours = sum(term.mean() for term in terms.values()) - PIXELS * np.log(np.pi) / 2
    assert ours.item() == pytest.approx(PIXELS * coded.item(), rel=1e-4)
    assert summed("half_norm", 1e-4, PIXELS, 1, 16) == pytest.approx(0.0128)
    assert summed("half_norm", 1e-3, 3 * PIXELS, 3, 128) == pytest.approx(0.048)
    assert summed("half_norm", 1e-4, 3 * 64 * 64, 3, 64) == pytest.approx(0.0384)
    assert summed("kl", 0.024, 3 * PIXELS, 3, 128) == pytest.approx(0.072)


def test_the_gradient_penalty_is_of_the_code():
    model, objective = built("rae_gp")
    model.eval()
    run = Pass(model, BATCH[:2])
    expected = []
    for code in run.z.detach():
        slope = torch.autograd.functional.jacobian(
            lambda c: (model.decoder(c[None]).outputs(None) ** 2).sum(), code
        )
        expected.append((slope**2).sum())
    torch.testing.assert_close(gradient_penalty(run), torch.stack(expected), rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        validated = objective(BATCH[:2])["gradient_penalty"]
    torch.testing.assert_close(validated, 5e-8 * PIXELS / 3 * torch.stack(expected), rtol=1e-4, atol=1e-9)


def test_spectral_norms_are_one():
    model, objective = built("rae_sn")
    for _ in range(60):
        objective(BATCH)
    model.eval()
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    layers.append(model.decoder.net.dense)
    assert len(layers) == 8
    for layer in layers:
        transposed = isinstance(layer, torch.nn.ConvTranspose2d)
        matrix = layer.weight.transpose(0, 1) if transposed else layer.weight
        assert torch.linalg.matrix_norm(matrix.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_mmd_is_the_double_sum_and_unbiased():
    a, b = torch.randn(2, 6, 3, dtype=torch.float64)

    def k(x, y):
        return sum(c / (c + ((x - y) ** 2).sum()) for c in (2 * 3 * s for s in SCALES))

    pairs = [(i, j) for i in range(6) for j in range(6)]
    within = sum(k(a[i], a[j]) + k(b[i], b[j]) for i, j in pairs if i != j) / 30
    between = sum(k(a[i], b[j]) for i, j in pairs) * 2 / 36
    torch.testing.assert_close(mmd_squared(a, b, inverse_multiquadric), within - between)
    torch.manual_seed(0)
    estimates = torch.stack([mmd_squared(*torch.randn(2, 8, 2), inverse_multiquadric) for _ in range(2000)])
    assert abs(estimates.mean()) < 4 * estimates.std() / 2000**0.5 and (estimates < 0).any()


# scores


def test_frechet_distance():
    a, b = RANDOM.normal(size=(400, 5)), RANDOM.normal(size=(300, 5)) @ RANDOM.normal(size=(5, 5)) + 1
    one, other = np.cov(a.T), np.cov(b.T)
    offset = a.mean(0) - b.mean(0)
    expected = offset @ offset + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert frechet(a, b) == pytest.approx(expected, rel=1e-8)
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, a + 2) == pytest.approx(20)
    assert frechet(a[:1], b) is None
    few = RANDOM.normal(size=(4, 30))  # fewer items than features: singular covariances
    assert np.isfinite(frechet(few, few * 2))


def test_frechet_distance_is_the_librarys():
    try:
        from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    except (ImportError, RuntimeError) as error:  # not installed, or without its torchvision
        pytest.skip(f"torch-fidelity: {error}")
    a, b = RANDOM.normal(size=(500, 8)), RANDOM.gamma(2.0, size=(500, 8))
    first, second = (fid_features_to_statistics(torch.as_tensor(x)) for x in (a, b))
    theirs = fid_statistics_to_metric(first, second, False)["frechet_inception_distance"]
    assert frechet(a, b) == pytest.approx(theirs, rel=1e-6)


def test_precision_and_recall_on_toys():
    corners = np.eye(20) * 100
    real = np.repeat(corners, 10, 0)
    same = precision_recall(real, real, runs=2)
    assert same.f8 == pytest.approx(1, abs=1e-6) and same.f_eighth == pytest.approx(1, abs=1e-6)
    apart = precision_recall(real + 1000, real, runs=2)
    assert apart.f8 < 0.01 and apart.f_eighth < 0.01
    half = precision_recall(np.repeat(corners[:10], 20, 0), real, runs=3)  # real images, half of the kinds
    assert half.f_eighth > 0.95 and half.f8 == pytest.approx(0.5, abs=0.06)
    assert precision_recall(real[:5], real) is None
    fewer = precision_recall(real, real, runs=1, angles=11)
    assert fewer.precision.shape == (11,)


def test_the_tradeoff_is_that_of_the_definition():
    q, p = RANDOM.dirichlet(np.ones(4)), RANDOM.dirichlet(np.ones(4))
    precision, recall = prd(q, p, 7)
    for i, angle in enumerate(np.linspace(1e-10, np.pi / 2 - 1e-10, 7)):
        slope = np.tan(angle)
        assert precision[i] == pytest.approx(sum(min(slope * b, a) for a, b in zip(q, p, strict=True)))
        assert recall[i] == pytest.approx(sum(min(b, a / slope) for a, b in zip(q, p, strict=True)))


def test_squared_error():
    black, white = np.zeros((2, 4, 4, 1), np.uint8), np.full((2, 4, 4, 1), 255, np.uint8)
    assert squared_error(black, white) == 16 and squared_error(black, black) == 0
    assert squared_error(black[:0], white[:0]) is None
