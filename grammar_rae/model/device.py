"""Where a model runs: devices by name, refused where they are not here."""

from __future__ import annotations

import os
import platform
import re

import torch

from grammar_rae.errors import DataError, excerpt


def device_of(name: str | torch.device, count: int = 1) -> torch.device:
    """The device called `cpu`, `cuda` or `cuda:N`.

    DataError for any other name, for one that is not here, or where there are fewer than `count` of its
    kind: processors for `cpu`, GPUs for `cuda`.
    """
    text = str(name)
    found = re.fullmatch(r"cpu|cuda(?::([0-9]{1,4}))?", text)
    if found is None:
        raise DataError(
            f"device «{excerpt(text)[0]}»: expected cpu, cuda or cuda:N, N the number of a GPU from 0"
        )
    here = (os.cpu_count() or 1) if text == "cpu" else _gpus(text)
    if not 1 <= count <= here:
        kind = "processors" if text == "cpu" else "GPUs"
        raise DataError(f"{count} devices {text}: expected 1 to {here}, as many {kind} as there are here")
    if found[1] is not None and int(found[1]) >= here:
        raise DataError(f"{text}: no such device here; there are {here} GPUs, numbered from 0")
    return torch.device(text)


def emulates(precision: str, device: torch.device) -> bool:
    """Whether a device has no arithmetic of its own for a mixed precision, which then is slower than float32."""
    if precision != "bf16-mixed" or device.type != "cpu":
        return False
    if platform.machine().lower() in ("x86_64", "amd64"):
        return not (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return not torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _gpus(text: str) -> int:
    """How many GPUs there are. DataError where there is none."""
    if torch.cuda.is_available():
        return torch.cuda.device_count()
    why = "torch is a CPU build" if torch.version.cuda is None else "torch sees no GPU"
    raise DataError(f"{text}: no such device here, {why}; leave device out, or give cpu")
