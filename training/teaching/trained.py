"""What an optimizer trains of a parameter: all of it, or its rows from one on."""

from __future__ import annotations

import torch
from torch import nn


class Trained:
    """
    `values` is what the optimizer sees, in float32, and nothing else: rows before `first` have no gradient, no moments and
    no weight decay, so that they stay as they are to the bit. A float32 parameter is trained in place; of another one
    `values` is a copy, since steps of a small rate would be rounded away, and `write` rounds it back.
    """

    def __init__(self, parameter: nn.Parameter, first: int = 0) -> None:
        self.parameter, self.first = parameter, first
        part = parameter.detach()[first:]
        self.in_place = part.dtype == torch.float32
        self.values = (part if self.in_place else part.float()).requires_grad_()
        parameter.requires_grad_()
        self.hook = parameter.register_post_accumulate_grad_hook(self.take)

    @torch.no_grad()
    def take(self, parameter: nn.Parameter) -> None:
        """Autograd gives the gradient of the whole parameter; what is not trained of it goes at once."""
        gradient = parameter.grad[self.first :].to(self.values.dtype)
        if self.values.grad is not None:
            self.values.grad += gradient
        else:
            # A part of it would keep all of it in memory.
            self.values.grad = gradient.clone() if self.first > 0 else gradient
        parameter.grad = None

    @torch.no_grad()
    def write(self) -> None:
        if not self.in_place:
            self.parameter[self.first :] = self.values.to(self.parameter.dtype)

    @torch.no_grad()
    def load(self, values: torch.Tensor) -> None:
        self.values.copy_(values)
        self.write()

    def release(self) -> None:
        self.hook.remove()
        self.parameter.requires_grad_(False)
        self.parameter.grad = None
