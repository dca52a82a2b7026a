"""Where the published data files are: the data folder, the user's cache, or their address.

`data/sources.toml` lists every file with its address, size, sha256 and licence. A file found is
checked against its sha256 (of the unpacked content where it ends in `.gz`) before it is used.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.datasets.cache import folder
from grammar_rae.errors import DataError

Source = dict[str, Any]


@cache
def sources() -> dict[str, Source]:
    """Every file of `data/sources.toml` by its path in the data folder, with its `address` spelled out."""
    here = Path(__file__).resolve().parents[1]
    path = next(
        p for p in (here / "data" / "sources.toml", here.parent / "data" / "sources.toml") if p.exists()
    )
    found = tomllib.loads(path.read_text())["file"]
    return {row["path"]: row | {"address": _address(row)} for row in found}


def _address(row: Source) -> str:
    return f"https://raw.githubusercontent.com/{row['repository']}/{row['commit']}/{row['source']}"


def locate(name: str) -> Path:
    """The file called `name` in the data folder, checked; downloaded when it may be. Else DataError."""
    source = sources()[name]
    path = present(name)
    if path is None:
        if "made" in source:
            raise DataError(f"{name} is not here; {_remedy(source)}")
        path = _kept(name)
        _download(source, path)
    else:
        _check(path, source)
    return path


def present(name: str) -> Path | None:
    """Where the file is: in the folder GRAMMAR_RAE_DATA names, else in the user's cache, else None."""
    named = os.environ.get("GRAMMAR_RAE_DATA")
    places = [Path(named) / name] if named else []
    return next((path for path in (*places, _kept(name)) if path.exists()), None)


def lying(*names: str) -> Path | None:
    """The first of these files or folders that is there, listed or not: in the data folder or the user's cache."""
    return next((path for path in map(present, names) if path is not None), None)


def arrays(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    """The named arrays of an `.npz`. DataError where it cannot be read or holds none of a name."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read ({error}); expected arrays {', '.join(names)}") from error


def _kept(name: str) -> Path:
    return folder() / "data" / name


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked where its name ends in `.gz`. DataError where it cannot be read."""
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
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


def _download(source: Source, kept: Path) -> None:
    """Fetch a file, bring it into the form its sha256 is of, and keep it in the user's cache."""
    import pooch

    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        known = None if "column" in source else f"sha256:{source['sha256']}"
        fetched = Path(pooch.retrieve(source["address"], known, f"{kept.name}.fetched", kept.parent))
        body = (
            content(fetched)
            if not source["source"].endswith(".gz")
            else gzip.decompress(fetched.read_bytes())
        )
        body = _one_column(body, source["column"]) if "column" in source else body
        fetched.unlink()
        if hashlib.sha256(body).hexdigest() != source["sha256"]:
            raise DataError(f"{source['address']} is no longer the published file; {_remedy(source)}")
        partial = kept.with_name(f"{kept.name}.{os.getpid()}")
        partial.write_bytes(gzip.compress(body, mtime=0))
        partial.replace(kept)
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
