"""The inner layers of the text model, trained whole or through adapters (PEFT)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import PreTrainedModel

from .checkpoint import open_model, text_model

WAYS = ("full", "lora", "qlora")
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def why_not_quantized(device: str) -> str | None:
    """What is missing for 4-bit weights, None where nothing is."""
    missing = []
    if device != "cuda" or not torch.cuda.is_available():
        missing.append("a CUDA GPU")
    if find_spec("bitsandbytes") is None:
        missing.append("the package bitsandbytes")
    return " and ".join(missing) or None


def inner_parameters(model: PreTrainedModel) -> list[nn.Parameter]:
    """All of the text model but embedding and head."""
    text = text_model(model)
    return [parameter for part in (text.layers, text.norm) for parameter in part.parameters()]


def add_adapters(model: PreTrainedModel, rank: int, alpha: int, seed: int) -> dict[str, nn.Parameter]:
    """Adapters on all seven projections of each layer; B is zero, so that the model says what it said."""
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.rsplit(".", 1)[-1] in TARGETS and "vision_tower" not in name
    ]
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules=names)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model)
    model.requires_grad_(False)
    return adapters_of(model)


def adapters_of(model: PreTrainedModel) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if ".lora_" in name}


def merge_adapters(model: PreTrainedModel) -> None:
    """Adds the adapters to the weights, and takes them off."""
    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge()
            model.set_submodule(name, module.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config


def open_quantized(folder: Path) -> PreTrainedModel:
    """
    The layers of the text model in 4 bits (NF4, double quantization: Dettmers et al. 2023, arXiv 2305.14314), the rest in
    bfloat16. Needs what `why_not_quantized` names.
    """
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=["lm_head", "vision_tower", "multi_modal_projector"],
    )
    return open_model(folder, torch.bfloat16, quantization_config=config, device_map={"": 0})


@torch.no_grad()
def merged_from_quantized(folder: Path, quantized: PreTrainedModel, rank: int, alpha: int) -> PreTrainedModel:
    """
    The model of `folder` in bfloat16 with the adapters and matrices that were trained on its 4-bit form. The adapters are
    added to the weights as they were, not to their 4-bit form.
    """
    model = open_model(folder, torch.bfloat16).to("cuda")
    trained = adapters_of(quantized)
    for name, parameter in add_adapters(model, rank, alpha, 0).items():
        parameter.copy_(trained[name])
    for ends in ("get_input_embeddings", "get_output_embeddings"):
        getattr(model, ends)().weight.copy_(getattr(quantized, ends)().weight)
    merge_adapters(model)
    return model
