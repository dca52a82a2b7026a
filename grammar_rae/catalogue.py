"""Everything that has a name: plain dictionaries, values imported when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from grammar_rae.errors import RecipeError, nearest


@dataclass(frozen=True)
class DataSet:
    """A named data set."""

    load: str  # address of () → Dataset
    about: str


VARIANTS = {
    "ae": "grammar_rae.autoencoders.variants.vae:AE",
    "vae": "grammar_rae.autoencoders.variants.vae:VAE",
    "cv_vae": "grammar_rae.autoencoders.variants.vae:CV_VAE",
    "wae": "grammar_rae.autoencoders.variants.wae:WAE",
    "two_stage": "grammar_rae.autoencoders.variants.vae:VAE",  # the second stage is the density of that name
    "laplace": "grammar_rae.autoencoders.variants.laplace:LAPLACE",
    "mutual": "grammar_rae.autoencoders.variants.mutual:MUTUAL",
    "lossy": "grammar_rae.autoencoders.variants.lossy:LOSSY",
    "rae": "grammar_rae.autoencoders.variants.rae:RAE",
    "rae_gp": "grammar_rae.autoencoders.variants.rae:RAE_GP",
    "rae_l2": "grammar_rae.autoencoders.variants.rae:RAE_L2",
    "rae_sn": "grammar_rae.autoencoders.variants.rae:RAE_SN",
    "recursive": "grammar_rae.autoencoders.variants.recursive:RECURSIVE",
    "ladder": "grammar_rae.autoencoders.variants.ladder:LADDER",
    "vlac": "grammar_rae.autoencoders.variants.vlac:VLAC",
}

HEADS = {  # an encoder's last layer, from features to q(z | x)
    "point": "grammar_rae.autoencoders.heads:PointHead",
    "gaussian": "grammar_rae.autoencoders.heads:GaussianHead",
    "constant_variance": "grammar_rae.autoencoders.heads:ConstantVarianceHead",
    "mixture": "grammar_rae.autoencoders.heads:MixtureHead",
    "rungs": "grammar_rae.autoencoders.heads:RungHead",
}

PRIORS = {  # () → p(z)
    "standard": "grammar_rae.autoencoders.priors:Standard",
    "flow": "grammar_rae.autoencoders.priors:FlowPrior",
    "rung_mixtures": "grammar_rae.autoencoders.priors:RungMixtures",
}

DENSITIES = {  # how to fit one, an empty one to load into, and which codes it asks for where not the recipe's
    "gaussian": ("grammar_rae.densities.gaussian:fit", "grammar_rae.densities.mixture:empty"),
    "gmm": ("grammar_rae.densities.gmm:fit", "grammar_rae.densities.mixture:empty"),
    "dirichlet": ("grammar_rae.densities.dirichlet:fit", "grammar_rae.densities.mixture:empty"),
    "kde": ("grammar_rae.densities.kde:fit", "grammar_rae.densities.kde:empty"),
    "flow": ("grammar_rae.densities.flow:fit", "grammar_rae.densities.flow:empty"),
    "flow_matching": (
        "grammar_rae.densities.flow_matching:fit",
        "grammar_rae.densities.flow_matching:empty",
    ),
    "two_stage": (
        "grammar_rae.densities.two_stage:fit",
        "grammar_rae.densities.two_stage:empty",
        "grammar_rae.densities.two_stage:codes",
    ),
    "box": ("grammar_rae.densities.box:fit", "grammar_rae.densities.box:empty"),
}

CODECS = {  # the codec, and what an encoder's net reads of its rows
    "grammar": ("grammar_rae.codecs.grammar:GrammarCodec", "grammar_rae.autoencoders.encoders:Columns"),
    "character": (
        "grammar_rae.codecs.characters:CharacterCodec",
        "grammar_rae.autoencoders.encoders:Columns",
    ),
    "image": ("grammar_rae.codecs.images:ImageCodec", "grammar_rae.autoencoders.encoders:Intensities"),
}

ENCODER_NETS = {
    "convolution": "grammar_rae.nets.sequences:ConvolutionEncoder",
    "strided": "grammar_rae.nets.autoregressive:StridedEncoder",
    "image": "grammar_rae.nets.images:ImageReader",
    "dense": "grammar_rae.nets.dense:DenseReader",
    "image_ladder": "grammar_rae.nets.image_ladder:image_ladder_reader",
    "dense_ladder": "grammar_rae.nets.dense_ladder:dense_ladder_reader",
    "strided_ladder": "grammar_rae.nets.string_ladder:strided_ladder_reader",
    "residual": "grammar_rae.nets.residual:ResidualReader",
}

DECODER_NETS = {  # the net, and the decoder that makes p of it
    "repeat": ("grammar_rae.nets.sequences:RepeatDecoder", "grammar_rae.autoencoders.decoders:all_at_once"),
    "recurrent": (
        "grammar_rae.nets.autoregressive:RecurrentStep",
        "grammar_rae.autoencoders.decoders:SequentialDecoder",
    ),
    "image": ("grammar_rae.nets.images:ImageWriter", "grammar_rae.autoencoders.decoders:PixelDecoder"),
    "dense": ("grammar_rae.nets.dense:DenseWriter", "grammar_rae.autoencoders.decoders:PixelDecoder"),
    "image_ladder": (
        "grammar_rae.nets.image_ladder:image_ladder_writer",
        "grammar_rae.autoencoders.decoders:PixelDecoder",
    ),
    "dense_ladder": (
        "grammar_rae.nets.dense_ladder:dense_ladder_writer",
        "grammar_rae.autoencoders.decoders:PixelDecoder",
    ),
    "repeat_ladder": (
        "grammar_rae.nets.string_ladder:RepeatLadder",
        "grammar_rae.autoencoders.decoders:all_at_once",
    ),
    "recurrent_ladder": (
        "grammar_rae.nets.string_ladder:RecurrentLadder",
        "grammar_rae.autoencoders.decoders:SequentialDecoder",
    ),
    "residual": (
        "grammar_rae.nets.residual:ResidualWriter",
        "grammar_rae.autoencoders.decoders:PixelDecoder",
    ),
    "local_image": ("grammar_rae.nets.images:ImageWriter", "grammar_rae.autoencoders.decoders:LocalDecoder"),
    "local_dense": ("grammar_rae.nets.dense:DenseWriter", "grammar_rae.autoencoders.decoders:LocalDecoder"),
    "local_residual": (
        "grammar_rae.nets.residual:ResidualWriter",
        "grammar_rae.autoencoders.decoders:LocalDecoder",
    ),
}

MACHINES = {
    "syntax": "grammar_rae.machines.stack:StackMachine",
    "valence": "grammar_rae.machines.conjunction:valence",  # SMILES that RDKit accepts, nothing else
}

LIKELIHOODS = {  # the term `nll`, and what the planes of a net say of an image
    "categorical": ("grammar_rae.autoencoders.terms:nll",),
    "cross_entropy": ("grammar_rae.autoencoders.terms:cross_entropy",),
    "gaussian": ("grammar_rae.autoencoders.terms:nll", "grammar_rae.distributions.pixels:GAUSSIAN"),
    "learned_gaussian": (
        "grammar_rae.autoencoders.terms:nll",
        "grammar_rae.distributions.pixels:LEARNED_GAUSSIAN",
    ),
    "linear_gaussian": (
        "grammar_rae.autoencoders.terms:nll",
        "grammar_rae.distributions.pixels:LINEAR_GAUSSIAN",
    ),
    "laplace": ("grammar_rae.autoencoders.terms:nll", "grammar_rae.distributions.pixels:LAPLACE"),
    "bernoulli": ("grammar_rae.autoencoders.terms:nll", "grammar_rae.distributions.pixels:BERNOULLI"),
    "logistic_mixture": (
        "grammar_rae.autoencoders.terms:nll",
        "grammar_rae.distributions.pixels:LOGISTIC_MIXTURE",
    ),
}

VIEWS = {  # (x, u) → what encoder and likelihood see of rows
    "as_is": "grammar_rae.autoencoders.views:as_is",
    "binarised": "grammar_rae.autoencoders.views:binarised",
    "dequantised": "grammar_rae.autoencoders.views:dequantised",
}

PREPARATIONS = {  # list[str] → list[str | None], what a model reads in place of what a user gives
    "none": "builtins:list",
    "kekule": "grammar_rae.chemistry.smiles:kekules",
}

DATASETS = {
    "expressions": DataSet(
        "grammar_rae.datasets.expressions:expressions",
        "Distinct expressions of up to 20 steps, as many of every length; 10 % validate, 10 % test. No download",
    ),
    "nci": DataSet(
        "grammar_rae.datasets.molecules:nci",
        "The 4,999 NCI molecules in RDKit, 4,991 of them readable; 10 % validate, 10 % test. No download",
    ),
    "zinc250k": DataSet(
        "grammar_rae.datasets.molecules:zinc250k",
        "249,456 drug-like molecules: the first 5,000 test, the last 10 % of the rest validate",
    ),
    "zinc250k_graphs": DataSet(
        "grammar_rae.datasets.molecules:zinc250k_graphs",
        "ZINC250k as models of graphs split it: 24,887 test, 2 % of the rest validate",
    ),
    "equations": DataSet(
        "grammar_rae.datasets.expressions:equations",
        "The published expressions without their blanks; 10 % validate, none are held out as a test",
    ),
    "moses": DataSet(
        "grammar_rae.datasets.molecules:moses",
        "MOSES: 1,584,663 molecules to train on, 1 % of them validate, where their file is at hand; 176,074 test",
    ),
    "moses_scaffolds": DataSet(
        "grammar_rae.datasets.molecules:moses_scaffolds",
        "MOSES: its scaffold split, molecules whose scaffolds are in no other split",
    ),
    "qm9": DataSet(
        "grammar_rae.datasets.molecules:qm9",
        "QM9: 132,040 molecules of up to nine heavy atoms; 10 % validate, 10 % test",
    ),
    "chembl": DataSet(
        "grammar_rae.datasets.molecules:chembl",
        "342,869 bioactive molecules of ChEMBL 22, up to 1,782 characters; 10 % validate, 10 % test",
    ),
    "digits": DataSet(
        "grammar_rae.datasets.digits:digits",
        "1,797 handwritten digits (in scikit-learn), 8 x 8 resized to 32 x 32; 10 % validate, 20 % test. No download",
    ),
    "mnist": DataSet(
        "grammar_rae.datasets.mnist:mnist",
        "MNIST: 60,000 handwritten digits, 28 x 28, the last 10,000 of them validate; 10,000 test",
    ),
    "mnist_binarised": DataSet(
        "grammar_rae.datasets.mnist:mnist_binarised",
        "MNIST in two levels, drawn once by a seed of ours, not the published file: white by intensity; split as mnist",
    ),
    "fashion_mnist": DataSet(
        "grammar_rae.datasets.mnist:fashion_mnist",
        "Fashion-MNIST: 60,000 pieces of clothing, 28 x 28, the last 10,000 of them validate; 10,000 test",
    ),
    "cifar10": DataSet(
        "grammar_rae.datasets.cifar10:cifar10",
        "CIFAR-10: 50,000 photographs in colour, 32 x 32, the last 10,000 of them validate; 10,000 test",
    ),
    "celeba": DataSet(
        "grammar_rae.datasets.celeba:celeba",
        "CelebA: 202,599 faces in colour, middle 140 x 140 of 178 x 218 resized to 64 x 64, official partition",
    ),
    "omniglot": DataSet(
        "grammar_rae.datasets.omniglot:omniglot",
        "Omniglot: characters of 30 alphabets, 28 x 28, a tenth of them validates; those of 20 other alphabets test",
    ),
    "freyfaces": DataSet(
        "grammar_rae.datasets.freyfaces:freyfaces",
        "Frey faces: 1,965 frames of a video, 28 x 20; 200 validate, 200 test, in runs apart from the training frames",
    ),
    "caltech101_silhouettes": DataSet(
        "grammar_rae.datasets.silhouettes:caltech101_silhouettes",
        "Caltech-101 silhouettes: outlines of 101 kinds of objects, 28 x 28, two-level, in the published split",
    ),
    "svhn": DataSet(
        "grammar_rae.datasets.svhn:svhn",
        "SVHN: 73,257 house-number digits in colour, 32 x 32, a tenth of them validates; 26,032 test",
    ),
}

TASKS = {  # kinds of data
    "molecules": "grammar_rae.tasks.molecules:MOLECULES",
    "expressions": "grammar_rae.tasks.expressions:EXPRESSIONS",
    "strings": "grammar_rae.tasks.strings:STRINGS",
    "images": "grammar_rae.tasks.images:IMAGES",
}

ASSESSMENTS = {  # how models are measured
    "shares": "grammar_rae.experiments.shares:SHARES",
    "distances": "grammar_rae.experiments.distances:DISTANCES",
}

SURROGATES = {  # () → a surrogate with the settings it has by default; see `optimization.surrogates`
    "structure": "grammar_rae.optimization.surrogates:Structure",
    "values": "grammar_rae.optimization.surrogates:Values",
    "exact": "grammar_rae.optimization.surrogates:Exact",
    "sparse": "grammar_rae.optimization.sparse:Sparse",
}

ACQUISITIONS = {  # which candidates are evaluated next; see `optimization.acquisition`
    "thompson": "grammar_rae.optimization.acquisition:thompson",
    "logei": "grammar_rae.optimization.acquisition:logei",
}

REGIONS = {  # (model, start, reach) → where a search looks; see `optimization.regions`
    "trust": "grammar_rae.workflows.search_space:trust_region",
    "density": "grammar_rae.workflows.search_space:dense_region",
    "box": "grammar_rae.workflows.search_space:box_region",
}


def known(table: Mapping[str, Any], name: str, kind: str, error: type[ValueError] = RecipeError) -> str:
    """The name itself, where a table has it; `error`, with the nearest name it has, where not."""
    if name not in table:
        raise error(f"no {kind} is called {name}; {nearest(name, table)}")
    return name


def look_up(table: Mapping[str, Any], name: str, kind: str, error: type[ValueError] = RecipeError) -> Any:
    """The entry of that name, imported; `error` as `known`."""
    entry = table[known(table, name, kind, error)]
    return imported(entry) if isinstance(entry, str) else tuple(imported(address) for address in entry)


def imported(address: str) -> Any:
    """The value at `module:name`."""
    module, _, path = address.partition(":")
    value: Any = import_module(module)
    for name in path.split("."):
        value = getattr(value, name)
    return value
