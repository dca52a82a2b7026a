"""From a recipe to modules: what it names is looked up in the catalogue and called with what its signature asks for.

Keyword-only parameters are settings, which recipes give. Other parameters are asked for by name: of the codec its
`sizes`, of the recipe `latent`, of the machine itself and its `features`, of a likelihood of images itself and its
`planes`. So nets, decoders, heads, machines and likelihoods say themselves what they go with.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from grammar_rae.autoencoder import Autoencoder
from grammar_rae.catalogue import (
    CODECS,
    DECODER_NETS,
    ENCODER_NETS,
    LIKELIHOODS,
    MACHINES,
    VARIANTS,
    arguments,
    look_up,
    settings_of,
)
from grammar_rae.codecs import Codec
from grammar_rae.encoders import Encoder
from grammar_rae.errors import RecipeError
from grammar_rae.grammar import Grammar
from grammar_rae.objective import Objective, Term, Variant, summed
from grammar_rae.recipe import OpenPart, Recipe

Takers = tuple[Callable[..., Any], ...]

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


def complete(recipe: Recipe, stored: bool = False) -> Recipe:
    """A recipe with every setting of its codec, nets, head and machine, checked against their signatures.

    RecipeError for a setting that none of them takes; where the recipe is `stored` with a model it is kept, as a part
    of what the weights' identity is made of.
    """
    changes = {
        section: _completed(part, where, takers, LISTED[section], stored)
        for section, (part, where, takers) in _sections(recipe).items()
    }
    return recipe.model_copy(update=changes)


def _completed(
    part: OpenPart, where: str, takers: Takers, listed: Mapping[str, Any], stored: bool
) -> OpenPart:
    parameters, fields = settings_of(*takers), type(part).model_fields
    given = {k: v for k, v in part.settings.items() if k in parameters or v != listed.get(k)}
    foreign = {k: v for k, v in given.items() if stored and k not in parameters}
    settings = arguments({k: v for k, v in given.items() if k not in foreign}, where, *takers)
    stated = {k: v for k, v in settings.items() if k not in fields and v is not None}
    return type(part)(**{k: v for k, v in part if k in fields}, **stated, **foreign)


def identifying(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """What the meaning of weights depends on: codec, nets, machine and objective without what is default."""
    recipe = complete(recipe, stored=True)
    parts = recipe.model_dump(include={"codec", "encoder", "decoder", "objective"}, exclude_defaults=True)
    for section, (_, _, takers) in _sections(recipe).items():
        defaults = {name: parameter.default for name, parameter in settings_of(*takers).items()}
        parts[section] = {k: v for k, v in parts[section].items() if k not in defaults or v != defaults[k]}
    return parts


def make_codec(recipe: Recipe, grammar: Grammar | None, items: Sequence[Any] = ()) -> Codec:
    """The codec of a recipe; what is «auto» in it is what `items` ask for."""
    recipe = complete(recipe, stored=True)
    make, _ = look_up(CODECS, recipe.codec.kind, "codec")
    given = {"grammar": grammar, "items": items, "least": shortest(recipe)}
    codec: Codec = _made(make, given, *_stated(recipe, "codec"))
    return codec


def shortest(recipe: Recipe) -> int:
    """The least number of steps the recipe's encoder can read: convolutions of some `widths` without padding."""
    return 1 + sum(width - 1 for width in recipe.encoder.settings.get("widths", ()))


def make_machine(recipe: Recipe, codec: Codec) -> Any:
    """What the decoder may write; None where the codec's rows are no derivations."""
    name = recipe.decoder.machine
    if "grammar" not in codec.sizes and name == "syntax":
        return None
    given = {**codec.sizes, "budget": recipe.decoder.budget == "always"}
    _, settings = _stated(complete(recipe, stored=True), "decoder")
    return _made(
        look_up(MACHINES, name, "machine"), given, f"{recipe.name}: decoder.machine {name}", settings
    )


def make_autoencoder(recipe: Recipe, codec: Codec, machine: Any = None) -> Autoencoder:
    """Freshly initialised; torch's global generator decides the weights. `machine`: that of `make_machine`."""
    recipe = complete(recipe, stored=True)
    variant = find_variant(recipe)
    given: dict[str, Any] = {"latent": recipe.encoder.latent, **codec.sizes}
    machine = machine or make_machine(recipe, codec)
    if machine is not None:
        given |= {"machine": machine, "features": machine.feature_size}
    name = recipe.objective.likelihood
    _, *pixels = look_up(LIKELIHOODS, name, "likelihood")
    for likelihood in pixels:
        where = f"{recipe.name}: objective.likelihood {name}"
        given |= {"pixels": likelihood, "planes": _made(likelihood.planes, given, where)}
    encoder = _make_encoder(recipe, given, variant)
    decoder = _make_decoder(recipe, given)
    return Autoencoder(encoder, variant.edit(decoder), variant.prior(recipe.encoder.latent))


def make_objective(recipe: Recipe, model: Autoencoder) -> Objective:
    """The variant's terms under the recipe's weights."""
    likelihood, *_ = look_up(LIKELIHOODS, recipe.objective.likelihood, "likelihood")
    terms = dict(find_variant(recipe).terms)
    terms["nll"] = (likelihood, terms["nll"][1])
    for name, weight in recipe.objective.weights.items():
        term, _ = look_up_term(terms, name, recipe)
        terms[name] = (term, weight)
    if recipe.objective.convention == "as_coded":
        if recipe.objective.likelihood != "gaussian":
            raise RecipeError(f"{recipe.name}: objective.convention as_coded needs likelihood gaussian")
        codec, latent = complete(recipe, stored=True).codec.settings, recipe.encoder.latent
        channels, pixels = codec["channels"], codec["channels"] * codec["size"] ** 2
        terms = {
            name: (term, summed(name, weight, pixels, channels, latent))
            for name, (term, weight) in terms.items()
        }
    return Objective(model, terms, recipe.objective.code_noise)


def look_up_term(terms: dict[str, tuple[Term, float]], name: str, recipe: Recipe) -> tuple[Term, float]:
    """The term and its default weight; RecipeError when the variant has none of that name."""
    if name not in terms:
        raise RecipeError(
            f"{recipe.name}: objective.weights.{name} is no term of {recipe.objective.variant}; "
            f"it has {', '.join(terms)}"
        )
    return terms[name]


def find_variant(recipe: Recipe) -> Variant:
    """The row of a recipe's variant."""
    variant: Variant = look_up(VARIANTS, recipe.objective.variant, "variant")
    return variant


def _make_encoder(recipe: Recipe, given: Mapping[str, Any], variant: Variant) -> Encoder:
    net = _made(look_up(ENCODER_NETS, recipe.encoder.net, "encoder net"), given, *_stated(recipe, "encoder"))
    _, inputs = look_up(CODECS, recipe.codec.kind, "codec")
    head = _made(variant.head, {**given, "hidden": net.outputs}, *_stated(recipe, "encoder"))
    return Encoder(_made(inputs, given, *_stated(recipe, "encoder")), net, head)


def _make_decoder(recipe: Recipe, given: Mapping[str, Any]) -> nn.Module:
    make_net, make = look_up(DECODER_NETS, recipe.decoder.net, "decoder net")
    net = _made(make_net, given, *_stated(recipe, "decoder"))
    decoder: nn.Module = _made(make, {**given, "net": net}, *_stated(recipe, "decoder"))
    return decoder


def _sections(recipe: Recipe) -> dict[str, tuple[OpenPart, str, Takers]]:
    """The parts of a recipe that hold settings, where errors say that they stand, and what takes them."""
    codec, inputs = look_up(CODECS, recipe.codec.kind, "codec")
    reader = look_up(ENCODER_NETS, recipe.encoder.net, "encoder net")
    writer, decoder = look_up(DECODER_NETS, recipe.decoder.net, "decoder net")
    machine = look_up(MACHINES, recipe.decoder.machine, "machine")
    return {
        "codec": (recipe.codec, f"{recipe.name}: codec.kind {recipe.codec.kind}", (codec,)),
        "encoder": (
            recipe.encoder,
            f"{recipe.name}: encoder.net {recipe.encoder.net}",
            (reader, inputs, find_variant(recipe).head),
        ),
        "decoder": (
            recipe.decoder,
            f"{recipe.name}: decoder.net {recipe.decoder.net}",
            (writer, decoder, machine),
        ),
    }


def _stated(recipe: Recipe, section: str) -> tuple[str, dict[str, Any]]:
    part, where, _ = _sections(recipe)[section]
    return where, dict(part)


def _made(
    taker: Callable[..., Any], given: Mapping[str, Any], where: str, settings: Mapping[str, Any] | None = None
) -> Any:
    """What `taker` makes of what it asks for: of `given` by name, of the `settings` what it knows.

    RecipeError where it asks for what is not given, or refuses what is.
    """
    parameters = inspect.signature(taker).parameters.values()
    asked = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    missing = [p.name for p in asked if p.default is p.empty and p.name not in given]
    if missing:
        raise RecipeError(
            f"{where} needs {', '.join(missing)}, which the recipe's codec, machine and likelihood do not give"
        )
    wanted = {p.name: given[p.name] for p in asked if p.name in given}
    own = settings_of(taker)
    try:
        return taker(**wanted, **{k: v for k, v in (settings or {}).items() if k in own})
    except ValueError as error:
        raise RecipeError(f"{where}: {error}") from error
