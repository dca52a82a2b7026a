"""Runs the commands of `same_bytes.py` on the checkout that PYTHONPATH names, each in a process of its own.

    python -P benchmarks/same_bytes_worker.py FOLDER < commands.json

Loading PyTorch and RDKit takes seconds, so that this process loads them once and forks for every command. The
package itself is imported anew by each. A command's folder, FOLDER/<name>, is its working directory; `_stdout`,
`_stderr` and `_code` in it are what it printed and its exit code.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import sys
import traceback
from pathlib import Path

LIBRARIES = (
    "botorch",
    "lightning_fabric",
    "matplotlib.pyplot",
    "networkx",
    "nltk.grammar",
    "numba",
    "numba.experimental.jitclass",
    "pandas",
    "pooch",
    "pyarrow.parquet",
    "pydantic",
    "rdkit.Chem.AllChem",
    "rdkit.Chem.Draw",
    "rich.console",
    "rich.table",
    "safetensors.torch",
    "scipy.stats",
    "sklearn.datasets",
    "sklearn.mixture",
    "sympy",
    "torch",
    "typer",
    "zuko",
)


def execute(words: list[str]) -> int:
    """The command line's verb, or the Python code after the word `python`; the exit code."""
    try:
        if words[0] == "python":
            exec(compile(words[1], "<command>", "exec"), {"__name__": "__main__"})
            return 0
        sys.argv = ["grammar-rae", *words]
        from grammar_rae.cli import main

        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def run(folder: Path, words: list[str]) -> int:
    """Fork, execute in `folder`, wait; the exit code."""
    folder.mkdir(parents=True)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(folder)
    for descriptor, name in enumerate(("/dev/null", "_stdout", "_stderr")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY
        os.dup2(os.open(name, flags), descriptor)
    code = execute(words)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    root = Path(sys.argv[1])
    for name, words in json.load(sys.stdin).items():
        (root / name / "_code").write_text(str(run(root / name, words)))
