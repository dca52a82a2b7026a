"""The valence machine: what it writes is valid, what is valid it writes, and every rule of it matters."""

from dataclasses import replace

import place
import pytest
import torch
from hostile import FIRST, POLICIES, SMILES, bond_table, derivations_of, faults, machine, samples
from partialsmiles import ParseSmiles
from partialsmiles.exceptions import Error

from grammar_rae import datasets
from grammar_rae.chemistry.bonds import Bonds, BondTable, probe
from grammar_rae.chemistry.smiles import canonical, kekules, orders
from grammar_rae.chemistry.smiles_grammar import build_grammar
from grammar_rae.errors import DataError, GrammarError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse_known
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.machines.valence import ValenceMachine
from grammar_rae.machines.valence_tables import ORDERS
from grammar_rae.noise import Noise

NEVER = 10**6


@pytest.fixture(scope="module")
def both():
    return machine()


class PlainMachine:
    """The same rules for one molecule, from its graph: atoms, neighbours, open rings, one list of branches."""

    def __init__(self, table, steps):
        self.table, self.left = table, steps
        self.sums, self.tokens, self.bonded = [], [], []
        self.current, self.order, self.branching, self.branches = None, 0, False, []
        self.open, self.spent, self.done = {}, set(), False

    def owed(self, token, total):
        return min((a - total for a in self.table.bonds[token].sums if a >= total), default=NEVER)

    def grows(self, token, total):
        return min((a - total for a in self.table.bonds[token].sums if a > total), default=NEVER)

    @staticmethod
    def fill(bonds):
        return NEVER if bonds >= NEVER else 3 * bonds - 2 if bonds else 0

    def need(self, token, total, rings, mine, branches):
        """Steps that finish from an atom with a bond sum, open rings (`mine` of them its own) and branches."""
        owed, steps = self.owed(token, total), 2 * rings + 1
        steps += sum(1 + self.fill(self.grows(t, s)) for t, s in branches)
        if owed or branches or not rings:
            return steps + self.fill(owed)
        onward = self.grows(token, total)
        return steps + (mine == rings if onward == 1 else self.fill(onward))

    def fresh(self, token, total, rings, closable, branches):
        """`need` of a new atom, which may close a ring first."""
        best = self.need(token, total, rings, 0, branches)
        return min(best, 1 + self.need(token, total + 1, rings - 1, 0, branches)) if closable else best

    def step_to(self, token, order):
        """Steps after writing an atom, or None where the bond does not fit."""
        frames = [(self.tokens[i], s) for i, s in self.branches]
        if self.current is None:
            return self.fresh(token, 0, 0, False, frames)
        here, total = self.tokens[self.current], self.sums[self.current] + order
        if order > min(self.table.bonds[here].order, self.table.bonds[token].order):
            return None
        if self.branching:
            frames.append((here, total))
        elif self.owed(here, total):
            return None
        closable = any(opener != self.current for opener in self.open.values())
        return self.fresh(token, order, len(self.open), closable, frames)

    def allows(self, token):
        rest = self.left - 1
        if self.done or token is None:
            return self.done and token is None
        frames = [(self.tokens[i], s) for i, s in self.branches]
        if token in self.table.bonds:
            steps = self.step_to(token, self.order)
            return steps is not None and steps <= rest
        if token in ORDERS:
            steps = self.step_to("C", ORDERS[token])
            return steps is not None and 1 + steps <= rest
        here, total = self.tokens[self.current], self.sums[self.current]
        mine = sum(opener == self.current for opener in self.open.values())
        if token == "":
            if frames:
                return (
                    not self.owed(here, total)
                    and self.need(here, total, len(self.open), mine, frames) - 1 <= rest
                )
            return not self.open and not self.owed(here, total)
        if token == "(":
            carbon = self.need("C", 1, len(self.open), 0, [*frames, (here, total + 1)])
            return 1 + carbon <= rest
        rings = len(self.open)
        if token in self.open:
            opener = self.open[token]
            if opener == self.current or opener in self.bonded[self.current]:
                return False
            return self.need(here, total + 1, rings - 1, mine, frames) <= rest
        free = min(set("12345678") - self.open.keys() - self.spent, default="")
        return token == free and self.need(here, total + 1, rings + 1, mine + 1, frames) <= rest

    def advance(self, token):
        self.left -= 1
        if token in self.table.bonds:
            if self.branching:
                self.branches.append((self.current, self.sums[self.current] + self.order))
            self.tokens.append(token)
            self.sums.append(self.order)
            self.bonded.append(set() if self.current is None else {self.current})
            self.current, self.order, self.branching, self.spent = len(self.tokens) - 1, 1, False, set()
        elif token in ORDERS:
            self.order = ORDERS[token]
        elif token == "(":
            self.branching = True
        elif token == "" and self.branches:
            self.current, total = self.branches.pop()
            self.sums[self.current] = total
        elif token == "":
            self.done = True
        elif token in self.open:
            self.bonded[self.current].add(self.open.pop(token))
            self.spent.add(token)
            self.sums[self.current] += 1
        elif token is not None:
            self.open[token] = self.current
            self.sums[self.current] += 1


@pytest.mark.parametrize("policy", POLICIES)
def test_agrees_with_the_plain_machine(both, policy):
    batch, steps, table = 30, 40, bond_table()
    noise = torch.randn(batch, steps, SMILES.tables.columns, generator=torch.Generator().manual_seed(3))
    x = derivations_of(both, POLICIES[policy](noise)).sample(Noise.first(2, batch, 0, place.DEVICE))
    masks, features = both.replay(x, steps)
    syntax = both.syntax.masks(x, steps)
    plain = [PlainMachine(table, steps) for _ in range(batch)]
    state = both.start(batch, steps)
    tokens = [None if i == SMILES.pad else str(first) for i, first in enumerate(FIRST)]
    for t in range(steps):
        assert torch.equal(both.features(state), features[:, t])
        for b, rule in enumerate(x[:, t].tolist()):
            possible = syntax[b, t].nonzero()[:, 0].tolist()
            expected = [r for r in possible if plain[b].allows(tokens[r])]
            assert masks[b, t].nonzero()[:, 0].tolist() == expected
            if not plain[b].done:
                plain[b].advance(tokens[rule])
        state = both.advance(state, x[:, t])


@pytest.mark.parametrize("steps", [12, 60])
def test_rows_that_it_would_not_write_are_followed_to_the_same_masks_and_features(both, steps):
    semantics = both.semantics
    x = torch.randint(0, len(semantics.slot), (300, 12), generator=torch.Generator().manual_seed(steps))
    masks, features = semantics.replay(x.to(place.DEVICE), steps)
    state = semantics.start(len(x), steps)
    for t in range(x.shape[1]):
        assert torch.equal(masks[:, t], semantics.allowed(state))
        assert torch.equal(features[:, t], semantics.features(state))
        state = semantics.advance(state, x[:, t].to(place.DEVICE))


@pytest.mark.parametrize("steps", [3, 4, 5, 7, 10, 14, 33, 96])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_string_is_a_molecule(both, policy, steps):
    strings, empty = samples(both, policy, 60, steps)
    assert empty == 0
    assert faults(strings) == {}


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_a_hundred_thousand_strings_are_molecules(both, policy):
    for seed, steps in enumerate([3, 4, 5, 6, 8, 11, 16, 24, 50, 96]):
        for part in range(10):
            strings, empty = samples(both, policy, 1000, steps, 100 * seed + part)
            assert empty == 0
            assert faults(strings) == {}


def mutants():
    """(name, machine, its `allowed` on a changed state): each with one rule off."""
    table = bond_table().bonds

    def changed(**tokens):
        return machine(table=BondTable(table | {k.replace("_", "+"): v for k, v in tokens.items()}, ""))

    def blind(both, **fields):
        allowed = both.semantics.allowed
        both.semantics.allowed = lambda state: allowed(
            replace(state, **{k: f(state) for k, f in fields.items()})
        )
        return both

    def table_of(name, value):
        both = machine()
        setattr(both.semantics, name, value(getattr(both.semantics, name)))
        return both

    lone = table_of("costs", lambda costs: torch.cat([costs[:, :3], costs[:, 2:3], costs[:, 4:]], 1))
    lone.semantics.finish = lone.semantics.finish[:, :1].repeat(1, 2, 1)
    return {
        "valence": changed(C=Bonds((0, 1, 2, 3, 4, 5), 3)),
        "no radicals": changed(**{"[C@H]": Bonds((1, 2, 3), 3)}),
        "bond orders that last": changed(I=Bonds((0, 1, 2, 3, 4, 5), 3)),
        "no second bond of a pair": blind(machine(), blocked=lambda s: torch.zeros_like(s.blocked)),
        "budget": blind(machine(), left=lambda s: s.left + 50),
        "open branches cost": blind(machine(), base=lambda s: 0 * s.base),
        "open rings must close": blind(machine(), opener=lambda s: torch.full_like(s.opener, -1)),
        "an atom must go on while rings are open": lone,
        "a ring needs two atoms between": blind(machine(), atom=lambda s: s.atom * 0 - 5),
        "a branch leaves something": blind(machine(), branching=lambda s: torch.zeros_like(s.branching)),
    }


@pytest.mark.parametrize("rule", mutants())
def test_no_rule_is_idle(rule):
    mutant = mutants()[rule]
    for policy in POLICIES:
        for steps in (5, 8, 12, 20, 40):
            strings, empty = samples(mutant, policy, 150, steps, seed=1)
            if empty or faults(strings):
                return
    pytest.fail(f"nothing went wrong without the rule: {rule}")


def test_a_label_is_not_opened_again_on_the_atom_that_closed_it(both):
    text = "C1CCC12CC2"
    assert replayed([text], both) == [text]
    assert replayed(["C1CCC11CC1"], both) == []


def replayed(smiles, both, grammar=SMILES, slack=10):
    """Those of the strings that every step of the machine allows."""
    rows, known, _ = parse_known(grammar, smiles)
    kept = [smiles[i] for i in known]
    x = torch.as_tensor(rows).long().to(place.DEVICE)
    steps, found = x.shape[1] + slack, []
    for first, part in zip(range(0, max(len(x), 1), 500), x.split(500), strict=True):
        ok = both.masks(part, steps).gather(2, part[..., None])[..., 0].all(1)
        found += [kept[first + i] for i in ok.nonzero()[:, 0].tolist()]
    return found


def test_real_molecules_replay():
    data = datasets.load("nci")
    spelled = [text for text in kekules((data.train + data.valid)[:1500], cache=False) if text]
    grammar = Grammar.parse(build_grammar(spelled))
    table = bond_table(grammar)
    closed = [text for text in spelled if not has_radical(text)]
    odd = {t for t, bonds in table.bonds.items() if not bonds.sums}
    assert odd == set()
    found = replayed(closed, machine(grammar, table), grammar)
    assert len(found) >= 0.99 * len(closed)
    assert [canonical(text) for text in found[:50]] == [canonical(text) for text in found[:50]]


def has_radical(text):
    from rdkit import Chem

    return any(atom.GetNumRadicalElectrons() for atom in Chem.MolFromSmiles(text).GetAtoms())


def test_random_orders_are_the_same_molecule_and_replay(both):
    smiles = [text for text in kekules(datasets.load("nci").train[:60], cache=False) if text]
    known = set(replayed(smiles, both))
    for text in known:
        found = orders(text, 3)
        assert len(set(found)) == len(found) <= 3 and text not in found
        assert {canonical(other) for other in found} <= {canonical(text)}
        assert replayed(found, both, slack=12) == found
    assert sum(len(orders(text, 3)) for text in known) > 2 * len(known)


def test_radicals_only_where_allowed(both):
    with_radicals = machine(table=bond_table(radicals=True))
    assert replayed(["C[CH-]", "C[O+]C"], with_radicals) == ["C[CH-]", "C[O+]C"]
    assert replayed(["C[CH-]", "C[O+]C", "C[CH-]C"], both) == ["C[CH-]C"]


def test_bond_sums_are_those_of_rdkit():
    found = probe(["C", "[N+]", "[S@]", "I", "[CH-]", "O"]).bonds
    assert found["C"] == Bonds((0, 1, 2, 3, 4), 3)
    assert found["[N+]"] == Bonds((4,), 3)
    assert found["[S@]"] == Bonds((2, 4, 6), 3)
    assert found["I"] == Bonds((0, 1, 2, 3, 4, 5), 1)
    assert found["[CH-]"] == Bonds((2,), 2)
    assert found["O"].order == 2
    assert probe(["[CH-]"], radicals=True).bonds["[CH-]"].sums == (0, 1, 2)


def test_among_metals_no_atom_has_bonds_that_rdkit_gives_away():
    assert probe(["[S-]", "C"]).bonds["[S-]"].sums == (1, 3, 5)
    assert probe(["[S-]", "C", "[Na+]"]).bonds["[S-]"].sums == (1,)
    assert probe(["[S-]", "C", "[Na+]"], radicals=True).bonds["[S-]"].sums == (0, 1, 2, 3, 4, 5)


def test_a_hydrogen_that_rdkit_counts_elsewhere_leaves_no_electron_there():
    assert probe(["[H]", "C", "[Fe]", "S"]).bonds["[H]"].sums == (1,)
    found = probe(["[H]", "C", "[Tl]", "[2H]", "[H+]"]).bonds
    assert found["[H]"].sums == () and found["[2H]"].sums == (1,)
    assert found["[Tl]"] == probe(["[Tl]"]).bonds["[Tl]"]
    assert 1 not in found["[H+]"].sums


@pytest.mark.parametrize("seed", range(3))
def test_a_grammar_of_metals_and_hydrogens_writes_closed_shells(seed):
    """RDKit gives bonds to metals away, and counts hydrogens among their neighbours'."""
    atoms = "C N O [S-] [Se-] [Na+] [K+] [Fe] [Ti] [Hg] [Tl] [Au] [Ag+] [Br+] [H] [H+] [H-] [2H] [SnH] [B-]"
    grammar = Grammar.parse(build_grammar([*atoms.split(), "C1=CC1", "C#C"]))
    column = torch.as_tensor(grammar.tables.column)
    random = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(300, 24, grammar.tables.columns, generator=random)
    x = derivations_of(machine(grammar), logits, column).sample(Noise.first(seed, 300, 0, place.DEVICE))
    assert faults(unparse(grammar, x.cpu().numpy())) == {}


def accepted(text, partial):
    """Whether partialsmiles, which knows neither RDKit nor us, takes a string or the beginning of one."""
    try:
        ParseSmiles(text, partial=partial)
    except Error:
        return False
    return True


def test_prefixes_are_accepted_by_partialsmiles():
    """Bond sums of which its own, smaller valence table knows nothing are left out."""
    common = {}
    for token, bonds in bond_table().bonds.items():
        known = [s for s in bonds.sums if accepted(token + "(C)" * (s - 1) + "C" * (s > 0), False)]
        if known:
            common[token] = Bonds(tuple(known), bonds.order)
    assert len(common) > 25
    grammar = Grammar.parse(build_grammar(["C1=CC=CC=C1/C=C\\C", "C12CC1C(#N)C2", *common]))
    noise = 2 * torch.randn(60, 40, grammar.tables.columns, generator=torch.Generator().manual_seed(0))
    p = derivations_of(machine(grammar, BondTable(common, "")), noise, torch.as_tensor(grammar.tables.column))
    for text in unparse(grammar, p.sample(Noise.first(0, 60, 0, place.DEVICE)).cpu().numpy()):
        for end in range(1, len(text) + 1):
            if text[:end].count("[") == text[:end].count("]"):
                assert accepted(text[:end], end < len(text)), text[:end]


def test_aromatic_atoms_and_noble_gases_are_never_written():
    grammar = Grammar.parse(build_grammar(["c1ccccc1C", "[He]", "CO"]))
    both = machine(grammar, bond_table(grammar))
    assert replayed(["c1ccccc1C", "CO"], both, grammar) == ["CO"]


def test_other_grammars_are_refused():
    table = bond_table()
    with pytest.raises(GrammarError, match="grammar build"):
        ValenceMachine(Grammar.parse("S -> 'C' S | 'N' | '('"), table)
    with pytest.raises(GrammarError, match="not a SMILES token"):
        ValenceMachine(Grammar.parse("S -> 'xyz' S | 'C'"), table)
    with pytest.raises(GrammarError, match="needs both"):
        chains = Grammar.parse("mol -> 'N' tail\ntail -> 'N' tail | ")
        ValenceMachine(chains, bond_table(chains))
    with pytest.raises(ValueError, match="too few"):
        machine().semantics.start(4, 1)


def test_the_loop_never_waits_for_the_host(both, waiting_is_an_error):
    p = derivations_of(both, torch.zeros(64, 30, SMILES.tables.columns))
    p.run(lambda t, scores: scores.argmax(-1))


def test_a_step_is_one_graph(both):
    """`fullgraph` refuses any branch on a value and any look at one; the graph writes what the machine does."""

    def step(state, score):
        mask = both.allowed(state)
        rule = score.masked_fill(~mask, -torch.inf).argmax(-1)
        return mask, both.features(state), both.advance(state, rule), rule

    graph = torch.compile(step, fullgraph=True, backend="eager")
    scores = torch.randn(20, 16, len(SMILES.productions), generator=torch.Generator().manual_seed(0))
    ours = theirs = both.start(16, len(scores))
    for score in scores.to(place.DEVICE):
        *found, theirs, rule = graph(theirs, score)
        *expected, ours, chosen = step(ours, score)
        assert torch.equal(rule, chosen) and all(map(torch.equal, found, expected))
    assert both.finished(theirs).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zinc250k", "moses", "qm9"])
def test_coverage(name):
    try:
        data = datasets.load(name)
    except DataError as error:
        pytest.skip(str(error))
    items = data.train + data.valid + data.test
    spelled = [text for text in kekules(items) if text]
    grammar = SMILES if name == "zinc250k" else Grammar.parse(build_grammar(spelled))
    found = replayed(spelled, machine(grammar, bond_table(grammar)), grammar)
    least = {"zinc250k": 0.9999, "moses": 1.0, "qm9": 0.999}[name]
    assert len(found) >= least * len(items)
