"""The parser against NLTK's on the shipped grammars, particular grammars, and what its errors say."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nltk import CFG, ChartParser

from grammar_rae import datasets
from grammar_rae.chemistry.tokens import TOKEN
from grammar_rae.datasets import expressions, molecules
from grammar_rae.datasets.sources import present
from grammar_rae.errors import GrammarError, ParseError
from grammar_rae.grammar.grammar import Grammar, shipped
from grammar_rae.grammar.parsing.compiled import compiled_parser
from grammar_rae.grammar.parsing.parser import parse, parse_known, parse_prefix
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample

STEPS = {"equation": 25, "zinc": 80, "smiles": 50}
TOKENS = {"zinc": "Cl|Br|@@|.", "equation": r"sin\(|exp\(|."}


ZINC = [  # test molecules, which together need 56 of the 73 live productions
    "[NH3+][C@@H](CSCc1nccs1)C(=O)[O-]",
    "CCOC(=O)/C(C#N)=C(\\Cl)C(F)(F)F",
    "Cc1nc(-c2ccc(Br)cc2)[nH]c1C",
    "COC[C@](C)(O)C1(C#N)CCCC1",
    "COC(=O)c1ccc(CSc2nncc3ccccc23)o1",
    "O=C(Oc1ccccc1)c1ccccc1I",
    "c1ccc2c(NCc3nnc(C4CCC4)o3)cccc2c1",
    "CC[C@H]1CCCCN(C)C1=O",
    "COc1cc(C)ccc1OCC(=O)Nc1nnc(C)s1",
    "COCC[C@H](C)C(=O)N[C@@H](C)COC",
    "CCOc1ncnc(S(=O)(=O)CC)c1N",
    "N#CC1(NC(=O)COc2cccc(Cl)c2)CCCC1",
]


def charted(name, texts):
    """NLTK's first parse of every text, as production indices in pre-order."""
    rules = CFG.fromstring(shipped()[f"{name}.cfg"].read_text())
    index = {production: i for i, production in enumerate(rules.productions())}
    parser = ChartParser(rules)
    trees = (next(parser.parse(re.findall(TOKENS[name], text))) for text in texts)
    return [[index[production] for production in tree.productions()] for tree in trees]


def unpadded(grammar, x):
    return [row[row != grammar.pad].tolist() for row in x]


@pytest.fixture(params=STEPS)
def grammar(request):
    return Grammar.read(request.param)


def test_expressions_agree_with_nltk():
    texts = datasets.load("expressions").train[:150]
    grammar = Grammar.read("equation")
    assert unpadded(grammar, parse(grammar, texts)) == charted("equation", texts)


def test_molecules_agree_with_nltk():
    grammar = Grammar.read("zinc")
    texts = datasets.load("nci").train[:60]
    x, known, _ = parse_known(grammar, texts)
    short = [row for row, i in enumerate(known) if len(texts[i]) < 40][:25]
    assert len(short) > 15
    assert unpadded(grammar, x[short]) == charted("zinc", [texts[i] for i in known[short]])


def test_chosen_zinc_molecules_agree_with_nltk():
    grammar = Grammar.read("zinc")
    x = parse(grammar, ZINC)
    assert unpadded(grammar, x) == charted("zinc", ZINC)
    assert unparse(grammar, x) == ZINC
    assert len(np.setdiff1d(x, [grammar.pad])) == 56


@pytest.mark.slow
@pytest.mark.skipif(present(molecules.ZINC) is None, reason="ZINC250k is not here")
def test_all_test_molecules_agree_with_nltk():
    grammar, texts = Grammar.read("zinc"), datasets.load("zinc250k").test
    x = parse(grammar, texts)
    lengths = (x != grammar.pad).sum(1)
    assert (lengths.min(), lengths.max()) == (46, 241)  # what the papers' files have
    assert lengths.mean() == pytest.approx(129.0, abs=0.05)
    assert unpadded(grammar, x) == charted("zinc", texts)


@pytest.mark.slow
@pytest.mark.skipif(present(expressions.FILE) is None, reason="the published expressions are not here")
def test_published_expressions_agree_with_nltk():
    grammar, texts = Grammar.read("equation"), datasets.load("equations").train
    x = parse(grammar, texts[:5000])
    assert unpadded(grammar, x) == charted("equation", texts[:5000])


@pytest.mark.slow
@pytest.mark.skipif(present(molecules.ZINC) is None, reason="ZINC250k is not here")
def test_smiles_covers_zinc_one_step_a_token():
    grammar = Grammar.read("smiles")
    texts = [text for text in datasets.kekules(datasets.load("zinc250k").test) if text is not None]
    x, known, errors = parse_known(grammar, texts)
    assert len(errors) <= 1 and len(texts) == 5000
    tokens = compiled_parser(grammar).tokens(texts)
    assert np.array_equal((x != grammar.pad).sum(1), (np.diff(tokens.bounds) + 1)[known])


def test_smiles_is_read_by_table_and_the_others_by_chart():
    assert compiled_parser(Grammar.read("smiles")).lookahead.ll1
    assert not compiled_parser(Grammar.read("zinc")).lookahead.ll1
    assert not compiled_parser(Grammar.read("equation")).lookahead.ll1


def test_random_derivation_to_text_and_back(grammar):
    steps = STEPS[grammar.name.removesuffix(".cfg")]
    x = sample(grammar, 400, steps, seed=1)
    texts = unparse(grammar, x)
    assert None not in texts
    assert np.array_equal(parse(grammar, texts, steps), x)


def test_threads_and_batches_do_not_matter(grammar):
    texts = unparse(grammar, sample(grammar, 150, 25, seed=2))
    x = parse(grammar, texts, 25, threads=1)
    for threads in (2, 3):
        assert np.array_equal(parse(grammar, texts, 25, threads=threads), x)
    alone = [parse(grammar, [text], 25) for text in texts[:20]]
    assert np.array_equal(np.concatenate(alone), x[:20])


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ("S -> 'a' S 'b' |\n", ["", "ab", "aaabbb"], ["a", "b", "aab", "ba"]),
        ("S -> S 'a' | \n", ["", "a", "aaaa"], ["b", "ab"]),
        ("S -> A B 'x' | A\nA -> 'a' |\nB -> 'b' |\n", ["", "x", "ax", "bx", "abx", "a"], ["b", "ba", "xx"]),
        ("S -> E E 'x' E\nE -> F F\nF -> 'f' |\n", ["x", "fxf", "ffffxff"], ["", "fffffx"]),
        ("S -> 'ab' S | 'abc' | 'é'\n", ["ababc", "é", "abé"], ["ab", "abcab", "ac", "e"]),
    ],
)
def test_empty_productions_recursion_and_longest_match(rules, good, bad):
    grammar = Grammar.parse(rules)
    x, known, errors = parse_known(grammar, good + bad)
    assert known.tolist() == list(range(len(good)))
    assert [i for i, _ in errors] == list(range(len(good), len(good) + len(bad)))
    assert unparse(grammar, x) == good


def test_one_of_several_derivations_always_the_same():
    grammar = Grammar.parse("S -> S S | 'a' | 'b'\n")
    texts = ["abababab", "a", "ababb"] * 40
    x = parse(grammar, texts)
    assert unparse(grammar, x) == texts
    assert np.array_equal(x[:3], x[-3:])
    assert np.array_equal(parse(grammar, texts[::-1], threads=1)[::-1], x)


MANY = "a" * 2400


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ("S -> 'a' S | 'b'\n", MANY + "b"),
        ("S -> S 'a' | 'b'\n", "b" + MANY),
        ("S -> 'a' S 'c' | 'a' S | 'b'\n", MANY + "b" + "c" * 9),
        ("S -> 'a' S 'a' | 'b'\n", MANY + "b" + MANY),
        (f"S -> {' '.join(repr(token) for token in MANY)} | 'b'\n", MANY),
        (f"S -> 'b' S | {' '.join(repr(token) for token in MANY)} | 'a'\n", "b" + MANY),
    ],
)
def test_long_texts(rules, text):
    grammar = Grammar.parse(rules)
    assert unparse(grammar, parse(grammar, [text])) == [text]


def test_rows_are_padded_to_the_longest_or_to_steps():
    grammar = Grammar.read("equation")
    x = parse(grammar, ["x", "x+1"])
    assert x.dtype == np.int16
    assert x.tolist() == [[3, 7, 11, 11], [0, 3, 7, 8]]
    assert parse(grammar, ["x"], 5).tolist() == [[3, 7, 11, 11, 11]]
    assert parse(grammar, [], 5).shape == (0, 5)


@pytest.mark.parametrize("row", [[3], [0, 3, 7], [3, 7, 7], [3, 11, 7], [11, 11], [7, 3]])
def test_unfinished_and_impossible_rows_have_no_text(row):
    assert unparse(Grammar.read("equation"), np.array([row])) == [None]


def failure(grammar, text):
    with pytest.raises(ParseError) as caught:
        parse(grammar, [text])
    return caught.value


def test_an_error_says_where_and_what_was_expected():
    error = failure(Grammar.read("equation"), "x+*2")
    assert (error.item, error.position) == (0, 2)
    assert error.expected == ["'('", "'sin('", "'exp('", "'x'", "'1'", "'2'", "'3'"]
    assert "item 0: '*' at position 2 of «x+*2»; equation.cfg expects '(', 'sin('" in str(error)
    assert error.__notes__ == ["x+*2\n  ^"]


@pytest.mark.parametrize(
    ("name", "text", "position", "expected"),
    [
        ("equation", "sin(x", 5, "')'"),
        ("equation", "x)", 1, "the end"),
        ("equation", "", 0, "'x'"),
        ("equation", "x+π", 2, "'x'"),
        ("equation", "π", 0, "'x'"),
        ("zinc", "c1ccccc1(", 9, "'C'"),
        ("zinc", "CC?C", 2, "'='"),
        ("zinc", "C[C@@H", 6, "']'"),
        ("zinc", "C[C@@Cl]", 5, "']'"),
        ("zinc", "C(C=)C", 4, "'1'"),
        ("smiles", "C=1CC=1", 2, "'[C@@H]'"),
        ("smiles", "CCc", 2, "the end"),
    ],
)
def test_the_place_of_an_error(name, text, position, expected):
    error = failure(Grammar.read(name), text)
    assert error.position == position
    assert expected in error.expected
    assert error.__notes__ == [f"{text}\n{' ' * position}^"]


def test_the_place_is_the_first_token_that_cannot_stand_there():
    # ']' may follow A somewhere, but not here: look-ahead alone would miss it by one token
    error = failure(Grammar.parse("S -> '(' A ')' | '[' A ']'\nA -> 'a' | 'a' A\n"), "(aa]")
    assert error.position == 3
    assert error.expected == ["')'", "'a'"]


def test_errors_are_returned_beside_the_rows_of_the_others():
    grammar = Grammar.read("equation")
    texts = ["x", "y", "x+1", "1+", "x*x*x"] * 30
    x, known, errors = parse_known(grammar, texts, 5)
    assert known.tolist() == [i for i in range(150) if i % 5 in (0, 2)]
    assert [i for i, _ in errors] == [i for i in range(150) if i % 5 in (1, 3, 4)]
    assert all(error.item == i for i, error in errors)
    assert x.shape == (60, 5) and unparse(grammar, x)[:4] == ["x", "x+1"] * 2
    assert "item 4: needs 6 steps, the model has 5: «x*x*x»" in str(errors[2][1])
    with pytest.raises(ParseError, match="item 1: 'y' at position 0"):
        parse(grammar, texts, 5)


def test_long_and_unprintable_texts_are_cut():
    grammar = Grammar.read("zinc")
    error = failure(grammar, "C" * 500 + "\n\x00" + "C" * 500)
    assert error.position == 500
    assert "\n" not in str(error) and len(str(error)) < 300
    shown, caret = error.__notes__[0].splitlines()
    assert shown[len(caret) - 1] == "\N{REPLACEMENT CHARACTER}"
    assert failure(grammar, "C\udc80").position == 1


def test_a_prefix_has_the_first_productions_of_every_string_that_begins_with_it():
    grammar = Grammar.read("smiles")
    for text in ["CC(=O)OC1CC1", "C1=CC=CC=C1C(N)(C)C", "C[C@@H](N)O"]:
        whole = parse(grammar, [text])[0].tolist()
        ends = np.cumsum([len(match[0]) for match in TOKEN.finditer(text)]).tolist()
        for count, end in enumerate(ends, 1):  # one production a token
            assert parse_prefix(grammar, text[:end]).tolist() == whole[:count]
    assert parse_prefix(grammar, "").tolist() == []


def test_a_prefix_writes_empty_productions_only_where_a_token_follows():
    grammar = Grammar.parse("S -> E 'x' T\nE -> 'e' |\nT -> 't' |\n")
    assert parse_prefix(grammar, "x").tolist() == [0, 2]
    assert parse_prefix(grammar, "e").tolist() == [0, 1]
    assert parse_prefix(grammar, "ext").tolist() == parse(grammar, ["ext"])[0].tolist()


@pytest.mark.parametrize(("text", "position"), [("C))", 1), ("CC#)", 3), ("C[Xe]", 1), ("=", 0)])
def test_what_no_string_begins_with_is_named(text, position):
    with pytest.raises(ParseError) as caught:
        parse_prefix(Grammar.read("smiles"), text)
    assert caught.value.position == position


def test_prefixes_are_for_grammars_that_look_one_token_ahead():
    with pytest.raises(GrammarError, match=r"zinc.cfg is not LL\(1\)"):
        parse_prefix(Grammar.read("zinc"), "CC")


def test_cyclic_grammars_are_refused():
    with pytest.raises(GrammarError, match="cycle"):
        Grammar.parse("S -> S S | 'a' |\n")


SIDES = st.lists(st.sampled_from(["S", "A", "'a'", "'b'", "'cc'"]), max_size=3).map(" ".join)
ALTERNATIVES = st.lists(SIDES, min_size=1, max_size=4, unique=True).map(" | ".join)


@settings(max_examples=60, deadline=None)
@given(ALTERNATIVES, ALTERNATIVES, st.data())
def test_random_grammars_agree_with_nltk(first, second, data):
    text = f"S -> {first}\n" + f"A -> {second}\n" * ("A" in first)
    try:
        grammar = Grammar.parse(text)
    except GrammarError:
        assume(False)
    assume(grammar.terminals)
    tokens = st.lists(st.sampled_from(grammar.terminals), max_size=6)
    strings = data.draw(st.lists(tokens, min_size=8, max_size=8))
    texts = ["".join(string) for string in strings]
    chart = ChartParser(CFG.fromstring("\n".join(map(str, grammar.productions[: grammar.pad]))))
    good = [any(True for _ in chart.parse(string)) for string in strings]
    x, known, errors = parse_known(grammar, texts)
    assert known.tolist() == np.flatnonzero(good).tolist()
    assert [i for i, _ in errors] == [i for i, derived in enumerate(good) if not derived]
    assert unparse(grammar, x) == [texts[i] for i in known]
