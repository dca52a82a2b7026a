"""Weights as safetensors: written, read, checked, and what they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save as serialise
from torch import Tensor, nn

from grammar_rae.errors import DataError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.recipes.parts import identifying
from grammar_rae.recipes.schema import Recipe

FREE = ("encoder.head.", "prior.")  # weights that depend on the objective


def load_weights(module: nn.Module, path: Path, identity: str | None) -> None:
    """Put a file's weights into a module.

    DataError where the file is missing or damaged, belongs to another recipe than `identity` (None: any), or where
    names or shapes differ.
    """
    tensors, metadata = unpack_weights(path)
    if identity is not None and metadata.get("identity") != identity:
        raise DataError(
            f"{path} belongs to another recipe or grammar than the folder it lies in; copy the whole folder"
        )
    _put(module, tensors, path, "copy the whole folder")


def warm_start(module: nn.Module, path: Path) -> list[str]:
    """Put another run's weights into a module, to train on from; the names of the weights that start anew.

    Heads and priors may belong to different objectives: those of the file's weights that the module lacks are left
    out, and those of the module's that the file lacks keep their fresh values. DataError where anything else differs.
    """
    tensors, own = unpack_weights(path)[0], module.state_dict()
    anew = [name for name in own if name.startswith(FREE) and name not in tensors]
    taken = {name: v for name, v in tensors.items() if name in own or not name.startswith(FREE)}
    _put(
        module, taken | {name: own[name] for name in anew}, path, "start from a model with the same networks"
    )
    return anew


def _put(module: nn.Module, tensors: dict[str, Tensor], path: Path, advice: str) -> None:
    expected = module.state_dict()
    odd = sorted(tensors.keys() ^ expected.keys())
    odd = odd or [k for k, v in tensors.items() if v.shape != expected[k].shape]
    if odd:
        raise DataError(f"{path} does not fit the recipe: {odd[0]} differs ({len(odd)} in all); {advice}")
    module.load_state_dict({k: v.to(expected[k].dtype) for k, v in tensors.items()})


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


def unpack_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file and its metadata. DataError where it is missing or damaged."""
    if not path.is_file():
        raise DataError(f"{path} is missing; the run was not finished, or not copied whole")
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except Exception as error:
        raise DataError(
            f"{path} is damaged ({str(error).splitlines()[0]}); copy it again or train again"
        ) from error
