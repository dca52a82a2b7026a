"""Our sequence networks: strided convolutions that read, and a step net that writes one token at a time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grammar_rae.nets.sizes import Size, Sizes


class StridedEncoder(nn.Module):
    """Columns (B, T) → embedding → convolutions of stride 2 → (B, hidden); positions are kept to the end."""

    def __init__(
        self, columns: int, steps: int, *, hidden: Size, filters: Sizes, embedding: Size = 64
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(columns, embedding)
        layers: list[nn.Module] = []
        inputs, length = embedding, steps
        for outputs in filters:
            layers += [nn.Conv1d(inputs, outputs, 5, stride=2, padding=2), nn.SiLU()]
            inputs, length = outputs, (length + 1) // 2
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(inputs * length, hidden)
        self.outputs = hidden

    def forward(self, columns: Tensor) -> Tensor:
        """Features (B, hidden) of columns (B, T)."""
        maps = self.convolutions(self.embed(columns).transpose(1, 2))
        return F.silu(self.dense(maps.flatten(1)))


class RecurrentStep(nn.Module):
    """A GRU that sees the column before it, the machine's features and z at every step."""

    def __init__(
        self,
        latent: int,
        columns: int,
        features: int,
        *,
        hidden: Size,
        embedding: Size = 192,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(columns + 1, embedding)
        self.features = nn.Linear(features, embedding)
        self.code = nn.Linear(latent, embedding)
        self.initial = nn.Linear(latent, hidden)
        self.w_input = nn.Parameter(torch.empty(3 * hidden, embedding))
        self.w_state = nn.Parameter(torch.empty(3 * hidden, hidden))
        self.b_input = nn.Parameter(torch.zeros(3 * hidden))
        self.b_state = nn.Parameter(torch.zeros(3 * hidden))
        self.out = nn.Linear(hidden, columns)
        nn.init.xavier_uniform_(self.w_input)
        for block in self.w_state.data.split(hidden):
            nn.init.orthogonal_(block)

    def start(self, z: Tensor) -> Tensor:
        """The state (B, hidden) before the first step, of z (B, D)."""
        return self.initial(z).tanh()

    def step(self, z: Tensor, h: Tensor, column: Tensor, features: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Outputs (B, columns) and the next state (B, hidden): z (B, D), h, column (B,), features (B, F)."""
        inputs = self._inputs(z, column, features)
        h = torch.gru_cell(inputs, h, self.w_input, self.w_state, self.b_input, self.b_state)
        return self.out(h), h

    def all(self, z: Tensor, columns: Tensor, features: Tensor) -> Tensor:
        """Outputs (B, T, columns) of every step: the columns before each (B, T), features (B, T, F)."""
        inputs = self._inputs(z[:, None], columns, features)
        weights: list[Tensor] = [self.w_input, self.w_state, self.b_input, self.b_state]
        states, _ = torch.gru(
            inputs.transpose(0, 1), self.start(z)[None], weights, True, 1, 0.0, self.training, False, False
        )
        return self.out(states).transpose(0, 1)

    def _inputs(self, z: Tensor, columns: Tensor, features: Tensor) -> Tensor:
        return F.silu(self.embed(columns) + self.features(features) + self.code(z))
