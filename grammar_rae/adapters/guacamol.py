"""GuacaMol (Brown et al., J. Chem. Inf. Model., 2019): generators for both of its kinds of benchmark.

from guacamol.assess_distribution_learning import assess_distribution_learning
assess_distribution_learning(DistributionMatching("grae-smiles"), chembl_training_file="chembl.smiles")

from guacamol.assess_goal_directed_generation import assess_goal_directed_generation
assess_goal_directed_generation(GoalDirected("grae-smiles"))
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Protocol

from rdkit import Chem, rdBase

from grammar_rae.adapters.streams import Stream, opened
from grammar_rae.datasets import molecule
from grammar_rae.model.model import Model
from grammar_rae.optimization.evolution import Codes, EvolutionSettings, Pool, evolve
from grammar_rae.tasks.find import require

SCALE_CODES = 1000


class ListScorer(Protocol):
    """What the search needs of GuacaMol's `ScoringFunction`: higher is better."""

    def score_list(self, smiles_list: list[str]) -> list[float]:
        """One score a molecule."""


class DistributionMatching:
    """A `DistributionMatchingGenerator`. Every call draws others; the same seed gives the same calls.

    `model`: a name, a run folder or a loaded model; `how`: arguments of `Model.generate`, such as `density`.
    """

    def __init__(
        self, model: str | Path | Model = "grae-smiles", *, seed: int = 0, device: str = "cpu", **how: Any
    ) -> None:
        self._stream = Stream(model, seed, device, **how)

    def generate(self, number_samples: int) -> list[str]:
        """`number_samples` SMILES, invalid ones too where the model writes any."""
        return self._stream.draw(number_samples)


class GoalDirected:
    """A `GoalDirectedGenerator`: (μ + λ) evolution of codes, decoded greedily, see `evolution`.

    It begins with codes drawn from `density`, and with the starting population where there is one. Molecules
    are scored and given without stereochemistry, as GuacaMol compares them, each once. At most
    `first + generations * children` molecules are scored: 11,000 by default.
    """

    def __init__(
        self,
        model: str | Path | Model = "grae-smiles",
        *,
        density: str | None = None,
        first: int = 1000,
        parents: int = 100,
        children: int = 200,
        generations: int = 50,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.model = opened(model, device)
        words = f"{self.model.recipe.name} writes {self.model.task}; GuacaMol scores molecules"
        require(self.model.run.task, "molecules", otherwise=words)
        if min(first, parents, children) < 1 or generations < 0:
            raise ValueError(
                f"first {first}, parents {parents}, children {children}, generations {generations}; expected 1 or "
                "more of each, 0 or more generations"
            )
        self.density = density
        self.first = first
        self.settings = EvolutionSettings(parents, children, generations)
        self._seeds = random.Random(seed)

    def generate_optimized_molecules(
        self,
        scoring_function: ListScorer,
        number_molecules: int,
        starting_population: list[str] | None = None,
    ) -> list[str]:
        """The best `number_molecules` distinct molecules met, best first; fewer where fewer were met.

        Those of the starting population that the model cannot read are scored but have no offspring.
        """
        settings = EvolutionSettings(
            max(self.settings.parents, number_molecules), self.settings.children, self.settings.generations
        )
        seed = self._seeds.getrandbits(63)
        pool = Pool(scoring_function.score_list, self.model.latent)
        population = [_flat(smiles) for smiles in starting_population or []]
        pool.add(population, self.model.encode_each([smiles or "" for smiles in population]))
        codes = self.model.sample_codes(max(self.first, number_molecules, SCALE_CODES), self.density, seed)
        first = codes[: max(self.first, number_molecules)]
        pool.add(self._decode(first), first)
        evolve(pool, self._decode, codes.std(0), settings, seed)
        return pool.strings[:number_molecules]

    def _decode(self, codes: Codes) -> list[str | None]:
        return [_flat(smiles) for smiles in self.model.decode(codes, raw=True)]


def _flat(smiles: str) -> str | None:
    """GuacaMol's canonical form, without stereochemistry; None where the string is not a molecule."""
    parsed = molecule(smiles)
    if parsed is None:
        return None
    with rdBase.BlockLogs():
        return Chem.MolToSmiles(parsed, isomericSmiles=False)
