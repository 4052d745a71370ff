"""Reads what `npm run phantoms` writes, and draws batches from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .prompt import Conversation, Prompter

FORMAT = "medgemma-ko-lab/phantoms/1"
LANGUAGES = ("en", "ko")
SHAPES = ("round", "square", "cross-shaped")
# What a lesion that is named by its place looks like: every other kind is near 100 % when these are still below 90. A review
# draws them so many times as often.
LEARNT_LAST = {"brightness": 3.0, "shape": 3.0}
# Classes of a cell: nothing, then bright and dark of each shape.
NOTHING = 0
CELL_CLASSES = 1 + 2 * len(SHAPES)
MOST_LESIONS = 3
MAP_SIDE = 32


@dataclass(frozen=True)
class Pair:
    kind: str
    language: str
    question: str
    answer: str


@dataclass(frozen=True)
class Cells:
    """What lies where, on the grid of image tokens: the dense objective of the vision tower."""

    classes: np.ndarray  # i64 [images, tokens]: which lesion has its centre in the cell
    largest: np.ndarray  # f32 [images, tokens]: 1 where it is the largest
    counts: np.ndarray  # i64 [images]
    maps: np.ndarray  # i8 [images, 32, 32]: 127 where a bright lesion covers the image, -127 under a dark one


class PhantomSet:
    def __init__(self, folder: Path, tokens_per_side: int) -> None:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        if meta.get("format") != FORMAT:
            raise ValueError(f"{folder}/meta.json has the format {meta.get('format')!r}, expected {FORMAT!r}")
        self.meta = meta
        # Sets that were written before there were several tasks do not name theirs.
        self.task: str = meta.get("task", "base")
        # u8 [images, side, side]
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        maps = np.load(folder / "maps.npy", mmap_mode="r")
        self.cells = read_cells(folder / "truth.jsonl", self.images.shape[1], tokens_per_side, maps)
        # By language, then by image.
        self.pairs: dict[str, list[list[Pair]]] = {language: [[] for _ in self.images] for language in LANGUAGES}
        # Needs no image, by language.
        self.talk: dict[str, list[Pair]] = {language: [] for language in LANGUAGES}
        with (folder / "questions.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                pair = Pair(entry["kind"], entry["language"], entry["question"], entry["answer"])
                image = entry["image"]
                (self.talk[pair.language] if image is None else self.pairs[pair.language][image]).append(pair)

    def texts(self, language: str) -> list[str]:
        pairs = [pair for of_image in self.pairs[language] for pair in of_image] + self.talk[language]
        return [text for pair in pairs for text in (pair.question, pair.answer)]


def read_cells(path: Path, side: int, tokens_per_side: int, maps: np.ndarray) -> Cells:
    images, tokens = len(maps), tokens_per_side**2
    classes = np.full((images, tokens), NOTHING, dtype=np.int64)
    largest = np.zeros((images, tokens), dtype=np.float32)
    counts = np.zeros(images, dtype=np.int64)
    with path.open(encoding="utf-8") as lines:
        for image, line in enumerate(lines):
            lesions = json.loads(line)["lesions"]
            counts[image] = len(lesions)
            for lesion in lesions:
                column, row = (int(lesion[axis] * tokens_per_side / side) for axis in ("x", "y"))
                cell = row * tokens_per_side + column
                classes[image, cell] = 1 + 2 * SHAPES.index(lesion["shape"]) + (lesion["brightness"] == "dark")
                largest[image, cell] = lesion["largest"]
    return Cells(classes, largest, counts, maps)


def maps_by_token(maps: np.ndarray, tokens_per_side: int) -> np.ndarray:
    """i8 [images, side, side] → f32 in -1 … 1 [images, tokens, values under the token], tokens row by row."""
    images, side, _ = maps.shape
    part = side // tokens_per_side
    grid = maps.reshape(images, tokens_per_side, part, tokens_per_side, part).transpose(0, 1, 3, 2, 4)
    return grid.reshape(images, tokens_per_side**2, part * part).astype(np.float32) / 127


@dataclass(frozen=True)
class Batch:
    """Conversations about a few images; several of them share one."""

    images: np.ndarray  # indexes, i64 [images]
    conversations: list[Conversation]
    # For each conversation the place of its image in `images`; -1 for none.
    image_of: np.ndarray
    # Of each conversation, where the losses of the languages are told apart.
    languages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BatchShape:
    images: int
    # Conversations about each image.
    conversations: int
    # Fraction of conversations in Korean.
    korean: float
    # Conversations without image, per conversation with one.
    talk: float
    # Weights of conversations with 1, 2, … questions.
    turns: tuple[float, ...]
    # How many times as often a question of a kind is drawn as one that is not named.
    favoured: Mapping[str, float] = field(default_factory=dict)


def draw_images(data: PhantomSet, count: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.choice(len(data.images), size=min(count, len(data.images)), replace=False))


def draw_batch(data: PhantomSet, prompter: Prompter, shape: BatchShape, rng: np.random.Generator) -> Batch:
    """One language a conversation, its questions all different."""
    images = draw_images(data, shape.images, rng)
    turns = np.asarray(shape.turns) / sum(shape.turns)
    conversations: list[Conversation] = []
    image_of: list[int] = []
    languages: list[str] = []

    def language() -> str:
        return "ko" if rng.random() < shape.korean else "en"

    for place, image in enumerate(images):
        for _ in range(shape.conversations):
            wanted = language()
            # A file of one's own may have one language alone.
            pairs = data.pairs[wanted][image] or data.pairs["en" if wanted == "ko" else "ko"][image]
            length = min(len(pairs), 1 + rng.choice(len(turns), p=turns))
            weights = np.asarray([shape.favoured.get(pair.kind, 1.0) for pair in pairs])
            # Uniform draws stay what they were before there were weights: numpy takes other numbers for p.
            p = weights / weights.sum() if shape.favoured else None
            chosen = [pairs[i] for i in rng.choice(len(pairs), size=length, replace=False, p=p)]
            turn_texts = [(pair.question, pair.answer) for pair in chosen]
            # Now and then somebody says hello, or asks for a diagnosis, with an image at hand.
            if rng.random() < shape.talk:
                polite = [pair for pair in data.talk[chosen[0].language] if pair.kind != "missing"]
                if polite:
                    pair = polite[rng.integers(len(polite))]
                    turn_texts[rng.integers(len(turn_texts))] = (pair.question, pair.answer)
            conversations.append(prompter.conversation(turn_texts, has_image=True))
            image_of.append(place)
            languages.append(chosen[0].language)
    for _ in range(round(shape.talk * len(conversations))):
        talk = data.talk[language()]
        if not talk:
            continue
        pair = talk[rng.integers(len(talk))]
        conversations.append(prompter.conversation([(pair.question, pair.answer)], has_image=False))
        image_of.append(-1)
        languages.append(pair.language)
    return Batch(images, conversations, np.asarray(image_of), languages)
