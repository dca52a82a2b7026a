"""The parser on random small grammars, against a plain recogniser."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grammar_rae.errors import GrammarError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.notation import Nonterminal
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample

SYMBOLS = ["S", "A", "B", "'a'", "'b'", "'cc'"]
sides = st.lists(st.sampled_from(SYMBOLS), max_size=3).map(" ".join)
grammars = st.tuples(*(st.lists(sides, min_size=1, max_size=4, unique=True) for _ in range(3)))


def parsed(rules):
    """A grammar of the three nonterminals, without those that make it unusable where that is enough."""
    text = "".join(f"{lhs} -> {' | '.join(side)}\n" for lhs, side in zip("SAB", rules, strict=True))
    try:
        return Grammar.parse(text)
    except GrammarError as error:
        kept = [line for line in text.splitlines() if f"{line[0]} cannot be reached" not in str(error)]
        try:
            return Grammar.parse("\n".join(kept))
        except GrammarError:
            return None


def derives(grammar, tokens):
    """Whether the start symbol derives the tokens: all spans, to a fixed point."""
    spans = set()

    def ends(symbols, begin):
        places = {begin}
        for symbol in symbols:
            if isinstance(symbol, Nonterminal):
                places = {e for p in places for s, b, e in spans if s == str(symbol) and b == p}
            else:
                places = {p + 1 for p in places if tokens[p : p + 1] == [symbol]}
        return places

    before = -1
    while before < len(spans):
        before = len(spans)
        for r, production in enumerate(grammar.productions):
            if r != grammar.pad:
                for begin in range(len(tokens) + 1):
                    found = ends(production.rhs, begin)
                    spans |= {(str(production.lhs), begin, end) for end in found}
    return (grammar.nonterminals[grammar.start], 0, len(tokens)) in spans


@settings(max_examples=60, deadline=None)
@given(grammars, st.lists(st.lists(st.sampled_from(["a", "b", "cc"]), max_size=5), min_size=8, max_size=8))
def test_random_grammars_agree_with_a_plain_recogniser(rules, strings):
    grammar = parsed(rules)
    assume(grammar is not None)
    texts = ["".join(tokens) for tokens in strings]
    x, known, _ = parse_known(grammar, texts)
    for i, tokens in enumerate(strings):
        assert (i in known) == derives(grammar, tokens), (grammar.text, tokens)
    assert unparse(grammar, x) == [texts[i] for i in known]


@settings(max_examples=40, deadline=None)
@given(grammars, st.integers(0, 1000))
def test_random_grammars_derive_what_they_write(rules, seed):
    grammar = parsed(rules)
    assume(grammar is not None)
    steps = int(grammar.tables.need[grammar.start]) + 8
    texts = unparse(grammar, sample(grammar, 10, steps, seed))
    assert unparse(grammar, parse(grammar, texts)) == texts


@settings(max_examples=25, deadline=None)
@given(grammars, st.lists(st.sampled_from(["a", "b", "cc"]), max_size=4))
def test_expected_tokens_take_a_text_further(rules, tokens):
    grammar = parsed(rules)
    assume(grammar is not None)
    _, _, errors = parse_known(grammar, ["".join(tokens)])
    assume(errors)
    error = errors[0][1]
    prefix = "".join(tokens)[: error.position]
    for terminal in grammar.terminals:
        longer = prefix + terminal
        _, _, found = parse_known(grammar, [longer])
        further = not found or found[0][1].position >= len(longer)
        assert further == (f"'{terminal}'" in error.expected)
