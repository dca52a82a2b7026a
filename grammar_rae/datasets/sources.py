"""Where the published data files are: the data folder, the user's cache, or their address.

`data/sources.toml` lists every file with its address, size, sha256 and licence. A file is checked against its
sha256 (of the unpacked content where its name ends in `.gz`) before it is used.
"""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
import os
import tomllib
import zlib
from pathlib import Path
from typing import Any

from grammar_rae.errors import DataError
from grammar_rae.files import cache
from grammar_rae.files.atomic import scratch_folder, write_bytes

Source = dict[str, Any]


@functools.cache
def sources() -> dict[str, Source]:
    """Every file of `data/sources.toml` by its path in the data folder, with its `address` spelled out."""
    here = Path(__file__).resolve().parents[1]
    path = next(
        p for p in (here / "data" / "sources.toml", here.parent / "data" / "sources.toml") if p.exists()
    )
    files = tomllib.loads(path.read_text())["file"]
    return {file["path"]: file | {"address": _address(file)} for file in files}


def _address(source: Source) -> str:
    repository, commit, file = (source[key] for key in ("repository", "commit", "source"))
    return f"https://raw.githubusercontent.com/{repository}/{commit}/{file}"


def locate(name: str) -> Path:
    """The file called `name` in `data/sources.toml`, downloaded where it is neither at hand nor `made`.

    DataError: not at hand and not to be had, or another content than the published one.
    """
    source = sources()[name]
    path = present(name)
    if path is None:
        if "made" in source:
            raise DataError(f"{name} is not here; {_remedy(source)}")
        path = _cached(name)
        _download(source, path)
    else:
        _check(path, source)
    return path


def present(*names: str) -> Path | None:
    """The first of these files or folders that is at hand, each looked for in the folder that GRAMMAR_RAE_DATA names,
    then in the user's cache; None where none is.
    """
    data = os.environ.get("GRAMMAR_RAE_DATA")
    paths = (path for name in names for path in ([Path(data) / name] if data else []) + [_cached(name)])
    return next((path for path in paths if path.exists()), None)


def _cached(name: str) -> Path:
    return cache.folder() / "data" / name


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked where its name ends in `.gz`. DataError where it cannot be read."""
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _check(path: Path, source: Source) -> None:
    digest = hashlib.sha256(content(path)).hexdigest()
    if digest != source["sha256"]:
        raise DataError(
            f"{path}: its content has sha256 {digest[:12]}…, expected {source['sha256'][:12]}…; "
            "it is not the published file, replace it"
        )


def _remedy(source: Source) -> str:
    made = f" ({source['made']})" if "made" in source else ""
    return (
        f"put it at {source['path']} in a folder and set GRAMMAR_RAE_DATA to that folder; "
        f"it comes from {source['address']}{made}"
    )


def _download(source: Source, path: Path) -> None:
    """Fetch a file, bring it into the form that its sha256 is of, and store it at `path`."""
    import pooch

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = None if "column" in source else f"sha256:{source['sha256']}"
        with scratch_folder(path) as place:
            body = Path(pooch.retrieve(source["address"], digest, "fetched", place)).read_bytes()
        body = gzip.decompress(body) if source["source"].endswith(".gz") else body
        body = _one_column(body, source["column"]) if "column" in source else body
        if hashlib.sha256(body).hexdigest() != source["sha256"]:
            raise DataError(f"{source['address']} is no longer the published file; {_remedy(source)}")
        write_bytes(path, gzip.compress(body, mtime=0))
    except (OSError, EOFError, ValueError) as error:  # no network, no room, a changed or cut-off file
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{source['path']} could not be downloaded ({_first(error)}); {_remedy(source)}"
        ) from error


def _one_column(body: bytes, column: str) -> bytes:
    """One column (name in any case) of a CSV table, a value a line; empty where there is none."""
    header, *rows = csv.reader(body.decode().splitlines())
    names = [name.strip().lower() for name in header]
    return "".join(f"{row[names.index(column)]}\n" for row in rows).encode() if column in names else b""


def _first(error: Exception) -> str:
    """What went wrong, short: network libraries put a whole call chain into their messages."""
    words = (str(error).splitlines() or [""])[0]
    return words if 0 < len(words) <= 80 else f"{type(error).__name__}, see that there is a connection"
