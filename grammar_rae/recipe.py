"""A recipe says everything about an experiment; on disk it is TOML, in memory strict pydantic models."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from grammar_rae.catalogue import (
    CODECS,
    DECODER_NETS,
    ENCODER_NETS,
    LIKELIHOODS,
    MACHINES,
    PREPARATIONS,
    TASKS,
    VARIANTS,
    known,
)
from grammar_rae.errors import RecipeError, nearest
from grammar_rae.settings import Settings

SHIPPED = Path(__file__).parent / "recipes"


class Part(BaseModel):
    """A section of a recipe: keys that it does not know and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataPart(Part):
    """[data]: what is trained on."""

    name: str  # a named data set, a file, or "uniform": derivations drawn from the grammar
    column: str | None = None
    prepare: Annotated[str, AfterValidator(lambda name: known(PREPARATIONS, name, "preparation"))] = "none"
    orders: int = Field(default=0, ge=0)  # further spellings of a molecule in training, atoms in random order
    limit: PositiveInt | None = None  # training items, the first ones


class OpenPart(Part):
    """A part with further keys: settings of what it names, checked by `recipe_parts.complete`."""

    model_config = ConfigDict(extra="allow")

    @property
    def settings(self) -> dict[str, Any]:
        """The further keys."""
        return dict(self.model_extra or {})


class CodecPart(OpenPart):
    """[codec]: how items become integers; further keys are settings of the codec."""

    kind: Annotated[str, AfterValidator(lambda name: known(CODECS, name, "codec"))] = "grammar"
    grammar: str = "none"  # a shipped grammar's name or a file; character codecs may name one to judge by


class EncoderPart(OpenPart):
    """[encoder]: from integers to codes; further keys are settings of the net, of what it reads, and of the head."""

    net: Annotated[str, AfterValidator(lambda name: known(ENCODER_NETS, name, "encoder net"))]
    latent: PositiveInt
    noise: float = Field(default=1.0, ge=0)  # times σ, where the variant draws codes
    bound: float | None = Field(
        default=None, gt=0
    )  # of log σ by tanh, where the variant learns it; none if not given


class DecoderPart(OpenPart):
    """[decoder]: from codes to items; further keys are settings of the net and of the machine."""

    net: Annotated[str, AfterValidator(lambda name: known(DECODER_NETS, name, "decoder net"))]
    budget: Literal["always", "sampling", "never"] = "always"  # when the step budget masks
    machine: Annotated[str, AfterValidator(lambda name: known(MACHINES, name, "machine"))] = "syntax"


class ObjectivePart(Part):
    """[objective]: what training minimises."""

    variant: Annotated[str, AfterValidator(lambda name: known(VARIANTS, name, "variant"))]
    likelihood: Annotated[str, AfterValidator(lambda name: known(LIKELIHOODS, name, "likelihood"))] = (
        "categorical"
    )
    weights: dict[str, float] = {}  # of the variant's terms, where not its own defaults
    code_noise: float = Field(
        default=0.0, ge=0
    )  # largest standard deviation of noise on the decoder's codes in training
    convention: Literal["summed", "as_coded"] = (
        "summed"  # what the weights stand beside, see `objective.summed`
    )


class TrainingPart(Settings):
    """[training]: the settings of the loop, and what surrounds it."""

    valid_examples: PositiveInt | None = None  # validation items to choose by, the first ones
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    half_weights: bool = False  # float16 on disk, float32 in use


class DensityPart(Part):
    """[density]: what is fitted to the codes of the training data, and how the model draws."""

    default: str = "gmm"
    components: PositiveInt = 10  # of gmm
    settings: dict[str, str | int | float] = {}  # of the default's fit, as `Model.fit_density` takes them
    codes: Literal["means", "samples"] = "means"  # of the posterior: what densities are fitted on
    temperature: float = Field(
        default=1.0, ge=0
    )  # of decoding, 0 the likeliest; `generate` takes it unless told


class Recipe(Part):
    """A recipe as `read` gives it; `recipe_parts.complete` checks and fills in the further keys of its parts."""

    name: str
    about: str = ""
    task: Annotated[
        str, AfterValidator(lambda name: name if name == "auto" else known(TASKS, name, "task"))
    ] = "auto"
    data: DataPart
    codec: CodecPart
    encoder: EncoderPart
    decoder: DecoderPart
    objective: ObjectivePart
    training: TrainingPart
    density: DensityPart = DensityPart()


def parse(
    text: str, source: str = "recipe", overrides: tuple[str, ...] = (), folder: Path = SHIPPED
) -> Recipe:
    """A recipe from TOML called `source`, `key.path=value` overrides applied.

    The recipes it `extends`, in the folder or shipped, are read first, in their order. A later one's keys replace an
    earlier one's, the weights of the objective all together. RecipeError names the key and the nearest known; settings
    of nets are checked by `recipe_parts.complete`.
    """
    table = _extended(_table(text, source), source, folder, ())
    for override in overrides:
        _override(table, override)
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        raise RecipeError(f"{source}: {_explain(error)}") from error


def read(path: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """`parse` of a file. RecipeError also where it cannot be read."""
    return parse(_text(path), str(path), overrides, path.parent)


def write(recipe: Recipe) -> str:
    """TOML that `parse` reads back as the same recipe."""
    return tomli_w.dumps(recipe.model_dump(exclude_none=True))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}") from error


def _table(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{source} is not TOML: {error}") from error


def _extended(table: dict[str, Any], source: str, folder: Path, above: tuple[str, ...]) -> dict[str, Any]:
    """A table laid over those it extends; `above` are the recipes that extend it."""
    if source in above:
        raise RecipeError(f"{source} extends itself, through {', '.join(Path(name).stem for name in above)}")
    names, whole = table.pop("extends", []), dict[str, Any]()
    for name in [names] if isinstance(names, str) else names:
        paths = [place / f"{name}.toml" for place in (folder, SHIPPED)]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise RecipeError(f"{source} extends {name}, which is neither beside it nor shipped")
        under = _table(_text(path), str(path))
        _lay(whole, _extended(under, str(path), path.parent, (*above, source)))
    _lay(whole, table)
    return whole


def _lay(under: dict[str, Any], over: dict[str, Any]) -> None:
    """The keys of `over` into `under`, section by section."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            under[key] = {**under[key], **value}
        else:
            under[key] = value


def assignment(text: str, example: str) -> tuple[str, Any]:
    """Key and value of `key=value`, the value as TOML has it, or else a string. RecipeError shows the example."""
    path, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", path.strip()):
        raise RecipeError(f"--set {text}: expected key=value, such as {example}")
    try:
        return path.strip(), tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value


def _override(table: dict[str, Any], override: str) -> None:
    path, value = assignment(override, "training.epochs=3")
    *parents, leaf = path.split(".")
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
    if first["type"] == "value_error":  # a name that the catalogue does not know
        return f"{'.'.join(where)}: {first['ctx']['error']}"
    given = first.get("input")
    shown = "" if isinstance(given, dict) else f", given {given!r}"
    return f"{'.'.join(where)}: {first['msg']}{shown}"


def _keys(path: list[str]) -> list[str]:
    model: Any = Recipe
    for name in path:
        model = model.model_fields[name].annotation
    return list(model.model_fields)
