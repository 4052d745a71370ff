"""Conversations as token ids, exactly as the page's engine builds them (core/chat/prompt.ts)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tokenizers import Tokenizer

from .tokenizer import BOS, IMAGE_TOKEN

IGNORE = -100


@dataclass(frozen=True)
class Conversation:
    ids: list[int]
    # The id where the model has to say it, IGNORE elsewhere. Same length as `ids`, not shifted.
    answers: list[int]
    has_image: bool


class Prompter:
    """Text between control tokens is encoded piece by piece, since control tokens cut it."""

    def __init__(self, tokenizer: Tokenizer, tokens_per_image: int) -> None:
        def control(token: str) -> int:
            found = tokenizer.token_to_id(token)
            if found is None:
                raise ValueError(f"tokenizer.json has no token {token}")
            return found

        self.start_of_turn = control("<start_of_turn>")
        self.end_of_turn = control("<end_of_turn>")
        self.image = [
            control("<start_of_image>"),
            *[control(IMAGE_TOKEN)] * tokens_per_image,
            control("<end_of_image>"),
        ]
        # The same few hundred texts come again and again.
        self.encode = lru_cache(maxsize=None)(lambda text: tuple(tokenizer.encode(text, add_special_tokens=False).ids))

    def conversation(self, turns: list[tuple[str, str]], *, has_image: bool) -> Conversation:
        """Questions with their answers; an image stands in front of the first question."""
        ids, answers = [BOS], [IGNORE]

        def say(tokens: list[int] | tuple[int, ...], *, is_answer: bool = False) -> None:
            ids.extend(tokens)
            answers.extend(tokens if is_answer else [IGNORE] * len(tokens))

        for number, (question, answer) in enumerate(turns):
            say([self.start_of_turn])
            if has_image and number == 0:
                say(self.encode("user\n\n\n"))
                say(self.image)
                say(self.encode(f"\n\n{question}"))
            else:
                say(self.encode(f"user\n{question}"))
            say([self.end_of_turn])
            say(self.encode("\n"))
            say([self.start_of_turn])
            say(self.encode("model\n"))
            say([*self.encode(answer), self.end_of_turn], is_answer=True)
            say(self.encode("\n"))
        # Nothing is asked after the last turn.
        end = len(ids) - len(self.encode("\n"))
        return Conversation(ids[:end], answers[:end], has_image)
