"""From a recipe to modules: the codec, the autoencoder and its objective."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.autoencoder import Autoencoder
from grammar_rae.catalogue import VARIANTS, look_up
from grammar_rae.codecs import CharacterCodec, Codec, GrammarCodec, ImageCodec, TextCodec
from grammar_rae.decoders import (
    CharacterDecoder,
    GrammarDecoder,
    PixelDecoder,
    SequentialDecoder,
    spectrally_normalised,
)
from grammar_rae.distributions.pixels import LIKELIHOODS, planes
from grammar_rae.encoders import Encoder, ImageEncoder
from grammar_rae.errors import RecipeError
from grammar_rae.grammar import Grammar
from grammar_rae.machines.bonds import BondTable, probe
from grammar_rae.machines.both import Conjunction
from grammar_rae.machines.stack import StackMachine
from grammar_rae.machines.valence import ValenceMachine
from grammar_rae.nets.autoregressive import RecurrentStep, StridedEncoder
from grammar_rae.nets.images import ImageReader, ImageWriter, features
from grammar_rae.nets.sequences import ConvolutionEncoder, RepeatDecoder
from grammar_rae.objective import Objective, Term, Variant, summed
from grammar_rae.recipe import Recipe
from grammar_rae.smiles_shape import kind_of


def make_codec(recipe: Recipe, grammar: Grammar | None) -> Codec:
    """The codec of a resolved recipe: `steps`, `alphabet` and `channels` are no longer auto."""
    part = recipe.codec
    if part.kind == "image":
        assert part.channels != "auto"
        return ImageCodec(part.size, part.channels)
    assert isinstance(part.steps, int)
    if part.kind == "character":
        return CharacterCodec(part.alphabet, part.steps)
    if grammar is None:
        raise RecipeError(f"{recipe.name}: a grammar codec needs codec.grammar, or --grammar FILE")
    return GrammarCodec(grammar, part.steps)


def shortest(recipe: Recipe) -> int:
    """The least number of steps the recipe's encoder can read."""
    return 1 + sum(width - 1 for width in recipe.encoder.widths)


def make_bonds(recipe: Recipe, codec: Codec) -> BondTable | None:
    """What the installed RDKit says of the grammar's atoms, where the recipe's machine asks."""
    if recipe.decoder.machine != "valence":
        return None
    if not isinstance(codec, GrammarCodec):
        raise RecipeError(f"{recipe.name}: decoder.machine valence needs a grammar codec")
    atoms = (token for token in codec.grammar.terminals if kind_of(token) == "atom")
    return probe(atoms, recipe.decoder.radicals)


def make_machine(recipe: Recipe, codec: GrammarCodec, bonds: BondTable | None) -> StackMachine | Conjunction:
    """What the decoder may write: syntax, and valence where `bonds` are given."""
    syntax = StackMachine(codec.grammar, budget=recipe.decoder.budget == "always")
    return syntax if bonds is None else Conjunction(syntax, ValenceMachine(codec.grammar, bonds))


def make_autoencoder(recipe: Recipe, codec: Codec, bonds: BondTable | None = None) -> Autoencoder:
    """Freshly initialised; torch's global generator decides the weights. `bonds`: those of `make_bonds`."""
    bonds = bonds or make_bonds(recipe, codec)
    variant = find_variant(recipe)
    images = isinstance(codec, ImageCodec)
    for asks, given in {
        "encoder.net image": recipe.encoder.net == "image",
        "decoder.net image": recipe.decoder.net == "image",
        f"objective.likelihood {' or '.join(LIKELIHOODS)}": recipe.objective.likelihood in LIKELIHOODS,
    }.items():
        if given != images:
            raise RecipeError(f"{recipe.name}: {asks} goes with codec.kind image, and with no other")
    if isinstance(codec, ImageCodec):
        encoder: nn.Module = _make_image_encoder(recipe, codec, variant)
        decoder = _make_image_decoder(recipe, codec)
    else:
        assert isinstance(codec, GrammarCodec | CharacterCodec)
        column, channels, pad = _columns(codec)
        encoder = _make_encoder(recipe, codec, variant, column, channels, pad)
        decoder = _make_decoder(recipe, codec, column, channels, bonds)
    decoder = variant.edit(decoder)
    return Autoencoder(encoder, decoder, variant.prior(recipe.encoder.latent))


def make_objective(recipe: Recipe, model: Autoencoder) -> Objective:
    """The variant's terms under the recipe's weights."""
    terms = dict(find_variant(recipe).terms)
    for name, weight in recipe.objective.weights.items():
        term, _ = look_up_term(terms, name, recipe)
        terms[name] = (term, weight)
    if recipe.objective.convention == "as_coded":
        codec = recipe.codec
        if recipe.objective.likelihood != "gaussian" or codec.channels == "auto":
            raise RecipeError(f"{recipe.name}: objective.convention as_coded needs likelihood gaussian")
        pixels = codec.channels * codec.size**2
        terms = {
            name: (term, summed(name, weight, pixels, codec.channels, recipe.encoder.latent))
            for name, (term, weight) in terms.items()
        }
    return Objective(model, terms, recipe.objective.likelihood, recipe.objective.code_noise)


def look_up_term(terms: dict[str, tuple[Term, float]], name: str, recipe: Recipe) -> tuple[Term, float]:
    """The term and its default weight; RecipeError when the variant has none of that name."""
    if name not in terms:
        raise RecipeError(
            f"{recipe.name}: objective.weights.{name} is no term of {recipe.objective.variant}; "
            f"it has {', '.join(terms)}"
        )
    return terms[name]


def find_variant(recipe: Recipe) -> Variant:
    found: Variant = look_up(VARIANTS, recipe.objective.variant, "variant")
    return found


def _make_image_encoder(recipe: Recipe, codec: ImageCodec, variant: Variant) -> ImageEncoder:
    part = recipe.encoder
    net = ImageReader(codec.channels, codec.size, part.width)
    if part.spectral_norm:
        spectrally_normalised(net)
    head = variant.head(features(codec.size, part.width), part.latent, **_options(recipe, variant))
    return ImageEncoder(net, head, part.jitter)


def _make_image_decoder(recipe: Recipe, codec: ImageCodec) -> nn.Module:
    likelihood = recipe.objective.likelihood
    outputs = planes(likelihood, codec.channels)
    net = ImageWriter(recipe.encoder.latent, outputs, codec.size, recipe.decoder.width)
    return PixelDecoder(net, likelihood, codec.channels)


def _options(recipe: Recipe, variant: Variant) -> dict[str, float | None]:
    return {name: getattr(recipe.encoder, name) for name in variant.options}


def _columns(codec: TextCodec) -> tuple[Tensor, int, int]:
    """Symbol → column (symbols,), the number of columns, and the padding symbol's column."""
    if isinstance(codec, GrammarCodec):
        tables = codec.grammar.tables
        return torch.as_tensor(tables.column), int(tables.columns), int(tables.column[codec.pad])
    return torch.arange(codec.symbols), codec.symbols, codec.pad


def _make_encoder(
    recipe: Recipe, codec: TextCodec, variant: Variant, column: Tensor, channels: int, pad: int
) -> Encoder:
    part = recipe.encoder
    net: nn.Module
    if part.net == "convolution":
        if len(part.widths) != len(part.filters):
            raise RecipeError(
                f"{recipe.name}: encoder.filters has {len(part.filters)} entries, "
                f"encoder.widths {len(part.widths)}; one of each per layer"
            )
        if codec.steps < shortest(recipe):
            raise RecipeError(
                f"{recipe.name}: codec.steps is {codec.steps}, the convolutions need {shortest(recipe)} or more"
            )
        net = ConvolutionEncoder(
            channels, codec.steps, part.filters, part.widths, part.hidden, part.batch_norm
        )
    else:
        net = StridedEncoder(channels, codec.steps, part.embedding, part.filters, part.hidden)
    head = variant.head(part.hidden, part.latent, **_options(recipe, variant))
    return Encoder(column, codec.steps, pad, net, head)


def _make_decoder(
    recipe: Recipe, codec: TextCodec, column: Tensor, channels: int, bonds: BondTable | None
) -> nn.Module:
    part, latent = recipe.decoder, recipe.encoder.latent
    machine: StackMachine | Conjunction | None = None
    if isinstance(codec, GrammarCodec):
        machine = make_machine(recipe, codec, bonds)
    if part.net == "recurrent":
        if machine is None:
            raise RecipeError(f"{recipe.name}: decoder.net recurrent needs a grammar codec")
        step = RecurrentStep(latent, channels, machine.feature_size, part.embedding, part.hidden)
        return SequentialDecoder(step, machine, column, codec.steps)
    net = RepeatDecoder(latent, codec.steps, channels, part.hidden, part.layers, part.batch_norm)
    return CharacterDecoder(net) if machine is None else GrammarDecoder(net, machine, column)
