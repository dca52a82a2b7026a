"""Where the files of hostile commands lie."""

import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RNA = "S -> '.' S | '(' L ')' S | '.'\nL -> '.' L | '(' L ')' L | '.' '.' '.'\n"


@dataclass(frozen=True)
class Home:
    """Folders of untrained models by what they write, and of the files of one command after the other."""

    models: Path
    files: Path

    def file(self, chance, suffix: str, body: str | bytes) -> str:
        """A new file of that suffix."""
        path = self.files / f"{chance.getrandbits(64):016x}{suffix}"
        body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        path.write_bytes(gzip.compress(body, 1) if suffix.endswith(".gz") else body)
        return str(path)

    def out(self, chance, suffix: str) -> str:
        """A name for a file or folder to write."""
        return str(self.files / f"out{chance.getrandbits(64):016x}{suffix}")

    def model(self, name: str) -> str:
        """The folder of a model: `molecules`, `strings` or `images`."""
        return str(self.models / name)


def packed(**arrays) -> bytes:
    """The bytes of an .npz."""
    body = io.BytesIO()
    np.savez_compressed(body, **arrays)
    return body.getvalue()
