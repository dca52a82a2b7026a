"""The settings in a recipe's parts: those that its codec, nets, head, machine, prior and terms take, no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grammar_rae.catalogue import (
    CODECS,
    DECODER_NETS,
    ENCODER_NETS,
    HEADS,
    LIKELIHOODS,
    MACHINES,
    PRIORS,
    VARIANTS,
    look_up,
)
from grammar_rae.errors import RecipeError
from grammar_rae.recipes.schema import OpenPart, Recipe
from grammar_rae.signatures import arguments, settings_of

# What recipes once listed whatever their nets: a setting that nothing takes and that holds this value says nothing.
LISTED: dict[str, dict[str, Any]] = {
    "codec": {"alphabet": "auto", "steps": "auto", "slack": 10, "size": 32, "channels": "auto"},
    "encoder": {
        "hidden": 0,
        "filters": [],
        "widths": [],
        "batch_norm": False,
        "embedding": 64,
        "width": 128,
        "jitter": 0.0,
        "spectral_norm": False,
        "noise": 1.0,
    },
    "decoder": {
        "hidden": 0,
        "layers": 3,
        "batch_norm": False,
        "embedding": 192,
        "radicals": False,
        "width": 128,
    },
}


@dataclass(frozen=True)
class Section:
    """A part of a recipe with settings, what errors call it, and the functions and classes that take them."""

    part: OpenPart
    where: str
    takers: tuple[Callable[..., Any], ...]

    @property
    def given(self) -> dict[str, Any]:
        """Everything the part says."""
        return dict(self.part)


def sections(recipe: Recipe) -> dict[str, Section]:
    """The parts with settings by name. RecipeError where one names what the catalogue does not have."""
    codec, inputs = look_up(CODECS, recipe.codec.kind, "codec")
    reader = look_up(ENCODER_NETS, recipe.encoder.net, "encoder net")
    writer, decoder = look_up(DECODER_NETS, recipe.decoder.net, "decoder net")
    machine = look_up(MACHINES, recipe.decoder.machine, "machine")
    variant = look_up(VARIANTS, recipe.objective.variant, "variant")
    head = look_up(HEADS, variant.head, "head")
    prior = look_up(PRIORS, variant.prior, "prior")
    _, *pixels = look_up(LIKELIHOODS, recipe.objective.likelihood, "likelihood")
    losses = [*variant.makers, *(likelihood.settings for likelihood in pixels)]
    further = [taker for taker in (variant.refine, variant.wrap) if taker is not None]
    called = {
        "codec": f"{recipe.name}: codec.kind {recipe.codec.kind}",
        "encoder": f"{recipe.name}: encoder.net {recipe.encoder.net}",
        "decoder": f"{recipe.name}: decoder.net {recipe.decoder.net}",
        "prior": f"{recipe.name}: prior {variant.prior}",
        "objective": f"{recipe.name}: objective.variant {recipe.objective.variant}",
    }
    return {
        "codec": Section(recipe.codec, called["codec"], (codec.of,)),
        "encoder": Section(recipe.encoder, called["encoder"], (reader, inputs, head, *further)),
        "decoder": Section(recipe.decoder, called["decoder"], (writer, decoder, machine)),
        "prior": Section(recipe.prior, called["prior"], (prior,)),
        "objective": Section(recipe.objective, called["objective"], tuple(losses)),
    }


def complete(recipe: Recipe, stored: bool = False) -> Recipe:
    """A recipe with every setting, checked against the signatures of what takes it.

    RecipeError for a variant that cannot be had with the decoder's net, for noise that the decoder does not know of,
    and for a setting that nothing takes; where the recipe is `stored` with a model that is kept, as a part of what the
    weights' identity is made of.
    """
    _check_variant(recipe)
    _check_noise(recipe)
    parts = {
        name: _completed(section, LISTED.get(name, {}), stored) for name, section in sections(recipe).items()
    }
    return recipe.model_copy(update=parts)


def _check_variant(recipe: Recipe) -> None:
    """RecipeError where the variant cannot be had with the decoder's net, whatever the settings are."""
    name, net = recipe.objective.variant, recipe.decoder.net
    why = look_up(VARIANTS, name, "variant").unfit(*look_up(DECODER_NETS, net, "decoder net"))
    if why:
        codec, _ = look_up(CODECS, recipe.codec.kind, "codec")
        raise RecipeError(
            f"{recipe.name}: objective.variant {name}: {why}; this recipe has {net}, of {codec.word}s"
        )


def _check_noise(recipe: Recipe) -> None:
    """RecipeError where a decoder is to be told of noise and there is none in training, or the other way round."""
    told, trained, drawn = recipe.decoder.noise_input, recipe.objective.code_noise, recipe.density.noise
    if told and not trained:
        raise RecipeError(
            f"{recipe.name}: decoder.noise_input, but objective.code_noise is 0, so that it would hear of no noise; "
            "set objective.code_noise to the largest standard deviation, such as 0.8"
        )
    if drawn and not told:
        raise RecipeError(
            f"{recipe.name}: density.noise {drawn:g} needs a decoder that is told of it: set decoder.noise_input = "
            "true, or density.noise = 0"
        )
    if drawn > trained:
        raise RecipeError(
            f"{recipe.name}: density.noise {drawn:g} is more than objective.code_noise, {trained:g}; a decoder knows "
            "the noise that it was trained with"
        )


def identifying(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """What the meaning of weights depends on: codec, nets, machine, objective and prior without what is default."""
    recipe = complete(recipe, stored=True)
    stated = recipe.model_dump(include={*sections(recipe)}, exclude_defaults=True)
    for name, section in sections(recipe).items():
        if name in stated:
            default = {key: parameter.default for key, parameter in settings_of(*section.takers).items()}
            stated[name] = {k: v for k, v in stated[name].items() if k not in default or v != default[k]}
    return stated


def _completed(section: Section, listed: Mapping[str, Any], stored: bool) -> OpenPart:
    part, parameters = section.part, settings_of(*section.takers)
    given = {k: v for k, v in part.settings.items() if k in parameters or v != listed.get(k)}
    kept = {k: v for k, v in given.items() if stored and k not in parameters}
    settings = arguments({k: v for k, v in given.items() if k not in kept}, section.where, *section.takers)
    fields = {k: v for k, v in part if k in type(part).model_fields}
    further = {k: v for k, v in settings.items() if k not in fields and v is not None}
    return type(part)(**fields, **further, **kept)
