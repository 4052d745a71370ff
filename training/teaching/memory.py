"""GPU memory of each stage, worked out from the shapes of a config.json: nothing is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from .checkpoint import model_class, text_model
from .inner import TARGETS, inner_parameters
from .stages import STAGES, Rows, Stage, tied_stages, what_trains
from .vocabulary import MULTIPLE

# NF4 with double quantization, 4 bits and 0.127 for the scales (arXiv 2305.14314, section 3).
QUANTIZED = (4 + 0.127) / 8
BF16 = 2
# float32: the copy that is trained, and Adam's two moments.
TRAINED = 4 + 2 * 4
FP32_GRADIENT = 4


@dataclass(frozen=True)
class Shapes:
    parameters: int
    # Weights of the seven projections of all layers, and all of the text model but embedding and head.
    projections: int
    inner: int
    # Inputs + outputs of every projection: parameters of adapters of rank 1.
    rank_one: int
    hidden: int
    layers: int
    # Numbers that one token makes in one layer and that are kept for its way back.
    within_layer: int
    rows: int


def shapes_of(config_file: Path, new_tokens: int) -> Shapes:
    """The model class says the shapes, on a device without memory."""
    from transformers import Gemma3Config, Gemma3TextConfig

    try:
        values = json.loads(config_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {config_file} is no config.json ({error})") from error
    cls = model_class(values, config_file)
    config = (Gemma3Config if "text_config" in values else Gemma3TextConfig).from_dict(values)
    text = config.get_text_config()
    # As in the page's own Gemma: new ids reuse the padding behind the last id, 63 rows in Gemma 3's 262,208.
    text.vocab_size = -(-(text.vocab_size - new_padding(text.vocab_size) + new_tokens) // MULTIPLE) * MULTIPLE
    with torch.device("meta"):
        model = cls(config)
    linears = [
        module
        for name, module in text_model(model).named_modules()
        if isinstance(module, nn.Linear) and name.rsplit(".", 1)[-1] in TARGETS
    ]
    queries = text.num_attention_heads * text.head_dim
    keys = text.num_key_value_heads * text.head_dim
    return Shapes(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        projections=sum(module.weight.numel() for module in linears),
        inner=sum(parameter.numel() for parameter in inner_parameters(model)),
        rank_one=sum(module.in_features + module.out_features for module in linears),
        hidden=text.hidden_size,
        layers=text.num_hidden_layers,
        # Norms' inputs and outputs (8), queries and keys before and after norm and rotation, values, attention's output;
        # gate, its activation, up and their product.
        within_layer=8 * text.hidden_size + 4 * queries + 4 * keys + 4 * text.intermediate_size,
        rows=text.vocab_size,
    )


def new_padding(rows: int) -> int:
    """Rows behind Gemma 3's last id."""
    return 63 if rows == 262208 else 0


@dataclass(frozen=True)
class Need:
    trained: int
    weights: float
    gradients: float
    optimizer: float
    activations: float

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimizer + self.activations


def need(stage: Stage, inner: str, shapes: Shapes, *, tied: bool, new: int, tokens: int, rank: int, at_once: int) -> Need:
    """
    Bytes. `tokens` go through the model at a time, each layer computed again on the way back, logits of `at_once` of them
    at a time. Not counted: what libraries keep for themselves, and fragmentation.
    """
    matrix = shapes.rows * shapes.hidden
    ends = [stage.input] if tied else [stage.input, stage.output]
    rows = sum({Rows.NONE: 0, Rows.NEW: new * shapes.hidden, Rows.ALL: matrix}[end] for end in ends)
    layers = 0 if not stage.inner else shapes.inner if inner == "full" else rank * shapes.rank_one
    weights = BF16 * (shapes.parameters + (0 if tied else matrix))
    if stage.inner and inner == "qlora":
        weights += (QUANTIZED - BF16) * shapes.projections
    if stage.inner and inner != "full":
        weights += BF16 * layers
    # Autograd gives the whole matrix its gradient once for each of its uses, in bfloat16; what is trained keeps it in
    # float32.
    whole = BF16 * matrix * (2 if tied and stage.input else sum(1 for end in ends if end))
    checkpointed = BF16 * tokens * shapes.hidden * shapes.layers
    logits = at_once * shapes.rows * (BF16 + 4 + 4)
    return Need(
        trained=rows + layers,
        weights=weights,
        gradients=whole + FP32_GRADIENT * (rows + layers),
        optimizer=TRAINED * (rows + layers),
        activations=checkpointed + BF16 * tokens * shapes.within_layer + logits,
    )


def report(config_file: Path, *, new: int, tokens: int, rank: int, at_once: int) -> str:
    """A table in Markdown, tied and untied."""
    shapes = shapes_of(config_file, new)
    lines = [
        f"{shapes.parameters:,} parameters with {shapes.rows:,} rows of {shapes.hidden:,} (tied); {new:,} new tokens; "
        f"{tokens:,} tokens at a time; adapters of rank {rank}. Decimal GB.",
    ]
    for tied in (True, False):
        lines += ["", f"{'Tied' if tied else 'Untied'}:", ""]
        lines.append("| stage | trains | trained, M | weights | gradients | copy and moments | activations | together |")
        lines.append("| ----- | ------ | ---------: | ------: | --------: | ---------------: | ----------: | -------: |")
        for stage in tied_stages(STAGES) if tied else STAGES:
            for inner in ("full", "lora", "qlora") if stage.inner else ("full",):
                one = need(stage, inner, shapes, tied=tied, new=new, tokens=tokens, rank=rank, at_once=at_once)
                cells = [one.weights, one.gradients, one.optimizer, one.activations, one.total]
                figures = " | ".join(f"{cell / 1e9:.1f}" for cell in cells)
                trains = what_trains(stage, tied=tied, inner=inner)
                lines.append(f"| {stage.name} | {trains} | {one.trained / 1e6:,.1f} | {figures} |")
    return "\n".join(lines)
