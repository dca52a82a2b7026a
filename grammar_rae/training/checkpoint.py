"""What a killed run needs to go on: last, averaged and best weights, optimizer, state, random numbers.

Tensors as safetensors, the rest as JSON; never pickle. The whole folder is written under a temporary
name and then renamed, so that a kill at any moment leaves the last good one.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import Tensor, nn

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import latest_folder, new_folder, write_bytes
from grammar_rae.training.state import State


def save_checkpoint(
    folder: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    state: State,
    random: Tensor,
    best: dict[str, Tensor],
    average: nn.Module | None = None,
) -> None:
    """Replace `folder`/checkpoint, and history.csv beside it: one row an epoch."""
    tensors = {f"last/{k}": v for k, v in module.state_dict().items()}
    tensors |= {f"best/{k}": v for k, v in best.items()}
    if average is not None:
        tensors |= {f"average/{k}": v for k, v in average.state_dict().items()}
    for i, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{i}/{k}": torch.as_tensor(v) for k, v in slots.items()}
    tensors["random"] = random
    try:
        with new_folder(folder / "checkpoint") as fresh:
            body = serialise({k: v.contiguous().clone() for k, v in tensors.items()})
            (fresh / "tensors.safetensors").write_bytes(body)
            (fresh / "progress.json").write_text(json.dumps(asdict(state)))
    except OSError as error:
        raise DataError(
            f"{folder}: the checkpoint cannot be written ({error.strerror}); make room, then train with --resume"
        ) from error
    history = pd.DataFrame(state.history).to_csv(index=False, lineterminator="\n")
    write_bytes(folder / "history.csv", history.encode())


def load_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: nn.Module | None = None
) -> tuple[State, Tensor, dict[str, Tensor]]:
    """Fill `module` and `optimizer`; return state, random numbers and best weights. DataError if there is none."""
    path = latest_folder(folder / "checkpoint")
    if path is None:
        raise DataError(f"nothing to resume in {folder}: it holds no checkpoint; train without --resume")
    try:
        tensors = load_file(path / "tensors.safetensors")
        state = State(**json.loads((path / "progress.json").read_text()))
        module.load_state_dict(_part(tensors, "last/"))
        if average is not None:
            average.load_state_dict(_part(tensors, "average/"))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"the checkpoint {path} cannot be read ({reason}); train without --resume") from error
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimizer/").items():
        number, slot = name.split("/")
        slots.setdefault(int(number), {})[slot] = value
    optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
    return state, tensors["random"], _part(tensors, "best/")


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
