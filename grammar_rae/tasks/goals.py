"""Scoring functions by name: what a specification such as `qed+0.1*sa` stands for.

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
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from grammar_rae.catalogue import TASKS
from grammar_rae.chemistry import fingerprints
from grammar_rae.errors import DataError, excerpt, nearest
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.points import read_points
from grammar_rae.evaluation.expressions.target import target_of
from grammar_rae.evaluation.metrics import metric
from grammar_rae.evaluation.molecules.metrics import NAMES
from grammar_rae.evaluation.scoring.functions import UserFunction
from grammar_rae.evaluation.scoring.score import (
    Score,
    Term,
    log_error,
    molecule_property,
    plain_error,
    similarity,
)
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.limits.ranges import within
from grammar_rae.tasks.find import named
from grammar_rae.tasks.task import Task

ALONE = ("expression", "data", "mse")  # take everything that follows
FILES = ("data", "mse")  # take the name of a file of points
SIMILARITIES = {"similarity": fingerprints.bit_similarity, "rediscovery": fingerprints.count_similarity}
FUNCTIONS = {"python": False, "python-batch": True}  # whether it takes a list
FORMS = (
    "similarity:SMILES, rediscovery:SMILES, expression:TARGET, data:FILE, mse:FILE, "
    "python:MODULE:FUNCTION, python-batch:MODULE:FUNCTION"
)
TERM = re.compile(r"(?:(?P<weight>[^*:]*)\*)?(?P<name>[A-Za-z_-]+)(?::(?P<argument>.*))?", re.DOTALL)


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
    within(timeout=timeout, max_atoms=max_atoms)
    if not isinstance(spec, str):
        raise DataError(
            f"score {excerpt(repr(spec))[0]} is a {type(spec).__name__}; expected a text such as 'qed'"
        )
    terms = _terms(spec.strip(), timeout, grammar)
    fitting = {term.task for term in terms if term.task is not None}
    kind = _scored(task or (fitting.pop() if len(fitting) == 1 else "molecules"), grammar)
    for term in terms:
        if term.task not in (None, kind.name):
            raise DataError(f"score {term.name!r} is for {term.task}, not for {kind.name}")
    heavy_atoms = kind.search.heavy_atoms if kind.search is not None else None
    if max_atoms is not None and heavy_atoms is None:
        raise DataError(f"at most {max_atoms} atoms; expected a score of molecules, not of {kind.name}")
    read = partial(_read, kind, max_atoms)
    return Score(spec.strip(), kind.name, terms, read, _identity(spec.strip()))


def _scored(name: str, grammar: Grammar | None) -> Task:
    """A kind of strings that can have scores. DataError where there is none of that name."""
    if name in TASKS and (kind := named(name, grammar)).search is not None:
        return kind
    names = [task for task in TASKS if named(task).search is not None]
    raise DataError(f"no task {name!r}; {nearest(name, names)}")


def task_of(spec: str) -> str:
    """The task that a specification is for: expressions where it compares them, else molecules."""
    return "expressions" if spec.strip().partition(":")[0] in ALONE else "molecules"


def _terms(spec: str, timeout: float, grammar: Grammar | None) -> tuple[Term, ...]:
    name, _, argument = spec.partition(":")
    if name in ALONE:
        return (replace(_built(spec, name, argument, timeout, grammar), name=spec),)
    parts = [part.strip() for part in re.split(r"\+(?![^\[]*\])", spec)]
    if len(parts) > 1 and "" in parts:
        raise DataError(f"score {spec!r}: nothing before or after a +; terms are joined as in qed+0.1*sa")
    return tuple(_term(part, timeout, grammar) for part in parts)


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
        lower = metric(name).better == "lower"
        return Term(name, "molecules", partial(molecule_property, name), lower)
    if name not in (*SIMILARITIES, *ALONE, *FUNCTIONS):
        names = [*NAMES, *SIMILARITIES, *ALONE, *FUNCTIONS]
        raise DataError(f"no score {name!r}; {nearest(name.lower(), names)}")
    if not argument:
        raise DataError(f"score {text!r}: nothing after {name}: ({FORMS})")
    if name in SIMILARITIES:
        SIMILARITIES[name](argument, [])  # refuses what is no molecule
        return Term(text, "molecules", partial(similarity, SIMILARITIES[name], argument))
    if name in FUNCTIONS:
        return Term(text, None, UserFunction(argument, timeout, batch=FUNCTIONS[name]))
    rules = grammar or scores.standard()
    target = read_points(argument) if name in FILES else target_of(argument, rules)
    measure = partial(plain_error if name == "mse" else log_error, target, grammar)
    return Term(text, "expressions", measure, lower_is_better=True, points=target.points)


def _identity(spec: str) -> str:
    """The specification; the contents of a file of points, hashed, stand for its name."""
    kind, _, file = spec.partition(":")
    if kind in FILES and os.path.isfile(file):
        return f"{kind}:{hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]}"
    return spec


def _read(
    kind: Task, max_atoms: int | None, strings: Sequence[str]
) -> tuple[list[str | None], dict[str, str]]:
    """The form of each string that is measured, None where it cannot be, and the reasons for those."""
    forms = kind.canonical(strings)
    bad = [text for text, form in zip(strings, forms, strict=True) if form is None]
    failures = dict(zip(bad, kind.reasons(bad), strict=True))
    if max_atoms is not None and kind.search is not None and kind.search.heavy_atoms is not None:
        distinct = list(dict.fromkeys(form for form in forms if form is not None))
        atoms = dict(zip(distinct, kind.search.heavy_atoms(distinct), strict=True))
        for place, form in enumerate(forms):
            if form is not None and atoms[form] > max_atoms:
                forms[place] = None
                failures[strings[place]] = f"{int(atoms[form])} heavy atoms, more than {max_atoms}"
    return forms, failures
