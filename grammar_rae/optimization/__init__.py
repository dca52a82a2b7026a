"""Search over codes for strings with a high score. It sees `encode`, `decode`, a region and a score, never a model."""

from __future__ import annotations

from grammar_rae.optimization.journal import Evaluation, Journal
from grammar_rae.optimization.optimizer import Optimizer, Round
from grammar_rae.optimization.regions import BoxRegion, HighDensity
from grammar_rae.optimization.trust import TrustRegion

__all__ = ["BoxRegion", "Evaluation", "HighDensity", "Journal", "Optimizer", "Round", "TrustRegion"]
