"""The stack machine against a plain list, and what the budget promises."""

import numpy as np
import place
import pytest
import torch

from grammar_rae.distributions.compiled import decode_compiled
from grammar_rae.distributions.derivations import Derivations
from grammar_rae.distributions.masking import choose
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.stack import StackMachine
from grammar_rae.noise import DECODING, Noise

SHIPPED = ["equation", "zinc", "smiles"]
TOY = "S -> 'a' S 'b' | 'c' | \n"


class ListMachine:
    """The same rules, one sample, one Python list."""

    def __init__(self, grammar, steps, budget=True):
        self.grammar, self.left, self.budget = grammar, steps, budget
        self.tables = grammar.tables
        self.stack = [grammar.start]

    def allowed(self):
        t = self.tables
        if not self.stack:
            return {t.pad}
        need = sum(int(t.need[s]) for s in self.stack)
        fits = {r for r in range(len(t.lhs)) if t.lhs[r] == self.stack[-1] and not t.dead[r] and r != t.pad}
        return {r for r in fits if not self.budget or need + int(t.delta[r]) <= self.left - 1}

    def advance(self, rule):
        self.left -= 1
        if self.stack:
            self.stack.pop()
            children = [int(c) for c in self.tables.children[rule] if c >= 0]
            self.stack += reversed(children)


@pytest.fixture(params=SHIPPED)
def grammar(request):
    return Grammar.read(request.param)


def logits_for(grammar, batch=40, steps=30, seed=0):
    columns = grammar.tables.columns
    return 3 * torch.randn(batch, steps, columns, generator=torch.Generator().manual_seed(seed))


def distribution(grammar, logits, budget=True):
    column = torch.as_tensor(grammar.tables.column).to(place.DEVICE)
    return Derivations(logits.to(place.DEVICE), StackMachine(grammar, budget).to(place.DEVICE), column)


@pytest.mark.parametrize("budget", [True, False])
def test_masks_agree_with_a_plain_list(grammar, budget):
    p = distribution(grammar, logits_for(grammar), budget)
    x = p.sample(Noise.first(1, 40, 0, place.DEVICE))
    masks, features = p.machine.replay(x, 30)
    state = p.machine.start(40, 30)
    lists = [ListMachine(grammar, 30, budget) for _ in x]
    for t in range(30):
        allowed = p.machine.allowed(state)
        assert torch.equal(allowed, masks[:, t])
        assert torch.equal(p.machine.features(state), features[:, t])
        for row, plain, rule in zip(allowed, lists, x[:, t].tolist(), strict=True):
            assert set(row.nonzero()[:, 0].tolist()) == plain.allowed()
            plain.advance(rule)
        state = p.machine.advance(state, x[:, t])
    if budget:
        assert all(not plain.stack for plain in lists)


def test_every_sample_finishes_whatever_the_budget(grammar):
    least = int(grammar.tables.need[grammar.start])
    for steps in range(least, least + 6):
        x = distribution(grammar, logits_for(grammar, 50, steps)).sample(
            Noise.first(steps, 50, 0, place.DEVICE)
        )
        for row in x.tolist():
            plain = ListMachine(grammar, steps)
            for rule in row:
                assert rule in plain.allowed()
                plain.advance(rule)
            assert not plain.stack


def test_too_few_steps_are_refused():
    grammar = Grammar.read("zinc")
    with pytest.raises(ValueError, match="4 steps are too few: the shortest derivation takes 5"):
        StackMachine(grammar).start(1, 4)


def test_compiled_and_tensor_loops_choose_alike(grammar):
    logits = logits_for(grammar, 200, 40)
    for budget in (True, False):
        p = distribution(grammar, logits, budget)
        noise = Noise.first(3, 200)
        u = noise.uniform(DECODING, 40)
        slow = p.run(lambda t, scores, u=u: choose(scores / 0.7, u[:, t]))
        assert torch.equal(p.sample(noise, 0.7), slow)
        assert torch.equal(p.mode(), p.run(lambda t, scores: scores.argmax(-1)))
        assert torch.equal(decode_compiled(logits, u, p.machine, p.column, 0.7), slow)


def enumerate_derivations(grammar, steps):
    """Every padded derivation of at most `steps` productions."""
    tables, found = grammar.tables, []

    def go(prefix, stack):
        if not stack:
            found.append(prefix + [tables.pad] * (steps - len(prefix)))
        elif len(prefix) < steps:
            for r in np.flatnonzero((tables.lhs == stack[-1]) & ~tables.dead):
                go([*prefix, int(r)], stack[:-1] + [int(c) for c in tables.children[r] if c >= 0][::-1])

    go([], [grammar.start])
    return torch.tensor(found)


@pytest.mark.parametrize("text", [TOY, "S -> A 'x' | A S\nA -> 'a' | 'b' A\n"])
def test_probabilities_sum_to_one(text):
    grammar = Grammar.parse(text)
    x = enumerate_derivations(grammar, 6)
    logits = logits_for(grammar, 1, 6).double().expand(len(x), -1, -1)
    p = distribution(grammar, logits)
    assert p.log_prob(x).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_sampling_follows_the_probabilities():
    grammar = Grammar.parse(TOY)
    x = enumerate_derivations(grammar, 5)
    logits = logits_for(grammar, 1, 5) / 3
    expected = distribution(grammar, logits.expand(len(x), -1, -1)).log_prob(x).exp()
    n = 20_000
    drawn = distribution(grammar, logits.expand(n, -1, -1).contiguous()).sample(Noise.first(0, n))
    shares = torch.stack([(drawn == row).all(1).float().mean() for row in x])
    deviation = (expected * (1 - expected) / n).sqrt()
    assert ((shares - expected).abs() < 4.5 * deviation + 1e-9).all()


def test_samples_do_not_depend_on_the_batch():
    grammar = Grammar.read("equation")
    logits = logits_for(grammar, 1, 15).expand(10, -1, -1).contiguous()
    whole = distribution(grammar, logits).sample(Noise.first(5, 10))
    parts = [distribution(grammar, logits[:1]).sample(Noise.first(5, 1, start=i)) for i in range(10)]
    assert torch.equal(whole, torch.cat(parts))
