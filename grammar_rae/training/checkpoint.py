"""What a killed run needs to go on: last, averaged and best weights, optimizer, state, random numbers.

One file, replaced by a rename: a kill at any moment leaves the last good one. It is there while a run is not finished.
Tensors as safetensors, the rest as JSON in its metadata; never pickle.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from safetensors import safe_open
from safetensors.torch import save as serialise
from torch import Tensor, nn

from grammar_rae.errors import DataError, option
from grammar_rae.files.atomic import write_bytes
from grammar_rae.files.claims import check
from grammar_rae.training.state import State


def checkpoint_of(folder: Path) -> Path:
    """Where a run folder has its checkpoint."""
    return folder / "checkpoint" / "tensors.safetensors"


def remove_checkpoint(folder: Path) -> None:
    """The run is finished, or begins anew."""
    checkpoint_of(folder).unlink(missing_ok=True)
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)


def save_checkpoint(
    folder: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    state: State,
    random: Tensor,
    best: dict[str, Tensor],
    average: nn.Module | None = None,
) -> None:
    """Replace the checkpoint, and history.csv, which follows from it."""
    tensors = {f"last/{k}": v for k, v in module.state_dict().items()}
    tensors |= {f"best/{k}": v for k, v in best.items()}
    if average is not None:
        tensors |= {f"average/{k}": v for k, v in average.state_dict().items()}
    for i, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{i}/{k}": torch.as_tensor(v) for k, v in slots.items()}
    tensors["random"] = random
    body = serialise(
        {k: v.contiguous().clone() for k, v in tensors.items()}, {"state": json.dumps(asdict(state))}
    )
    path = checkpoint_of(folder)
    check(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, body)
        save_history(folder, state.history)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    except DataError as error:
        raise DataError(f"{error}; make room, then train with {option('resume')}") from error


def save_history(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """history.csv: one row an epoch."""
    write_bytes(
        folder / "history.csv", pd.DataFrame(history).to_csv(index=False, lineterminator="\n").encode()
    )


def load_history(folder: Path) -> list[dict[str, float]]:
    """The records of the epochs behind the checkpoint; none where there is no checkpoint. DataError as below."""
    path = checkpoint_of(folder)
    return _read(path)[1].history if path.is_file() else []


def load_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: nn.Module | None = None
) -> tuple[State, Tensor, dict[str, Tensor]]:
    """Fill `module` and `optimizer`; return state, random numbers and best weights. DataError where it is damaged."""
    path = checkpoint_of(folder)
    tensors, state = _read(path)
    try:
        module.load_state_dict(_part(tensors, "last/"))
        if average is not None:
            average.load_state_dict(_part(tensors, "average/"))
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, "optimizer/").items():
            number, slot = name.split("/")
            slots.setdefault(int(number), {})[slot] = value
        optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
        return state, tensors["random"], _part(tensors, "best/")
    except (RuntimeError, KeyError, ValueError) as error:
        raise _unreadable(path, error) from error


def _read(path: Path) -> tuple[dict[str, Tensor], State]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            return tensors, State(**json.loads(_state(path, file.metadata() or {})))
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(f"the checkpoint {path} cannot be read ({reason}); train without {option('resume')}")


def _state(path: Path, metadata: dict[str, str]) -> str:
    """The state; the first versions kept it beside the tensors."""
    return metadata["state"] if "state" in metadata else (path.parent / "progress.json").read_text()


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
