"""The networks of the Grammar VAE and the character VAE (Kusner et al. 2017, published Keras 1.2 code).

Parameter counts agree with Keras's own, batch-norm statistics included.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grammar_rae.nets.initial import glorot
from grammar_rae.nets.sizes import Layers, Size, Sizes


class BatchNorm(nn.BatchNorm1d):
    """Keras's batch norm (epsilon 1e-3, momentum 0.99), its running statistics an average from the start.

    Keras begins them at 0 and 1, where they are wrong for several epochs on codes of a hundredth of that
    size: the plateau rule then cuts the learning rate on a validation loss that says nothing yet.
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=1e-3)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input (B, C, T) or (B, C); in training the running statistics move."""
        if self.training and self.num_batches_tracked is not None:
            self.momentum = max(0.01, 1 / (1 + self.num_batches_tracked.item()))
        return super().forward(input)


def _normalised(features: int, on: bool) -> nn.Module:
    return BatchNorm(features) if on else nn.Identity()


class ConvolutionEncoder(nn.Module):
    """One-hot rows (B, T, C), made here from columns (B, T) → convolutions over time → (B, hidden).

    Valid padding, stride 1, ReLU, then batch norm where `batch_norm` says so. ValueError where `filters` and `widths`
    differ in number, or `steps` are too few for the widths.
    """

    def __init__(
        self,
        columns: int,
        steps: int,
        *,
        hidden: Size,
        filters: Sizes,
        widths: Sizes,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        if len(widths) != len(filters):
            raise ValueError(f"{len(filters)} filters, {len(widths)} widths; expected one of each a layer")
        length = steps - sum(width - 1 for width in widths)
        if length < 1:
            raise ValueError(f"{steps} steps; widths {widths} need {steps - length + 1} or more")
        self.columns = columns
        layers: list[nn.Module] = []
        inputs = columns
        for outputs, width in zip(filters, widths, strict=True):
            layers += [nn.Conv1d(inputs, outputs, width), nn.ReLU(), _normalised(outputs, batch_norm)]
            inputs = outputs
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(inputs * length, hidden)
        self.outputs = hidden
        self.apply(glorot)

    def forward(self, columns: Tensor) -> Tensor:
        """Features (B, hidden) of columns (B, T)."""
        one_hot = F.one_hot(columns, self.columns).to(self.dense.weight.dtype)
        return F.relu(self.dense(self.convolutions(one_hot.transpose(1, 2)).flatten(1)))


class GRU(nn.Module):
    """Keras 1's recurrent unit: hard-sigmoid gates, reset before the recurrent matrix, one bias a gate."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(inputs, 3 * hidden))
        self.gates = nn.Parameter(torch.empty(hidden, 2 * hidden))
        self.candidate = nn.Parameter(torch.empty(hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(3 * hidden))
        for block in self.kernel.data.split(hidden, 1):
            nn.init.xavier_uniform_(block)
        for block in (*self.gates.data.split(hidden, 1), self.candidate.data):
            nn.init.orthogonal_(block)

    def forward(self, inputs: Tensor, steps: int) -> Tensor:
        """(T, B, hidden) from inputs (T, B, I), or (B, I) when every step sees the same."""
        hidden = self.candidate.shape[0]
        # gates come out as 0.2 a + 0.5: the hard sigmoid's line, folded into its two summands
        projected = torch.addmm(self.bias, inputs.flatten(0, -2), self.kernel).unflatten(0, inputs.shape[:-1])
        gate_inputs, candidates = projected.split([2 * hidden, hidden], -1)
        gate_inputs = 0.2 * gate_inputs + 0.5
        gates = 0.2 * self.gates
        state = projected.new_zeros(projected.shape[-2], hidden)
        states = []
        repeated = inputs.dim() == 2
        steps_of = [[part] * steps if repeated else part.unbind(0) for part in (gate_inputs, candidates)]
        for own, new in zip(*steps_of, strict=True):
            keep, reset = torch.addmm(own, state, gates).clamp(0, 1).chunk(2, 1)
            proposed = torch.addmm(new, reset * state, self.candidate).tanh()
            state = torch.lerp(proposed, state, keep)
            states.append(state)
        return torch.stack(states)


class RepeatDecoder(nn.Module):
    """z (B, D) → dense, repeated T times → recurrent layers → outputs (B, T, C).

    The last `beside` of the D numbers are none of a code: batch norm and the width of the layers leave them out.
    """

    def __init__(
        self,
        latent: int,
        steps: int,
        columns: int,
        beside: int = 0,
        *,
        hidden: Size,
        layers: Layers = 3,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.steps = steps
        self.code = latent - beside
        self.norm = _normalised(self.code, batch_norm)
        self.dense = nn.Linear(latent, self.code)
        sizes = [self.code] + [hidden] * layers
        self.recurrent = nn.ModuleList(GRU(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.out = nn.Linear(hidden, columns)
        self.apply(glorot)

    def forward(self, z: Tensor) -> Tensor:
        """Outputs (B, T, C) of z (B, D)."""
        code, beside = z.tensor_split([self.code], 1)
        states = F.relu(self.dense(torch.cat([self.norm(code), beside], 1)))
        for layer in self.recurrent:
            states = layer(states, self.steps)
        return self.out(states).transpose(0, 1)
