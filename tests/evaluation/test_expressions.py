"""Expressions: values, equality as functions, novelty, errors, the shapes of derivations."""

from __future__ import annotations

import ast
import gzip
import operator
import random

import mpmath
import numpy as np
import pandas as pd
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions import scores, symbolic
from grammar_rae.evaluation.expressions.equality import POINTS, classes
from grammar_rae.evaluation.expressions.points import read_points
from grammar_rae.evaluation.expressions.programs import is_arithmetic, program, run
from grammar_rae.evaluation.expressions.rounding import bounded
from grammar_rae.evaluation.expressions.sympy_worker import sympy_expression
from grammar_rae.evaluation.expressions.target import GRID
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample
from grammar_rae.grammar.shape import depths, steps
from grammar_rae.tasks.evaluate import evaluate, table
from grammar_rae.tasks.expressions import arithmetic

RULES = """S -> S '+' T | S '-' T | S '*' T | S '/' T | T
T -> '(' S ')' | 'sin(' S ')' | 'cos(' S ')' | 'exp(' S ')' | 'log(' S ')' | 'x' | '0' | '1' | '2.5' | '13'
"""
CALCULATOR = Grammar.parse(RULES)
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def python(node: ast.expr, x: float, functions) -> float:
    """What Python's own grammar says a string is worth."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name():
            return x
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](python(left, x, functions), python(right, x, functions))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return getattr(functions, name)(python(argument, x, functions))
    raise AssertionError(ast.dump(node))


def reference(text: str, x: float) -> float:
    try:
        return float(python(ast.parse(text, mode="eval").body, np.float64(x), np))
    except ZeroDivisionError:
        return np.nan


def drawn(n: int, longest: int, seed: int, grammar: Grammar = CALCULATOR) -> list[str]:
    return [str(text) for text in unparse(grammar, sample(grammar, n, longest, seed))]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40))
def test_values_are_those_of_python(seed, longest):
    points = np.array([-3.0, -0.5, 0.0, 1.0, 2.25])
    for text in drawn(4, longest, seed):
        found = run(program(parse(CALCULATOR, [text])[0], CALCULATOR), points)
        with np.errstate(all="ignore"):
            wanted = [reference(text, x) for x in points]
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(np.isfinite(found), finite)
        np.testing.assert_array_equal(found[finite], np.array(wanted)[finite])


def test_numbers_too_large_for_a_float_are_no_crash():
    power = "*".join(["3"] * 700)
    found = table([f"sin({power})", f"x+{power}", "sin(" + "*".join(["3"] * 60) + ")"], "expressions")
    assert found["valid"].all()
    assert found["reason"].tolist() == ["undefined everywhere", "undefined everywhere", ""]
    assert found["score"].tolist()[:2] == [scores.WORST] * 2
    assert found["at_zero"].isna().tolist() == [True, True, False]


class Exact:
    """Sixty digits; ZeroDivisionError where there is no real value."""

    sin, cos, exp = mpmath.sin, mpmath.cos, mpmath.exp

    @staticmethod
    def log(value):
        if value <= 0:
            raise ZeroDivisionError
        return mpmath.log(value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_error_bounds_hold(seed):
    texts = drawn(5, 16, seed)
    programs = [program(row, CALCULATOR) for row in parse(CALCULATOR, texts)]
    values, errors = bounded(programs, POINTS[:6])
    with mpmath.workdps(60):
        for text, row, bounds in zip(texts, values, errors, strict=True):
            tree = ast.parse(text, mode="eval").body
            for x, value, bound in zip(POINTS, row, bounds, strict=False):
                if np.isinf(bound):
                    continue
                try:
                    exact = python(tree, mpmath.mpf(x), Exact)
                except ZeroDivisionError:
                    exact = None
                if exact is None:
                    assert np.isnan(value), text
                else:
                    assert abs(exact - value) <= bound, (text, x)


def test_a_program_alone_is_worth_what_it_is_in_company():
    programs = [program(row, CALCULATOR) for row in parse(CALCULATOR, drawn(300, 30, 1))]
    together = bounded(programs, POINTS)
    for place in range(0, 300, 7):
        alone = bounded([programs[place]], POINTS)
        np.testing.assert_array_equal(together[0][place], alone[0][0])
        np.testing.assert_array_equal(together[1][place], alone[1][0])


def test_kinds_are_those_of_computer_algebra():
    grammar = Grammar.read("equation.cfg")
    texts = list(dict.fromkeys(drawn(600, 11, 0, grammar)))
    programs = [program(row, grammar) for row in parse(grammar, texts)]
    forms = [sympy.expand(sympy.together(sympy_expression(each))) for each in programs]
    first = {form: place for place, form in reversed(list(enumerate(forms)))}
    wanted = [first[form] for form in forms]
    assert len(set(wanted)) < len(texts) - 50
    assert classes(programs).tolist() == wanted


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("x+1", "1+x", True),
        ("x/x", "1", True),
        ("sin(x)*sin(x)+cos(x)*cos(x)", "1", True),
        ("exp(x)*exp(x)", "exp(x+x)", True),
        ("log(exp(x))", "x", True),
        ("x-x", "0", True),
        ("exp(x)-exp(x)", "0*x", True),
        ("1/(x-x)", "1/(x*0)", False),  # nowhere defined: equal to nothing but themselves
        ("log(x)", "log(x*x)/(1+1)", False),  # one is undefined below 0
        ("x", "x+1/exp(13+13)", False),  # 5e-12 apart
        ("x/exp(13+13)", "x*x/exp(13+13)", False),  # both tiny
        ("x", "x+1/exp(13*13)", False),  # 4e-74 apart, lost in the sum: in doubt different
        ("exp(exp(exp(exp(13))))", "exp(exp(exp(exp(1))))", False),  # both overflow
        ("1/exp(exp(13))", "1/exp(exp(13))/(1+1)", False),
        ("sin(exp(exp(13)))", "cos(exp(exp(13)))", False),
    ],
)
def test_equality(a, b, same):
    x = parse(CALCULATOR, [a, b])
    assert (classes([program(row, CALCULATOR) for row in x])[1] == 0) is np.bool_(same)


def test_equality_does_not_depend_on_the_order():
    texts = list(dict.fromkeys(drawn(400, 12, 2)))
    order = random.Random(0).sample(range(len(texts)), len(texts))

    def kinds(places):
        first = classes([program(row, CALCULATOR) for row in parse(CALCULATOR, [texts[p] for p in places])])
        groups: dict[int, set[str]] = {}
        for place, kind in zip(places, first.tolist(), strict=True):
            groups.setdefault(places[kind], set()).add(texts[place])
        return {frozenset(group) for group in groups.values()}

    assert kinds(range(len(texts))) == kinds(order)


EXPRESSIONS = ["x+1", "1 + x", "x+1", "x/x", "1", "sin(x)", "exp(exp(exp(exp(3))))", "x+", "", "y"]


def test_alike():
    strings = ["x+1", "sin(x)", "1+x", "x+", "x + 1", "x+"]
    assert scores.alike(strings).tolist() == [0, 1, 0, 3, 0, 5], "what is not derived equals nothing"
    assert scores.alike([]).tolist() == []


def test_shares_of_expressions():
    found = evaluate(EXPRESSIONS, task="expressions", train=["1+x*1", "nonsense", "2"])
    assert found["n"] == 10 and found["valid"] == 0.7
    assert found["unique"] == pytest.approx(6 / 7) and found["unique_equal"] == pytest.approx(4 / 7)
    assert found["novel"] == 1 and found["novel_equal"] == 3 / 4
    assert found["defined"] == 0.5 and found["undefined_everywhere"] == pytest.approx(1 / 7)
    assert found["best"] == found["best"] and found["best_mse"] == pytest.approx(np.expm1(found["best"]))
    by_hashes = evaluate(["x"], task="expressions", train=expressions_hashes(["x*1"]))
    assert by_hashes["novel"] == 1 and by_hashes["novel_equal"] is None


def expressions_hashes(strings):
    from grammar_rae.evaluation.novelty import hashes

    return hashes(strings)


def test_a_set_against_itself():
    texts = drawn(200, 15, 4, Grammar.read("equation.cfg"))
    shuffled = random.Random(1).sample(texts, len(texts))
    found = evaluate(texts, reference=shuffled, train=shuffled, task="expressions")
    assert found["novel"] == found["novel_equal"] == 0
    assert [found[f"{name}_w1"] for name in ("score", "steps", "depth")] == pytest.approx([0, 0, 0])
    again = evaluate(shuffled, reference=texts, train=texts, task="expressions")
    assert {k: pytest.approx(v) if v is not None else None for k, v in found.items()} == again


def test_longer_expressions_are_further():
    found = evaluate(["x"] * 3, reference=["x+x+x"] * 2, task="expressions")
    assert found["steps_w1"] == 4 and found["depth_w1"] == 2 and found["score_w1"] > 0


def test_one_expression_again_and_again():
    found = evaluate(["x*x"] * 5, task="expressions")
    assert found["unique"] == found["unique_equal"] == 0.2 and found["valid"] == 1


@pytest.mark.parametrize("texts", [[], ["", "x+", "eval('1')"]])
def test_nothing_valid_has_no_score(texts):
    found = evaluate(texts, task="expressions", train=["x"], reference=["x"])
    for name in ("unique", "unique_equal", "novel", "novel_equal", "score", "best", "best_mse", "steps_w1"):
        assert found[name] is None
    assert len(table(texts, "expressions")) == len(texts)


def test_reasons_say_where():
    found = table(["1+x", " x + * 2", "sin( x", "", "x ?"], "expressions")
    assert found["reason"][0] == "" and pd.isna(found["position"][0])
    assert found["position"].tolist()[1:] == [5, 6, 0, 2]
    for text, place, reason in zip(
        found["expression"][1:], found["position"][1:], found["reason"][1:], strict=True
    ):
        assert f"at position {place} of «{text}»; equation.cfg expects" in reason
    assert found["reason"][1].startswith("'*' at") and found["reason"][2].startswith("the end at")


def test_the_table_says_what_equals_what():
    found = table(EXPRESSIONS, "expressions")
    assert found["equal_to"].tolist()[:7] == ["x+1", "x+1", "x+1", "x/x", "x/x", "sin(x)", EXPRESSIONS[6]]
    assert found["equality"].tolist()[:7] == ["", "values", "", "", "values", "", ""]
    assert found["steps"].tolist()[:4] == [4, 4, 4, 4] and found["depth"].tolist()[5] == 4


def test_sympy_has_the_last_word():
    same, close = ["x+1", "1+x"], ["sin(2/exp((3)/sin(3)))", "2/exp(3*3/3/sin(3))"]
    found = evaluate([*same, *close], task="expressions")
    assert found["unique_equal"] == 0.5 and "equal_proved" not in found
    task = arithmetic(seconds=600)
    rows = task.table([*same, *close])
    assert rows["equality"].tolist() == ["", "proved", "", ""] and rows["equal_to"][3] == close[1]
    found = evaluate([*same, *close], task=task)
    assert found["unique_equal"] == 0.75
    assert found["equal_proved"] == 1 and found["equal_unconfirmed"] == 0


def test_sympy_in_doubt(tmp_path):
    pair = (["x", 1, "+"], [1, "x", "+"])
    assert symbolic.confirm([pair] * 3, 0) == [None] * 3
    assert symbolic.confirm([], 10) == []
    assert symbolic.confirm([pair, ([1, 0, "/"], [2, 0, "/"]), (["x"], [2])], 60, 30) == [True, None, False]
    worker = tmp_path / "worker.py"
    worker.write_text("import time\ninput()\nprint('{}', flush=True)\ntime.sleep(60)\n")
    assert symbolic.confirm([pair] * 2, 60, 0.01, worker) == [None] * 2
    worker.write_text("input()\nprint('{}', flush=True)\n")  # ends at once
    assert symbolic.confirm([pair] * 2, 60, 30, worker) == [None] * 2
    worker.write_text("")
    with pytest.raises(DataError, match="SymPy cannot be started"):
        symbolic.confirm([pair], 60, script=worker)


@pytest.mark.parametrize(
    ("rules", "text", "value"),
    [
        (
            "E -> '(' E '+' E ')' | '(' E '*' E ')' | 'exp' '(' E ')' | 'x' | '2'",
            "exp((x+(2*x)))",
            np.exp(1.5),
        ),
        (
            "E -> E '+' E | E '*' E | 'exp(' E '*' E ')' | 'x' | '(' '2' ')'",
            "x+exp((2)*x)*x",
            0.5 + 0.5 * np.e,
        ),
        ("E -> T '-' E | T\nT -> 'log' '(' E '/' E ')' | 'x'", "x-log(x/x)-x", 0.0),
    ],
)
def test_brackets_may_stand_around_every_shape(rules, text, value):
    grammar = Grammar.parse(rules)
    assert is_arithmetic(grammar)
    assert run(program(parse(grammar, [text])[0], grammar), np.array([0.5])) == pytest.approx(value)


@pytest.mark.parametrize(
    "rules",
    ["E -> '+' E E | 'x'", "E -> 'tan' '(' E ')' | 'x'", "E -> '(' ')' | 'x'", "E -> 'x' | E '+' E ')'"],
)
def test_other_shapes_are_no_arithmetic(rules):
    assert not is_arithmetic(Grammar.parse(rules))


def test_points_of_a_file(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("name, Y ,X\na,1,0\n\nb,3,1\nc,5,2\n")
    target = read_points(path)
    assert target.points.tolist() == [0, 1, 2] and target.values.tolist() == [1, 3, 5]
    path.write_text("0,1\n1,3\n2,5\n")
    assert read_points(path).values.tolist() == [1, 3, 5]
    task = arithmetic(data=path)
    found = task.table(["1+2*x", "x", "1/x", "3*3*3*x*x*x*x"])
    assert found["score"].tolist() == pytest.approx(
        [0, np.log1p(14 / 3), np.log1p((1000 + 4 + 4.5**2) / 3), np.log1p((1 + 24**2 + 1000) / 3)]
    )
    assert found["mse"].tolist() == pytest.approx([0, 14 / 3, np.nan, (1 + 24**2 + 427**2) / 3], nan_ok=True)
    assert evaluate(["x", "x*2"], task=task)["best"] == pytest.approx(np.log1p(1))


@pytest.mark.parametrize(
    "content",
    [
        "t,v\n0,1\n1,3\n",
        "v;t\n0;1\n1;3\n",
        "y\tx\n1\t0\n3\t1\n",
        "0 1\n1   3\n",
        "# made by hand\n0, 1\n1, 3\n",
        "\ufeffx,y\r\n0,1\r\n1,3\r\n",
        '"x","y","error µ"\n"0","1","9"\n1,3,9\n',
    ],
)
def test_points_in_the_shapes_that_files_have(tmp_path, content):
    for name, body in (
        ("p.csv", content.encode()),
        ("p.csv.gz", gzip.compress(content.encode("latin-1", "ignore"))),
    ):
        (tmp_path / name).write_bytes(body)
        target = read_points(tmp_path / name)
        assert (target.points.tolist(), target.values.tolist()) == ([0, 1], [1, 3])


def test_points_of_a_parquet_file(tmp_path):
    pd.DataFrame({"t": [0, 1], "v": [1.0, 3.0]}).to_parquet(tmp_path / "p.parquet")
    assert read_points(tmp_path / "p.parquet").values.tolist() == [1, 3]
    (tmp_path / "p.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match="not a Parquet file"):
        read_points(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty, expected points"),
        (b"x,y\n", "no points below its header"),
        (
            b"a,b,c\n1,2,3\n",
            r"3 columns \(a, b, c\) separated by commas; expected the columns x and y, or two",
        ),
        (
            b"1;2;3\n",
            r"3 columns \(1, 2, 3\) separated by semicolons; expected the columns x and y, or two columns",
        ),
        (b"points\n1\n", "one column .* separated by blanks; expected"),
        (b"x;y\n0,5;1\n", "line 2: expected a finite number for x, got '0,5'"),
        (b"x,y\n1,2\n\n3,four\n", "line 4: expected a finite number for y, got 'four'"),
        (b"x,y\n1,\n", "line 2: expected a finite number for y, got ''"),
        (b"x,y\ninf,2\n", "line 2: expected a finite number for x, got 'inf'"),
        (b"\x00\x01\x00", "binary file"),
        (b"1,2\n1,2,3\n", "line 2: 3 columns separated by commas, expected 2"),
    ],
)
def test_points_that_cannot_be_used(tmp_path, content, says):
    (tmp_path / "points.csv").write_bytes(content)
    with pytest.raises(DataError, match=says) as problem:
        read_points(tmp_path / "points.csv")
    assert "\n" not in str(problem.value)


def test_targets_and_tasks_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match=r"none.csv: cannot be read \(No such file"):
        read_points(tmp_path / "none.csv")
    for target, says in (
        ("x+", "target expression: the end at position 2"),
        ("y", "target expression: 'y' at"),
    ):
        with pytest.raises(DataError, match=says):
            arithmetic(target=target)
    (tmp_path / "own.cfg").write_text(RULES)
    with pytest.raises(DataError, match="no value at x = -10; expected one"):
        arithmetic(tmp_path / "own.cfg", target="log(x)")
    with pytest.raises(DataError, match="the task is molecules"):
        arithmetic("molecules", target="x")
    with pytest.raises(DataError, match="expected one of them"):
        arithmetic(target="x", data="points.csv")
    (tmp_path / "letters.cfg").write_text("S -> 'a' S | 'b'\n")
    with pytest.raises(DataError, match="'b' has no arithmetic meaning"):
        arithmetic(tmp_path / "letters.cfg", target="b")


def test_a_grammar_of_ones_own_and_its_target(tmp_path):
    (tmp_path / "own.cfg").write_text(RULES)
    task = arithmetic(tmp_path / "own.cfg", target="2.5-cos(x)")
    found = evaluate(["2.5-cos(x)", "cos(x)", "3", "0-cos(x)+2.5"], task=task, train=["13/13*cos(x)"])
    assert found["valid"] == 0.75 and found["unique_equal"] == 2 / 3 and found["novel_equal"] == 0.5
    assert found["best"] == 0


@pytest.mark.parametrize("name", ["equation.cfg", "zinc.cfg", "smiles.cfg"])
def test_depths(name):
    grammar = Grammar.read(name)
    x = sample(grammar, 60, 40, seed=3)
    arity = grammar.tables.arity

    def walk(rules):
        rule = next(rules)
        return 1 + max((walk(rules) for _ in range(arity[rule])), default=0)

    assert depths(x, grammar).tolist() == [walk(iter(row.tolist())) for row in x]
    assert steps(x, grammar).tolist() == [sum(rule != grammar.pad for rule in row) for row in x.tolist()]
    assert depths(x[:0], grammar).shape == (0,)


def test_the_published_grid():
    assert len(GRID) == 1000 and GRID[0] == -10 and GRID[-1] == 10


def test_a_first_row_with_one_number_is_no_header(tmp_path):
    for text, cell in (("0,nan\n1,2\n", "nan"), ("0;0\n1;1,5\n", "1,5")):
        (tmp_path / "tv.csv").write_text(text)
        with pytest.raises(DataError, match=f"expected a finite number for y, got '{cell}'"):
            read_points(tmp_path / "tv.csv")
    with pytest.raises(DataError, match="write decimals with a point"):
        read_points(tmp_path / "tv.csv")
