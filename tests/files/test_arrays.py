"""Arrays of anybody's files: those that are whole are read, others refused in one line before memory is taken."""

import io
import struct
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from grammar_rae.errors import DataError
from grammar_rae.files.arrays import read_array, read_arrays

CODES = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)


def npy_of(shape, descr="<f4", body=b"", fortran=False):
    """An `.npy` whose header says what it is told."""
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": descr, "fortran_order": fortran, "shape": shape})
    return stream.getvalue() + body


def npz_of(member, name="codes.npy", method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, member)
    return bytearray(stream.getvalue())


def whole(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return bytearray(stream.getvalue())


def patched(body, place, value):
    """The same with a 16-bit field of both zip headers set; `place` is that in the local one."""
    central = body.index(b"PK\x01\x02")
    body[place : place + 2] = struct.pack("<H", value)
    body[central + place + 2 : central + place + 4] = struct.pack("<H", value)
    return body


def flipped(body, place):
    body[place] ^= 0xFF
    return body


def zeros(count):
    """A packed member of so many zero bytes after a header, made a piece at a time."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("codes.npy", "w") as member,
    ):
        member.write(npy_of((count // 4 // 5, 5)))
        for _ in range(count // 2**20):
            member.write(bytes(2**20))
    return stream.getvalue()


DAMAGED = {
    "empty": lambda: b"",
    "text": lambda: b"CCO\n",
    "an .npy by another name": lambda: npy_of((7, 5), body=CODES.tobytes()),
    "cut": lambda: whole(codes=CODES)[:-40],
    "cut in the middle": lambda: whole(codes=CODES)[:90],
    "another check sum": lambda: flipped(
        npz_of(npy_of((7, 5), body=CODES.tobytes()), method=zipfile.ZIP_STORED), 200
    ),
    "damaged deflate": lambda: flipped(whole(codes=CODES), 60),
    "encrypted": lambda: patched(whole(codes=CODES), 6, 1),
    "unknown compression": lambda: patched(whole(codes=CODES), 8, 77),
    "no array": lambda: npz_of(b"words", "codes.txt"),
    "no such array": lambda: whole(a=CODES, b=CODES),
    "a member that is none": lambda: npz_of(b"words"),
    "bytes": lambda: whole(codes=np.array([b"CCO", b"C"])),
    "text in an array": lambda: whole(codes=np.array(["CCO", "C"])),
    "dates": lambda: whole(codes=np.array(["2020-01-01"], "datetime64[D]")),
    "void": lambda: whole(codes=np.zeros(3, "V8")),
    "fields": lambda: whole(codes=np.zeros(3, [("a", "f4"), ("é", "f4")])),
    "complex": lambda: whole(codes=CODES.astype(complex)),
    "objects": lambda: npz_of(npy_of((2,), "|O", b"\x80\x04N.")),
    "10¹² numbers": lambda: npz_of(npy_of((10**6, 10**6))),
    "10³⁰ numbers": lambda: npz_of(npy_of((10**15, 10**15))),
    "a negative length": lambda: npz_of(npy_of((-1, 5))),
    "too few bytes": lambda: npz_of(npy_of((7, 5), body=CODES.tobytes()[:-4])),
    "too many bytes": lambda: npz_of(npy_of((7, 5), body=CODES.tobytes() + b"0")),
    "a header of no type": lambda: npz_of(npy_of((7, 5), "<f3", CODES.tobytes())),
    "a header nested deep": lambda: npz_of(b"\x93NUMPY\x01\x00" + struct.pack("<H", 60000) + b"(" * 60000),
    "a later header of 4 GB": lambda: npz_of(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1)),
    "zeros packed a thousand to one": lambda: zeros(2**27),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_or_foreign_file_is_one_line(tmp_path, kind):
    path = tmp_path / "x.npz"
    path.write_bytes(bytes(DAMAGED[kind]()))
    with pytest.raises(DataError) as refused:
        read_array(path, "codes")
    message = str(refused.value)
    assert message.startswith(str(path)) and "\n" not in message and message.isprintable()


def test_a_single_array_declares_no_more_than_it_holds(tmp_path):
    path = tmp_path / "x.npy"
    for body in (
        npy_of((10**9, 10**9)),
        npy_of((7, 5), body=b"0"),
        b"\x93NUMPY",
        b"",
        npy_of((2,), "|O", b"N."),
    ):
        path.write_bytes(body)
        with pytest.raises(DataError, match=r"x\.npy"):
            read_array(path, "codes")


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "<i8", "|u1", "|b1", "longdouble"])
def test_what_numpy_writes_is_read(tmp_path, order, dtype):
    array = np.asarray(100 * CODES, order=order).astype(dtype, order=order)
    np.savez(tmp_path / "a.npz", codes=array, items=np.array(["CCO"]))
    np.savez_compressed(tmp_path / "b.npz", alone=array)
    np.save(tmp_path / "c.npy", array)
    for name in ("a.npz", "b.npz", "c.npy"):
        read = read_array(tmp_path / name, "codes")
        assert read.dtype == array.dtype and np.array_equal(read, array)
    for shape in ((), (0, 5), (5, 0, 2)):
        np.save(tmp_path / "d.npy", np.ones(shape))
        assert np.array_equal(read_array(tmp_path / "d.npy", ""), np.ones(shape))


def test_named_arrays_are_all_there_or_none(tmp_path):
    np.savez(tmp_path / "a.npz", x=CODES, y=CODES[0])
    read = read_arrays(tmp_path / "a.npz", "y", "x")
    assert list(read) == ["y", "x"] and np.array_equal(read["y"], CODES[0])
    with pytest.raises(DataError, match="expected an array «z»; it holds x, y"):
        read_arrays(tmp_path / "a.npz", "x", "z")


def test_a_problem_is_seen_before_the_array_is_read(tmp_path):
    (tmp_path / "a.npz").write_bytes(bytes(npz_of(npy_of((2, 25_000_000)))))
    with pytest.raises(DataError, match="too wide"):
        read_array(tmp_path / "a.npz", "codes", lambda dtype, shape: "too wide" if shape[1] > 5 else "")


def test_no_file_a_folder_and_a_long_name(tmp_path):
    for path in (tmp_path / "none.npz", tmp_path, "x" * 300 + ".npz", "a\nb\0.npz"):
        with pytest.raises(DataError, match="no such file|a folder; expected an .npz"):
            read_array(path, "codes")


def test_mutated_archives_are_read_or_refused(tmp_path):
    random = np.random.default_rng(1)
    body, path, refused = bytes(whole(codes=CODES, items=np.array(["C"] * 7))), tmp_path / "x.npz", 0
    for _ in range(400):
        changed = bytearray(body)
        for place in random.integers(0, len(body), random.integers(1, 4)):
            changed[place] = random.integers(0, 256)
        path.write_bytes(bytes(changed))
        try:
            assert read_array(path, "codes").size
        except DataError:
            refused += 1
    assert 0 < refused < 400
