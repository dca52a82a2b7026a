"""Weights as safetensors: written, read, checked, and what they depend on."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save as serialise
from torch import Tensor, nn
from torch.nn import functional as F

from grammar_rae.errors import DataError, excerpt, one_line
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.memory import require
from grammar_rae.nets.noise_input import FURTHER
from grammar_rae.recipes.parts import identifying
from grammar_rae.recipes.schema import Recipe

NOISE_INPUT = "decoder.noise_input."
FREE = ("encoder.head.", "prior.", NOISE_INPUT)  # weights that another recipe of the same networks may lack


@dataclass(frozen=True)
class Stored:
    """What a safetensors file says it holds, before any of it is read: the shape of each tensor, and its metadata."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]

    @property
    def numbers(self) -> int:
        """How many there are in all."""
        return sum(map(math.prod, self.shapes.values()))


def declared(path: Path, identity: str | None = None) -> Stored:
    """What a file of weights says it holds.

    DataError where it is missing or damaged, or belongs to another recipe than `identity` (None: any).
    """
    if not os.path.isfile(path):
        raise DataError(f"{path} is missing; the run was not finished, or not copied whole")
    with _reading(path), safe_open(path, framework="pt") as file:
        shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        stored = Stored(path, shapes, file.metadata() or {})
    if identity is not None and stored.metadata.get("identity") != identity:
        raise DataError(
            f"{path} belongs to another recipe or grammar than the folder it lies in; copy the whole folder"
        )
    return stored


def load_weights(module: nn.Module, stored: Stored) -> None:
    """Put a file's weights into a module. DataError where names, shapes or types differ, or numbers are not finite."""
    _fits(stored, module.state_dict(), "copy the whole folder")
    _put(module, _tensors(stored), stored.path)


def warm_start(module: nn.Module, path: Path) -> list[str]:
    """Put another run's weights into a module, to train on from; the names of the weights that start anew.

    Heads and priors may belong to different objectives: those of the file's weights that the module lacks are left
    out, and those of the module's that the file lacks keep their fresh values. A decoder that is told of noise begins
    as one that is not: what its net reads beside a code has weights of 0. DataError where anything else differs.
    """
    stored, own = declared(path), module.state_dict()
    anew = [name for name in own if name.startswith(FREE) and name not in stored.shapes]
    told = any(name.startswith(NOISE_INPUT) for name in anew)
    wider = {k: s for k, s in stored.shapes.items() if told and k in own and _is_wider(own[k].shape, s)}
    taken = {k: v for k, v in stored.shapes.items() if k in own or not k.startswith(FREE)}
    kept = {name: own[name] for name in anew}
    wanted = {name: value for name, value in own.items() if name not in kept}
    grown = {k: tuple(own[k].shape) for k in wider}
    _fits(replace(stored, shapes=taken | grown), wanted, "start from a model with the same networks")
    tensors = {k: _widened(v, grown.get(k, v.shape)) for k, v in _tensors(stored).items() if k in taken}
    _put(module, tensors | kept, path)
    return [*anew, *wider]


def _is_wider(shape: Sequence[int], stored: Sequence[int]) -> bool:
    """Whether a shape has room for what a net reads beside a code, and is else the same."""
    differences = sorted(a - b for a, b in zip(shape, stored, strict=False))
    return len(shape) == len(stored) and differences == [0] * (len(shape) - 1) + [FURTHER]


def _widened(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """A tensor with zeros behind it along every dimension that the shape has more of."""
    ends = [(0, after - before) for before, after in zip(tensor.shape, shape, strict=True)]
    return F.pad(tensor, [pad for end in reversed(ends) for pad in end])


def _fits(stored: Stored, expected: Mapping[str, Tensor], advice: str) -> None:
    """DataError where names or shapes differ."""
    odd = sorted(stored.shapes.keys() ^ expected.keys())
    odd = odd or [k for k, shape in stored.shapes.items() if shape != tuple(expected[k].shape)]
    if odd:
        shown = excerpt(odd[0])[0]
        raise DataError(
            f"{stored.path} does not fit the recipe: {shown} differs ({len(odd)} in all); {advice}"
        )


def _put(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """DataError where a tensor is of another kind than the module's, or holds what is not finite."""
    taken = {}
    for name, value in module.state_dict().items():
        if tensors[name].is_floating_point() != value.is_floating_point() or tensors[name].is_complex():
            raise DataError(
                f"{path} is damaged ({name} is {tensors[name].dtype}); copy it again or train again"
            )
        taken[name] = tensors[name].to(value.dtype)
        if not taken[name].isfinite().all():
            raise DataError(
                f"{path} is damaged ({name} is not finite everywhere); copy it again or train again"
            )
    module.load_state_dict(taken)


def identity_of(recipe: Recipe, grammar: Grammar | None) -> str:
    """A hash of what the weights' meaning depends on."""
    text = json.dumps(identifying(recipe), sort_keys=True) + (grammar.text if grammar else "")
    return hashlib.sha256(text.encode()).hexdigest()


def pack_weights(tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> bytes:
    """A safetensors file; its metadata, which the library writes in any order, sorted: equal content, equal bytes."""
    body = serialise({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, metadata)
    end = 8 + int.from_bytes(body[:8], "little")
    header = json.loads(body[8:end])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body[end:]


def _tensors(stored: Stored) -> dict[str, Tensor]:
    """All that a file holds."""
    require(2 * os.path.getsize(stored.path), str(stored.path))
    with _reading(stored.path), safe_open(stored.path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in stored.shapes}


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of many kinds, by what is wrong with the file
        raise DataError(f"{path} is damaged ({one_line(error)}); copy it again or train again") from error
