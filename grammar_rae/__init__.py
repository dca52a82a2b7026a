"""Structured data with guarantees: molecules and expressions drawn from context-free grammars.

import grammar_rae as gr
model = gr.load("grae-smiles")
molecules = model.generate(1000)
gr.evaluate(molecules)
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as type checkers understand it, without what typing imports
if TYPE_CHECKING:
    from typing import Any

    from grammar_rae.experiments.train import train
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.model.model import Model, load
    from grammar_rae.optimization import Optimizer
    from grammar_rae.report import figures
    from grammar_rae.report.notebook import grid
    from grammar_rae.runs.shipped import models
    from grammar_rae.tasks.evaluate import evaluate, table
    from grammar_rae.tasks.goals import goal
    from grammar_rae.workflows.optimize import optimize

__version__ = "0.1.0"
__all__ = [
    "Grammar",
    "Model",
    "Optimizer",
    "evaluate",
    "figures",
    "goal",
    "grid",
    "load",
    "models",
    "optimize",
    "table",
    "train",
]

_PLACES = {
    "Grammar": "grammar:Grammar",
    "Model": "model:Model",
    "Optimizer": "optimization:Optimizer",
    "evaluate": "tasks.evaluate:evaluate",
    "figures": "report.figures:",
    "goal": "tasks.goals:goal",
    "grid": "report.notebook:grid",
    "load": "model:load",
    "models": "runs.shipped:models",
    "optimize": "workflows.optimize:optimize",
    "table": "tasks.evaluate:table",
    "train": "experiments.train:train",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first asked for, so that `import grammar_rae` costs nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    module, _, attribute = _PLACES[name].partition(":")
    found = import_module(f"{__name__}.{module}")
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    """What a notebook offers: the public names too, which are not there before they are first asked for."""
    return sorted({*globals(), *__all__})
