"""Exact counts against enumeration, and derivations drawn uniformly."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from grammar_rae.errors import GrammarError
from grammar_rae.grammar.counting import counts
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import distinct_strings, find_ambiguity, sample, strings

TOYS = {
    "brackets": "S -> 'a' S 'b' S |\n",
    "lists": "L -> L ',' E | E\nE -> 'x' | '(' L ')'\n",
    "three children": "S -> A B A | 'c'\nA -> 'a' | S 'd'\nB -> 'b' B |\n",
    "dead ones": "#: dead 1\nS -> 'a' S\nS -> 'z' S\nS -> 'b'\n",
}


def enumerated(grammar, steps):
    """All leftmost derivations of at most `steps` productions, by search."""
    tables, found, open_ = grammar.tables, [], [((), (grammar.start,))]
    while open_:
        rules, stack = open_.pop()
        if not stack:
            found.append(rules)
        elif len(rules) < steps:
            for r in np.flatnonzero((tables.lhs == stack[0]) & ~tables.dead).tolist():
                children = tuple(int(c) for c in tables.children[r] if c >= 0)
                open_.append(((*rules, r), children + stack[1:]))
    return found


@pytest.mark.parametrize("name", TOYS)
def test_counts_are_those_of_enumeration(name):
    grammar = Grammar.parse(TOYS[name])
    found = Counter(map(len, enumerated(grammar, 9)))
    assert counts(grammar, 9) == [found[s] for s in range(10)]


def test_catalan_numbers():
    grammar = Grammar.parse("S -> S S | 'a'\n")
    assert counts(grammar, 11)[1::2] == [1, 1, 2, 5, 14, 42]


def test_counts_are_exact_where_floats_are_not():
    grammar = Grammar.parse("S -> 'a' S | 'b' S | 'c' S | 'd'\n")
    assert counts(grammar, 200) == [0] + [3**s for s in range(200)]


def test_expressions_of_the_papers_lengths():
    numbers = counts(Grammar.read("equation"), 14)
    assert not any(numbers[1::2])  # as in the published data: 8, 10, 12, 14
    # S of s steps: S -> T, or S op T; T of s steps: a leaf, or brackets around an S of s - 1
    s, t = [0] * 15, [0] * 15
    for n in range(1, 15):
        t[n] = (4 if n == 1 else 0) + 3 * s[n - 1]
        s[n] = t[n - 1] + 3 * sum(s[i] * t[n - 1 - i] for i in range(n))
    assert numbers == s


@pytest.mark.parametrize("name", TOYS)
def test_samples_are_uniform(name):
    grammar = Grammar.parse(TOYS[name])
    every = sorted(enumerated(grammar, 8))
    x = sample(grammar, 200 * len(every), 8, seed=3)
    drawn = Counter(tuple(int(r) for r in row if r != grammar.pad) for row in x)
    assert set(drawn) == set(every)
    square = sum((drawn[d] - 200) ** 2 / 200 for d in every)
    freedom = len(every) - 1
    assert abs(square - freedom) < 5 * (2 * freedom) ** 0.5


@pytest.mark.parametrize(("low", "high"), [(1, 12), (7, 12), (12, 12)])
def test_samples_keep_to_their_lengths(low, high):
    grammar = Grammar.read("equation")
    x = sample(grammar, 500, high, seed=0, min_steps=low)
    lengths = (x != grammar.pad).sum(1)
    assert x.shape == (500, high) and x.dtype == np.int16
    assert low <= lengths.min() and lengths.max() <= high
    assert None not in unparse(grammar, x)


def test_samples_repeat_by_seed():
    grammar = Grammar.read("zinc")
    assert np.array_equal(sample(grammar, 20, 40, seed=5), sample(grammar, 20, 40, seed=5))
    assert not np.array_equal(sample(grammar, 20, 40, seed=5), sample(grammar, 20, 40, seed=6))


def test_too_short_a_length_is_refused():
    with pytest.raises(
        GrammarError, match=r"no derivation of 1 to 4 steps, its shortest takes 5; allow more"
    ):
        sample(Grammar.read("zinc"), 1, 4)


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (3, 3, "no derivation of 3 to 3 steps, its next shorter ones take 2; allow fewer or more"),
        (1, 1, "its shortest takes 2; allow more"),
        (9, 5, "the fewest are above the most"),
    ],
)
def test_impossible_lengths_are_one_line(low, high, says):
    with pytest.raises(GrammarError, match=says) as problem:
        sample(Grammar.read("equation"), 1, high, min_steps=low)
    assert "\n" not in str(problem.value)


def test_strings_are_samples_written_out():
    grammar = Grammar.parse(TOYS["lists"])
    assert strings(grammar, 50, 9, seed=2, min_steps=4) == unparse(grammar, sample(grammar, 50, 9, 2, 4))
    with pytest.raises(ValueError, match="n 0; expected 1 to 1,000,000,000"):
        strings(grammar, 0, 9)


def test_distinct_strings_stop_where_there_are_no_more():
    grammar = Grammar.parse("S -> 'a' S | 'b'\n")
    every = [text + "b" for text in ("", "a", "aa", "aaa")]
    assert sorted(distinct_strings(grammar, 4, 4, seed=1)) == sorted(every)
    assert sorted(distinct_strings(grammar, 9, 4)) == sorted(every)
    assert distinct_strings(grammar, 5, 4, min_steps=4) == ["aaab"]


@pytest.mark.parametrize("name", ["equation", "zinc", "smiles"])
def test_shipped_grammars_show_no_ambiguity(name):
    assert find_ambiguity(Grammar.read(name), tries=500) is None


@pytest.mark.parametrize(
    "rules",
    [
        "S -> S S | 'a'\n",
        "S -> S '+' S | 'x'\n",
        "S -> 'i' S | 'i' S 'e' S | 'x'\n",
        "S -> A | B\nA -> 'a'\nB -> 'a'\n",
        "S -> A A\nA -> 'a' |\n",
    ],
)
def test_ambiguity_comes_with_an_example(rules):
    grammar = Grammar.parse(rules)
    text, first, second = find_ambiguity(grammar)
    assert first != second
    ways = [d for d in enumerated(grammar, 12) if unparse(grammar, np.array([d])) == [text]]
    assert len(ways) > 1
    parsed = [str(grammar.productions[r]) for r in parse(grammar, [text])[0] if r != grammar.pad]
    assert first == "  ".join(parsed)


def test_parsing_finds_every_derivation_of_an_unambiguous_grammar():
    grammar = Grammar.parse(TOYS["lists"])
    every = enumerated(grammar, 9)
    texts = unparse(grammar, np.array([list(d) + [grammar.pad] * (9 - len(d)) for d in every]))
    assert len(set(texts)) == len(texts)
    x = parse(grammar, texts, 9)
    assert [tuple(row[row != grammar.pad].tolist()) for row in x] == every
    short = ["".join(p) for n in range(4) for p in product("x,()", repeat=n)]
    _, known, _ = parse_known(grammar, short)
    assert {short[i] for i in known} == {t for t in texts if len(t) < 4}
