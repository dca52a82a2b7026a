"""Recursive inference: Kim, Pavlovic, "Recursive Inference for Variational Autoencoders" (NeurIPS 2020).

The posterior is a mixture Q = Σ a_m q_m of Gaussians, each with an encoder's net of its own, grown one by one: with
L(Q) = E_Q[log p(x, z) − log Q(z)], the slope of L((1 − e) Q + e q) at e = 0 is L(q) + KL(q ‖ Q) − L(Q), so that a
component ascends its own bound and its divergence from the mixture before it. That sum alone rewards a point mass and
codes far away; the divergence is therefore bounded. All is amortised: a posterior is one forward pass.

Written from the paper's equations; no code of it was published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.heads import Components
from grammar_rae.autoencoders.terms import Pass, Term
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.distributions.divergence import divergence
from grammar_rae.distributions.posteriors import Mixture


class Copies(nn.Module):
    """A net for each component: what a net takes → features (B, `outputs`) of each."""

    def __init__(self, make_net: Callable[[], nn.Module], *, components: Components = 3) -> None:
        super().__init__()
        nets = [make_net() for _ in range(components)]
        self.nets = nn.ModuleList(nets)
        self.outputs = nets[0].outputs

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features (B, outputs) of x (B, …), one of each component."""
        return [net(x) for net in self.nets]


def phases(model: Autoencoder, *, simultaneous: bool = False) -> int:
    """One step of the optimizer for each component, one for the weights and one for the decoder; or one for all."""
    copies = [module for module in model.encoder.modules() if isinstance(module, Copies)]
    return 1 if simultaneous else sum(len(module.nets) for module in copies) + 2


class RecursiveBound:
    """In validation −L(Q), estimated with a draw of every component. In training what the phase of the step minimises:

    −L(q_0), by the first component and the decoder; then −L(q_m) − min(`most_divergence`, KL(q_m ‖ Q_{m−1})), by one
    further component after the other, the divergence at one draw; then −L(Q), by the weights; then −L(Q), by the
    decoder. `simultaneous`, ours, takes one step down the sum of all these, from one draw and pass of the decoder.

    `most_divergence` is in nats: a large one drives components to where the posterior has no mass, and their weights
    to 0.
    """

    def __init__(
        self, nll: Term, *, most_divergence: PositiveFloat = 1.0, simultaneous: bool = False
    ) -> None:
        self.nll = nll
        self.most_divergence = most_divergence
        self.simultaneous = simultaneous

    def __call__(self, run: Pass) -> Tensor:
        """(B,) nats."""
        q = run.q
        assert isinstance(q, Mixture)
        if not run.training:
            return -self._bound(run, q)
        if self.simultaneous:
            return -self._everything(run, q)
        phase, count = run.step % (len(q.log_weights) + 2), len(q.log_weights)
        if phase < count:
            return -self._component(run, q, phase)
        if phase == count:
            with torch.no_grad():
                z = q.components.rsample()
                log_joint = self._log_joint(run, z)
            return -stratified(weighing(q), z, log_joint)
        return -self._bound(run, q.detached())

    def _bound(self, run: Pass, q: Mixture) -> Tensor:
        z = q.components.rsample()
        return stratified(q, z, self._log_joint(run, z))

    def _component(self, run: Pass, q: Mixture, m: int) -> Tensor:
        """(B,) what q_m ascends, and the decoder beside the first one."""
        z = q.parts[m].rsample()
        if m == 0:
            return self._gain(run, q, m, z, self._log_likelihood(run, z))
        return self._gain(run, q, m, z, along(*self._sloping(run, z), z))

    def _gain(self, run: Pass, q: Mixture, m: int, z: Tensor, log_likelihood: Tensor) -> Tensor:
        """(B,) L(q_m), and as much of its divergence from the mixture before it as counts."""
        own = q.parts[m]
        bound = log_likelihood - divergence(own, run.prior, z)
        if m == 0:
            return bound
        apart = own.log_prob(z) - q.first(m).detached().log_prob(z)
        return bound + apart.clamp(max=self.most_divergence)

    def _everything(self, run: Pass, q: Mixture) -> Tensor:
        """(B,) the sum of what all phases ascend, with the gradients that each would have."""
        z = q.components.rsample()
        log_likelihood, slope = self._sloping(run, z)
        codes = z.detach()
        bound = stratified(weighing(q), codes, log_likelihood + run.prior.log_prob(codes))
        ascended = along(log_likelihood, slope, z)
        gains = [self._gain(run, q, m, code, ascended[m]) for m, code in enumerate(z)]
        beside_the_first = log_likelihood[0] - log_likelihood[0].detach()  # the decoder, as in phase 0
        return bound + torch.stack(gains).sum(0) + beside_the_first

    def _sloping(self, run: Pass, z: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x | z) (…, B) and its slope in z (…, B, D), which holds no graph."""
        leaf = z.detach().requires_grad_()
        with torch.enable_grad():
            value = self._log_likelihood(run, leaf)
            (slope,) = torch.autograd.grad(value.sum(), leaf, retain_graph=True)
        return value, slope

    def _log_joint(self, run: Pass, z: Tensor) -> Tensor:
        return self._log_likelihood(run, z) + run.prior.log_prob(z)

    def _log_likelihood(self, run: Pass, z: Tensor) -> Tensor:
        """(…, B) of codes z (…, B, D)."""
        copies = z[..., 0].numel() // len(run.x)
        x = run.x.repeat(copies, *[1] * (run.x.dim() - 1))
        return -self.nll(replace(run, x=x, draw=z.flatten(0, -2))).view(z.shape[:-1])


def stratified(q: Mixture, z: Tensor, log_joint: Tensor) -> Tensor:
    """(B,) Σ a_m (log p(x, z_m) − log q(z_m)) of a draw of every component z (K, B, D), and log p(x, z_m) (K, B)."""
    return (q.log_weights.exp() * (log_joint - q.log_prob(z))).sum(0)


def weighing(q: Mixture) -> Mixture:
    """The same mixture, whose weights alone have gradients."""
    return Mixture(q.log_weights, q.detached().parts)


def along(value: Tensor, slope: Tensor, z: Tensor) -> Tensor:
    """A value (…, B) whose gradient reaches z (…, B, D), along the slope there, and nothing else it was made of."""
    return value.detach() + ((z - z.detach()) * slope).sum(-1)


RECURSIVE = Variant({"bound": (RecursiveBound, 1.0)}, "mixture", "standard", wrap=Copies, phases=phases)
