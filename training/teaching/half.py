"""A checkpoint in half precision: what is shipped, and what packages are made from."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import Gemma3ForConditionalGeneration


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m teaching.half", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to be made")
    arguments = parser.parse_args()
    if arguments.out.exists():
        raise SystemExit(f"error: {arguments.out} exists; name a new folder with --out")
    if not (arguments.checkpoint / "config.json").exists():
        raise SystemExit(f"error: {arguments.checkpoint} has no config.json: it is no checkpoint")
    model = Gemma3ForConditionalGeneration.from_pretrained(
        arguments.checkpoint, dtype=torch.float16, local_files_only=True
    )
    worst = max(float(parameter.abs().max()) for parameter in model.parameters())
    if not worst < float("inf"):
        raise SystemExit(f"error: {arguments.checkpoint} has weights beyond what fp16 holds (65,504)")
    partial = arguments.out.with_name(arguments.out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    # The tokenizer and what prepares images, as they are.
    for file in sorted(arguments.checkpoint.iterdir()):
        if file.is_file() and not (partial / file.name).exists():
            shutil.copy2(file, partial / file.name)
    partial.rename(arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
