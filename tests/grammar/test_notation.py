"""The notation of grammars against NLTK's own reader of it."""

import copy
import pickle

import nltk
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grammar_rae.errors import GrammarError
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


TEXTS = {
    "the start symbol": "%start S\nL -> '1'\nS -> L | S '+' L\n",
    "the last start symbol": "%start L\n% start S\nS -> L 'a'\nL -> 'b'\n",
    "a line that goes on": "S -> 'a' S \\\n  | 'b' \\\n  | 'c'\nS -> 'd'\n",
    "nothing to go on with": "S -> 'a' S | \\\n\nS -> 'b'\n",
    "a comment that ends alike": "# one \\\nS -> 'a'\n",
    "lines that only look like lines": "S -> 'a\x0cb' | '\u2028'\n",
    "windows": "S -> 'a' \\\r\n | 'b'\r\n",
}


@pytest.mark.parametrize("case", TEXTS)
def test_texts_are_read_as_nltk_reads_them(case):
    expected = nltk.CFG.fromstring(TEXTS[case])
    grammar = Grammar.parse(TEXTS[case])
    assert ours(grammar.productions[: grammar.pad]) == plain(expected.productions())
    assert grammar.nonterminals[grammar.start] == str(expected.start())


def test_a_byte_order_mark_is_no_symbol(tmp_path):
    (tmp_path / "b.cfg").write_bytes(b"\xef\xbb\xbfS -> 'a'\n")
    for grammar in (Grammar.read(tmp_path / "b.cfg"), Grammar.parse("\ufeffS -> 'a'\n")):
        assert list(map(str, grammar.productions[:1])) == ["S -> 'a'"]


HABITS = {
    "S -> 'a'\n | 'b'": "line 2: .*end the line before with",
    "S -> 'a' [0.5] | 'b' [.5]": "probabilities such as",
    "S ::= 'a'": "write -> between",
    "S → 'a'": "write -> between",
    "S : 'a' ;": "write -> between",
    "S = 'a'": "write -> between",
    "S->'a'": "a blank before ->",
    "S -> 'a' # one": "a comment stands on a line of its own",
    "// one\nS -> 'a'": "line 1: .*a comment begins with #",
    "S -> 'a';": "leave the last character out",
    "<s> -> 'a'": "without < and >",
    "S -> 'a'* | ('b')": "rules of their own",
    "S -> ‘a’": "quote terminals",
    "S -> 'a": "close the quote",
    "'S' -> 'a'": "the left side is a name",
    "A B -> 'a'": "one name stands on the left",
    "S -> 'a' & 'b'": "quote terminals; a name is made of",
    "%declare S\nS -> 'a'": "only «%start NAME» is read",
    "S -> 'a' S | ε": "ε has no production; write nothing for the empty string",
    "S -> 'a' S | epsilon": "epsilon has no production; write nothing for the empty string",
    "S -> a": "a has no production; .*quote it if it is a terminal",
}


@pytest.mark.parametrize("text", HABITS)
def test_a_habit_from_elsewhere_gets_one_hint(text):
    with pytest.raises(GrammarError, match=HABITS[text]) as problem:
        Grammar.parse(text)
    assert "\n" not in str(problem.value)


def test_symbols_of_one_spelling_are_told_apart():
    name, terminal = Nonterminal("a"), "a"
    assert name != terminal and Production(name, (name,)) != Production(name, (terminal,))
    assert str(Production(name, (name, terminal))) == "a -> a 'a'"


@pytest.mark.parametrize(
    "line",
    ["S -> [ " + "0" * 10**5, "[0" * 10**5, "x " * 10**5, "<" * 10**5, "S -> " + "(" * 10**5, "\\\n" * 10**5],
)
def test_long_lines_are_refused_in_a_short_one(line):
    with pytest.raises(GrammarError) as problem:
        Grammar.parse(line)
    assert len(str(problem.value)) < 300


def test_numbers_of_comments_and_lines_of_rules():
    notation = read_notation(
        "# one\n#: dead 1 2\n\nS -> 'a' | 'b'\n#: pad 3\nS -> 'c'\nN -> None\n#: dead 0\n"
    )
    assert [rule.line for rule in notation.rules] == [4, 4, 6, 7]
    assert (notation.pad, notation.dead, notation.defects) == (3, {0, 1, 2}, [])
