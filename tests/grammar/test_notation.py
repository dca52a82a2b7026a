"""The notation of grammars against NLTK's own reader of it."""

import copy
import pickle

import nltk
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grammar_rae.grammar.grammar import Grammar, shipped
from grammar_rae.grammar.notation import Nonterminal, Production, read_notation, read_productions


def plain(productions):
    """NLTK's productions as (left side, ((is a nonterminal, symbol), …))."""
    return [
        (str(p.lhs()), tuple((isinstance(s, nltk.Nonterminal), str(s)) for s in p.rhs())) for p in productions
    ]


def ours(productions):
    return [(p.lhs.name, tuple((isinstance(s, Nonterminal), str(s)) for s in p.rhs)) for p in productions]


def read(reader, line):
    """What a reader makes of a line, None where it refuses it."""
    try:
        return reader(line)
    except ValueError:
        return None


@pytest.mark.parametrize("name", shipped())
def test_shipped_grammars_are_read_as_nltk_reads_them(name):
    text = shipped()[name].read_text()
    expected = nltk.CFG.fromstring(text).productions()
    read = [rule.production for rule in read_notation(text).rules]
    assert ours(read) == plain(expected)
    assert list(map(str, read)) == list(map(str, expected))
    assert Grammar.read(name).productions[: len(read)] == tuple(read)


PIECES = [
    "S",
    "A",
    "B-1",
    "/x",
    "<",
    ">",
    "^",
    "é",
    "->",
    "-",
    "|",
    "'",
    '"',
    "'a'",
    '"b c"',
    "''",
    " ",
    "\t",
    "#",
]
lines = st.lists(st.sampled_from([*PIECES, "\\", "%", "%start", "S -> ", "0", "(", ":"]), max_size=8).map(
    "".join
)


@given(lines | lines.map("S -> {}".format))
@example("S->'a'")
@example("S ->'a'|\"'\"|S'b'")
@example("S -> 'a' | 'b' \\")
@example("%start S")
@example("S ->")
@example("S -> A->B | |")
def test_lines_are_read_as_nltk_reads_them(line):
    expected = read(lambda text: plain(nltk.CFG.fromstring(text).productions()), line)
    assert read(lambda text: ours(read_productions(text)), line) == expected


@given(st.lists(st.sampled_from(["S", "/a<b>", "'a'", "'\"'", '"\'"', "''", "'b c'"]), max_size=4))
def test_productions_print_as_they_are_read(symbols):
    (production,) = read_productions(f"S -> {' '.join(symbols)}")
    assert read_productions(str(production)) == [production]
    for other in (copy.deepcopy(production), pickle.loads(pickle.dumps(production))):
        assert other == production and hash(other) == hash(production)


def test_symbols_of_one_spelling_are_told_apart():
    name, terminal = Nonterminal("a"), "a"
    assert name != terminal and Production(name, (name,)) != Production(name, (terminal,))
    assert str(Production(name, (name, terminal))) == "a -> a 'a'"


def test_numbers_of_comments_and_lines_of_rules():
    notation = read_notation(
        "# one\n#: dead 1 2\n\nS -> 'a' | 'b'\n#: pad 3\nS -> 'c'\nN -> None\n#: dead 0\n"
    )
    assert [rule.line for rule in notation.rules] == [4, 4, 6, 7]
    assert (notation.pad, notation.dead, notation.defects) == (3, {0, 1, 2}, [])
