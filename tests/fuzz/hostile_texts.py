"""Words of commands over hostile text: grammars, SMILES, SD files, tables, expressions, points, scores."""

import mutations
from home import RNA
from rdkit import Chem

EQUATION = "E -> E '+' T | T\nT -> T '*' F | F\nF -> '(' E ')' | 'x' | '1'\n"
MOLECULES = (
    "CCO",
    "c1ccccc1C(=O)O",
    "C[C@H](N)C(=O)O",
    "[NH3+]CC([O-])=O",
    "F/C=C/Cl",
    "N->[Pt](<-N)(Cl)Cl",
    "[13CH4]",
    "C1CC1C#N",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CCO |$_AP1;;$|",
    "[Na+].[Cl-]",
    "*c1ccccc1",
    "C%12CC%12",
    "C1CC",
    "c1cccc1",
    "[Fe]",
    "",
)
EXPRESSIONS = ("1/3+x+sin(x*x)", "x", "exp(x)*2", "(x+1)/2", "sin(exp(x/3))", "x + 1", "1/x", "x+", "2*(x)")
SCORES = (
    "qed",
    "plogp",
    "sa",
    "logp",
    "similarity:CCO",
    "expression:x+1",
    "data:points.csv",
    "python:math:sqrt",
    "-qed",
    "qed,sa",
    "2*qed+sa",
    "python:os:abort",
    "",
    ":",
    "python:",
    "python:nothing:here",
    "similarity:",
    "expression:",
    "data:",
)


def grammars(chance, home):
    """Grammar files: shipped and small ones damaged, long, deep and odd ones made."""
    n = chance.choice((3, 30, 300, 1000))
    shapes = (
        lambda: mutations.text(chance, RNA),
        lambda: mutations.text(chance, EQUATION),
        lambda: "".join(f"S{i} -> S{i + 1}\n" for i in range(n)) + f"S{n} -> 'a'\n",
        lambda: "S -> W S | '.'\n" + "".join(f"W -> 'w{i}'\n" for i in range(n)),
        lambda: "S -> " + "N " * n + "'a'\nN -> 'b' |\n",
        lambda: "S -> " + " | ".join(f"'{'a' * i}'" for i in range(1, n)) + "\n",
        lambda: "".join(
            f"A{chance.randrange(6)} -> "
            + " ".join(
                chance.choice(("'a'", "'b'", "'ab'", "|", f"A{chance.randrange(6)}")) for _ in range(4)
            )
            + "\n"
            for _ in range(chance.randint(1, 12))
        ),
    )
    path = home.file(chance, ".cfg", chance.choice(shapes)())
    words = (["check", path], ["show", path], ["sample", path, "-n", "3", "--steps", "12"])
    return ["grammar", *chance.choice(words)]


def smiles(chance, home):
    """Files of SMILES damaged, long and nested, measured and read by a model."""
    lines = [*chance.sample(MOLECULES, 5), mutations.text(chance, chance.choice(MOLECULES))]
    n = chance.choice((10, 500, 5000, 20_000))
    if chance.random() < 0.1:
        lines.append(
            chance.choice(
                ("C" * n, "C(" * n + "C" + ")" * n, "[" * n, "C1" * n, "(" * n, "C=" * n + "C", "%" * n)
            )
        )
    path = home.file(chance, chance.choice((".smi", ".smi", ".smi.gz", ".txt")), "\n".join(lines))
    model = home.model("molecules")
    return chance.choice(
        (
            ["evaluate", path, "--json", "--task", "molecules"],
            ["evaluate", path, "--json", "--train", path],
            ["reconstruct", path, "-m", model, "--json"],
            ["encode", path, "-m", model, "--out", home.out(chance, ".npz"), "--json"],
            ["neighbours", lines[-1], "-m", model, "-n", "2", "--json"],
            ["generate", "--start", lines[-1], "-n", "2", "-m", model, "--json"],
        )
    )


def sd_files(chance, home):
    """SD files, their records damaged."""
    good = [Chem.MolFromSmiles(text) for text in MOLECULES[:5]]
    body = "".join(f"{Chem.MolToMolBlock(one)}> <name>\n{i}\n\n$$$$\n" for i, one in enumerate(good) if one)
    damaged = mutations.text(chance, body) if chance.random() < 0.7 else mutations.data(chance, body.encode())
    path = home.file(chance, chance.choice((".sdf", ".sdf", ".sdf.gz")), damaged)
    model = home.model("molecules")
    return chance.choice(
        (
            ["evaluate", path, "--json"],
            ["reconstruct", path, "-m", model, "--json"],
            ["encode", path, "-m", model, "--out", home.out(chance, ".npz"), "--json"],
        )
    )


def tables(chance, home):
    """Tables of many separators, headers and encodings, damaged."""
    mark = chance.choice((",", ";", "\t", "|", " "))
    head = mark.join(
        chance.choice((("smiles", "id"), ("id", "SMILES"), ("Structure", "x"), ("", ""), ("CCO", "1")))
    )
    rows = [
        mark.join((text, str(i)) if chance.random() < 0.9 else (f'"{text}"',))
        for i, text in enumerate(MOLECULES)
    ]
    body = "\n".join((head, *rows))
    damaged = mutations.text(chance, body).encode(
        chance.choice(("utf-8", "utf-16", "latin-1", "utf-8-sig")), "replace"
    )
    if chance.random() < 0.3:
        damaged = mutations.data(chance, damaged)
    path = home.file(
        chance, chance.choice((".csv", ".csv", ".tsv", ".txt", ".csv.gz", ".parquet", ".smi")), damaged
    )
    column = chance.choice(([], [], ["--column", chance.choice(("smiles", "Structure", "x", "", "1"))]))
    side = chance.choice(([], [], ["--train", path], ["--reference", path]))
    return ["evaluate", path, *column, *side, "--json"]


def expressions(chance, home):
    """Files of expressions damaged, measured against a target or points."""
    lines = [mutations.text(chance, chance.choice(EXPRESSIONS)) for _ in range(4)]
    if chance.random() < 0.1:
        n = chance.choice((100, 3000, 30_000))
        lines.append(chance.choice(("(" * n + "x" + ")" * n, "x+" * n + "x", "sin(" * n, "1" * n)))
    path = home.file(chance, ".txt", "\n".join(lines))
    points = mutations.text(chance, "x,y\n0,1\n1,2.5\n2,-3e2\n")
    against = chance.choice(
        (
            [],
            ["--target", lines[0]],
            ["--data", home.file(chance, chance.choice((".csv", ".tsv", ".txt")), points)],
        )
    )
    return ["evaluate", path, "--task", "expressions", *against, "--json"]


def scores(chance, home):
    """Specifications of scores, damaged."""
    spec = chance.choice(SCORES)
    spec = mutations.text(chance, spec) if chance.random() < 0.8 else spec
    spec = spec.replace("\0", "").replace("python:", "Python:")  # what a user's own code does is its own
    return [
        "interpolate",
        "CCO",
        "CCN",
        "-m",
        home.model("molecules"),
        "--steps",
        "2",
        "--score",
        spec,
        "--json",
    ]
