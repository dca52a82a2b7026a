"""Every file imports from its own floor or below, and some from nothing of ours."""

import ast
from pathlib import Path

import grammar_rae

ROOT = Path(grammar_rae.__file__).parent
FLOORS = [
    "errors atomic chance parallel noise progress files latent sdf smiles_shape notation analysis grammar defects "
    "items lexing descent earley compiled explaining rendering parsing counting describe wording memory revision "
    "__init__ catalogue settings",
    "machines distributions nets",
    "codecs encoders decoders priors autoencoder",
    "objective variants",
    "datasets settings training training_state training_batches checkpoint smiles_grammar encoded coverage beginnings",
    "densities evaluators optimization tasks",
    "recipe recipe_parts recipes assembly fitting runs generation likelihood model preparation expost experiment "
    "shipped protocols retraining search findings experiments workflows",
    "cli adapters",
]
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names.split()}


def imports():
    """(file, its part, the part it imports) for every import at the top of a file."""
    for path in ROOT.rglob("*.py"):
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for node in ast.parse(path.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{a.name}" for a in node.names]
            for name in names:
                if name.startswith("grammar_rae."):
                    yield path.relative_to(ROOT), part, name.split(".")[1]


def test_every_part_has_a_floor():
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.rglob("*.py")}
    assert parts == FLOOR.keys()


def test_imports_go_down():
    upwards = [f"{path} imports {other}" for path, part, other in imports() if FLOOR[other] > FLOOR[part]]
    assert upwards == []


def test_what_must_not_know_each_other():
    found = list(imports())
    assert [path for path, part, other in found if part == "nets" and other != "nets"] == []
    banned = {"codecs", "grammar", "parsing", "variants"}
    assert [path for path, part, other in found if part == "variants" and other in banned] == []
