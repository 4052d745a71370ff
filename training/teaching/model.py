"""The teaching model: Gemma 3's architecture at 3.7 million parameters, and how a batch goes through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

from .data import CELL_CLASSES, MAP_SIDE, MOST_LESIONS, NOTHING, Batch, Cells, maps_by_token
from .prompt import IGNORE
from .tokenizer import BOS, EOS, PAD

TOKENS_PER_SIDE = 4
IMAGE_SIDE = 64
LAYERS = 6
IMAGES_AT_ONCE = 250
# Every second layer is global, for Gemma's every sixth: answers see their image in three layers of the six. With two, the
# loss after 400 steps was 0.099 a token, with three 0.067.
GLOBAL_EVERY = 2


def teaching_config(
    *, vocabulary: int, image_token: int, boi_token: int, eoi_token: int, end_of_turn: int
) -> Gemma3Config:
    """`vocabulary` is the tokenizer's size; the rows are padded to a multiple of 64, as Gemma's are."""
    text = Gemma3TextConfig(
        vocab_size=-(-vocabulary // 64) * 64,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=48,
        query_pre_attn_scalar=48,
        # Shorter than the prompts, so that local layers are local.
        sliding_window=32,
        layer_types=[
            "full_attention" if (layer + 1) % GLOBAL_EVERY == 0 else "sliding_attention" for layer in range(LAYERS)
        ],
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    vision = SiglipVisionConfig(
        hidden_size=160,
        # Twice the width, not three times: base and Korean model together have to fit into 25 MB.
        intermediate_size=320,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_channels=3,
        image_size=IMAGE_SIDE,
        patch_size=8,
        vision_use_head=False,
    )
    return Gemma3Config(
        architectures=["Gemma3ForConditionalGeneration"],
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=TOKENS_PER_SIDE**2,
        image_token_index=image_token,
        boi_token_index=boi_token,
        eoi_token_index=eoi_token,
        eos_token_id=[EOS, end_of_turn],
        tie_word_embeddings=True,
    )


def new_model(config: Gemma3Config) -> Gemma3ForConditionalGeneration:
    """Random weights from torch's generator."""
    model = Gemma3ForConditionalGeneration(config)
    projection = model.model.multi_modal_projector.mm_input_projection_weight
    # The library starts it at zero: then no gradient says what to look for until it has grown.
    nn.init.normal_(projection, std=config.vision_config.hidden_size**-0.5)
    return model


@dataclass(frozen=True)
class DenseAnswers:
    classes: torch.Tensor  # [images, tokens, CELL_CLASSES]
    largest: torch.Tensor  # [images, tokens]
    counts: torch.Tensor  # [images, MOST_LESIONS + 1]
    maps: torch.Tensor  # [images, tokens, 64]: the map under each token
    cells: torch.Tensor  # [images, tokens, tokens]: which cell it is


class DenseHeads(nn.Module):
    """What the vision tower is asked at each image token before there is any language. Training only, never shipped."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.lesion = nn.Linear(width, CELL_CLASSES)
        self.largest = nn.Linear(width, 1)
        self.count = nn.Linear(width, MOST_LESIONS + 1)
        self.map = nn.Linear(width, (MAP_SIDE // TOKENS_PER_SIDE) ** 2)
        # Language asks for places: which cell a feature is of has to be plain in it.
        self.cell = nn.Linear(width, TOKENS_PER_SIDE**2)

    def forward(self, features: torch.Tensor) -> DenseAnswers:
        """[images, tokens, width] → what each head says."""
        normed = self.norm(features)
        return DenseAnswers(
            self.lesion(normed),
            self.largest(normed).squeeze(-1),
            self.count(normed.mean(1)),
            self.map(normed),
            self.cell(normed),
        )


@dataclass(frozen=True)
class DenseResult:
    loss: torch.Tensor
    # Fraction of images in which every cell, the largest and the number are right.
    right: float


# Most cells are empty.
EMPTY_WEIGHT = 0.3
# Lesions cover little of an image, so that squares are small.
MAP_WEIGHT = 20.0


def dense_loss(heads: DenseHeads, features: torch.Tensor, cells: Cells, images: np.ndarray) -> DenseResult:
    classes = torch.from_numpy(cells.classes[images])
    largest = torch.from_numpy(cells.largest[images])
    counts = torch.from_numpy(cells.counts[images])
    maps = torch.from_numpy(maps_by_token(cells.maps[images], TOKENS_PER_SIDE))
    said = heads(features)
    places = torch.arange(TOKENS_PER_SIDE**2).expand(len(images), -1)
    weights = torch.ones(CELL_CLASSES)
    weights[NOTHING] = EMPTY_WEIGHT
    loss = (
        F.cross_entropy(said.classes.flatten(0, 1), classes.flatten(), weight=weights)
        + F.binary_cross_entropy_with_logits(said.largest, largest, pos_weight=torch.tensor(4.0))
        + F.cross_entropy(said.counts, counts)
        + MAP_WEIGHT * F.mse_loss(said.maps, maps)
        + F.cross_entropy(said.cells.flatten(0, 1), places.flatten())
    )
    with torch.no_grad():
        right = (
            (said.classes.argmax(-1) == classes).all(1)
            & ((said.largest > 0) == (largest > 0)).all(1)
            & (said.counts.argmax(-1) == counts)
        )
    return DenseResult(loss, right.float().mean().item())


def pixel_values(images: np.ndarray) -> torch.Tensor:
    """u8 [images, 64, 64] → f32 [images, 3, 64, 64], as the image processor does: x / 127.5 − 1."""
    grey = torch.from_numpy(images).float().div(127.5).sub(1)
    return grey.unsqueeze(1).expand(-1, 3, -1, -1)


def image_features(model: Gemma3ForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    """[images, 3, 64, 64] → [images, tokens, width of the text model]"""
    return model.model.get_image_features(pixels).pooler_output


@torch.no_grad()
def features_of(model: Gemma3ForConditionalGeneration, images: np.ndarray) -> torch.Tensor:
    """u8 [images, 64, 64] → f32 [images, tokens, width of the text model]: all that a finished tower says about a set."""
    chunks = [np.array(images[begin : begin + IMAGES_AT_ONCE]) for begin in range(0, len(images), IMAGES_AT_ONCE)]
    return torch.cat([image_features(model, pixel_values(chunk)) for chunk in chunks])


@dataclass(frozen=True)
class Rows:
    """Conversations of about one length."""

    ids: torch.Tensor  # [rows, length], padded on the right
    mask: torch.Tensor
    answers: torch.Tensor
    # Where in the batch each row stands.
    places: list[int]


def rows_by_length(batch: Batch, parts: int) -> list[Rows]:
    """Sorted by length and cut into parts, so that little is padding."""
    order = sorted(range(len(batch.conversations)), key=lambda place: len(batch.conversations[place].ids))
    size = -(-len(order) // parts)
    rows = []
    for begin in range(0, len(order), size):
        places = order[begin : begin + size]
        length = max(len(batch.conversations[place].ids) for place in places)
        ids = torch.full((len(places), length), PAD)
        answers = torch.full((len(places), length), IGNORE)
        mask = torch.zeros((len(places), length), dtype=torch.long)
        for row, place in enumerate(places):
            conversation = batch.conversations[place]
            end = len(conversation.ids)
            ids[row, :end] = torch.tensor(conversation.ids)
            answers[row, :end] = torch.tensor(conversation.answers)
            mask[row, :end] = 1
        rows.append(Rows(ids, mask, answers, places))
    return rows


def answer_logits(
    model: Gemma3ForConditionalGeneration, rows: Rows, batch: Batch, features: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """
    Logits [tokens, vocabulary] where an answer's token comes next, those tokens [tokens], and the row of each.
    `features` are of the batch's images, computed once however many conversations share one.
    """
    # Exactly as Gemma3Model.forward does it, but for the features, which come from outside.
    text = model.model.language_model
    is_image = rows.ids == model.config.image_token_id
    embeds = text.get_input_embeddings()(rows.ids)
    image_of = [int(batch.image_of[place]) for place in rows.places]
    with_image = [place for place in image_of if place >= 0]
    if with_image:
        embeds = embeds.masked_scatter(is_image.unsqueeze(-1), features[with_image].to(embeds.dtype))
    hidden = model.model(
        inputs_embeds=embeds, attention_mask=rows.mask, token_type_ids=is_image.long(), use_cache=False
    ).last_hidden_state
    asked = rows.answers[:, 1:] != IGNORE
    return model.lm_head(hidden[:, :-1][asked]), rows.answers[:, 1:][asked], asked.nonzero()[:, 0]
