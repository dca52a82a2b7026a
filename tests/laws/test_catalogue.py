"""Laws drawn from the catalogue: every entry is there and takes its settings alone; recipes keep what they say."""

import re
import shutil
import tomllib

import numpy as np
import pytest
import torch
from tiny import table
from toys import LINES

from grammar_rae import catalogue, recipes
from grammar_rae.catalogue import CODECS, DECODER_NETS, ENCODER_NETS, LIKELIHOODS, VARIANTS
from grammar_rae.errors import RecipeError
from grammar_rae.experiments.prepare import prepare
from grammar_rae.experiments.train import train
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.model.model import Model
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_objective
from grammar_rae.recipes.parts import LISTED, complete, sections
from grammar_rae.recipes.schema import PriorPart, Recipe
from grammar_rae.recipes.toml import parse, read, write
from grammar_rae.runs import folder as runs
from grammar_rae.runs import shipped
from grammar_rae.runs import weights as runs_weights
from grammar_rae.signatures import settings_of

TABLES = {
    name: table
    for name, table in vars(catalogue).items()
    if name.isupper() and isinstance(table, dict) and name != "DATASETS"
}
OF_IMAGES = {
    "image",
    "residual",
    "dense",
    "image_ladder",
    "dense_ladder",
    "local_image",
    "local_dense",
    "local_residual",
}  # codecs and nets
SIZES = {
    "hidden": 12, "filters": [4, 4], "widths": [2, 2], "width": 2, "path": 6, "dense": 6, "convolutions": [[[2, 2]]]
}  # fmt: skip
CODEC_SETTINGS = {
    "grammar": {"steps": 12},
    "character": {"steps": 20, "alphabet": "x123+*/()sinep "},
    "image": {"channels": 1},
}


def recipe(codec="grammar", reader="strided", writer="recurrent", variant="vae", likelihood="categorical"):
    """A small recipe of these parts."""
    named = Recipe.model_validate(
        {
            "name": "tiny",
            "data": {"name": "none"},
            "codec": {"kind": codec, **CODEC_SETTINGS[codec]},
            "encoder": {"net": reader, "latent": 3, "rungs": [2, 1] if reader.endswith("ladder") else None},
            "decoder": {"net": writer},
            "objective": {"variant": variant, "likelihood": likelihood},
            "training": {"epochs": 1, "batch": 4},
        }
    )
    parts = {}
    for name, section in sections(named).items():
        sizes = {k: SIZES[k] for k in settings_of(*section.takers).keys() & SIZES.keys()}
        parts[name] = section.part.model_copy(update=sizes)
    return named.model_copy(update=parts)


def built(mine):
    codec = make_codec(mine, Grammar.read("equation"))
    torch.manual_seed(0)
    return codec, make_autoencoder(mine, codec)


@pytest.mark.parametrize(("table", "name"), [(t, name) for t, table in TABLES.items() for name in table])
def test_every_entry_is_there(table, name):
    assert catalogue.look_up(TABLES[table], name, table) is not None
    with pytest.raises(RecipeError, match=f"no thing is called {name}x; did you mean"):
        catalogue.look_up(TABLES[table], f"{name}x", "thing")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("reader", ENCODER_NETS)
@pytest.mark.parametrize("writer", DECODER_NETS)
def test_nets_go_together_or_say_what_they_miss(codec, reader, writer):
    """Of every encoder's and decoder's net and codec: rows in, p of rows out, or one clear line."""
    built_any = False
    for likelihood in LIKELIHOODS:
        mine = recipe(codec, reader, writer, likelihood=likelihood)
        try:
            made, model = built(mine)
        except RecipeError as error:
            assert str(error).startswith("tiny: ") and " needs " in str(error) and "\n" not in str(error)
            continue
        built_any = True
        shape = (2, 1, 32, 32) if codec == "image" else (2, made.steps)
        x = torch.zeros(shape, dtype=torch.uint8)
        assert model.decoder(model.encoder(x).mean).mode().shape == x.shape
        assert make_objective(mine, model).terms["nll"][1] == 1
    images = [part in OF_IMAGES for part in (codec, reader, writer)]
    fits = all(images) or not any(images) and not (codec == "character" and "recurrent" in writer)
    assert built_any == fits


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("section", LISTED)
def test_a_setting_that_nothing_takes_is_refused(variant, section):
    images = {"codec": "image", "reader": "dense", "writer": "dense", "likelihood": "bernoulli"}
    parts = {"laplace": images, "lossy": {**images, "writer": "local_dense"}}.get(variant, {})
    mine = recipe(variant=variant, **parts)
    for name, known in settings_of(*sections(mine)[section].takers).items():
        if name in type(sections(mine)[section].part).model_fields:
            continue
        wrong = sections(mine)[section].part.model_copy(
            update={f"{name}x": 1 if known.default is None else known.default}
        )
        with pytest.raises(RecipeError, match=f"has no setting {name}x; did you mean {name}"):
            complete(mine.model_copy(update={section: wrong}))
    other = sections(mine)[section].part.model_copy(update={"quality": 3})
    with pytest.raises(RecipeError, match="has no setting quality; it takes: [a-z]"):
        complete(mine.model_copy(update={section: other}))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("encoder.hiden=3", "encoder.net strided has no setting hiden; did you mean hidden"),
        (
            "encoder.widths=[2, 2]",
            "encoder.net strided has no setting widths; it takes: hidden, filters, embedding",
        ),
        (
            "encoder.hidden=-3",
            "encoder.net strided: hidden: Input should be greater than or equal to 1, given -3",
        ),
        ("encoder.filters=[]", "encoder.net strided: filters: List should have at least 1 item"),
        ("encoder.hidden=0", "encoder.net strided: hidden"),
        ("codec.size=64", "codec.kind grammar has no setting size; it takes: steps, slack"),
        (
            "decoder.radicals=true",
            "decoder.net recurrent has no setting radicals; it takes: hidden, embedding",
        ),
        ("encoder.net=strode", "encoder.net: no encoder net is called strode; did you mean strided"),
        ("decoder.machine=valance", "no machine is called valance; did you mean valence"),
        ("codec.kind=images", "no codec is called images; did you mean image"),
        ("objective.variant=rea", "no variant is called rea; did you mean"),
        ("objective.likelihood=gausian", "no likelihood is called gausian; did you mean gaussian"),
        ("data.prepare=kekulé", "no preparation is called kekulé; did you mean kekule"),
        ("encoder.net=convolution", "encoder.net convolution has no setting embedding"),
    ],
)
def test_what_a_recipe_cannot_say_is_one_line(override, message):
    with pytest.raises(RecipeError) as error:
        recipes.find("grae", (override,))
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "override"),
    [("laplace", "encoder.noise=0.01"), ("laplace", "encoder.bound=2"), ("recursive", "encoder.noise=0.5")],
)
def test_a_spread_of_codes_that_no_posterior_takes_is_refused(name, override):
    with pytest.raises(RecipeError, match=f"has no setting {override[8:13]}"):
        complete(recipes.find(name, (override,)))


def test_an_objective_of_no_weight_is_refused():
    mine = recipe()
    weights = dict.fromkeys(("nll", "kl"), 0.0)
    nothing = mine.model_copy(update={"objective": mine.objective.model_copy(update={"weights": weights})})
    with pytest.raises(RecipeError, match="every weight of objective.weights is 0"):
        make_objective(nothing, built(mine)[1])


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("half", "Input should be 'full', or a valid list, given 'half'"),
        ([3], "Input should be 'full', or List should have at least 2 items"),
        ([-1, 2], "Input should be 'full', or greater than or equal to 0, given [-1, 2]"),
    ],
)
def test_a_setting_of_several_kinds_is_told_all_of_them(window, expected):
    decoder = {"net": "local_dense", "window": window}
    with pytest.raises(RecipeError, match=re.escape(f"decoder.net local_dense: window: {expected}")):
        complete(Recipe.model_validate({**table("lossy", "grey"), "decoder": decoder}))


def test_a_net_that_lacks_a_setting_says_so():
    base = recipes.find("grae")
    bare = type(base.encoder)(net="strided", latent=3)
    with pytest.raises(RecipeError, match="grae: encoder.net strided needs hidden"):
        complete(base.model_copy(update={"encoder": bare}))


def test_a_net_that_cannot_be_built_says_why():
    mine = recipe(reader="convolution")
    for widths, message in (
        ([2], "encoder.net convolution: 2 filters, 1 widths; expected one of each"),
        ([9, 9], r"12 steps; widths \[9, 9\] need 17 or more"),
    ):
        encoder = mine.encoder.model_copy(update={"widths": widths})
        with pytest.raises(RecipeError, match=message):
            built(mine.model_copy(update={"encoder": encoder}))


# what must not change: the identity of weights, stored recipes, the names of weights

IDENTITIES = {
    "cvae-equations": "45f63732527de60ba31b674770ee8dde62a4d488247ffe944e990e20bdebf365",
    "gcvvae-equations": "cd88d0d28902d0715838d20709c4e68e28d9c8bfa0cdc01bf515c0553f388e44",
    "grae-equations": "50736421cf9d6c965da73a8f2bebd183cc32f005456dd43fb0a8280e362e6ecb",
    "grae-smiles": "27c7b7262e78cbb288b7d9ab3de810ce2ca5d6542eca2e16292642aa33bc1bee",
    "grae-smiles-plain": "cb6f27740b34b767a22ba29abd31efa0683dcb1269bc19f0f854d6b56f9be531",
    "gvae-equations": "8b9eed81f3a7136d6a4a7f98288e674b064fec90e16ccd01397592183969933a",
    "gvae-smiles": "c15033d5792a900bd496b8cd0c9e30b34f78df6339c4072c263e72813dd891c9",
}
OF_RECIPES = {  # without a grammar's text
    "gvae-zinc": "4ae5c89ec8057aa9",
    "cvae-zinc": "2c8a5a2b88f254ac",
    "gcvvae-equations": "a5d98c15595a5ab8",
    "rae_sn-mnist": "54cfd821f9a7094e",
    "wae-celeba": "7517a80ae8298bb1",
    "cv_vae-digits": "6f233cf0e5908855",
    "two_stage-mnist-small": "b02832041f0645fb",
    "grae": "80c60258bd6567b1",
    "grae-smiles": "e21d6d82d10a5a91",
}
STORED = """\
name = "tiny"
about = ""
task = "strings"
data = { name = "none", prepare = "none", orders = 0 }
objective = { variant = "ae", likelihood = "categorical", weights = {}, code_noise = 0.0, convention = "summed" }
training = { epochs = 2, batch = 25 }
[codec]
kind = "grammar"
grammar = "none"
alphabet = "x1 "
steps = 12
slack = 10
size = 32
channels = "auto"
[encoder]
net = "strided"
latent = 3
hidden = 12
filters = [4, 4]
widths = [2, 2]
batch_norm = false
embedding = 6
noise = 0.5
width = 128
jitter = 0.0
spectral_norm = false
[decoder]
net = "recurrent"
hidden = 14
layers = 2
batch_norm = false
embedding = 6
budget = "always"
machine = "syntax"
radicals = false
width = 128
"""


@pytest.mark.parametrize("name", shipped.names())
def test_the_weights_of_shipped_models_have_the_identity_they_had(name):
    run = runs.load(shipped.PRETRAINED / name)  # which compares it with that in the file of weights
    assert runs_weights.identity_of(run.recipe, run.grammar) == IDENTITIES[name]


@pytest.mark.parametrize("name", OF_RECIPES)
def test_the_identity_of_a_recipe_is_what_it_was(name):
    assert runs_weights.identity_of(recipes.find(name), None).startswith(OF_RECIPES[name])


def test_a_stored_recipe_lists_what_its_nets_do_not_take():
    """`alphabet`, `widths` and `layers` are not the old defaults: no new model, but a stored one is what it was."""
    stored = parse(STORED)
    with pytest.raises(RecipeError, match="codec.kind grammar has no setting alphabet"):
        complete(stored)
    mine = complete(stored, stored=True)
    assert (
        runs_weights.identity_of(mine, None)
        == "f2bff68b656901c3c54d28e27a085de99c2ca52522bb07c430ff94bc3aad69f2"
    )
    assert mine.encoder.settings == {
        "hidden": 12,
        "filters": [4, 4],
        "embedding": 6,
        "noise": 0.5,
        "widths": [2, 2],
    }
    assert mine.decoder.settings == {"hidden": 14, "embedding": 6, "layers": 2}
    plain = (
        STORED.replace('alphabet = "x1 "', 'alphabet = "auto"')
        .replace("[2, 2]", "[]")
        .replace("noise = 0.5", "")
    )
    new = complete(parse(plain.replace("layers = 2", "layers = 3")))
    assert new.codec.settings == {"steps": 12, "slack": 10} and new.decoder.settings == {
        "hidden": 14,
        "embedding": 6,
    }


def test_a_run_folder_with_such_a_recipe_is_read(toy_run, tmp_path):
    """As it was written when every recipe listed the settings of all nets."""
    folder = shutil.copytree(toy_run, tmp_path / "run")
    listed = tomllib.loads((folder / "recipe.toml").read_text())
    for section, values in LISTED.items():
        listed[section] = {**{k: v for k, v in values.items() if v is not None}, **listed[section]}
    (folder / "recipe.toml").write_text(write(Recipe.model_validate(listed)))
    assert Model.load(folder).generate(20, seed=3) == Model.load(toy_run).generate(20, seed=3)


@pytest.mark.parametrize("name", [*recipes.names(), *shipped.names()])
def test_recipes_come_back_as_they_were_written(name):
    mine = recipes.find(name) if name in recipes.names() else runs.load(shipped.PRETRAINED / name).recipe
    again = parse(write(mine))
    assert again == mine and complete(again, stored=True) == mine


def test_a_recipe_may_say_anything():
    about = "a\rb\nc\td\0e\x1b \"q\" 'q' \\ é 𝄞 \x7f"
    weights = {"a b": 1e-6, 'q"': 2.0, "": 0.0, "a.b": 1.0, "new\nline": 3.0}
    mine = recipe().model_copy(update={"about": about})
    mine = mine.model_copy(update={"objective": mine.objective.model_copy(update={"weights": weights})})
    again = parse(write(mine))
    assert again.about == about and again.objective.weights == weights and again == mine


@pytest.mark.parametrize(
    ("parts", "own"),
    [
        ({}, set()),
        ({"reader": "convolution", "writer": "repeat"}, set()),
        ({"codec": "image", "reader": "image", "writer": "image", "likelihood": "gaussian"}, set()),
        (
            {"codec": "image", "reader": "image", "writer": "image", "likelihood": "learned_gaussian"},
            {"decoder.log_variance"},
        ),
    ],
)
def test_weights_are_called_what_they_were(parts, own):
    """The names are the file format."""
    _, model = built(recipe(**parts))
    prefixes = ("encoder.net.", "encoder.head.mean.", "encoder.head.log_var.", "decoder.net.", "prior.zeros")
    names = model.state_dict().keys()
    assert {name for name in names if not name.startswith(prefixes)} == own
    assert all(any(name.startswith(prefix) for name in names) for prefix in prefixes)


@pytest.mark.parametrize(
    ("name", "override", "needed", "has"),
    [
        (
            "laplace-digits",
            "decoder.net=image",
            "dense layers of ReLU: decoder.net dense",
            "image, of images",
        ),
        ("lossy-digits", "decoder.net=image", "begins with local_", "image, of images"),
        ("lossy-digits", "objective.variant=laplace", "decoder.net dense", "local_dense, of images"),
        *(
            (name, f"objective.variant={variant}", "decoder of images", ", of strings")
            for name in ("gvae-equations", "mutual-equations", "grae", "cvae")
            for variant in ("laplace", "lossy")
        ),
    ],
)
def test_what_a_variant_cannot_take_is_said_before_any_setting(name, override, needed, has):
    with pytest.raises(RecipeError) as error:
        recipes.find(name, (override,))
    said = str(error.value)
    assert said.startswith(f"{name}: objective.variant l") and needed in said and said.endswith(has)
    assert "has no setting" not in said and "\n" not in said


BARE = [name for name in recipes.names() if "-" not in name]


@pytest.mark.parametrize("name", BARE)
def test_a_recipe_for_your_own_data_asks_for_them_and_writes_nothing(cli, tmp_path, name):
    place = tmp_path / "runs" / "a"
    code, out, err = cli("train", name, "--out", place)
    assert code == 2 and out == "" and err.count("\n") == 1 and list(tmp_path.iterdir()) == []
    assert err.startswith(f"grammar-rae: {name} trains on data of your own; name it with --data: ")
    assert ("images" in err) == (recipes.find(name).codec.kind == "image") != ("--grammar" in err)
    with pytest.raises(RecipeError, match="name it with data: "):
        train(name)


def test_a_recipe_that_says_what_it_trains_on_is_no_bare_one():
    assert [row.recipe for row in recipes.rows() if not row.names_data] == BARE and len(BARE) > 10


def test_a_grammar_alone_is_data_enough():
    prepared = prepare(recipes.find("grae"), grammar="equation")
    assert prepared.run.recipe.data.name == "uniform:equation.cfg"


# one module and one line


@pytest.fixture
def toys(monkeypatch):
    for kind, lines in LINES.items():
        for name, address in lines.items():
            monkeypatch.setitem(TABLES[kind], name, address)


TOYS = """
name = "toys"
data.name = "uniform"
codec.kind = "grammar"
encoder = { net = "bag", latent = 4, size = 6, scale = 0.5, shrink = 0.01 }
decoder = { net = "recurrent", hidden = 16 }
objective = { variant = "sparse_ae", weights = { absolute = 0.2 } }
prior.deviation = 3.0
training = { epochs = 1, batch = 64 }
density = { default = "laplace", components = 2, settings = { wider = 1.5 } }
"""


def test_a_variant_its_head_and_prior_a_net_and_a_density_are_a_module_and_a_line(toys, rna, tmp_path):
    (tmp_path / "toys.toml").write_text(TOYS)
    folder = tmp_path / "run"
    model = train(tmp_path / "toys.toml", grammar=rna / "rna.cfg", data=rna / "rna.txt", out=folder)
    again = Model.load(folder)
    assert again.recipe == model.recipe == read(folder / "recipe.toml")
    assert again.recipe.encoder.settings == {"size": 6, "scale": 0.5, "shrink": 0.01}
    drawn = model.generate(20, seed=1)
    assert drawn == again.generate(20, seed=1) == again.generate(20, seed=1, density="laplace")
    codes = again.sample_codes(4000, seed=2)
    scale = again.density("laplace").scale.numpy()
    np.testing.assert_allclose(codes.std(0), scale * 2**0.5, rtol=0.15)
    with pytest.raises(RecipeError, match="laplace has no setting wide; did you mean wider"):
        model.fit_density("laplace", codes, wide=2)
    foreign = model.recipe.encoder.model_copy(update={"hidden": 3})
    with pytest.raises(
        RecipeError, match="encoder.net bag has no setting hidden; it takes: size, scale, shrink"
    ):
        complete(model.recipe.model_copy(update={"encoder": foreign}))
    np.testing.assert_allclose(again.sample_codes(4000, "prior").std(0), 3, rtol=0.05)
    for override, message in [
        ("prior.deviation=-1", "prior wide: deviation: Input should be greater than 0, given -1"),
        ("prior.deviatoin=2", "prior wide has no setting deviatoin; did you mean deviation"),
    ]:
        with pytest.raises(RecipeError, match=message):
            complete(read(folder / "recipe.toml", (override,)))


def test_the_settings_of_a_prior_are_part_of_what_weights_mean(toys):
    plain = recipe(variant="sparse_ae")
    identities = {
        runs_weights.identity_of(plain.model_copy(update={"prior": PriorPart(**settings)}), None)
        for settings in ({}, {"deviation": 2.0}, {"deviation": 3.0})
    }
    assert len(identities) == 2
    other = recipe(variant="ae").model_copy(update={"prior": PriorPart(deviation=2.0)})
    with pytest.raises(RecipeError, match="prior standard has no setting deviation; it takes: nothing"):
        complete(other)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_names_a_head_and_a_prior_of_the_catalogue(variant):
    row = catalogue.look_up(VARIANTS, variant, "variant")
    assert row.head in catalogue.HEADS and row.prior in catalogue.PRIORS


def test_a_likelihood_of_images_is_a_module_and_a_line(toys):
    mine = recipe("image", "image", "image", "sparse_ae", "narrow")
    _, model = built(mine)
    x = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    assert make_objective(mine, model)(x)["nll"].shape == (3,)
    assert model.decoder(torch.zeros(1, 3)).log_variance == -4
