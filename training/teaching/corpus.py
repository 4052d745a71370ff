"""Plain text as training data: tokenized once into a file, cut into sequences, Korean and English mixed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from .checkpoint import text_model
from .examples import Part, token_losses
from .run import write_json

DOCUMENTS = ("lines", "paragraphs")
AT_ONCE = 1000
# Of the sequences of each language the last are held out, at most so many.
HELD_OUT = 16


def documents_of(path: Path, kind: str, digest: "hashlib._Hash") -> Iterator[str]:
    """`lines`: one document a line. `paragraphs`: separated by empty lines. What is read goes into `digest`."""
    lines: list[str] = []
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            digest.update(raw)
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise SystemExit(f"error: line {number} of {path} is not UTF-8 ({error.reason})") from error
            if kind == "lines" and line:
                yield line
            elif kind == "paragraphs" and line:
                lines.append(line)
            elif lines:
                yield "\n".join(lines)
                lines = []
    if lines:
        yield "\n".join(lines)


def token_file(path: Path, kind: str, tokenizer: Tokenizer, tokenizer_hash: str, out: Path, bos: int, eos: int) -> dict:
    """
    Writes <bos> document <eos> … of `path` to `out` as u32 and says what it holds; a file that is there already is used if
    it was made of the same text by the same tokenizer.
    """
    about = out.with_suffix(".json")
    try:
        status = path.stat()
    except OSError as error:
        raise SystemExit(f"error: {path}: {error.strerror}") from error
    key = {"bytes": status.st_size, "mtime": status.st_mtime_ns, "documents": kind, "tokenizer": tokenizer_hash}
    if about.exists() and out.exists():
        known = json.loads(about.read_text(encoding="utf-8"))
        if known["key"] == key:
            return known
    digest, count, tokens = hashlib.sha256(), 0, 0
    partial = out.with_name(out.name + ".partial")

    def write(texts: list[str]) -> int:
        written = 0
        for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            ids = np.asarray([bos, *encoding.ids, eos], dtype=np.uint32)
            ids.tofile(file)
            written += len(ids)
        return written

    with partial.open("wb") as file:
        waiting: list[str] = []
        for text in documents_of(path, kind, digest):
            waiting.append(text)
            count += 1
            if len(waiting) == AT_ONCE:
                tokens += write(waiting)
                waiting = []
        tokens += write(waiting)
    os.replace(partial, out)
    result = {"key": key, "sha256": digest.hexdigest(), "count": count, "tokens": tokens}
    write_json(about, result)
    return result


class Sequences:
    """u32 [sequences, length] of a token file; the last are held out, and what does not fill one is left out."""

    def __init__(self, file: Path, length: int, seed: int, origin: Path) -> None:
        tokens = np.memmap(file, dtype=np.uint32, mode="r") if file.stat().st_size else np.empty(0, np.uint32)
        # Each sequence ends where the next begins, so that every token is said once.
        whole = max(0, (len(tokens) - 1) // length)
        if whole < 2:
            raise SystemExit(
                f"error: {origin} has {len(tokens)} tokens, fewer than two sequences of {length} (one to train on, one held "
                "out); give more text or a smaller --sequence"
            )
        self.tokens, self.length, self.seed = tokens, length, seed
        held = min(HELD_OUT, max(1, whole // 50))
        self.count = whole - held
        self.held_out = [self.at(place) for place in range(self.count, whole)]

    def at(self, place: int) -> np.ndarray:
        """[length + 1]: the last is only said."""
        begin = place * self.length
        return self.tokens[begin : begin + self.length + 1].astype(np.int64)

    def drawn(self, number: int) -> np.ndarray:
        """The sequence that is drawn after `number` others: each once, then each again in another order."""
        return self.at(int(order(self.seed, number // self.count, self.count)[number % self.count]))


@lru_cache(maxsize=4)
def order(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


class CorpusExamples:
    """The next token of plain text. Neighbouring documents in a sequence see each other, as is usual in pretraining."""

    def __init__(self, korean: Sequences, english: Sequences, fraction: float, sequences: int, at_once: int) -> None:
        self.korean, self.english = korean, english
        self.fraction, self.sequences, self.at_once = fraction, sequences, at_once

    def chosen(self, step: int) -> list[tuple[np.ndarray, bool]]:
        """The sequences of a step and whether each is Korean. The fraction holds over the run, but for rounding."""
        first = step * self.sequences
        before, after = (int(self.fraction * number + 0.5) for number in (first, first + self.sequences))
        korean = [(self.korean.drawn(number), True) for number in range(before, after)]
        others = range(first - before, first + self.sequences - after)
        english = [(self.english.drawn(number), False) for number in others]
        return [*korean, *english]

    def parts(self, model: PreTrainedModel, step: int) -> tuple[int, Iterator[Part]]:
        chosen = self.chosen(step)
        return sum(len(ids) - 1 for ids, _ in chosen), self.losses(model, chosen)

    def held_out(self, model: PreTrainedModel) -> Iterator[Part]:
        held = [(ids, True) for ids in self.korean.held_out] + [(ids, False) for ids in self.english.held_out]
        return self.losses(model, held)

    def losses(self, model: PreTrainedModel, chosen: list[tuple[np.ndarray, bool]]) -> Iterator[Part]:
        for begin in range(0, len(chosen), self.at_once):
            part = chosen[begin : begin + self.at_once]
            ids = torch.from_numpy(np.stack([ids for ids, _ in part])).to(model.device)
            hidden = text_model(model)(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
            losses, right = token_losses(model.get_output_embeddings(), hidden.flatten(0, 1), ids[:, 1:].flatten())
            korean = torch.tensor([is_korean for _, is_korean in part], device=ids.device)
            yield Part(losses, right, korean.repeat_interleave(ids.shape[1] - 1))
