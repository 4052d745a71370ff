"""Writes the questions and answers of a set of phantoms as plain text, one a line: what a Korean vocabulary is learnt from."""

from __future__ import annotations

import argparse
from pathlib import Path

from .base import open_set
from .data import LANGUAGES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m teaching.texts", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a set of npm run phantoms")
    parser.add_argument("--split", default="train", help="of which split the set has to be")
    parser.add_argument("--language", choices=LANGUAGES, default="ko")
    parser.add_argument("--out", type=Path, required=True, help="text file; an existing one is replaced")
    arguments = parser.parse_args()
    texts = open_set(arguments.data, arguments.split).texts(arguments.language)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    print(f"{arguments.out}: {len(texts)} lines")


if __name__ == "__main__":
    main()
