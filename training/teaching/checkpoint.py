"""Gemma 3 checkpoints in Hugging Face's layout, of any size: found, opened, and written with another tokenizer."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import torch
from torch import nn
from transformers import Gemma3ForCausalLM, Gemma3ForConditionalGeneration, PreTrainedModel

CLASSES = {model.__name__: model for model in (Gemma3ForConditionalGeneration, Gemma3ForCausalLM)}
# The SentencePiece original has no new tokens, and nothing that reads tokenizer.json needs it.
NOT_COPIED = ("config.json", "tokenizer.json", "tokenizer.model", "README.md")


def find_checkpoint(name: str) -> Path:
    """A folder, or a name on Hugging Face's hub such as google/medgemma-4b-it, which is then downloaded."""
    folder = Path(name)
    if not folder.exists() and re.fullmatch(r"[\w-]+/[\w.-]+", name):
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        try:
            folder = Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.jinja"]))
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
            raise SystemExit(
                f"error: {name} is no folder, and it did not come from the hub ({type(error).__name__}); accept its terms "
                "there and log in with `hf auth login`, or download it and name the folder"
            ) from error
    missing = [file for file in ("config.json", "tokenizer.json") if not (folder / file).exists()]
    if missing:
        raise SystemExit(f"error: {folder} has no {' and no '.join(missing)}: it is no checkpoint with its tokenizer")
    return folder


def model_class(config: dict, origin: Path) -> type[PreTrainedModel]:
    named = (config.get("architectures") or [None])[0]
    if named not in CLASSES:
        raise SystemExit(f"error: {origin} is of the architecture {named}, expected {' or '.join(CLASSES)}")
    return CLASSES[named]


def open_model(folder: Path, dtype: torch.dtype, **more: object) -> PreTrainedModel:
    """One file or shards; nothing of it trains yet."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = model_class(config, folder / "config.json").from_pretrained(
        folder, dtype=dtype, local_files_only=True, **more
    )
    return model.requires_grad_(False)


def text_model(model: PreTrainedModel) -> nn.Module:
    """Embedding, layers and last norm: ids or embeddings to hidden states."""
    return model.model.language_model if isinstance(model, Gemma3ForConditionalGeneration) else model.model


def save_model(folder: Path, model: PreTrainedModel) -> None:
    """Whole or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)


def copy_small_files(origin: Path, folder: Path, tokenizer: Path) -> None:
    """Everything beside the weights that `origin` has, but for the tokenizer, which is now another one."""
    for file in sorted(origin.iterdir()):
        weights = file.name.endswith((".safetensors", ".safetensors.index.json", ".bin", ".gguf"))
        if file.is_file() and not weights and file.name not in NOT_COPIED and not file.name.startswith("."):
            shutil.copyfile(file, folder / file.name)
    shutil.copyfile(tokenizer, folder / "tokenizer.json")


def fingerprint(folder: Path) -> str:
    """SHA-256 over the weights and config.json: a run goes on only with the checkpoint that it began with."""
    digest = hashlib.sha256()
    for file in [folder / "config.json", *sorted(folder.glob("*.safetensors"))]:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
