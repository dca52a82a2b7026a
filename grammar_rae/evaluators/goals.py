"""Scores by name, as optimisation maximises them: strings in, one number each out, higher is better.

A score is named by a specification, one of

    logp qed sa plogp plogp_raw ...   a property of molecules (`molecules.NAMES`); sa counts as -SA
    similarity:SMILES                 Tanimoto, Morgan radius 2, 2,048 bits
    rediscovery:SMILES                Tanimoto, Morgan radius 2, unfolded counts: GuacaMol's (Brown et al., 2019)
    expression:1/3+x+sin(x*x)         -log(1 + MSE) against an expression on the published grid
    data:points.csv, mse:points.csv   -log(1 + MSE) as published, or -MSE, over the points of a file
    python:module:function            a user's own, called with one string at a time
    python-batch:module:function      a user's own, called with a list of strings

or a weighted sum of them, `0.7*qed+0.3*similarity:CCO`. Terms are separated by `+`: blanks around it do not count, and
one inside square brackets belongs to its SMILES. `expression:`, `data:` and `mse:` stand alone and take all that
follows. A term counts the way it is better, so that weights are positive: `qed+0.1*sa` is QED - 0.1 SA. A negative
weight turns a term around: `-1*logp`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grammar_rae.datasets.diagnosis import reason
from grammar_rae.datasets.smiles import canonicals, molecule
from grammar_rae.errors import DataError, nearest
from grammar_rae.evaluators import expressions, tanimoto
from grammar_rae.evaluators.functions import UserFunction
from grammar_rae.evaluators.metrics import metric
from grammar_rae.evaluators.molecules import NAMES, properties
from grammar_rae.evaluators.truth import Target, read_points, target_of

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

Measure = Callable[[Sequence[str]], tuple[np.ndarray, dict[int, str]]]
TASKS = ("molecules", "expressions", "strings")
ALONE = ("expression", "data", "mse")  # take everything that follows
FILES = ("data", "mse")  # take the name of a file of points
SIMILARITIES = {"similarity": tanimoto.bit_similarity, "rediscovery": tanimoto.count_similarity}
FUNCTIONS = {"python": False, "python-batch": True}  # whether it takes a list
FORMS = (
    "similarity:SMILES, rediscovery:SMILES, expression:TARGET, data:FILE, mse:FILE, "
    "python:MODULE:FUNCTION, python-batch:MODULE:FUNCTION"
)
TERM = re.compile(r"(?:(?P<weight>[^*:]*)\*)?(?P<name>[A-Za-z_-]+)(?::(?P<argument>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Term:
    """`measure(forms)` gives published values (n,), NaN where there is none, and reasons by place; `points` (P,) are
    those where it looks at expressions.
    """

    name: str
    task: str | None  # None: any
    measure: Measure
    lower_is_better: bool = False
    weight: float = 1.0
    points: np.ndarray | None = None


@dataclass
class Score:
    """strings → (n,) float64, higher is better, NaN where there is none; see `goal`.

    `failures` says of the last call why strings have no value: not a molecule, too many atoms, failed, timed out.
    `display(values)` is the column that is published: SA or log(1 + MSE) where `lower_is_better`, else the values.
    Each distinct canonical form is measured once a call.
    """

    name: str
    task: str
    terms: tuple[Term, ...]
    max_atoms: int | None = None
    grammar: Grammar | None = None
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def lower_is_better(self) -> bool:
        """Whether the published number is better the lower it is; sums of terms are better the higher."""
        return len(self.terms) == 1 and self.terms[0].weight == 1 and self.terms[0].lower_is_better

    @property
    def identity(self) -> str:
        """The specification; the contents of a file of points, hashed, stand for its name."""
        kind, _, file = self.name.partition(":")
        if kind in FILES and Path(file).is_file():
            return f"{kind}:{hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]}"
        return self.name

    @property
    def points(self) -> np.ndarray | None:
        """Where expressions are looked at, (P,), if that is known."""
        return self.terms[0].points

    @property
    def runs_user_code(self) -> bool:
        """Whether a term is the user's own function: worker processes share out a batch of strings."""
        return any(isinstance(term.measure, UserFunction) for term in self.terms)

    def display(self, values: np.ndarray) -> np.ndarray:
        """Values of this score (n,) in the published direction."""
        found = np.asarray(values, float)
        return 0.0 - found if self.lower_is_better else found

    def __call__(self, strings: Sequence[str]) -> np.ndarray:
        forms, self.failures = self._forms(strings)
        distinct = list(dict.fromkeys(form for form in forms if form is not None))
        total = np.zeros(len(distinct))
        why: dict[str, str] = {}
        for term in self.terms:
            values, reasons = term.measure(distinct)
            total = total + (-term.weight if term.lower_is_better else term.weight) * values
            for place in np.flatnonzero(~np.isfinite(total)).tolist():
                total[place] = np.nan
                why.setdefault(distinct[place], f"{term.name}: {reasons.get(place, 'no value')}")
        known = dict(zip(distinct, total, strict=True))
        self.failures |= {
            text: why[form] for text, form in zip(strings, forms, strict=True) if form in why and form
        }
        return np.array([np.nan if form is None else known[form] for form in forms], float)

    def _forms(self, strings: Sequence[str]) -> tuple[list[str | None], dict[str, str]]:
        """The form of each string that is measured, None where it cannot be, and the reasons for those."""
        forms: list[str | None]
        if self.task == "molecules":
            forms = canonicals(strings)
            failures = {
                text: reason(text) or "refused by RDKit"
                for text, form in zip(strings, forms, strict=True)
                if form is None
            }
        elif self.task == "expressions":
            failures = {
                strings[item]: text for item, text in expressions.faults(strings, self.grammar).items()
            }
            forms = expressions.canonical(strings, self.grammar)
        else:
            failures = {text: "empty" for text in strings if not text}
            forms = [text or None for text in strings]
        if self.max_atoms is not None:
            for place, form in enumerate(forms):
                atoms = 0 if form is None else _atoms(form)
                if atoms > self.max_atoms:
                    forms[place] = None
                    failures[strings[place]] = f"{atoms} heavy atoms, more than {self.max_atoms}"
        return forms, failures


def goal(
    spec: str,
    task: str | None = None,
    max_atoms: int | None = None,
    timeout: float = 60,
    grammar: Grammar | None = None,
) -> Score:
    """The score that a specification names (see the top of this file).

    `task`: what the strings are; where None, what the specification is for, molecules where it is for any.
    Molecules with more than `max_atoms` heavy atoms have no value. A user's own function sees canonical SMILES,
    expressions without blanks, or the strings as they are, valid ones only, and has `timeout` seconds a string.
    `grammar` derives expressions in place of `equation.cfg`. DataError says what is wrong with a specification.
    """
    if not timeout > 0:
        raise DataError(f"a time limit of {timeout} seconds; expected a number above 0")
    terms = _terms(spec.strip(), timeout, grammar)
    wanted = {term.task for term in terms} - {None}
    found = task or (wanted.pop() if len(wanted) == 1 else "molecules")
    if found not in TASKS:
        raise DataError(f"no task {found!r}; there are {', '.join(TASKS)}")
    for term in terms:
        if term.task not in (None, found):
            raise DataError(f"score {term.name!r} is for {term.task}, not for {found}")
    if max_atoms is not None and (found != "molecules" or max_atoms < 1):
        raise DataError(
            f"at most {max_atoms} atoms; expected 1 or more, and a score of molecules, not of {found}"
        )
    return Score(spec.strip(), found, terms, max_atoms, grammar)


def task_of(spec: str) -> str:
    """The task that a specification is for: expressions where it compares them, else molecules."""
    return "expressions" if spec.strip().partition(":")[0] in ALONE else "molecules"


def _terms(spec: str, timeout: float, grammar: Grammar | None) -> tuple[Term, ...]:
    name, _, argument = spec.partition(":")
    if name in ALONE:
        return (replace(_built(spec, name, argument, timeout, grammar), name=spec),)
    return tuple(_term(part.strip(), timeout, grammar) for part in re.split(r"\+(?![^\[]*\])", spec))


def _term(text: str, timeout: float, grammar: Grammar | None) -> Term:
    """One term of a sum: [weight*]name[:argument]."""
    match = TERM.fullmatch(text)
    if match is None:
        raise DataError(f"score {text!r}: expected a name such as qed, or {FORMS}; a weight as in 0.5*qed")
    name = match["name"]
    if name in ALONE:
        raise DataError(f"score {text!r}: {name}: stands alone, without weights and other terms")
    term = _built(text, name, match["argument"], timeout, grammar)
    weight = _weight(match["weight"], text)
    if term.lower_is_better and weight < 0:
        raise DataError(f"score {text!r}: {name} counts as minus {name} already, give it a positive weight")
    return replace(term, weight=weight)


def _weight(text: str | None, term: str) -> float:
    try:
        weight = 1.0 if text is None else float(text)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or weight == 0:
        raise DataError(
            f"score {term!r}: weight {text!r} is not a number other than 0; terms are joined by + as in qed+0.1*sa"
        )
    return weight


def _built(text: str, name: str, argument: str | None, timeout: float, grammar: Grammar | None) -> Term:
    """The term of a name and what stands after its colon (None: no colon)."""
    if name in NAMES:
        if argument is not None:
            raise DataError(f"score {text!r}: {name} takes nothing after it")
        return Term(
            name, "molecules", partial(_property, name), lower_is_better=metric(name).better == "lower"
        )
    if name not in (*SIMILARITIES, *ALONE, *FUNCTIONS):
        known = [*NAMES, *SIMILARITIES, *ALONE, *FUNCTIONS]
        raise DataError(f"no score {name!r}; {nearest(name.lower(), known)}")
    if not argument:
        raise DataError(f"score {text!r}: nothing after {name}: ({FORMS})")
    if name in SIMILARITIES:
        SIMILARITIES[name](argument, [])  # refuses what is no molecule
        return Term(text, "molecules", partial(_similarity, SIMILARITIES[name], argument))
    if name in FUNCTIONS:
        return Term(text, None, UserFunction(argument, timeout, batch=FUNCTIONS[name]))
    target = (
        target_of(argument, grammar or expressions.standard())
        if name == "expression"
        else read_points(argument)
    )
    measure = partial(_distance, name, target, grammar)
    return Term(text, "expressions", measure, lower_is_better=True, points=target.points)


def _property(name: str, forms: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
    return properties(forms, (name,))[name].to_numpy(), {}


def _similarity(
    function: Callable[[str, Sequence[str]], np.ndarray], reference: str, forms: Sequence[str]
) -> tuple[np.ndarray, dict[int, str]]:
    return function(reference, forms), {}


def _distance(
    name: str, target: Target, grammar: Grammar | None, forms: Sequence[str]
) -> tuple[np.ndarray, dict[int, str]]:
    """How far expressions are from another one, or from the points of a file."""
    if name != "mse":
        return expressions.score(forms, target, grammar), {}
    found = expressions.mse(forms, target, grammar)
    return found, dict.fromkeys(np.flatnonzero(np.isnan(found)).tolist(), "undefined at one of the points")


def _atoms(form: str) -> int:
    found = molecule(form)
    return 0 if found is None else int(found.GetNumHeavyAtoms())
