"""LoRA adapters in PEFT's files: made, written, and opened on a checkpoint of Gemma 3."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import Gemma3ForConditionalGeneration

from .inner import TARGETS

FILES = ("adapter_config.json", "adapter_model.safetensors")


def target_pattern(targets: list[str]) -> str:
    """
    The projections of the text model's layers, as a pattern for whole names of modules. Their names alone would also find
    the vision tower, whose attention has a q_proj, k_proj and v_proj too.
    """
    for target in targets:
        if target not in TARGETS:
            raise ValueError(f"there is no projection {target!r}; choose from {', '.join(TARGETS)}")
    # In the order of the layer, so that the same projections make the same file.
    chosen = [target for target in TARGETS if target in targets]
    if not chosen:
        raise ValueError(f"no projection is named; choose from {', '.join(TARGETS)}")
    return rf".*\.language_model\.layers\.\d+\.\w+\.({'|'.join(chosen)})"


def add_adapter(
    model: Gemma3ForConditionalGeneration, *, rank: int, alpha: float, targets: list[str], dropout: float
) -> PeftModel:
    """
    An adapter that changes nothing yet (B is zero; A from torch's generator); all else is frozen. The model itself is
    changed: with the adapter on it, it answers as the adapted one.
    """
    pattern = target_pattern(targets)
    for name, module in model.named_modules():
        if re.fullmatch(pattern, name) and isinstance(module, nn.Linear) and rank > min(module.weight.shape):
            rows, columns = module.weight.shape
            raise ValueError(f"rank {rank} is more than {name} has, which is {rows} × {columns}")
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        bias="none",
        target_modules=pattern,
    )
    return get_peft_model(model, config)


def trained_parameters(adapted: PeftModel) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in adapted.named_parameters() if parameter.requires_grad}


def round_to_half(adapted: PeftModel) -> None:
    """To what the file will hold, so that what is measured is what is shipped."""
    with torch.no_grad():
        for parameter in trained_parameters(adapted).values():
            parameter.copy_(parameter.half())


def save_adapter(folder: Path, adapted: PeftModel, base: str) -> None:
    """
    Two files, whole or not at all; in float16, as the models that they stand beside in the repository: float32 would take
    twice the room. `base` is the name of the model that the adapter says it belongs to.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    half = {name: parameter.detach().half() for name, parameter in trained_parameters(adapted).items()}
    adapted.peft_config["default"].base_model_name_or_path = base
    # Of the embedding nothing is trained; PEFT would ask the hub whether its size has changed.
    adapted.save_pretrained(partial, state_dict=half, save_embedding_layers=False)
    for file in partial.iterdir():
        # The weights come readable by their owner only.
        file.chmod(0o644)
        # A model card to be filled in.
        if file.name not in FILES:
            file.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)


def open_adapter(model: Gemma3ForConditionalGeneration, folder: Path) -> PeftModel:
    """Puts the adapter on the model. Ends the program where it is not one, or one of another model."""
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise SystemExit(f"error: {folder} has no {' and no '.join(missing)}: it is no adapter of teaching.lora")
    try:
        adapted = PeftModel.from_pretrained(model, folder)
    except (RuntimeError, ValueError) as error:
        raise SystemExit(f"error: {folder} does not fit the checkpoint: {error}") from error
    return adapted.eval()
