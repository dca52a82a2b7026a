"""A recipe says everything about an experiment; on disk it is TOML, in memory strict pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from grammar_rae.catalogue import (
    CODECS,
    DECODER_NETS,
    ENCODER_NETS,
    LIKELIHOODS,
    MACHINES,
    PREPARATIONS,
    TASKS,
    VARIANTS,
    VIEWS,
    known,
)
from grammar_rae.nets.sizes import Count, Size, Sizes
from grammar_rae.training.settings import Settings

OWN = "own"  # in place of a data set: the user's, who names it; or else what is drawn from the grammar they name


class Part(BaseModel):
    """A section of a recipe: keys that it does not know and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataPart(Part):
    """[data]: what is trained on."""

    name: str  # a named data set, a file, "uniform": derivations drawn from the grammar, or `OWN`
    column: str | None = None
    prepare: Annotated[str, AfterValidator(lambda name: known(PREPARATIONS, name, "preparation"))] = "none"
    view: Annotated[str, AfterValidator(lambda name: known(VIEWS, name, "view"))] = "as_is"
    orders: int = Field(
        default=0, ge=0, le=1000
    )  # further spellings of a molecule in training, atoms in random order
    limit: PositiveInt | None = None  # training items, the first ones


class OpenPart(Part):
    """A part with further keys: settings of what it names, checked by `recipes.parts.complete`."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    @property
    def settings(self) -> dict[str, Any]:
        """The further keys."""
        return dict(self.model_extra or {})


class CodecPart(OpenPart):
    """[codec]: how items become integers; further keys are settings of the codec."""

    kind: Annotated[str, AfterValidator(lambda name: known(CODECS, name, "codec"))] = "grammar"
    grammar: str = "none"  # a shipped grammar's name or a file; character codecs may name one to judge by


class EncoderPart(OpenPart):
    """[encoder]: from integers to codes; further keys are settings of the net, of what it reads, of the head, and of
    the variant's refinement or wrapping.
    """

    net: Annotated[str, AfterValidator(lambda name: known(ENCODER_NETS, name, "encoder net"))]
    latent: Size
    rungs: Sizes | None = None  # sizes of the parts of a ladder's codes, from the bottom


class DecoderPart(OpenPart):
    """[decoder]: from codes to items; further keys are settings of the net and of the machine."""

    net: Annotated[str, AfterValidator(lambda name: known(DECODER_NETS, name, "decoder net"))]
    budget: Literal["always", "sampling", "never"] = "always"  # when the step budget masks
    machine: Annotated[str, AfterValidator(lambda name: known(MACHINES, name, "machine"))] = "syntax"
    noise_input: bool = False  # whether it is told how noisy its code is, see `nets.noise_input`


class ObjectivePart(OpenPart):
    """[objective]: what training minimises; further keys are settings of the variant's terms and of the
    likelihood.
    """

    variant: Annotated[str, AfterValidator(lambda name: known(VARIANTS, name, "variant"))]
    likelihood: Annotated[str, AfterValidator(lambda name: known(LIKELIHOODS, name, "likelihood"))] = (
        "categorical"
    )
    weights: dict[str, float] = {}  # of the variant's terms, where not its own defaults
    warm_up: dict[str, PositiveFloat] = {}  # steps τ by term: its weight is multiplied by 1 − exp(−step / τ)
    code_noise: float = Field(
        default=0.0, ge=0
    )  # largest standard deviation of noise on the decoder's codes in training
    convention: Literal["summed", "as_coded"] = (
        "summed"  # what the weights stand beside, see `recipes.build.summed`
    )


class PriorPart(OpenPart):
    """[prior]: what the variant holds codes to; its keys are settings of that prior."""


class TrainingPart(Settings):
    """[training]: the settings of the loop, and what surrounds it."""

    valid_examples: PositiveInt | None = None  # validation items to choose by, the first ones
    half_weights: bool = False  # float16 on disk, float32 in use


class DensityPart(Part):
    """[density]: what is fitted to the codes of the training data, and how the model draws."""

    default: str = "gmm"
    components: Count = 10  # of gmm
    settings: dict[str, str | int | float] = {}  # of the default's fit, as `Model.fit_density` takes them
    codes: Literal["means", "samples"] = "means"  # of the posterior: what densities are fitted on
    temperature: float = Field(
        default=1.0, ge=0, le=1e6
    )  # of decoding, 0 the likeliest; `generate` takes it unless told
    noise: float = Field(
        default=0.0, ge=0, le=1000
    )  # standard deviation of the noise that smooths densities; `generate` takes it unless told


class Recipe(Part):
    """A recipe as `read` gives it; `recipes.parts.complete` checks and fills in the further keys of its parts."""

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
    prior: PriorPart = PriorPart()
    training: TrainingPart
    density: DensityPart = DensityPart()
