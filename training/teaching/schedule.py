"""What the stages of the kit share: learning rates, and random numbers that a resumed run sees again."""

from __future__ import annotations

import math

import numpy as np


def rate_at(step: int, steps: int, largest: float, warmup: int = 50) -> float:
    """Linear to the largest, then half a cosine to a twentieth of it."""
    if step < warmup:
        return largest * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return largest * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))


def step_rng(seed: int, step: int) -> np.random.Generator:
    """Every step has numbers of its own, so that a resumed run sees the batches it would have seen."""
    return np.random.default_rng([seed, step])
