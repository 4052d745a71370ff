"""The stages of EEVE (Kim, Choi and Jeong, arXiv 2402.14714), in which a model gets used to a larger vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum


class Rows(IntEnum):
    """Which rows of a matrix with a row a token are trained."""

    NONE = 0
    NEW = 1
    ALL = 2


@dataclass(frozen=True)
class Stage:
    name: str
    # Of the embedding, which reads tokens, and of the head, which writes them.
    input: Rows
    output: Rows
    # Everything of the text model between the two: attention, MLP, norms. The vision tower never trains.
    inner: bool
    # Of all steps.
    share: float
    # Of --rate. Each stage warms up and decays by itself.
    rate: float


NONE, NEW, ALL = Rows
# What trains is the paper's; shares and rates are ours.
STAGES = (
    #     name input  output inner  share rate
    Stage("1", NEW,   NONE,  False, 0.08, 1.0),
    Stage("2", NONE,  NEW,   False, 0.05, 1.0),
    Stage("3", NEW,   NEW,   False, 0.12, 1.0),
    Stage("4", NONE,  ALL,   False, 0.07, 0.5),
    Stage("5", NEW,   ALL,   False, 0.08, 0.5),
    Stage("6", ALL,   ALL,   True,  0.45, 0.5),
    Stage("7", NONE,  NONE,  True,  0.15, 0.2),
)  # fmt: skip

# Ours, behind them: only where --review-steps asks for it.
REVIEW = Stage("review", ALL, ALL, True, 0.0, 0.3)


def tied_stages(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """
    The stages of a model whose embedding and head are one matrix. A row of it trains where either end asks for it, and
    neighbours that train the same then become one stage: 1-3, 4-5, 6, 7.
    """
    resolved: list[Stage] = []
    for stage in stages:
        rows = max(stage.input, stage.output)
        before = resolved[-1] if resolved else None
        if before and (before.input, before.inner) == (rows, stage.inner):
            if before.rate != stage.rate:
                raise ValueError(f"tied, stages {before.name} and {stage.name} are one, but their rates differ")
            name = f"{before.name.split('-')[0]}-{stage.name}"
            resolved[-1] = replace(before, name=name, share=before.share + stage.share)
        else:
            resolved.append(replace(stage, input=rows, output=rows))
    return tuple(resolved)


@dataclass(frozen=True)
class Planned:
    """A stage with the steps it takes: `begin` to `end` - 1."""

    stage: Stage
    begin: int
    end: int


def plan(stages: Sequence[Stage], steps: int) -> list[Planned]:
    """Cuts `steps` by the shares; stages that get none are left out."""
    whole = sum(stage.share for stage in stages)
    planned, done, begin = [], 0.0, 0
    for stage in stages:
        done += stage.share
        end = round(steps * done / whole)
        if end > begin:
            planned.append(Planned(stage, begin, end))
        begin = end
    return planned


def what_trains(stage: Stage, *, tied: bool, inner: str) -> str:
    """`inner`: how the inner layers train where they do: full, lora or qlora."""
    of = {Rows.NEW: "new rows", Rows.ALL: "all rows"}
    parts = []
    if tied and stage.input:
        parts.append(f"{of[stage.input]} (embedding and head are one)")
    elif not tied:
        ends = ((stage.input, "embedding"), (stage.output, "head"))
        parts += [f"{of[rows]} of the {end}" for rows, end in ends if rows]
    if stage.inner:
        parts.append("inner layers" if inner == "full" else f"inner layers ({inner})")
    return " + ".join(parts)


def table(planned: Sequence[Planned], *, tied: bool, inner: dict[str, str]) -> str:
    """One line a stage, as a run prints it before it begins."""
    lines = [f"{'stage':<6}{'steps':>12}  {'rate':>5}  trains"]
    for part in planned:
        steps = f"{part.begin}-{part.end}"
        trains = what_trains(part.stage, tied=tied, inner=inner.get(part.stage.name, "full"))
        lines.append(f"{part.stage.name:<6}{steps:>12}  x{part.stage.rate:<4g}  {trains}")
    return "\n".join(lines)
