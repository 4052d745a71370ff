"""Stage `lora`: an adapter on a finished checkpoint, which teaches it another manner or another skill.

The checkpoint stays as it is. Image features are computed once, since the vision tower has no adapter, so that a step
costs the text model alone. Resumable: the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from torch.nn import functional as F
from transformers import Gemma3ForConditionalGeneration

from .adapters import add_adapter, round_to_half, save_adapter, trained_parameters
from .base import open_set
from .checkpoint import fingerprint
from .data import Batch, BatchShape, PhantomSet, draw_batch
from .evaluate import evaluate, open_checkpoint
from .example_file import ExampleFile
from .model import IMAGE_SIDE, answer_logits, features_of, rows_by_length
from .prompt import Prompter
from .run import RunFolder, write_json
from .schedule import rate_at, step_rng

REPORT_EVERY = 20
PARTS = 3
# A run goes on with another one of these: they do not change what is learnt, or are compared by content.
NOT_COMPARED = (
    *("out", "checkpoint", "data", "keep", "evaluation", "base_evaluation", "evaluation_images"),
    *("save_every", "threads", "name"),
)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.lora",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="the model that is adapted")
    parser.add_argument(
        "--data", type=Path, required=True, help="a set of npm run phantoms -- --task TASK, or a file of docs/training-data.md"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; made, or gone on with")
    parser.add_argument("--keep", type=Path, help="a set of the same phantoms and of base, answered as before")
    parser.add_argument("--kept", type=float, default=0.25, help="fraction of the conversations that is of --keep")
    parser.add_argument("--evaluation", type=Path, help="a set of the task, --split evaluation")
    parser.add_argument("--base-evaluation", type=Path, help="a set of the task base, --split evaluation")
    parser.add_argument("--evaluation-images", type=int, default=150)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, help="the adapter is scaled by alpha / rank; default: twice the rank")
    parser.add_argument("--targets", default="q_proj,v_proj,o_proj", help="projections of the text model, by commas")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=5e-3, help="largest learning rate")
    parser.add_argument("--images", type=int, default=12, help="images a step")
    parser.add_argument("--conversations", type=int, default=2, help="conversations about each image")
    parser.add_argument("--korean", type=float, default=0.5, help="fraction of conversations in Korean")
    parser.add_argument("--talk", type=float, default=0.06, help="conversations without image, per one with image")
    parser.add_argument("--pool", type=int, default=4000, help="the first so many phantoms of the set")
    parser.add_argument("--name", help="of the checkpoint, for adapter_config.json; default: its folder's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=100, help="steps between saved states")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as many as torch takes")
    arguments = parser.parse_args()
    if arguments.rank < 1:
        parser.error(f"--rank must be 1 or more, got {arguments.rank}")
    if arguments.alpha is None:
        arguments.alpha = 2 * arguments.rank
    # Whole numbers are written as such, as PEFT's own files have them.
    if arguments.alpha == int(arguments.alpha):
        arguments.alpha = int(arguments.alpha)
    if arguments.alpha <= 0:
        parser.error(f"--alpha must be more than 0, got {arguments.alpha}")
    for name in ("dropout", "kept", "korean"):
        value = getattr(arguments, name)
        if not 0 <= value <= 1 or (value == 1 and name != "korean"):
            parser.error(f"--{name} must be a fraction, got {value}")
    return arguments


@dataclass(frozen=True)
class Source:
    """A set that conversations are drawn from, and how."""

    data: PhantomSet
    shape: BatchShape


def open_data(path: Path) -> PhantomSet | ExampleFile:
    if not path.is_file():
        return open_set(path, "train")
    try:
        return ExampleFile(path, IMAGE_SIDE)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error


def first_phantoms(data: PhantomSet, count: int) -> PhantomSet:
    part = copy.copy(data)
    part.images = data.images[:count]
    return part


def sources(arguments: argparse.Namespace, data: PhantomSet, keep: PhantomSet | None) -> list[Source]:
    def source(of: PhantomSet, images: int) -> Source:
        shape = BatchShape(images, arguments.conversations, arguments.korean, arguments.talk, turns=(3, 1))
        return Source(first_phantoms(of, arguments.pool), shape)

    kept = round(arguments.kept * arguments.images) if keep else 0
    parts = [source(data, arguments.images - kept)]
    return [*parts, source(keep, kept)] if keep and kept else parts


class Training:
    def __init__(
        self,
        arguments: argparse.Namespace,
        model: Gemma3ForConditionalGeneration,
        prompter: Prompter,
        parts: list[Source],
    ) -> None:
        self.arguments, self.model, self.prompter, self.parts = arguments, model, prompter, parts
        torch.manual_seed(arguments.seed)
        self.adapted: PeftModel = add_adapter(
            model,
            rank=arguments.rank,
            alpha=arguments.alpha,
            targets=[target.strip() for target in arguments.targets.split(",") if target.strip()],
            dropout=arguments.dropout,
        )
        self.parameters = trained_parameters(self.adapted)
        self.features = features_of(model.eval(), parts[0].data.images[: arguments.pool])
        self.optimizer = torch.optim.AdamW(self.parameters.values(), betas=(0.9, 0.98), weight_decay=0.0)

    def step(self, step: int) -> dict[str, float]:
        arguments = self.arguments
        rng = step_rng(arguments.seed, step)
        # Dropout draws from torch's generator: from the step's own numbers too.
        torch.manual_seed(int(rng.integers(2**31)))
        rate = rate_at(step, arguments.steps, arguments.rate, warmup=min(20, arguments.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = [draw_batch(part.data, self.prompter, part.shape, rng) for part in self.parts]
        count = sum(answers_in(batch) for batch in batches)
        loss, right = 0.0, 0
        self.optimizer.zero_grad(set_to_none=True)
        for batch in batches:
            features = self.features[torch.from_numpy(batch.images)]
            for rows in rows_by_length(batch, PARTS):
                logits, expected, _ = answer_logits(self.model, rows, batch, features)
                part = F.cross_entropy(logits, expected, reduction="sum") / count
                part.backward()
                loss += part.item()
                right += int((logits.argmax(-1) == expected).sum())
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        self.optimizer.step()
        return {"loss": loss, "tokens_right": right / count, "rate": rate}

    def state(self, step: int) -> dict:
        adapter = {name: parameter.detach() for name, parameter in self.parameters.items()}
        return {"step": step, "adapter": adapter, "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict) -> int:
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(state["adapter"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        return state["step"]


def answers_in(batch: Batch) -> int:
    """Tokens that the loss counts."""
    return sum(answer >= 0 for conversation in batch.conversations for answer in conversation.answers)


def open_kept(arguments: argparse.Namespace, data: PhantomSet) -> PhantomSet | None:
    """The set of --keep. Features are shared, so that its phantoms have to be those of --data."""
    if not arguments.keep:
        return None
    keep = open_set(arguments.keep, "train")
    if not np.array_equal(keep.images[: arguments.pool], data.images[: arguments.pool]):
        raise SystemExit(
            f"error: {arguments.keep} has other phantoms than {arguments.data}; draw both with the same --seed, and no "
            "fewer than --pool"
        )
    return keep


def result(arguments: argparse.Namespace, training: Training, held_out: PhantomSet, base: PhantomSet | None) -> dict:
    """Exact match of the task without the adapter and with it, and of the base task with it."""

    def score(data: PhantomSet) -> dict:
        return evaluate(training.model, training.prompter, data, arguments.evaluation_images)

    with training.adapted.disable_adapter():
        without = score(held_out)
    return {
        "task": held_out.task,
        "rank": arguments.rank,
        "alpha": arguments.alpha,
        "targets": arguments.targets,
        "parameters": sum(parameter.numel() for parameter in training.parameters.values()),
        "without_adapter": without,
        "with_adapter": score(held_out),
        **({"base_task_with_adapter": score(base)} if base else {}),
    }


def main() -> None:
    arguments = options()
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    data = open_data(arguments.data)
    keep = open_kept(arguments, data)
    held_out = open_set(arguments.evaluation, "evaluation") if arguments.evaluation else None
    base = open_set(arguments.base_evaluation, "evaluation") if arguments.base_evaluation else None
    if held_out and data.task not in (held_out.task, ExampleFile.task):
        raise SystemExit(
            f"error: {arguments.evaluation} is of the task {held_out.task!r}, {arguments.data} of {data.task!r}"
        )
    model, prompter = open_checkpoint(arguments.checkpoint)
    try:
        training = Training(arguments, model, prompter, sources(arguments, data, keep))
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error

    kept = {key: value for key, value in vars(arguments).items() if key not in NOT_COMPARED}
    sets = {"data": data.meta["sha256"], "keep": keep and keep.meta["sha256"]}
    run = RunFolder(
        arguments.out, {**kept, **sets, "checkpoint": fingerprint(arguments.checkpoint), "torch": torch.__version__}
    )
    state = run.load()
    first = training.restore(state) if state else 0
    run.keep_metrics_until(first)
    count = sum(parameter.numel() for parameter in training.parameters.values())
    matrices = len(training.parameters)
    print(f"task {data.task}: {count} parameters in {matrices} matrices, from step {first}", flush=True)

    training.adapted.train()
    sums: dict[str, float] = {}
    since, begin, cpu = 0, time.monotonic(), time.process_time()
    for step in range(first, arguments.steps):
        for key, value in training.step(step).items():
            sums[key] = sums.get(key, 0.0) + value
        since += 1
        done = step + 1
        if done % REPORT_EVERY == 0 or done == arguments.steps:
            now, now_cpu = time.monotonic(), time.process_time()
            line = {"step": done, **{key: value / since for key, value in sums.items()}}
            line |= {"seconds_a_step": (now - begin) / since, "cpu_seconds_a_step": (now_cpu - cpu) / since}
            run.report(line)
            print(" ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()), flush=True)
            sums, since, begin, cpu = {}, 0, now, now_cpu
        if done % arguments.save_every == 0 or done == arguments.steps:
            run.save(training.state(done))

    training.adapted.eval()
    round_to_half(training.adapted)
    save_adapter(arguments.out / "adapter", training.adapted, arguments.name or arguments.checkpoint.resolve().name)
    if held_out:
        scores = result(arguments, training, held_out, base)
        write_json(arguments.out / "evaluation.json", scores)
        parts = [key for key in scores if key.endswith("adapter")]
        print(json.dumps({key: scores[key]["by_question_and_language"] for key in parts}))
    print(f"{arguments.out / 'adapter'}", flush=True)


if __name__ == "__main__":
    main()
