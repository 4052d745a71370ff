"""Reads a data file of docs/training-data.md: JSON Lines of question, answer and image, as `npm run lora` reads them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np

from .data import LANGUAGES, Pair

LEAST_EXAMPLES = 5
HANGUL = re.compile("[\uac00-\ud7a3]")


class ExampleFile:
    """Has what is used of a PhantomSet to train an adapter on it."""

    task = "examples"

    def __init__(self, file: Path, side: int) -> None:
        text = file.read_text(encoding="utf-8")
        entries = [read_line(line, f"{file}, line {number}") for number, line in numbered(text)]
        if len(entries) < LEAST_EXAMPLES:
            raise ValueError(f"{file} has {len(entries)} examples; at least {LEAST_EXAMPLES} are needed")
        names = list(dict.fromkeys(entry["image"] for entry in entries if entry["image"] is not None))
        if not names:
            raise ValueError(f"{file} has no example with an image; the batches of this kit are drawn by image")
        # u8 [images, side, side]
        self.images = read_images(file.parent, names, side)
        self.pairs: dict[str, list[list[Pair]]] = {language: [[] for _ in names] for language in LANGUAGES}
        self.talk: dict[str, list[Pair]] = {language: [] for language in LANGUAGES}
        for entry in entries:
            language = "ko" if HANGUL.search(entry["question"]) else "en"
            pair = Pair("example", language, entry["question"], entry["answer"])
            image = entry["image"]
            (self.talk[language] if image is None else self.pairs[language][names.index(image)]).append(pair)
        digest = hashlib.sha256(text.encode() + self.images.tobytes()).hexdigest()
        self.meta = {"split": "train", "sha256": {file.name: digest}}


def numbered(text: str) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def read_line(line: str, where: str) -> dict:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: not JSON ({error}); each line is one object") from error
    if not isinstance(entry, dict):
        raise ValueError(f'{where}: not an object with "question" and "answer"')
    for key in ("question", "answer"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise ValueError(f'{where}: "{key}" is {entry.get(key)!r}, expected a text')
    image = entry.get("image")
    is_row = isinstance(image, int) and not isinstance(image, bool) and image >= 0
    if image is not None and not is_row and not (isinstance(image, str) and image):
        raise ValueError(f'{where}: "image" is {image!r}, expected a path, a row of images.npy, or null')
    return {"question": entry["question"], "answer": entry["answer"], "image": image}


def read_images(folder: Path, names: list[int | str], side: int) -> np.ndarray:
    rows = np.load(folder / "images.npy", mmap_mode="r") if any(isinstance(name, int) for name in names) else None
    images = np.empty((len(names), side, side), dtype=np.uint8)
    for place, name in enumerate(names):
        if isinstance(name, int):
            if name >= len(rows):
                raise ValueError(f"{folder / 'images.npy'} has {len(rows)} images, and image {name} is asked for")
            image = rows[name]
        else:
            image = read_grey(folder / name)
        if image.shape != (side, side):
            shown = "images.npy" if isinstance(name, int) else folder / name
            raise ValueError(f"{shown} is {image.shape[1]} × {image.shape[0]}, the model takes {side} × {side}")
        images[place] = image
    return images


def read_grey(file: Path) -> np.ndarray:
    # Only files of one's own need it.
    try:
        from PIL import Image
    except ImportError as error:
        raise ValueError(f"{file} is an image file, which needs Pillow: pip install pillow") from error
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB"))
    if (pixels != pixels[..., :1]).any():
        raise ValueError(f"{file} is in colour; this kit trains on grey images")
    return pixels[..., 0]
