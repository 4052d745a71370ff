"""Exact match of a checkpoint on a set of phantoms, and beside it the same with the images blanked.

An answer counts where every token of it, its end included, is the likeliest after those before it. That is exact match
of greedy decoding, found in one pass: greedy decoding writes the right answer exactly if each step does.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import Gemma3ForConditionalGeneration

from .data import LANGUAGES, Batch, Pair, PhantomSet
from .model import answer_logits, image_features, pixel_values, rows_by_length
from .prompt import Prompter
from .run import write_json

CHUNK = 32
# One answer each, whatever the image shows.
WITHOUT_IMAGE = ("talk", "limits", "missing")


@torch.no_grad()
def evaluate(
    model: Gemma3ForConditionalGeneration, prompter: Prompter, data: PhantomSet, images: int, *, blank: bool = False
) -> dict:
    """
    Each question as a conversation of its own, about the first `images` phantoms, and all that need no image.
    `blank` shows the mean grey level of the set instead of each image.
    """
    was_training = model.training
    model.eval()
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    tokens: dict[str, int] = defaultdict(int)
    prompt_tokens: dict[str, int] = defaultdict(int)
    nats: dict[str, float] = defaultdict(float)

    def ask(pairs: list[Pair], batch: Batch, features: torch.Tensor) -> None:
        for rows in rows_by_length(batch, 2):
            logits, expected, row_of = answer_logits(model, rows, batch, features)
            wrong = torch.zeros(len(rows.places), dtype=torch.long)
            wrong.index_add_(0, row_of, (logits.argmax(-1) != expected).long())
            losses = torch.zeros(len(rows.places))
            losses.index_add_(0, row_of, torch.nn.functional.cross_entropy(logits, expected, reduction="none"))
            lengths = torch.bincount(row_of, minlength=len(rows.places))
            for row, place in enumerate(rows.places):
                pair = pairs[place]
                right[pair.kind, pair.language].append(bool(wrong[row] == 0))
                tokens[pair.language] += int(lengths[row])
                prompt_tokens[pair.language] += len(prompter.encode(pair.question))
                nats[pair.language] += float(losses[row])

    images = min(images, len(data.images))
    mean_grey = np.uint8(round(float(np.mean(data.images[:images]))))
    for begin in range(0, images, CHUNK):
        indexes = np.arange(begin, min(begin + CHUNK, images))
        pixels = np.array(data.images[indexes])
        if blank:
            pixels[:] = mean_grey
        asked = [
            (place, pair)
            for place, image in enumerate(indexes)
            for language in LANGUAGES
            for pair in data.pairs[language][image]
        ]
        conversations = [prompter.conversation([(pair.question, pair.answer)], has_image=True) for _, pair in asked]
        batch = Batch(indexes, conversations, np.asarray([place for place, _ in asked]))
        ask([pair for _, pair in asked], batch, image_features(model, pixel_values(pixels)))
    talk = [pair for language in LANGUAGES for pair in data.talk[language]]
    for begin in range(0, len(talk), 4 * CHUNK):
        part = talk[begin : begin + 4 * CHUNK]
        conversations = [prompter.conversation([(pair.question, pair.answer)], has_image=False) for pair in part]
        ask(part, Batch(np.empty(0, int), conversations, np.full(len(part), -1)), torch.empty(0))
    model.train(was_training)

    def mean(*keys: tuple[str, str]) -> float:
        answers = [answer for key in keys for answer in right[key]]
        return sum(answers) / len(answers)

    asked_about = {key: len(group) for key, group in sorted(right.items())}
    in_language = {language: [key for key in asked_about if key[1] == language] for language in LANGUAGES}
    count_in = {language: sum(asked_about[key] for key in keys) for language, keys in in_language.items()}
    return {
        "count": sum(asked_about.values()),
        "exact_match": mean(*asked_about),
        "exact_match_about_images": mean(*(key for key in asked_about if key[0] not in WITHOUT_IMAGE)),
        "by_question": {
            kind: mean(*(key for key in asked_about if key[0] == kind)) for kind in sorted({kind for kind, _ in right})
        },
        "by_language": {language: mean(*keys) for language, keys in in_language.items()},
        "by_question_and_language": {" ".join(key): mean(key) for key in asked_about},
        # Of the answers, a token.
        "perplexity": {language: float(np.exp(nats[language] / tokens[language])) for language in LANGUAGES},
        "tokens_per_answer": {language: tokens[language] / count_in[language] for language in LANGUAGES},
        # Of the question's text alone.
        "prompt_tokens": {language: prompt_tokens[language] / count_in[language] for language in LANGUAGES},
    }


def open_checkpoint(folder: Path) -> tuple[Gemma3ForConditionalGeneration, Prompter]:
    missing = [name for name in ("config.json", "model.safetensors", "tokenizer.json") if not (folder / name).exists()]
    if missing:
        raise SystemExit(f"error: {folder} has no {' and no '.join(missing)}: it is no checkpoint of teaching.base")
    model = Gemma3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return model, Prompter(tokenizer, model.config.mm_tokens_per_image)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m teaching.evaluate", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="a set of npm run phantoms -- --split evaluation")
    parser.add_argument("--adapter", type=Path, help="folder of an adapter, put on the checkpoint")
    parser.add_argument("--images", type=int, default=1000, help="the first so many phantoms of the set")
    parser.add_argument("--out", type=Path, help="JSON file; default: print")
    arguments = parser.parse_args()
    model, prompter = open_checkpoint(arguments.checkpoint)
    if arguments.adapter:
        # PEFT takes seconds to load, and few need it.
        from .adapters import open_adapter

        open_adapter(model, arguments.adapter)
    data = PhantomSet(arguments.data, int(model.config.mm_tokens_per_image**0.5))
    result = {
        "set": {"task": data.task, **{key: data.meta[key] for key in ("split", "seed", "phantoms")}},
        "seen": evaluate(model, prompter, data, arguments.images),
        "blank": evaluate(model, prompter, data, arguments.images, blank=True),
    }
    if arguments.out:
        write_json(arguments.out, result)
    else:
        print(json.dumps(result, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
