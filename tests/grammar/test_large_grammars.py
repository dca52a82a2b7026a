"""Grammars of thousands of productions: what is counted is work, not time."""

import sys

import pytest

from grammar_rae.errors import GrammarError
from grammar_rae.grammar.counting import count_derivations
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.compiled import compiled_parser
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import find_ambiguity, sample

LARGE = {
    "a lexicon": lambda n: "S -> W S | '.'\n" + "\n".join(f"W -> 'w{i}_'" for i in range(n)),
    "words in words": lambda n: "S -> W ' ' S | '.'\n" + "\n".join(f"W -> 'w{i}'" for i in range(n)),
    "one prefix in the next": lambda n: (
        "S -> W 'b' S | '.'\nW -> " + " | ".join(f"'{'a' * (i + 1)}'" for i in range(n // 4))
    ),
    "a chain": lambda n: (
        "\n".join(f"A{i} -> A{i + 1} 'x' | 'y'" for i in range(n // 2)) + f"\nA{n // 2} -> 'z'"
    ),
    "a chain backwards": lambda n: (
        "S -> A0 | 'x'\n" + "\n".join(f"A{i} -> A{i + 1}" for i in range(n)[::-1]) + f"\nA{n} -> 'z'"
    ),
    "a line": lambda n: (
        "\n".join(f"A{i} -> 't{i}_' A{i + 1} | 'e'" for i in range(n // 2)) + f"\nA{n // 2} -> 'z'"
    ),
    "many that may be empty": lambda n: (
        "S -> "
        + " ".join(f"A{i}" for i in range(n // 2))
        + "\n"
        + "\n".join(f"A{i} -> 't{i}_' |" for i in range(n // 2))
    ),
    "brackets of many kinds": lambda n: "S -> 'x' | " + " | ".join(f"'({i}_' S ')'" for i in range(n)),
}


def steps_taken(function, *arguments):
    """How many lines of the package's own Python ran."""
    count = 0

    def line(frame, event, argument):
        nonlocal count
        count += event == "line"
        return line

    def call(frame, event, argument):
        return line if "grammar_rae" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", LARGE)
def test_checks_take_work_by_the_size(name):
    small, large = LARGE[name](200), LARGE[name](1600)
    work = [steps_taken(Grammar.parse, text) / len(text) for text in (small, large)]
    assert work[1] < 1.5 * work[0]


@pytest.mark.parametrize("name", LARGE)
def test_what_a_large_grammar_writes_it_reads(name):
    grammar = Grammar.parse(LARGE[name](1500))
    shortest = int(grammar.tables.need[grammar.start])
    x = sample(grammar, 8, shortest + 6, seed=1)
    texts = unparse(grammar, x)
    assert unparse(grammar, parse(grammar, texts)) == texts
    _, known, errors = parse_known(grammar, [f"{texts[0]}?"])
    assert not len(known) and errors[0][1].position <= len(texts[0])


def test_an_error_expects_what_was_expected_one_by_one():
    grammar = Grammar.parse(LARGE["a lexicon"](2000))
    _, _, errors = parse_known(grammar, ["w3_w7_", "?"] * 300)
    assert all(len(error.expected) == 2001 for _, error in errors)
    assert errors[0][1].expected is errors[2][1].expected  # one list for all
    assert errors[0][1].wants.endswith("or 1993 more")


def test_a_search_that_would_take_too_long_is_refused():
    chain = "\n".join(f"A{i} -> A{i + 1}" for i in range(9000)) + "\nA9000 -> 'z'\n"
    with pytest.raises(
        GrammarError, match="too large to count derivations quickly, its shortest takes 9,001 steps"
    ):
        find_ambiguity(Grammar.parse(chain))
    assert find_ambiguity(Grammar.parse(LARGE["a chain"](3000))) is None
    two = "\n".join(f"A{i} -> A{i + 1}" for i in range(300)) + "\nA300 -> B | C\nB -> 'z'\nC -> 'z'\n"
    assert find_ambiguity(Grammar.parse(two))[0] == "z"


def test_tables_too_large_for_memory_are_refused():
    many = "\n".join(f"A{i} -> B{i} A{i + 1}\nB{i} -> 't{i}_' |" for i in range(6000)) + "\nA6000 -> 'z'\n"
    with pytest.raises(
        GrammarError, match="too large to parse with, 18,001 productions over 6,001 terminals"
    ):
        compiled_parser(Grammar.parse(many))
    wide = (
        "S -> "
        + " ".join(f"A{i}" for i in range(8000))
        + "\n"
        + "\n".join(f"A{i} -> 't{i}_'" for i in range(8000))
    )
    with pytest.raises(
        GrammarError, match="line 1: 8,000 nonterminals on a right side among 8,001 productions"
    ):
        Grammar.parse(wide)


def test_counts_too_large_for_memory_are_refused():
    with pytest.raises(GrammarError, match="counting derivations of up to 1,000,000,000 steps takes .* GiB"):
        count_derivations(Grammar.read("equation"), 10**9)


@pytest.mark.slow
def test_a_long_text_with_very_many_parses_is_refused():
    grammar = Grammar.parse("S -> S S | 'a'\n")
    x, known, errors = parse_known(grammar, ["aaa", "a" * 1500])
    assert known.tolist() == [0] and len(x) == 1
    assert "item 1: grammar has too many parses of it to look through" in str(errors[0][1])
    assert len(str(errors[0][1])) < 300
