"""What a model is trained on, as parts of a step: the loss of each token that it has to say, and in which language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from .data import LANGUAGES, LEARNT_LAST, Batch, BatchShape, PhantomSet, draw_batch
from .model import answer_logits, image_features, pixel_values, rows_by_length
from .prompt import IGNORE, Prompter
from .schedule import step_rng

# Logits of a large vocabulary are the largest tensor of a step: so many tokens have theirs at a time.
TOKENS_AT_ONCE = 1024
PARTS = 5


@dataclass(frozen=True)
class Part:
    losses: torch.Tensor  # nats, f32 [tokens], with gradient
    right: torch.Tensor  # [tokens]: the likeliest token is the expected one
    korean: torch.Tensor  # [tokens]


class Examples(Protocol):
    def parts(self, model: PreTrainedModel, step: int) -> tuple[int, Iterator[Part]]:
        """Tokens of the step, and its parts, each of which may be gone back through before the next."""

    def held_out(self, model: PreTrainedModel) -> Iterator[Part]:
        """Always the same, never trained on; nothing where there is nothing to hold out."""


@dataclass
class Tally:
    """Sums over parts."""

    nats: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LANGUAGES, 0.0))
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LANGUAGES, 0))
    right: int = 0

    def add(self, part: Part) -> None:
        for language, chosen in (("ko", part.korean), ("en", ~part.korean)):
            self.nats[language] += float(part.losses.detach()[chosen].sum())
            self.tokens[language] += int(chosen.sum())
        self.right += int(part.right.sum())

    def join(self, other: Tally) -> None:
        for language in LANGUAGES:
            self.nats[language] += other.nats[language]
            self.tokens[language] += other.tokens[language]
        self.right += other.right

    def means(self) -> dict[str, float]:
        """A token; a language of which there was none is left out."""
        of = {f"loss_{key}": self.nats[key] / self.tokens[key] for key in ("ko", "en") if self.tokens[key]}
        count = sum(self.tokens.values())
        return {"loss": sum(self.nats.values()) / count, **of, "tokens_right": self.right / count}


def token_losses(head: nn.Module, hidden: torch.Tensor, expected: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """[tokens, width] → losses [tokens] and whether each is right. Many tokens' logits are computed again on the way back."""

    def some(rows: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = head(rows).float()
        return F.cross_entropy(logits, ids, reduction="none"), logits.argmax(-1) == ids

    if len(expected) <= TOKENS_AT_ONCE:
        return some(hidden, expected)
    pairs = zip(hidden.split(TOKENS_AT_ONCE), expected.split(TOKENS_AT_ONCE), strict=True)
    losses, right = zip(*(checkpoint(some, rows, ids, use_reentrant=False) for rows, ids in pairs), strict=True)
    return torch.cat(losses), torch.cat(right)


class PhantomExamples:
    """Conversations about phantoms; answers alone count. Images are seen through a tower that does not train."""

    def __init__(
        self,
        data: PhantomSet,
        held_out: PhantomSet | None,
        prompter: Prompter,
        shape: BatchShape,
        seed: int,
        images: int,
        review_from: int,
    ) -> None:
        self.data, self.prompter, self.shape, self.seed = data, prompter, shape, seed
        self.review_from = review_from
        self.held = held_out and (held_out, all_questions(held_out, prompter, images))
        self.held_features: torch.Tensor | None = None

    def parts(self, model: PreTrainedModel, step: int) -> tuple[int, Iterator[Part]]:
        shape = self.shape if step < self.review_from else replace(self.shape, favoured=LEARNT_LAST)
        batch = draw_batch(self.data, self.prompter, shape, step_rng(self.seed, step))
        count = sum(answer != IGNORE for conversation in batch.conversations for answer in conversation.answers)
        return count, parts_of(model, batch, features(model, self.data, batch.images))

    def held_out(self, model: PreTrainedModel) -> Iterator[Part]:
        if self.held:
            data, batch = self.held
            if self.held_features is None:
                self.held_features = features(model, data, batch.images)
            yield from parts_of(model, batch, self.held_features)


@torch.no_grad()
def features(model: PreTrainedModel, data: PhantomSet, images: np.ndarray) -> torch.Tensor:
    return image_features(model, pixel_values(np.array(data.images[images])))


def parts_of(model: PreTrainedModel, batch: Batch, features: torch.Tensor) -> Iterator[Part]:
    korean = torch.tensor([language == "ko" for language in batch.languages])
    for rows in rows_by_length(batch, PARTS):
        logits, expected, row_of = answer_logits(model, rows, batch, features)
        losses = F.cross_entropy(logits, expected, reduction="none")
        yield Part(losses, logits.argmax(-1) == expected, korean[torch.tensor(rows.places)][row_of])


def all_questions(data: PhantomSet, prompter: Prompter, images: int) -> Batch:
    """Each question about the first images, as a conversation of its own."""
    indexes = np.arange(min(images, len(data.images)))
    asked = [(place, pair) for place in indexes for language in LANGUAGES for pair in data.pairs[language][place]]
    conversations = [prompter.conversation([(pair.question, pair.answer)], has_image=True) for _, pair in asked]
    places = np.asarray([place for place, _ in asked])
    return Batch(indexes, conversations, places, [pair.language for _, pair in asked])
