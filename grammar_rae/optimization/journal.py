"""Every evaluation on disk before it is used: SQLite, of the standard library.

A string is written when it is proposed and again when it has its score, each in one transaction. A process killed
at any moment leaves a journal from which the run goes on: what was proposed and not scored is scored first.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.files.claims import check

Status = Literal["asked", "scored", "failed"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS evaluations (
    number INTEGER PRIMARY KEY,
    round INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    string TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('asked', 'scored', 'failed')),
    score REAL,
    code BLOB NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
);
"""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One string. `number` is its place in the journal, from 1; `score` is NaN unless `status` is scored.

    `generation` counts the models before the one that `code` (D,) belongs to; `reason` may say why there is no score.
    """

    number: int
    round: int
    generation: int
    string: str
    status: Status
    score: float
    code: np.ndarray
    reason: str

    @property
    def value(self) -> float:
        """The score, −∞ where there is none."""
        return self.score if self.status == "scored" else -math.inf


class Journal:
    """The evaluations of one run, in a file or, without a path, in memory. One process at a time.

    DataError where the file was written with other settings, belongs to a running process or is no journal.
    """

    def __init__(self, path: str | Path | None = None, settings: Mapping[str, Any] | None = None) -> None:
        self.path = ":memory:" if path is None else str(path)
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._base = sqlite3.connect(self.path, timeout=1.0, isolation_level=None)
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("BEGIN EXCLUSIVE")
            for statement in SCHEMA.split(";"):
                self._base.execute(statement)
            self._agree(settings or {})
            self._base.execute(
                "PRAGMA user_version = 1"
            )  # a write, which takes what a killed process left away
            self._base.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise DataError(f"{self.path}: in use by another run, or cannot be written ({error})") from error
        except sqlite3.DatabaseError as error:
            raise DataError(f"{self.path}: not a journal ({error}); choose another folder") from error

    def _agree(self, settings: Mapping[str, Any]) -> None:
        """Keep the settings of a new journal; compare those of an old one."""
        given = {name: json.dumps(value, sort_keys=True) for name, value in settings.items()}
        stored = dict(self._base.execute("SELECT name, value FROM settings"))
        if not stored:
            self._base.executemany("INSERT INTO settings VALUES (?, ?)", given.items())
            return
        for name in sorted(given.keys() | stored.keys()):
            if given.get(name) != stored.get(name):
                self._base.close()
                raise DataError(
                    f"{self.path} was written with {name} {stored.get(name, 'not set')}, now it is "
                    f"{given.get(name, 'not set')}; choose another folder, or the same settings to go on"
                )

    def propose(self, round: int, generation: int, strings: Sequence[str], codes: np.ndarray) -> None:
        """Write the strings of a new round, and their codes (n, D), in order."""
        self._write(
            "INSERT INTO evaluations (round, generation, string, status, code) VALUES (?, ?, ?, 'asked', ?)",
            [
                (round, generation, string, np.asarray(code, np.float64).tobytes())
                for string, code in zip(strings, codes, strict=True)
            ],
        )

    def tell(self, strings: Sequence[str], scores: Sequence[float], reasons: Mapping[str, str]) -> None:
        """Write the scores of strings that wait for one; not finite: failed, for a reason where one is known."""
        self._write(
            "UPDATE evaluations SET status = ?, score = ?, reason = ? WHERE string = ? AND status = 'asked'",
            [
                ("scored", float(score), "", string)
                if math.isfinite(score)
                else ("failed", None, reasons.get(string, ""), string)
                for string, score in zip(strings, scores, strict=True)
            ],
        )

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        check(Path(self.path))
        try:
            self._base.execute("BEGIN")
            self._base.executemany(statement, rows)
            self._base.execute("COMMIT")
        except BaseException as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise DataError(f"{self.path}: cannot be written ({error}); the same call goes on") from error
            raise

    def rows(self) -> list[Evaluation]:
        """Everything, in order."""
        rows = self._base.execute(
            "SELECT number, round, generation, string, status, score, code, reason FROM evaluations ORDER BY number"
        )
        return [
            Evaluation(n, r, g, string, status, math.nan if y is None else y, np.frombuffer(code), why)
            for n, r, g, string, status, y, code, why in rows
        ]

    def close(self) -> None:
        """Let other processes use the file."""
        self._base.close()
