"""Stage `base`: the teaching model from random weights.

First the vision tower alone learns what lies where in a phantom (SigLIP was pretrained too). Then it stays as it is, what
it says about every phantom is computed once, and the text model learns to answer. A review ends it: the rate goes up once
more, and the questions that are learnt last are drawn more often. Resumable: the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional as F
from transformers import Gemma3ForConditionalGeneration

from .data import LEARNT_LAST, BatchShape, PhantomSet, draw_batch, draw_images
from .evaluate import evaluate
from .model import (
    TOKENS_PER_SIDE,
    DenseHeads,
    answer_logits,
    dense_loss,
    features_of,
    image_features,
    new_model,
    pixel_values,
    rows_by_length,
    teaching_config,
)
from .prompt import Prompter
from .run import RunFolder, write_json
from .schedule import rate_at, step_rng
from .tokenizer import IMAGE_TOKEN, build_tokenizer, write_tokenizer

REPORT_EVERY = 20
# Batches are cut by length: of 5,500 padded tokens 3,960 were real with three parts.
PARTS = 5


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.base",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="a set of npm run phantoms -- --split train")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; made, or gone on with")
    parser.add_argument("--evaluation", type=Path, help="a set of npm run phantoms -- --split evaluation")
    parser.add_argument("--evaluation-images", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vision-steps", type=int, default=1600, help="steps of the vision tower alone")
    parser.add_argument("--steps", type=int, default=2600, help="steps of the text model after them")
    parser.add_argument("--review-steps", type=int, default=900, help="steps of the text model after those")
    parser.add_argument("--vision-images", type=int, default=64, help="images a step, vision alone")
    parser.add_argument("--images", type=int, default=48, help="images a step")
    parser.add_argument("--conversations", type=int, default=1, help="conversations about each image")
    parser.add_argument("--korean", type=float, default=0.35, help="fraction of conversations in Korean")
    parser.add_argument("--talk", type=float, default=0.06, help="conversations without image, per one with image")
    parser.add_argument("--vision-rate", type=float, default=1.5e-3, help="largest learning rate, vision alone")
    parser.add_argument("--rate", type=float, default=1e-3, help="largest learning rate")
    parser.add_argument("--review-rate", type=float, default=6e-4, help="largest learning rate of the review")
    parser.add_argument("--review-korean", type=float, default=0.5, help="fraction of conversations in Korean, in the review")
    parser.add_argument("--save-every", type=int, default=200, help="steps between saved states")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as many as torch takes")
    return parser.parse_args()


class Training:
    def __init__(self, arguments: argparse.Namespace, data: PhantomSet, tokenizer: dict) -> None:
        self.arguments, self.data = arguments, data
        self.prompter = Prompter(Tokenizer.from_str(json.dumps(tokenizer, ensure_ascii=False)), TOKENS_PER_SIDE**2)
        ids = tokenizer["model"]["vocab"]
        torch.manual_seed(arguments.seed)
        self.model = new_model(
            teaching_config(
                vocabulary=len(ids),
                image_token=ids[IMAGE_TOKEN],
                boi_token=ids["<start_of_image>"],
                eoi_token=ids["<end_of_image>"],
                end_of_turn=ids["<end_of_turn>"],
            )
        )
        self.heads = DenseHeads(self.model.config.text_config.hidden_size)
        self.vision = [
            *self.model.model.vision_tower.parameters(),
            *self.model.model.multi_modal_projector.parameters(),
            *self.heads.parameters(),
        ]
        self.language = list(self.model.model.language_model.parameters())
        self.begin_phase(0)

    def begin_phase(self, step: int) -> None:
        """Tower and text model have an optimizer each; the review goes on with that of the text model."""
        self.parameters = self.vision if step < self.arguments.vision_steps else self.language
        if self.parameters is self.language:
            self.features = features_of(self.model, self.data.images)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in self.parameters if p.ndim > 1], "weight_decay": 0.05},
                {"params": [p for p in self.parameters if p.ndim <= 1], "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
        )

    def step(self, step: int) -> dict[str, float]:
        arguments = self.arguments
        rng = step_rng(arguments.seed, step)
        if step < arguments.vision_steps:
            rate = rate_at(step, arguments.vision_steps, arguments.vision_rate)
            losses = self.vision_losses(rng)
        elif (place := step - arguments.vision_steps) < arguments.steps:
            rate = rate_at(place, arguments.steps, arguments.rate)
            losses = self.language_losses(rng, arguments.korean, {})
        else:
            rate = rate_at(place - arguments.steps, arguments.review_steps, arguments.review_rate)
            losses = self.language_losses(rng, arguments.review_korean, LEARNT_LAST)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        losses.pop("total").backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        return {**losses, "rate": rate}

    def vision_losses(self, rng: np.random.Generator) -> dict:
        images = draw_images(self.data, self.arguments.vision_images, rng)
        features = image_features(self.model, pixel_values(np.array(self.data.images[images])))
        dense = dense_loss(self.heads, features, self.data.cells, images)
        return {"total": dense.loss, "dense_loss": dense.loss.item(), "dense_right": dense.right}

    def language_losses(self, rng: np.random.Generator, korean: float, favoured: dict[str, float]) -> dict:
        arguments = self.arguments
        counts = (arguments.images, arguments.conversations, korean, arguments.talk)
        shape = BatchShape(*counts, turns=(3, 2, 1), favoured=favoured)
        batch = draw_batch(self.data, self.prompter, shape, rng)
        features = self.features[torch.from_numpy(batch.images)]
        loss, right, count = torch.zeros(()), 0, 0
        for rows in rows_by_length(batch, PARTS):
            logits, expected, _ = answer_logits(self.model, rows, batch, features)
            loss = loss + F.cross_entropy(logits, expected, reduction="sum")
            right += int((logits.argmax(-1) == expected).sum())
            count += len(expected)
        loss = loss / count
        return {"total": loss, "loss": loss.item(), "tokens_right": right / count}

    def state(self, step: int) -> dict:
        parts = {"model": self.model, "heads": self.heads, "optimizer": self.optimizer}
        return {"step": step, **{name: part.state_dict() for name, part in parts.items()}}

    def restore(self, state: dict) -> int:
        self.model.load_state_dict(state["model"])
        self.heads.load_state_dict(state["heads"])
        self.begin_phase(state["step"])
        # At the border between the phases the new optimizer has no state yet.
        if state["step"] != self.arguments.vision_steps:
            self.optimizer.load_state_dict(state["optimizer"])
        return state["step"]


def save_checkpoint(folder: Path, model: Gemma3ForConditionalGeneration, tokenizer: dict) -> None:
    """A Hugging Face folder that `npm run export` takes."""
    model.save_pretrained(folder)
    write_tokenizer(folder, tokenizer)
    write_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "Gemma3ImageProcessor",
            "processor_class": "Gemma3Processor",
            "do_convert_rgb": True,
            "do_resize": True,
            "size": {"height": 64, "width": 64},
            "resample": 2,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
            "do_pan_and_scan": None,
            "image_seq_length": TOKENS_PER_SIDE**2,
        },
    )


def open_set(folder: Path, split: str) -> PhantomSet:
    """Ends the run for a set of another split: nothing is tested on what it was trained on."""
    try:
        data = PhantomSet(folder, TOKENS_PER_SIDE)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}; npm run phantoms -- --split {split} writes such a set") from error
    if data.meta["split"] != split:
        raise SystemExit(f"error: {folder} is a set of the split {data.meta['split']!r}, expected {split!r}")
    return data


def main() -> None:
    arguments = options()
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    data = open_set(arguments.data, "train")
    held_out = open_set(arguments.evaluation, "evaluation") if arguments.evaluation else None
    kept = {key: value for key, value in vars(arguments).items() if key not in ("out", "data", "evaluation", "threads")}
    run = RunFolder(arguments.out, {**kept, "data": data.meta["sha256"], "torch": torch.__version__})
    tokenizer = build_tokenizer(data.texts("en"), data.texts("ko"))
    training = Training(arguments, data, tokenizer)
    state = run.load()
    first = training.restore(state) if state else 0
    run.keep_metrics_until(first)
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    tokens = len(tokenizer["model"]["vocab"])
    print(f"{parameters / 1e6:.2f} M parameters, {tokens} tokens, from step {first}", flush=True)

    review = arguments.vision_steps + arguments.steps
    last = review + arguments.review_steps
    sums: dict[str, float] = {}
    since, begin, cpu = 0, time.monotonic(), time.process_time()
    training.model.train()
    for step in range(first, last):
        if step == arguments.vision_steps:
            training.begin_phase(step)
        metrics = training.step(step)
        for name, value in metrics.items():
            sums[name] = sums.get(name, 0.0) + value
        since += 1
        done = step + 1
        at_border = done in (arguments.vision_steps, review, last)
        if done % REPORT_EVERY == 0 or at_border:
            now, now_cpu = time.monotonic(), time.process_time()
            phase = "vision" if step < arguments.vision_steps else "language" if step < review else "review"
            line = {"step": done, "phase": phase, **{name: value / since for name, value in sums.items()}}
            line |= {"seconds_a_step": (now - begin) / since, "cpu_seconds_a_step": (now_cpu - cpu) / since}
            run.report(line)
            print(" ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()), flush=True)
            sums, since, begin, cpu = {}, 0, now, now_cpu
        if done % arguments.save_every == 0 or at_border:
            run.save(training.state(done))

    save_checkpoint(arguments.out / "checkpoint", training.model, tokenizer)
    if held_out:
        result = {
            name: evaluate(training.model, training.prompter, held_out, arguments.evaluation_images, blank=blank)
            for name, blank in (("seen", False), ("blank", True))
        }
        write_json(arguments.out / "evaluation.json", result)
        print(json.dumps(result["seen"]["by_question_and_language"]), flush=True)
    print(f"{arguments.out / 'checkpoint'}", flush=True)


if __name__ == "__main__":
    main()
