"""What `same_bytes.py` runs, and the files that the commands read."""

from __future__ import annotations

import random
from pathlib import Path

from rdkit import RDConfig

MODELS = (
    "grae-smiles",
    "grae-smiles-plain",
    "gvae-smiles",
    "grae-equations",
    "gvae-equations",
    "gcvvae-equations",
    "cvae-equations",
)
DENSITIES = ("prior", "gaussian", "gmm", "box")
VARIANTS = ("ae", "cv_vae", "rae", "rae_gp", "rae_l2", "rae_sn", "vae", "wae")
RNA = "S -> '.' S | '(' L ')' S | '.'\nL -> '.' L | '(' L ')' L | '.' '.' '.'\n"
SMALL = [
    "training.epochs=1",
    "training.batch=64",
    "encoder.hidden=16",
    "decoder.hidden=16",
    "encoder.latent=4",
]
STRIDED = [*SMALL, "encoder.filters=[8,8]", "density.components=2"]
CONVOLUTION = [*SMALL, "encoder.filters=[3,4]", "encoder.widths=[2,2]", "density.components=2"]
IMAGES = [
    "training.epochs=1",
    "encoder.width=4",
    "decoder.width=4",
    "encoder.latent=4",
    "density.components=2",
]
IN = "{root}/inputs"  # {root}: the way from a command's folder to the one of all

SHOW = """
import sys
import numpy as np
import grammar_rae as gr
def show(*values):
    for value in values:
        if isinstance(value, np.ndarray):
            value = (str(value.dtype), value.shape, value.tolist())
        print(value.to_csv() if hasattr(value, "to_csv") else value)
"""
MOLECULES = """
model = gr.load("grae-smiles")
items = open("{root}/inputs/molecules.smi").read().split()[:40]
z = model.encode(items)
show(model.samples(50, seed=3), model.log_feasible(items), z, model.decode(z, temperature=1.0, seed=5))
show(model.decode(z[:10], revisions=2), model.reconstruct(items, temperature=0.5, seed=2), model.same(items))
show(model.neighbours(items[3], 8), model.interpolate(items[0], items[5], 6, "spherical"))
show(model.sample_codes(20, "gmm", 4, 7), model.generate(30, raw=True, budget=False, syntax_only=True))
show(gr.table(items), gr.goal("0.5*qed+0.1*sa")(items), model)
"""
LIKELIHOOD = """
model = gr.load("{root}/train/molecules-vae/run")
items = open("{root}/inputs/molecules.smi").read().split()[:20]
show(model.stochastic, model.log_likelihood(items, 30), model.log_feasible(items), model.samples(30))
show(model.decode(model.encode(items), budget=False), model.codes(model.rows_known(items)[0], 3))
model = gr.load("{root}/train/images-vae/run")
digits = model.generate(5)
show(digits, model.log_likelihood(digits, 30), model.reconstruct(digits), model.interpolate(digits[0], digits[1], 4))
"""


def write_inputs(folder: Path) -> None:
    """Molecules of RDKit's own sample of NCI, expressions and strings drawn at random here, points, images."""
    folder.mkdir(parents=True)
    sample = (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines()
    texts = [line.split()[0] for line in sample if line.strip()]
    texts = [text for text in texts if 8 <= len(text) <= 50]
    draw = random.Random(0)
    files = {
        "molecules.smi": [*texts[:400:2], "C1CC", "c1ccccc1x", "C(C)(C)(C)(C)C"],
        "others.smi": texts[1:400:2],
        "expressions.txt": [*(_expression(draw) for _ in range(300)), "x+", "(1", "sin(x"],
        "rna.txt": list(dict.fromkeys(_folded(draw, 0) for _ in range(400))),
        "rna.cfg": RNA.splitlines(),
        "broken.cfg": ["S -> A 'b' | 'c'", "A -> A"],
        "points.csv": ["x,y", *(f"{i / 4},{(i / 4) ** 2 + 1}" for i in range(-8, 9))],
        "mine.py": ["def paired(text):", "    return text.count('(') - 0.1 * len(text)"],
    }
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines))


def _expression(draw: random.Random, depth: int = 0) -> str:
    kind = draw.randrange(6 if depth < 2 else 2)
    if kind < 2:
        return draw.choice("x123")
    if kind < 4:
        operator = draw.choice("+*/")
        return f"{_expression(draw, depth + 1)}{operator}{draw.choice('x123')}"
    return f"{draw.choice(('sin', 'exp', ''))}({_expression(draw, depth + 1)})"


def _folded(draw: random.Random, depth: int) -> str:
    dots = "." * draw.randint(1, 3)
    if depth < 3 and draw.random() < 0.6:
        return f"{dots[1:]}({_folded(draw, depth + 1)}...){dots}"
    return dots


def commands() -> dict[str, list[str]]:
    """Name → words of the command; a later one may read what an earlier one wrote."""
    lines = _generate() | _train() | _own() | _files() | _evaluate() | _walks() | _optimize() | _tables()
    lines["api/molecules"] = ["python", SHOW + MOLECULES]
    lines["api/trained"] = ["python", SHOW + LIKELIHOOD]
    found = {name: line.split() if isinstance(line, str) else line for name, line in lines.items()}
    return {
        name: [word.replace("{root}", "/".join([".."] * (name.count("/") + 1))) for word in words]
        for name, words in found.items()
    }


Lines = dict[str, str | list[str]]


def _generate() -> Lines:
    lines: Lines = {
        f"generate/{model}/{density}": f"generate -n 300 -m {model} --density {density} --out a.csv --json"
        for model in MODELS
        for density in DENSITIES
    }
    more = {
        "default": "-n 300 --out a.smi --grid a.png",
        "table": "-n 30 --seed 4",
        "keep": "-n 100 --keep 0.3 --out a.csv",
        "start": "-n 50 --start c1ccccc1C(=O)N --out a.csv",
        "start-open": "-n 50 --start CC(N --keep 0.5 --out a.csv",
        "syntax-only": "-n 300 --syntax-only --out a.csv",
        "no-budget": "-n 300 --no-budget --out a.csv",
        "no-masks": "-n 300 -m gvae-smiles --no-budget --syntax-only --raw --out a.csv",
        "hot": "-n 300 --temperature 1.3 --raw --out a.csv",
        "unique": "-n 50 --temperature 1 --unique --out -",
        "equations-no-budget": "-n 300 -m gvae-equations --no-budget --out a.csv",
        "equations-cold": "-n 300 -m grae-equations --temperature 0 --unique --out a.csv",
        "equations-keep": "-n 100 -m grae-equations --keep 0.5 --out a.csv",
        "characters-keep": "-n 100 -m cvae-equations --keep 0.5 --out a.csv",
    }
    return lines | {f"generate/{name}": f"generate {words} --json" for name, words in more.items()}


def _train() -> Lines:
    strings = f"--grammar {IN}/rna.cfg --data {IN}/rna.txt"
    lines = {
        f"strings-{variant}": _training(
            "gvae", strings, [*CONVOLUTION, f"objective.variant={variant}", "objective.weights={}"]
        )
        for variant in VARIANTS
    }
    lines |= {f"images-{name}": _training(f"{name}-digits", "", IMAGES) for name in (*VARIANTS, "two_stage")}
    lines["characters"] = _training("cvae", strings, CONVOLUTION)
    longer = ["training.epochs=30", "training.batch=16", "training.learning_rate=5e-3", "training.clip=1.0"]
    lines["grae"] = _training("grae", strings, [*STRIDED, *longer, "training.average=0.5"])
    lines["molecules"] = _training(
        "grae-smiles", f"--data {IN}/molecules.smi", [*STRIDED, "decoder.embedding=8"]
    )
    lines["molecules-vae"] = _training("gvae-smiles", f"--data {IN}/molecules.smi", STRIDED)
    lines["expressions"] = _training("gvae-equations", f"--data {IN}/expressions.txt", CONVOLUTION)
    lines["expressions-cv"] = _training("gcvvae-equations", f"--data {IN}/expressions.txt", CONVOLUTION)
    cosine = [*STRIDED, "training.schedule=cosine", "data.limit=150", "density.default=kde"]
    lines["from"] = _training("grae", f"{strings} --from {{root}}/train/grae/run", cosine)
    return {f"train/{name}": line for name, line in lines.items()}


def _training(recipe: str, options: str, settings: list[str]) -> list[str]:
    changes = [word for setting in settings for word in ("--set", setting)]
    return ["train", recipe, *options.split(), "--out", "run", *changes, "--json"]


def _own() -> Lines:
    """What is done with the models trained above."""
    lines: Lines = {}
    for name in ("molecules", "expressions", "characters", "grae", "strings-vae", "images-rae", "images-vae"):
        out = "a.npz" if name.startswith("images") else "a.csv"
        lines[f"own/{name}"] = f"generate -n 100 -m {{root}}/train/{name}/run --out {out} --json"
    lines["own/grid"] = "generate -n 20 -m {root}/train/images-wae/run --out pictures --grid a.png --json"
    for kind in (
        "kde --bandwidth 0.4",
        "dirichlet",
        "flow --epochs 2",
        "flow_matching --epochs 2",
        "two_stage --epochs 2",
        "gmm --name two",
    ):
        name = kind.split()[0]
        fit = f"density {{root}}/train/strings-vae/run --fit {kind} --out run --compare --json"
        lines[f"density/{name}"] = fit
        kept = "two" if name == "gmm" else name
        lines[f"own/{name}"] = f"generate -n 50 -m {{root}}/density/{name}/run --density {kept} --out - --raw"
    return lines


def _files() -> Lines:
    models = {
        "grae-smiles": "molecules.smi",
        "gvae-equations": "expressions.txt",
        "cvae-equations": "expressions.txt",
    }
    models["{root}/train/grae/run"] = "rna.txt"
    models["{root}/train/images-rae/run"] = "{root}/own/images-rae/a.npz"
    lines: Lines = {}
    for model, file in models.items():
        name = model.split("/")[-2] if "/" in model else model
        source, images = (file, True) if "/" in file else (f"{IN}/{file}", False)
        out = "a.npz" if images else "a.csv"
        lines[f"reconstruct/{name}"] = f"reconstruct {source} -m {model} --out {out} --json"
        lines[f"encode/{name}"] = f"encode {source} -m {model} --out z.npz --json"
        lines[f"decode/{name}"] = f"decode {{root}}/encode/{name}/z.npz -m {model} --out {out}"
        if not images:
            draws = "--encodings 2 --decodings 3 --temperature 0.7"
            lines[f"reconstruct/{name}-draws"] = f"reconstruct {source} -m {model} {draws} --out a.csv --json"
            lines[f"reconstruct/{name}-revised"] = f"reconstruct {source} -m {model} --revisions 2 --json"
            lines[f"decode/{name}-hot"] = (
                f"decode {{root}}/encode/{name}/z.npz -m {model} --temperature 1 --seed 2"
            )
    lines["reconstruct/no-budget"] = (
        f"reconstruct {IN}/expressions.txt -m gvae-equations --no-budget --encodings 2 --decodings 3 --json"
    )
    return lines


def _evaluate() -> Lines:
    molecules, expressions, strings = f"{IN}/molecules.smi", f"{IN}/expressions.txt", f"{IN}/rna.txt"
    lines = {
        "molecules": f"{molecules} --reference {IN}/others.smi --train {IN}/others.smi --table rows.csv --json",
        "side-by-side": f"{molecules} {IN}/others.smi --reference {IN}/others.smi",
        "molecules-page": f"{molecules} --reference {IN}/others.smi --report page.html --model grae-smiles --json",
        "expressions": f"{expressions} --train {IN}/expressions.txt --table rows.csv --json",
        "expressions-data": f"{expressions} --data {IN}/points.csv --json",
        "expressions-page": f"{expressions} --target x*x+1 --report page.html --model gvae-equations --json",
        "strings": f"{strings} --task {IN}/rna.cfg --reference {IN}/rna.txt --table rows.csv --json",
        "strings-page": f"{strings} --task {IN}/rna.cfg --report page.html --model {{root}}/train/grae/run --json",
        "run-molecules": "grae-smiles -n 200 --report page.html --json",
        "run-equations": "gvae-equations -n 200 --prior-points 10 --prior-decodes 5 --json",
        "run-strings": "{root}/train/grae/run -n 100 --encodings 2 --decodings 2 --json",
        "run-images": "{root}/train/images-rae/run {root}/train/images-wae/run -n 100 --report page.html --json",
    }
    return {f"evaluate/{name}": f"evaluate {words}" for name, words in lines.items()}


def _walks() -> Lines:
    ends = {"grae-smiles": ("CCOC(=O)c1ccccc1", "CC(C)N"), "grae-equations": ("sin(x)+1", "x*x/3")}
    lines: Lines = {}
    for model, (a, b) in ends.items():
        score = "qed" if model == "grae-smiles" else "expression:x*x"
        walk = f"-m {model} --score {score} --out a.csv --grid a.png --json"
        lines[f"interpolate/{model}"] = f"interpolate {a} {b} --steps 7 --path spherical {walk}"
        lines[f"neighbours/{model}"] = f"neighbours {a} -n 8 --seed 1 {walk}"
    lines["interpolate/strings"] = "interpolate ... (...). -m {root}/train/grae/run"
    lines["neighbours/strings"] = "neighbours (...). -n 5 -m {root}/train/grae/run"
    return lines


def _optimize() -> Lines:
    own = "-m {root}/train/grae/run"
    lines = {
        "molecules": "--score qed --budget 60 --candidates 60",
        "start": "--score plogp --start CCOC(=O)c1ccccc1 --similarity 0.3 --budget 40 --candidates 60",
        "thompson": "--score 0.5*qed+0.5*logp --acquisition thompson --region box --budget 40 --candidates 60",
        "density": "--score qed --surrogate sparse --region density --samples 3 --budget 30 --candidates 40",
        "expressions": "--score expression:1/3+x+sin(x*x) --budget 60 --candidates 60",
        "points": f"--data {IN}/points.csv --budget 60 --candidates 60",
        "function": f"{own} --score python:mine:paired --surrogate exact --budget 30 --candidates 40",
        "retrain": f"{own} --score python:mine:paired --budget 40 --candidates 60 --retrain-every 20",
    }
    return {f"optimize/{name}": f"optimize {words} --out found --json" for name, words in lines.items()}


def _tables() -> Lines:
    lines: Lines = {
        **{f"list/{verb}": f"{verb} --json" for verb in ("models", "recipes", "datasets")},
        **{f"list/{verb}-table": verb for verb in ("models", "recipes", "datasets")},
        "grammar/show": f"grammar show {IN}/rna.cfg",
        "grammar/show-shipped": "grammar show smiles.cfg --json",
        "grammar/check": f"grammar check {IN}/rna.cfg",
        "grammar/check-shipped": "grammar check equation.cfg --json",
        "grammar/check-broken": f"grammar check {IN}/broken.cfg",
        "grammar/sample": f"grammar sample {IN}/rna.cfg -n 50 --steps 20 --unique",
        "grammar/build": f"grammar build {IN}/molecules.smi --out mine.cfg",
    }
    return lines
