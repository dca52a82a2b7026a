"""Images of anybody's files and arrays: shown, counted or refused in one line."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tiny import tiny

import grammar_rae as gr
from grammar_rae.errors import DataError
from grammar_rae.files import images
from grammar_rae.model.model import Model

GREY = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (3, 6, 4, 3), np.uint8)


def png(image):
    body = io.BytesIO()
    Image.fromarray(image).save(body, "PNG")
    return body.getvalue()


def declared(width, height):
    """A PNG whose header declares so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


DAMAGED = {
    "empty": b"",
    "text": b"CCO\n",
    "cut": png(COLOUR[0])[:-30],
    "another check sum": png(GREY[0])[:-20] + bytes(20),
    "a billion pixels": declared(2**15, 2**15),
    "more pixels than there are numbers": declared(2**31 - 1, 2**31 - 1),
    "fewer pixels than declared": declared(500, 500),
    "no pixels": declared(0, 5),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_or_foreign_image_is_one_line(tmp_path, kind):
    (tmp_path / "x.png").write_bytes(DAMAGED[kind])
    with pytest.raises(DataError) as refused:
        images.read(tmp_path / "x.png")[0]
    assert "x.png: cannot be read (" in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_mutated_images_are_read_or_refused(tmp_path, suffix):
    random, body = np.random.default_rng(2), io.BytesIO()
    Image.fromarray(COLOUR[0]).save(body, suffix)
    path, whole = tmp_path / f"x.{suffix.lower()}", body.getvalue()
    path.write_bytes(whole)
    assert images.read(path)[0].shape == (6, 4, 3)
    for _ in range(150):
        changed = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 4)):
            changed[place] = random.integers(0, 256)
        path.write_bytes(
            bytes(changed[: random.integers(1, len(whole) + 1)]) if random.random() < 0.3 else changed
        )
        try:
            assert images.read(path)[0].dtype == np.uint8
        except DataError as error:
            assert "\n" not in str(error)


def test_names_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("x" * 300 + ".png", "x" * 300, "a\nb.png", "a\0b", str(tmp_path / "pipe.png")):
        with pytest.raises(DataError, match="no such file") as refused:
            images.read(name)
        assert str(refused.value).isprintable() and len(str(refused.value)) < 200


def test_arrays_of_no_images(tmp_path):
    for array, words in (
        (GREY[:0], "no images"),
        (GREY[:, :0], "expected images"),
        (GREY.astype(float), "float64"),
    ):
        np.savez(tmp_path / "x.npz", images=array)
        with pytest.raises(DataError, match=words):
            images.read(tmp_path / "x.npz")


@pytest.mark.parametrize("verb", ["encode", "reconstruct", "decode"])
def test_a_model_of_images_refuses_what_holds_none(cli, tmp_path, verb):
    run, _ = tiny("vae", "grey")
    run.recipe = run.recipe.model_copy(update={"name": "grey"})
    Model(run).save(tmp_path / "run")
    np.savez(tmp_path / "x.npz", images=GREY[:0])
    code, _, err = cli(verb, tmp_path / "x.npz", "-m", tmp_path / "run", "--out", tmp_path / "out.npz")
    assert code == 2 and err.count("\n") == 1 and "x.npz" in err and not (tmp_path / "out.npz").exists()


def test_arrays_are_taken_for_images_and_bad_ones_counted():
    assert gr.evaluate(GREY) == {"n": 12, "size": 8, "channels": 1} == gr.evaluate(list(GREY))
    assert gr.evaluate(GREY[0])["n"] == 1 and len(gr.table(GREY[0], "images")) == 1
    mixed = [
        None,
        GREY[0],
        5,
        "a",
        COLOUR[0],
        np.zeros((0, 3), np.uint8),
        [[1, 2], [3]],
        GREY.astype(float)[0],
    ]
    rows = gr.table(mixed)
    assert rows["valid"].tolist() == [False, True, False, False, True, False, False, False]
    assert all(bool(reason) != valid for reason, valid in zip(rows["reason"], rows["valid"], strict=True))
    assert gr.evaluate(mixed) == {"n": 8, "valid": 0.25, "size": 8, "channels": 1}
    assert gr.evaluate(GREY.astype(float)) == {"n": 12, "valid": 0.0}


def test_images_are_compared_with_others_of_their_shape_alone():
    assert gr.evaluate(GREY, reference=GREY[::-1])["frechet_classifier"] < 1e-6
    for reference in (COLOUR, GREY[:, :6], [GREY[0], COLOUR[0]], [GREY[0], None]):
        with pytest.raises(DataError, match="size"):
            gr.evaluate(GREY, reference=reference, task="images")


def test_a_notebooks_grid_shows_images():
    for items, size in (
        (GREY, (52, 32)),
        (list(COLOUR), (20, 10)),
        (GREY[0], (12, 12)),
        ([GREY[0], COLOUR[0]], (22, 12)),
    ):
        assert Image.open(io.BytesIO(gr.grid(items).png)).size == size
    for items in (GREY.astype(float), GREY[:0], [GREY[0].astype(float)]):
        with pytest.raises(DataError, match="no picture"):
            gr.grid(items)
    with pytest.raises(DataError, match="item 0: array"):
        gr.evaluate(GREY, task="molecules")
    with pytest.raises(DataError, match="legends"):
        gr.grid(GREY, legends=["a"])


def test_a_folder_or_file_stands_for_its_images(tmp_path):
    np.savez(tmp_path / "x.npz", images=GREY)
    assert gr.evaluate(str(tmp_path / "x.npz"), task="images")["n"] == 12
    with pytest.raises(DataError, match="nothing.npz: no such file"):
        gr.evaluate("nothing.npz", task="images")
    run, _ = tiny("vae", "grey")
    assert np.array_equal(Model(run).encode(str(tmp_path / "x.npz")), Model(run).encode(GREY))


def test_training_says_which_file_is_damaged(cli, tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 and then nothing")
    code, _, err = cli("train", "wae-mnist", "--data", tmp_path / "x.npz", "--out", tmp_path / "run")
    assert code == 2 and err.count("\n") == 1 and "x.npz: cannot be read as an .npz" in err
    assert not (tmp_path / "run").exists()
