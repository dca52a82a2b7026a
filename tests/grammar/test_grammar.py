"""Grammars: the papers' productions and numbers, the tables, and every defect with its line."""

import copy
import hashlib
import pickle

import numpy as np
import pytest

from grammar_rae.errors import GrammarError
from grammar_rae.grammar import summary
from grammar_rae.grammar.grammar import BIG, Grammar

SHIPPED = ["equation", "zinc", "smiles"]

DIGESTS = {
    "zinc": "b97fa2ad73a41b6f7445c1dd7992e494c4748ef6cef5fc12b184a1a0c8afc9e6",
    "equation": "b22a6367bedc39d5eec35202bb909b7b9e7ba17aa00a2353a5196ae10bf7f2fc",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_productions_are_the_papers_in_their_order(name):
    text = "\n".join(map(str, Grammar.read(name).productions))
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize(
    ("name", "productions", "left_sides", "terminals", "pad", "widest"),
    [("zinc", 76, 23, 35, 75, 3), ("equation", 12, 3, 11, 11, 2)],
)
def test_sizes_are_the_papers(name, productions, left_sides, terminals, pad, widest):
    grammar = Grammar.read(name)
    assert len(grammar.productions) == productions
    assert len(grammar.nonterminals) == left_sides
    assert len(grammar.terminals) == terminals
    assert grammar.pad == pad
    assert grammar.tables.children.shape == (productions, widest)


def test_left_sides_come_in_the_papers_order():
    order = (
        "smiles atom aliphatic_organic aromatic_organic bracket_atom BAI BAC BAH BACH symbol isotope DIGIT "
        "chiral hcount charge bond ringbond branched_atom RB BB branch chain Nothing"
    )
    assert Grammar.read("zinc").nonterminals == tuple(order.split())


@pytest.mark.parametrize("name", SHIPPED)
def test_need_is_the_shortest_derivation_and_delta_its_excess(name):
    tables = Grammar.read(name).tables
    live = [r for r in range(len(tables.lhs)) if r != tables.pad and not tables.dead[r]]
    total = {r: sum(int(tables.need[c]) for c in tables.children[r] if c >= 0) for r in live}
    for a, need in enumerate(tables.need):
        own = [1 + total[r] for r in live if tables.lhs[r] == a]
        assert need == (min(own) if own else 0)
    for r in live:
        assert tables.delta[r] == total[r] - tables.need[tables.lhs[r]] >= -1
        assert tables.arity[r] == (tables.children[r] >= 0).sum()
    assert tables.delta[tables.pad] == 0 == tables.arity[tables.pad]
    assert (tables.delta[tables.dead] == BIG).all()


def test_dead_productions_keep_their_numbers():
    grammar = Grammar.read("zinc")
    assert grammar.dead == {29, 31}
    assert str(grammar.productions[29]) == "BACH -> charge class"


def test_columns_are_shared_by_productions_that_start_alike():
    grammar = Grammar.read("smiles")
    tables = grammar.tables
    for column in range(tables.columns - 1):
        starts = {p.rhs[:1] for r, p in enumerate(grammar.productions) if tables.column[r] == column}
        assert len({str(s[0]) if s else "" for s in starts}) == 1
    assert tables.columns == len(grammar.terminals) - 1 + 2  # all but ')' begin one; the end; padding
    assert (tables.column == tables.columns - 1).sum() == 1


@pytest.mark.parametrize("name", ["zinc", "equation"])
def test_columns_are_the_productions_elsewhere(name):
    tables = Grammar.read(name).tables
    assert np.array_equal(tables.column, np.arange(len(tables.lhs)))


def test_a_padding_production_is_appended():
    grammar = Grammar.parse("S -> 'a' S | 'b'\nS ->\n")
    assert [str(p) for p in grammar.productions] == ["S -> 'a' S", "S -> 'b'", "S -> ", "Nothing -> None"]
    assert grammar.pad == 3
    taken = Grammar.parse("S -> 'a' Nothing\nNothing -> 'b'\n")
    assert taken.nonterminals == ("S", "Nothing", "Nothing0")


def test_padding_may_come_first():
    grammar = Grammar.parse("#: pad 0\nNothing -> None\nS -> 'a'\n")
    assert grammar.nonterminals[grammar.start] == "S"


@pytest.mark.parametrize("name", SHIPPED)
def test_copies_are_equal(name):
    grammar = Grammar.read(name)
    grammar.tables  # noqa: B018  what is cached must travel, too
    for other in (copy.deepcopy(grammar), pickle.loads(pickle.dumps(grammar)), Grammar.parse(grammar.text)):
        assert other == grammar
        assert hash(other) == hash(grammar)
        assert np.array_equal(other.tables.delta, grammar.tables.delta)


DEFECTS = {
    "undefined": ("S -> 'a' A\n", r"line 1: A has no production"),
    "a rule over two lines": (
        "S -> 'a'\n  | 'b'\n",
        r"line 2: expected a rule .*end the line before with \\",
    ),
    "unreachable": ("S -> 'a'\n# nothing leads to it\nA -> 'b'\n", r"line 3: A cannot be reached from .* S"),
    "no string": ("S -> 'a' | A\nA -> 'b' A\n", r"line 2: A derives no string"),
    "no string from the start": ("S -> 'a' S\n", r"line 1: S derives no string"),
    "cycle of one": ("S -> S\nS -> 'a'\n", r"line 1: S ⇒ S is a cycle"),
    "cycle of two": ("S -> 'a' | A\nA -> B\nB -> A | 'b'\n", r"line 2: (A ⇒ B ⇒ A|B ⇒ A ⇒ B) is a cycle"),
    "cycle over an empty one": ("S -> E S E | 'a'\nE -> 'e' |\n", r"line 1: S ⇒ S is a cycle"),
    "terminals": ("S -> A A\nA -> 'a' | 'aa'\n", r"line 2: 'a' followed by 'a' would be read as 'aa'"),
    "terminals in part": (
        "S -> 'C' L\nL -> 'lo' | 'Cl'\n",
        r"line 1: 'C' followed by 'lo' would be read as 'Cl'",
    ),
    "terminals past an empty one": ("S -> 'C' E 'l' | 'Cl'\nE -> 'x' |\n", r"line 1: 'C' followed by 'l'"),
    "empty terminal": ("S -> 'a' ''\n", r"line 1: an empty terminal"),
    "repeated": ("S -> 'a'\nS -> 'b'\nS -> 'a'\n", r"line 3: «S -> 'a'» stands at line 1 already"),
    "repeated in a line": ("S -> 'a' | 'a'\n", r"line 1: «S -> 'a'» stands at line 1 already"),
    "no rule": ("S -> 'a'\nnot a rule\n", r"line 2: expected a rule such as .*got «not a rule»"),
    "no arrow": ("S = 'a'\n", r"line 1: expected a rule"),
    "unclosed quote": ("S -> 'a\n", r"line 1: expected a rule"),
    "nothing": ("# only a comment\n", r"line 1: no rules"),
    "bad note": ("#: padding 1\nS -> 'a'\n", r"line 1: expected «#: pad N»"),
    "note without a number": ("#: dead\nS -> 'a'\n", r"line 1: expected «#: pad N»"),
    "two paddings": ("#: pad 1\n#: pad 1\nS -> 'a'\nN -> None\n", r"line 2: a second «#: pad»"),
    "padding out of range": ("S -> 'a'\n#: pad 7\n", r"line 2: «#:» names production 7; there are 1"),
    "padding and dead": ("#: pad 1\n#: dead 1\nS -> 'a'\nN -> None\n", r"line 2: production 1 .*padding and"),
    "padding used": ("#: pad 1\nS -> 'a' N | 'b'\nN -> 'c'\n", r"line 2: S, which the padding .* used"),
    "a start that is not there": ("%start T\nS -> 'a'\n", r"line 1: %start names T, which has no production"),
    "not to be reached from the start": (
        "S -> 'a'\n%start T\nT -> 'b'\n",
        r"line 1: S cannot be reached .* T",
    ),
    "cycles apart": (
        "S -> S | A | 'a'\nA -> B | 'b'\nB -> A\n",
        r"line 1: S ⇒ S [^/]*\nline 2: A ⇒ B ⇒ A is",
    ),
    "terminals over two that end alike": (
        "S -> A 'y' | B 'z' | 'xy' 'q'\nA -> 'x'\nB -> 'x'\n",
        r"line 2: 'x' followed by 'y' would be read as 'xy'",
    ),
    "too many": (
        "".join(f"S -> 'a{i}_'\n" for i in range(33_000)),
        "33,000 productions; expected at most 32,766",
    ),
    "a number of many digits": (f"#: pad {'9' * 5000}\nS -> 'a'\n", r"line 1: expected «#: pad N»"),
    "all dead": ("#: dead 0\nS -> 'a'\n", r"no productions but padding and dead"),
}


@pytest.mark.parametrize("case", DEFECTS)
def test_a_defect_is_named_with_its_line(case):
    text, message = DEFECTS[case]
    with pytest.raises(GrammarError, match=message):
        Grammar.parse(text, "mine.cfg")


def test_all_defects_come_in_one_error():
    text = "S -> 'a' A | 'a' S\nB -> 'b'\nC -> C\nS -> 'a' S\n"
    with pytest.raises(GrammarError) as caught:
        Grammar.parse(text, "mine.cfg")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("mine.cfg: line 1: A has no production")
    said = " / ".join(lines)
    for part in (
        "line 4: «S -> 'a' S» stands at line 1",
        "line 2: B cannot be reached",
        "line 3: C derives no string",
        "line 3: C ⇒ C is a cycle",
    ):
        assert part in said


def test_of_many_defects_the_first_are_named():
    with pytest.raises(GrammarError) as caught:
        Grammar.parse("S -> 'a' | " + " | ".join(f"U{i}" for i in range(500)))
    lines = str(caught.value).splitlines()
    assert len(lines) == 21 and lines[-1] == "… and 480 more like the last"


def test_dead_productions_are_exempt():
    grammar = Grammar.parse("#: dead 1 2\nS -> 'a'\nS -> nowhere\nlonely -> 'b'\n")
    assert grammar.terminals == ("a", "b")
    assert grammar.tables.need[grammar.start] == 1


def test_unknown_and_unreadable_files(tmp_path):
    with pytest.raises(
        GrammarError, match=r"no grammar nonsense: expected a file .*there are: equation, smiles, zinc"
    ):
        Grammar.read("nonsense")
    with pytest.raises(GrammarError, match=r"no grammar equations: .*did you mean equation\?"):
        Grammar.read("equations")
    for name in ("z" * 300, "a\nb\x1b", "nul\0"):
        with pytest.raises(GrammarError, match="no grammar ") as problem:
            Grammar.read(name)
        assert str(problem.value).isprintable() and len(str(problem.value)) < 200
    (tmp_path / "binary.cfg").write_bytes(bytes(range(256)))
    with pytest.raises(GrammarError, match="not a text file in UTF-8"):
        Grammar.read(tmp_path / "binary.cfg")
    (tmp_path / "empty.cfg").write_text("")
    with pytest.raises(GrammarError, match="line 1: no rules"):
        Grammar.read(tmp_path / "empty.cfg")


@pytest.mark.parametrize("name", SHIPPED)
def test_described_numbers_are_the_tables(name):
    grammar = Grammar.read(name)
    rules, tables = summary.rules(grammar), grammar.tables
    assert rules["production"].tolist() == [str(p) for p in grammar.productions]
    assert set(rules.index[rules["note"] == "dead"]) == grammar.dead
    assert rules.index[rules["note"] == "padding"].tolist() == [grammar.pad]
    names = summary.nonterminals(grammar)
    assert "Nothing" not in names.index and len(names) == len(grammar.nonterminals) - 1
    assert names["productions"].sum() == len(grammar.productions) - 1
    assert names.loc[grammar.nonterminals[grammar.start], "shortest"] == tables.need[grammar.start]


def test_equation_described():
    assert summary.describe(Grammar.read("equation"), 6) == {
        "productions": 12,
        "nonterminals": 2,
        "terminals": 11,
        "output_columns": 12,
        "shortest_derivation": 2,
        "derivations_of_2_steps": 4,  # x, 1, 2, 3
        "derivations_of_4_steps": 60,  # 4 · 3 · 4 of two leaves, 3 · 4 in brackets
        "derivations_of_6_steps": 1044,
    }
