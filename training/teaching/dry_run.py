"""
`--dry-run` of `expand`: rows are added to a checkpoint, and every stage takes a few steps on random ids, in each way that the
machine can train inner layers. It fails where a stage changes what it must not, leaves what it trains, or a shape is wrong.
Nothing is written, and nothing is learnt.
"""

from __future__ import annotations

import argparse
import copy
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import PreTrainedModel

from .checkpoint import open_model, save_model, text_model
from .examples import Part, token_losses
from .inner import WAYS, inner_parameters, why_not_quantized
from .memory import new_padding
from .stages import STAGES, Planned, Rows, Stage, tied_stages
from .vocabulary import MULTIPLE, NewTokens, add_rows

# Adapters begin with B at zero, so that the first step alone changes A in nothing.
STEPS = 2


def made_up_tokens(rows: int, count: int, seed: int) -> NewTokens:
    """`count` tokens behind the last id, each of two to four random base ids."""
    first = rows - new_padding(rows)
    random = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 5, (count,), generator=random).tolist()
    return NewTokens(first, [torch.randint(0, first, (n,), generator=random).tolist() for n in lengths])


class RandomExamples:
    """Sequences of random ids, every second one new: each end of the model meets old and new rows."""

    def __init__(self, tokens: NewTokens, sequences: int, length: int, seed: int) -> None:
        self.tokens, self.sequences, self.length, self.seed = tokens, sequences, length, seed

    def parts(self, model: PreTrainedModel, step: int) -> tuple[int, Iterator[Part]]:
        return self.sequences * self.length, self.losses(model, step)

    def held_out(self, model: PreTrainedModel) -> Iterator[Part]:
        return iter(())

    def losses(self, model: PreTrainedModel, step: int) -> Iterator[Part]:
        random = torch.Generator().manual_seed(self.seed * 1000 + step)
        shape = (self.sequences, self.length + 1)
        first, end = self.tokens.first, self.tokens.first + len(self.tokens.subwords)
        old = torch.randint(0, first, shape, generator=random)
        new = torch.randint(first, end, shape, generator=random)
        ids = torch.where(torch.arange(shape[1]) % 2 == 0, old, new).to(model.device)
        hidden = text_model(model)(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        losses, right = token_losses(model.get_output_embeddings(), hidden.flatten(0, 1), ids[:, 1:].flatten())
        yield Part(losses, right, torch.ones_like(right))


def parts_of(model: PreTrainedModel, first: int) -> dict[str, list[torch.Tensor]]:
    """Copies of all parameters, by what a stage may train."""
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    inner = inner_parameters(model)
    known = {id(parameter) for parameter in [embedding, head, *inner]}
    parts = {"old rows of the embedding": [embedding[:first]], "new rows of the embedding": [embedding[first:]]}
    if head is not embedding:
        parts |= {"old rows of the head": [head[:first]], "new rows of the head": [head[first:]]}
    parts["inner layers"] = inner
    parts["everything else"] = [parameter for parameter in model.parameters() if id(parameter) not in known]
    return {name: [tensor.detach().to("cpu", copy=True) for tensor in tensors] for name, tensors in parts.items()}


def must_change(stage: Stage, *, tied: bool) -> set[str]:
    ends = {"embedding": stage.input} if tied else {"embedding": stage.input, "head": stage.output}
    names = {f"new rows of the {end}" for end, rows in ends.items() if rows}
    names |= {f"old rows of the {end}" for end, rows in ends.items() if rows == Rows.ALL}
    return names | ({"inner layers"} if stage.inner else set())


def check_shapes(model: PreTrainedModel, tokens: NewTokens, *, tied: bool) -> list[str]:
    """What is wrong, nothing where all is right."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    end = tokens.first + len(tokens.subwords)
    rows = embedding.weight.shape[0]
    text = model.config.get_text_config()
    wrong = []
    if rows < end or rows % MULTIPLE and rows != end:
        wrong.append(f"the embedding has {rows} rows for {end} ids")
    if head.weight.shape != embedding.weight.shape:
        wrong.append(f"the head is {list(head.weight.shape)}, the embedding {list(embedding.weight.shape)}")
    if (head.weight is embedding.weight) != tied:
        wrong.append(f"embedding and head are {'two matrices' if tied else 'one matrix'}")
    if text.vocab_size != rows:
        wrong.append(f"config.json says {text.vocab_size} rows, the embedding has {rows}")
    return wrong


def dry_run(arguments: argparse.Namespace, origin: Path, tokens: NewTokens | None, dtype: torch.dtype) -> None:
    """Prints a line a stage. Ends the process with a message where something does not hold."""
    from .expand import Expansion

    lacks = why_not_quantized(arguments.device)
    failures: list[str] = []
    for way in WAYS:
        if way == "qlora" and lacks:
            print(f"qlora: not run, this machine lacks {lacks}", flush=True)
            continue
        model = open_model(origin, dtype)
        made = tokens or made_up_tokens(model.get_input_embeddings().weight.shape[0], arguments.new_tokens, arguments.seed)
        tied = add_rows(model, made, arguments.init, untie=arguments.untied)
        failures += [f"{way}: {wrong}" for wrong in check_shapes(model, made, tied=tied)]
        rows, width = model.get_input_embeddings().weight.shape
        print(
            f"{way}: {len(made.subwords)} new rows from id {made.first}, {rows} rows of {width}, "
            f"{'tied' if tied else 'untied'}, {dtype}",
            flush=True,
        )
        stages = tied_stages(STAGES) if tied else STAGES
        planned = [Planned(stage, STEPS * at, STEPS * (at + 1)) for at, stage in enumerate(stages)]
        asked = copy.copy(arguments)
        asked.stage_6 = asked.stage_7 = way
        examples = RandomExamples(made, arguments.at_once + 1, arguments.sequence, arguments.seed)
        with tempfile.TemporaryDirectory() as folder:
            asked.out = Path(folder)
            expansion = Expansion(asked, model, made.first, planned)
            expansion.model.to(arguments.device)
            for index, now in enumerate(planned):
                failures += [f"{way}, stage {now.stage.name}: {wrong}" for wrong in run_stage(expansion, index, examples)]
    if failures:
        raise SystemExit("error: the dry run failed\n" + "\n".join(failures))
    print("every stage changed what it trains, and nothing else", flush=True)


def run_stage(expansion: object, index: int, examples: RandomExamples) -> list[str]:
    """Takes the steps of a stage; returns what is wrong."""
    now, tied = expansion.planned[index], expansion.tied
    if expansion.way(index) == "qlora" and now.stage.inner:
        save_model(expansion.start(index), expansion.model)
    before = parts_of(expansion.model, expansion.first_row)
    expansion.begin(index)
    trained = sum(part.values.numel() for part in expansion.trained)
    losses = []
    for step in range(now.begin, now.end):
        tally, _ = expansion.step(step, examples)
        losses.append(tally.means()["loss"])
    expansion.end()
    after = parts_of(expansion.model, expansion.first_row)
    changed = {
        name
        for name, tensors in after.items()
        if any(not torch.equal(one, other) for one, other in zip(before[name], tensors, strict=True))
    }
    expected = must_change(now.stage, tied=tied)
    print(
        f"  stage {now.stage.name:<4} {trained:>13,} trained  loss {losses[0]:.3f}  "
        f"changed: {', '.join(sorted(changed)) or 'nothing'}",
        flush=True,
    )
    wrong = [f"{name} changed and must not" for name in sorted(changed - expected)]
    wrong += [f"{name} did not change" for name in sorted(expected - changed)]
    wrong += [f"the loss of a step is {loss}" for loss in losses if not math.isfinite(loss)]
    return wrong
