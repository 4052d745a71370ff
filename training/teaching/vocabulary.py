"""Gives a checkpoint the tokens of a merged tokenizer, as `npm run korean -- merge` writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from .new_rows import new_rows

# Matrices are padded: Gemma 3's has 63 rows that no id uses. More than 255 are no padding (as the exporter sees it).
MOST_PADDING = 255
MULTIPLE = 64


@dataclass(frozen=True)
class NewTokens:
    # Id of the first; the others follow it.
    first: int
    # What each is made of, as base ids.
    subwords: list[list[int]]


def read_tokenizer(path: Path) -> dict:
    """`path` is a tokenizer.json or a folder that holds one."""
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.exists():
        raise SystemExit(f"error: {file} does not exist; npm run korean -- merge writes a merged tokenizer.json")
    try:
        tokenizer = json.loads(file.read_text(encoding="utf-8"))
        if tokenizer["model"]["type"] != "BPE":
            raise SystemExit(f"error: {file} holds a model of type {tokenizer['model']['type']}, expected BPE")
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"error: {file} is no tokenizer.json of Hugging Face ({error!r})") from error
    return tokenizer


def ids_of(tokenizer: dict) -> dict[str, int]:
    return tokenizer["model"]["vocab"] | {token["content"]: token["id"] for token in tokenizer.get("added_tokens") or []}


def merges_of(tokenizer: dict) -> list[tuple[str, str]]:
    """Written as pairs or, by older versions, as texts ("a b")."""
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in tokenizer["model"]["merges"])
    return [(left, right) for left, right in pairs]


def find_new_tokens(base: dict, merged: dict) -> NewTokens:
    """
    The tokens that `merged` has behind those of `base`. Each is a merge behind the base's merges; undoing it gives the
    tokens that stand in a text where the new one is not known (core/tokenizer/korean/subwords.ts).
    """
    remedy = "make it with: npm run korean -- merge --base CHECKPOINT/tokenizer.json"
    base_ids, ids = ids_of(base), ids_of(merged)
    for piece, id_ in base_ids.items():
        if ids.get(piece) != id_:
            raise SystemExit(
                f"error: {piece!r} has the id {id_} in the checkpoint's tokenizer, and {ids.get(piece)} in the merged one: "
                f"that was not made from it; {remedy}"
            )
    new = sorted((id_, piece) for piece, id_ in ids.items() if piece not in base_ids)
    if not new:
        raise SystemExit(
            "error: the merged tokenizer has no token that the checkpoint's has not; if the checkpoint was expanded "
            f"already, name the one that it was made from, else {remedy}"
        )
    first = new[0][0]
    if first != max(base_ids.values()) + 1 or new[-1][0] != first + len(new) - 1:
        raise SystemExit(
            f"error: the new ids {first} to {new[-1][0]} do not follow the base's last, {max(base_ids.values())}; {remedy}"
        )
    base_merges, merges = merges_of(base), merges_of(merged)
    if merges[: len(base_merges)] != base_merges:
        raise SystemExit(f"error: the merged tokenizer does not begin with the merges of the checkpoint's; {remedy}")
    made: dict[str, list[int]] = {}
    for left, right in merges[len(base_merges) :]:
        made.setdefault(left + right, [id_ for side in (left, right) for id_ in made.get(side, [base_ids.get(side, -1)])])
    unmade = [piece for _, piece in new if -1 in made.get(piece, [-1])]
    if unmade:
        raise SystemExit(f"error: no merge of base pieces makes {unmade[0]!r} ({len(unmade)} such new tokens); {remedy}")
    return NewTokens(first, [made[piece] for _, piece in new])


@torch.no_grad()
def add_rows(model: PreTrainedModel, tokens: NewTokens, init: str, *, untie: bool = False) -> bool:
    """
    Rows for the new tokens in embedding and head, padded to a multiple of 64. `init` decides the embedding's and, where it
    is tied, the head's. A head of its own gets the split of EEVE, as in the exporter: the first subword's row, whatever
    `init` is. `untie` makes the head a matrix of its own. Returns whether the model is tied now.
    """
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    rows, end = embedding.weight.shape[0], tokens.first + len(tokens.subwords)
    if tokens.first > rows:
        raise SystemExit(
            f"error: the first new token has the id {tokens.first}, but the embedding has {rows} rows, and nothing is known "
            "to put between them"
        )
    if rows - tokens.first > MOST_PADDING:
        raise SystemExit(
            f"error: the embedding has {rows} rows, {rows - tokens.first} more than the base tokenizer has ids: too many for "
            "padding; they may be trained rows, which new ones would replace"
        )
    size = max(rows, -(-end // MULTIPLE) * MULTIPLE)
    was_tied = head.weight is embedding.weight
    tied = was_tied and not untie
    deviation = model.config.get_text_config().initializer_range

    def grown(weight: torch.Tensor, how: str) -> nn.Parameter:
        old = weight.detach()
        known = old[: tokens.first].float().numpy()
        larger = old.new_empty((size, old.shape[1]))
        larger[:rows] = old
        # Padding that is not there yet: with the mean of all rows its logit cannot be the largest.
        larger[rows:] = torch.from_numpy(known.mean(0, dtype=np.float64).astype(np.float32)).to(old.dtype)
        made = new_rows(how, known, tokens.subwords, tokens.first, deviation)
        larger[tokens.first : end] = torch.from_numpy(made).to(old.dtype)
        return nn.Parameter(larger)

    old_head = head.weight
    embedding.weight = grown(embedding.weight, init)
    head.weight = embedding.weight if tied else grown(old_head, "first")
    embedding.num_embeddings = head.out_features = size
    configs = {id(config): config for config in (model.config, model.config.get_text_config())}.values()
    for config in configs:
        if untie:
            config.tie_word_embeddings = False
    model.config.get_text_config().vocab_size = size
    return tied
