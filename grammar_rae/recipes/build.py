"""From a recipe to modules: what it names is looked up in the catalogue and called with what its signature asks for.

Keyword-only parameters are settings, which recipes give. Other parameters are asked for by name: of the codec its
`sizes`, of the recipe `latent` and its `rungs`, of the machine itself and its `features`, of a likelihood its term
`nll`, and of one of images itself and its `planes`. So nets, decoders, heads, priors, machines, likelihoods and terms
say themselves what they go with. Where the decoder is told of noise, `latent` and the top one of `rungs` count for its
net what stands `beside` a code too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from torch import nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.encoders import Encoder
from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.terms import Term
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.autoencoders.views import View, as_is, dequantised
from grammar_rae.catalogue import (
    CODECS,
    DECODER_NETS,
    ENCODER_NETS,
    HEADS,
    LIKELIHOODS,
    MACHINES,
    PRIORS,
    VARIANTS,
    VIEWS,
    look_up,
)
from grammar_rae.codecs.codec import Codec
from grammar_rae.distributions.pixels import PixelLikelihood
from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.errors import RecipeError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.nets.ladder import LadderReader
from grammar_rae.nets.noise_input import FURTHER, NoiseInput
from grammar_rae.recipes.parts import complete, sections
from grammar_rae.recipes.schema import Recipe
from grammar_rae.signatures import settings_of


def make_codec(recipe: Recipe, grammar: Grammar | None, items: Sequence[Any] = ()) -> Codec[Any, Any]:
    """The codec of a recipe; what is «auto» in it is what `items` ask for."""
    kind, _ = look_up(CODECS, recipe.codec.kind, "codec")
    given = {"grammar": grammar, "items": items, "least": shortest(recipe)}
    codec: Codec[Any, Any] = _made(kind.of, given, complete(recipe, stored=True), "codec")
    return codec


def shortest(recipe: Recipe) -> int:
    """The least number of steps the recipe's encoder can read: convolutions of some `widths` without padding."""
    return 1 + sum(width - 1 for width in recipe.encoder.settings.get("widths", ()))


def make_machine(recipe: Recipe, codec: Codec[Any, Any]) -> Any:
    """What the decoder may write; None where the codec's rows are no derivations and no machine is asked for."""
    name = recipe.decoder.machine
    if "grammar" not in codec.sizes and name == "syntax":
        return None
    given = {**codec.sizes, "budget": recipe.decoder.budget == "always"}
    return _made(look_up(MACHINES, name, "machine"), given, complete(recipe, stored=True), "decoder")


def make_autoencoder(recipe: Recipe, codec: Codec[Any, Any], machine: Any = None) -> Autoencoder:
    """Freshly initialised; torch's global generator decides the weights. `machine`: that of `make_machine`."""
    recipe = complete(recipe, stored=True)
    variant = find_variant(recipe)
    given: dict[str, Any] = {"latent": recipe.encoder.latent, "rungs": rungs_of(recipe), **codec.sizes}
    machine = machine or make_machine(recipe, codec)
    if machine is not None:
        given |= {"machine": machine, "features": machine.feature_size}
    _, *found = look_up(LIKELIHOODS, recipe.objective.likelihood, "likelihood")
    pixels = [_stated(likelihood, recipe) for likelihood in found]
    for likelihood in pixels:
        given |= {"pixels": likelihood, "planes": _made(likelihood.planes, given, recipe, "objective")}
    view = _make_view(recipe, pixels)
    encoder = _make_encoder(recipe, given, variant)
    decoder = variant.edit(_make_decoder(recipe, given))
    prior = _made(look_up(PRIORS, variant.prior, "prior"), given, recipe, "prior")
    noise = dict(recipe.encoder).get("noise", 1.0)
    if noise != 1 and not isinstance(prior(), StandardNormal):
        raise RecipeError(
            f"{recipe.name}: encoder.noise {noise:g}; the divergence from a prior that is learned is estimated at "
            "draws of the posterior itself: set encoder.noise = 1.0"
        )
    refine = None if variant.refine is None else _made(variant.refine, given, recipe, "encoder")
    return Autoencoder(encoder, decoder, prior, refine, view)


def rungs_of(recipe: Recipe) -> tuple[int, ...]:
    """The sizes of the latent's rungs, one of all of it where the recipe states none. RecipeError for another sum."""
    latent = recipe.encoder.latent
    rungs = tuple(recipe.encoder.rungs or (latent,))
    if sum(rungs) != latent:
        raise RecipeError(
            f"{recipe.name}: encoder.rungs {list(rungs)} sum to {sum(rungs)}; expected encoder.latent, {latent}"
        )
    return rungs


def make_objective(recipe: Recipe, model: Autoencoder) -> Objective:
    """The variant's terms under the recipe's weights."""
    likelihood, *_ = look_up(LIKELIHOODS, recipe.objective.likelihood, "likelihood")
    variant = find_variant(recipe)
    given = {"latent": recipe.encoder.latent, "rungs": rungs_of(recipe), "nll": likelihood, "model": model}
    terms = {
        name: (_made(term, given, recipe, "objective") if isinstance(term, type) else term, weight)
        for name, (term, weight) in variant.terms.items()
    }
    if "nll" in terms:
        terms["nll"] = (likelihood, terms["nll"][1])
    for name, weight in recipe.objective.weights.items():
        term, _ = look_up_term(terms, name, recipe)
        terms[name] = (term, weight)
    if not any(weight for _, weight in terms.values()):
        raise RecipeError(
            f"{recipe.name}: every weight of objective.weights is 0; expected one term at least"
        )
    if recipe.objective.convention == "as_coded":
        if recipe.objective.likelihood != "gaussian":
            raise RecipeError(f"{recipe.name}: objective.convention as_coded needs likelihood gaussian")
        codec, latent = complete(recipe, stored=True).codec.settings, recipe.encoder.latent
        channels, pixels = codec["channels"], codec["channels"] * codec["size"] ** 2
        terms = {
            name: (term, summed(name, weight, pixels, channels, latent))
            for name, (term, weight) in terms.items()
        }
    warm_up = recipe.objective.warm_up
    for name in warm_up:
        look_up_term(terms, name, recipe)
    phases = _made(variant.phases, given, recipe, "objective")
    return Objective(model, terms, recipe.objective.code_noise, warm_up, phases, variant.begin)


def summed(term: str, weight: float, pixels: int, channels: int, latent: int) -> float:
    """A weight of the RAE paper's published image code as one beside the summed squared error, in nats.

    The code averages: mean squared error over the N = `pixels` (all channels) + β mean z² over the L codes
    + λ × penalty, and for variational models the error averaged over channels alone + w KL. Multiplied by N,
    or by the channels, that is SSE + (2 β N / L) ||z||² / 2 + λ N × penalty, and SSE + w channels KL. RecipeError for a
    term that it lacks.
    """
    factors = {
        "nll": 1,
        "half_norm": 2 * pixels / latent,
        "kl": channels,
        "gradient_penalty": pixels / latent,  # averaged over the codes too
        "decoder_decay": pixels,
        "kernel_decay": pixels,
        "mmd": pixels,
    }
    if weight and term not in factors:
        raise RecipeError(
            f"objective.convention as_coded is that of the RAE paper's code, which has no term {term}"
        )
    return weight * factors.get(term, 0)


def look_up_term(terms: dict[str, tuple[Term, float]], name: str, recipe: Recipe) -> tuple[Term, float]:
    """The term and its default weight; RecipeError when the variant has none of that name."""
    if name not in terms:
        raise RecipeError(
            f"{recipe.name}: objective: {name} is no term of {recipe.objective.variant}; "
            f"it has {', '.join(terms)}"
        )
    return terms[name]


def find_variant(recipe: Recipe) -> Variant:
    """The row of a recipe's variant."""
    variant: Variant = look_up(VARIANTS, recipe.objective.variant, "variant")
    return variant


def _stated(likelihood: PixelLikelihood, recipe: Recipe) -> PixelLikelihood:
    """A likelihood with the settings that a recipe states for it."""
    settings = _made(likelihood.settings, {}, recipe, "objective")
    if not settings:
        return likelihood
    return replace(likelihood, distribution=partial(likelihood.distribution, **settings))


def _make_view(recipe: Recipe, pixels: Sequence[PixelLikelihood]) -> View:
    """What the recipe's rows are seen as. RecipeError where its items or its likelihood are none for it."""
    view: View = look_up(VIEWS, recipe.data.view, "view")
    if view is not as_is and not pixels:
        raise RecipeError(f"{recipe.name}: data.view {recipe.data.view} is of images; these are none")
    if view is dequantised and not all(likelihood.continuous for likelihood in pixels):
        raise RecipeError(
            f"{recipe.name}: data.view dequantised needs a likelihood that is a density of intensities; "
            f"{recipe.objective.likelihood} is one of bytes"
        )
    return view


def _make_encoder(recipe: Recipe, given: Mapping[str, Any], variant: Variant) -> Encoder:
    def make_net() -> nn.Module:
        """The net that the recipe names, with weights of its own."""
        net: nn.Module = _made(
            look_up(ENCODER_NETS, recipe.encoder.net, "encoder net"), given, recipe, "encoder"
        )
        if len(given["rungs"]) > 1 and not isinstance(net, LadderReader):
            raise RecipeError(
                f"{recipe.name}: {len(given['rungs'])} rungs on a net without levels; leave encoder.rungs out, or set "
                "encoder.net = image_ladder, dense_ladder or strided_ladder, and decoder.net to one of their kind"
            )
        return net

    net: Any = make_net() if variant.wrap is None else None
    if variant.wrap is not None:
        net = _made(variant.wrap, {**given, "make_net": make_net}, recipe, "encoder")
    _, inputs = look_up(CODECS, recipe.codec.kind, "codec")
    of_net = {"hidden": net.outputs, "reader": net}
    head = _made(look_up(HEADS, variant.head, "head"), {**given, **of_net}, recipe, "encoder")
    return Encoder(_made(inputs, given, recipe, "encoder"), net, head)


def _make_decoder(recipe: Recipe, given: Mapping[str, Any]) -> nn.Module:
    net, make = look_up(DECODER_NETS, recipe.decoder.net, "decoder net")
    if recipe.decoder.noise_input:
        *below, top = given["rungs"]
        wider = {"latent": given["latent"] + FURTHER, "rungs": (*below, top + FURTHER), "beside": FURTHER}
        given = {**given, **wider, "noise_input": NoiseInput()}

    def make_net(planes: int) -> nn.Module:
        """The net that the recipe names, putting out so many planes."""
        made: nn.Module = _made(net, {**given, "planes": planes}, recipe, "decoder")
        return made

    if "make_net" in inspect.signature(make).parameters:
        further: dict[str, Any] = {"make_net": make_net}
    else:
        further = {"net": _made(net, given, recipe, "decoder")}
    decoder: nn.Module = _made(make, {**given, **further}, recipe, "decoder")
    return decoder


def _made(taker: Callable[..., Any], given: Mapping[str, Any], recipe: Recipe, part: str) -> Any:
    """What `taker` makes of what it asks for: of `given` by name, and the settings that a part of the recipe says.

    RecipeError where it asks for what is not there, or refuses what it is given.
    """
    section = sections(recipe).get(part)
    where, stated = (section.where, section.given) if section else (f"{recipe.name}: {part}", {})
    settings = settings_of(taker)
    asked = {k: p for k, p in inspect.signature(taker).parameters.items() if k not in settings}
    missing = [name for name, p in asked.items() if p.default is p.empty and name not in given]
    if missing:
        raise RecipeError(
            f"{where} needs {', '.join(missing)}, which codec.kind {recipe.codec.kind} with objective.likelihood "
            f"{recipe.objective.likelihood} does not give"
        )
    arguments = {name: given[name] for name in asked if name in given}
    try:
        return taker(**arguments, **{name: stated[name] for name in settings if name in stated})
    except ValueError as error:
        raise RecipeError(f"{where}: {error}") from error
