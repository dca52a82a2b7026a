"""JSON objects from files of anybody: names and values of a limited size, or one line that says what is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from grammar_rae.errors import DataError, one_line

LARGEST = 2**24  # bytes


def read_object(path: str | Path, advice: str) -> dict[str, Any]:
    """The object of a JSON file. DataError, ending in the advice, where it is missing, damaged or something else."""
    if not os.path.isfile(path):
        raise DataError(f"{path} is missing or damaged (no file); {advice}")
    try:
        if os.path.getsize(path) > LARGEST:
            raise DataError(f"{path}: more than {LARGEST:,} bytes of JSON; {advice}")
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path} is missing or damaged ({one_line(error)}); {advice}") from error
    if not isinstance(stored, dict):
        raise DataError(f"{path} holds a {type(stored).__name__}, expected names and values; {advice}")
    return stored
