"""A recipe says everything about an experiment; on disk it is TOML, in memory strict pydantic models."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from grammar_rae.errors import RecipeError, nearest
from grammar_rae.objective import Likelihood
from grammar_rae.settings import Settings

Auto = Literal["auto"]
SHIPPED = Path(__file__).parent / "recipes"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataPart(Part):
    name: str  # a named data set, a file, or "uniform": derivations drawn from the grammar
    column: str | None = None
    prepare: Literal["none", "kekule"] = "none"
    orders: int = Field(default=0, ge=0)  # further spellings of a molecule in training, atoms in random order
    limit: PositiveInt | None = None  # training items, the first ones


class CodecPart(Part):
    kind: Literal["grammar", "character", "image"] = "grammar"
    grammar: str = "none"  # a shipped grammar's name or a file; character codecs may name one to judge by
    alphabet: str = "auto"  # characters, the last one padding; auto: those of the data and a blank
    steps: PositiveInt | Auto = "auto"  # auto: the longest training item and `slack` more
    slack: int = 10
    size: Literal[32, 64] = 32  # image only: pixels a side
    channels: Literal[1, 3] | Auto = "auto"  # image only; auto: grey where all of the data is


class EncoderPart(Part):
    net: Literal["convolution", "strided", "image"]
    latent: PositiveInt
    hidden: int = Field(default=0, ge=0)  # not of image, as the next
    filters: list[PositiveInt] = []
    widths: list[PositiveInt] = []  # convolution only
    batch_norm: bool = False  # convolution only
    embedding: PositiveInt = 64  # strided only
    noise: float = Field(default=1.0, ge=0)  # times σ, where the posterior has one
    bound: float | None = Field(default=None, gt=0)  # of log σ by tanh; none when not given
    width: PositiveInt = 128  # image only, as the rest: filters of the first convolution
    jitter: float = Field(default=0.0, ge=0)  # noise on the intensities in training
    spectral_norm: bool = False

    @model_validator(mode="after")
    def _sized(self) -> EncoderPart:
        if self.net != "image" and not (self.hidden and self.filters):
            raise ValueError(f"net {self.net} needs hidden and filters")
        return self


class DecoderPart(Part):
    net: Literal["repeat", "recurrent", "image"]
    hidden: int = Field(default=0, ge=0)  # not of image
    layers: PositiveInt = 3  # repeat only
    batch_norm: bool = False  # repeat only
    embedding: PositiveInt = 192  # recurrent only
    budget: Literal["always", "sampling", "never"] = "always"  # when the step budget masks
    machine: Literal["syntax", "valence"] = "syntax"  # valence: SMILES that RDKit accepts, nothing else
    radicals: bool = False  # valence only: whether unpaired electrons are allowed
    width: PositiveInt = 128  # image only: an eighth of the filters that the decoder begins with

    @model_validator(mode="after")
    def _sized(self) -> DecoderPart:
        if self.net != "image" and not self.hidden:
            raise ValueError(f"net {self.net} needs hidden")
        return self


class ObjectivePart(Part):
    variant: str
    likelihood: Likelihood = "categorical"
    weights: dict[str, float] = {}  # of the variant's terms, where not its own defaults
    code_noise: float = Field(
        default=0.0, ge=0
    )  # largest standard deviation of noise on the decoder's codes in training
    convention: Literal["summed", "as_coded"] = (
        "summed"  # what the weights stand beside, see `objective.summed`
    )


class TrainingPart(Settings):
    valid_examples: PositiveInt | None = None  # validation items to choose by, the first ones
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    half_weights: bool = False  # float16 on disk, float32 in use


class DensityPart(Part):
    default: str = "gmm"
    components: PositiveInt = 10  # of gmm
    settings: dict[str, str | int | float] = {}  # of the default's fit, as `Model.fit_density` takes them
    codes: Literal["means", "samples"] = "means"  # of the posterior: what densities are fitted on
    temperature: float = Field(
        default=1.0, ge=0
    )  # of decoding, 0 the likeliest; `generate` takes it unless told


class Recipe(Part):
    name: str
    about: str = ""
    task: Literal["auto", "molecules", "expressions", "strings", "images"] = "auto"
    data: DataPart
    codec: CodecPart
    encoder: EncoderPart
    decoder: DecoderPart
    objective: ObjectivePart
    training: TrainingPart
    density: DensityPart = DensityPart()


def parse(text: str, source: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """A recipe from TOML, `key.path=value` overrides applied. RecipeError names the key and the nearest known."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{source} is not TOML: {error}") from error
    return _validated(table, source, overrides)


def _validated(table: dict[str, Any], source: str, overrides: tuple[str, ...]) -> Recipe:
    for override in overrides:
        _override(table, override)
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        raise RecipeError(f"{source}: {_explain(error)}") from error


def read(path: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """`parse` of a file; the recipes it `extends`, beside it or shipped, are read first, in their order.

    A later one's keys replace an earlier one's, the weights of the objective all together.
    """
    return _validated(_table(path), str(path), overrides)


def _table(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}") from error
    if path in above:
        raise RecipeError(f"{path} extends itself, through {', '.join(p.stem for p in above)}")
    names, whole = table.pop("extends", []), dict[str, Any]()
    for name in [names] if isinstance(names, str) else names:
        places = [folder / f"{name}.toml" for folder in (path.parent, SHIPPED)]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise RecipeError(f"{path} extends {name}, which is neither beside it nor shipped")
        _lay(whole, _table(found, (*above, path)))
    _lay(whole, table)
    return whole


def _lay(under: dict[str, Any], over: dict[str, Any]) -> None:
    """The keys of `over` into `under`, section by section."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            under[key] = {**under[key], **value}
        else:
            under[key] = value


def write(recipe: Recipe) -> str:
    """TOML that `parse` reads back as the same recipe."""
    table = recipe.model_dump(exclude_none=True)
    lines = [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    for key, part in table.items():
        if isinstance(part, dict):
            lines += ["", f"[{key}]"] + [f"{name} = {_value(value)}" for name, value in part.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _override(table: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", path.strip()):
        raise RecipeError(f"--set {override}: expected key=value, such as training.epochs=3")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, leaf = path.strip().split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {override}: {parent} is a value, not a section")
    table[leaf] = value


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return f"unknown key {'.'.join(where)}; {nearest(where[-1], _keys(where[:-1]))}"
    given = first.get("input")
    shown = "" if isinstance(given, dict) else f", given {given!r}"
    return f"{'.'.join(where)}: {first['msg']}{shown}"


def _keys(path: list[str]) -> list[str]:
    model: Any = Recipe
    for name in path:
        model = model.model_fields[name].annotation
    return list(model.model_fields)
