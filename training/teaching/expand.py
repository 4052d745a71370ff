"""Stage `expand`: a Gemma 3 checkpoint learns the tokens of a merged tokenizer, in the stages of EEVE.

Its training data is a set of phantoms, or plain text in Korean and English. `stages.py` says what trains when.
Resumable: the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import Gemma3ForConditionalGeneration, PreTrainedModel

from .base import open_set
from .checkpoint import copy_small_files, find_checkpoint, fingerprint, open_model, save_model
from .corpus import DOCUMENTS, CorpusExamples, Sequences, token_file
from .data import BatchShape
from .dry_run import dry_run
from .evaluate import evaluate
from .examples import TOKENS_AT_ONCE, Examples, PhantomExamples, Tally
from .inner import (
    WAYS,
    add_adapters,
    inner_parameters,
    merge_adapters,
    merged_from_quantized,
    open_quantized,
    why_not_quantized,
)
from .memory import report as memory_report
from .new_rows import INITS
from .prompt import Prompter
from .run import RunFolder, write_json
from .schedule import rate_at
from .stages import REVIEW, STAGES, Planned, Rows, plan, table, tied_stages
from .trained import Trained
from .vocabulary import add_rows, find_new_tokens, read_tokenizer

REPORT_EVERY = 10
WARMUP = 20
HELD_OUT_IMAGES = 16
# Of matrices of the inner layers. A row of a token that is not in a batch would only shrink.
WEIGHT_DECAY = 0.05

# Where things lie, and what does not change a run; the contents count by their hashes.
NOT_KEPT = (
    *("out", "data", "evaluation", "corpus", "english", "checkpoint", "merged_tokenizer"),
    *("threads", "memory", "new_tokens", "dry_run"),
)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.expand",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--checkpoint", help="folder, or name on Hugging Face's hub: google/medgemma-4b-it")
    add("--merged-tokenizer", type=Path, help="what npm run korean -- merge wrote, or the folder it is in")
    add("--out", type=Path, help="folder of the run; made, or gone on with")
    add("--init", choices=INITS, default="mean", help="how rows of new tokens begin")
    ties = parser.add_mutually_exclusive_group()
    ties.add_argument("--tied", action="store_true", help="embedding and head are one matrix (default: as they are)")
    ties.add_argument("--untied", action="store_true", help="the head becomes a matrix of its own")
    add("--data", type=Path, help="a set of npm run phantoms -- --split train")
    add("--evaluation", type=Path, help="a set of npm run phantoms -- --split evaluation")
    add("--evaluation-images", type=int, default=250)
    add("--images", type=int, default=16, help="images a step")
    add("--conversations", type=int, default=3, help="conversations about each image")
    add("--talk", type=float, default=0.06, help="conversations without image, per one with image")
    add("--corpus", type=Path, help="Korean text in UTF-8")
    add("--english", type=Path, help="English text in UTF-8")
    add("--documents", choices=DOCUMENTS, default="lines", help="one a line, or separated by empty lines")
    add("--sequence", type=int, default=1024, help="tokens of a sequence of text")
    add("--sequences", type=int, default=16, help="sequences a step")
    add("--at-once", type=int, default=1, help="of them, how many go through the model at once")
    add("--korean", type=float, default=0.9, help="fraction of conversations or sequences in Korean")
    add("--steps", type=int, default=1000, help="steps of all stages together; 0 only gives new rows")
    add("--review-steps", type=int, default=0, help="with --data, steps behind the stages: what is learnt last once more")
    add("--rate", type=float, default=1e-3, help="largest learning rate, before a stage's factor")
    add("--stage-6", choices=WAYS, default="full", help="inner layers: whole, adapters, adapters on 4-bit weights")
    add("--stage-7", choices=WAYS, help="likewise (default: as --stage-6)")
    add("--rank", type=int, default=64, help="of adapters")
    add("--alpha", type=int, default=128, help="of adapters")
    add("--seed", type=int, default=0)
    add("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    add("--dtype", choices=("float32", "bfloat16"), help="of the weights (default: float32, on cuda bfloat16)")
    add("--gradient-checkpointing", action="store_true", help="compute layers again on the way back: less memory")
    add("--save-every", type=int, default=100, help="steps between saved states")
    add("--held-out-every", type=int, default=50, help="steps between looks at what is held out")
    add("--threads", type=int, default=0, help="CPU threads; 0: as many as torch takes")
    add("--memory", type=Path, metavar="CONFIG", help="only print what each stage needs, for this config.json")
    add("--dry-run", action="store_true", help="two steps of every stage on random ids: do stages, masks and shapes hold?")
    add("--new-tokens", type=int, default=16384, help="with --memory, and with --dry-run where no --merged-tokenizer is")
    return parser


def options() -> argparse.Namespace:
    parsing = parser()
    arguments = parsing.parse_args()
    if arguments.memory:
        return arguments
    if arguments.dry_run:
        return dry_run_options(parsing, arguments)
    for name in ("checkpoint", "merged_tokenizer", "out"):
        if getattr(arguments, name) is None:
            parsing.error(f"--{name.replace('_', '-')} is needed")
    if (arguments.data is None) == (arguments.corpus is None):
        parsing.error("either --data, a set of phantoms, or --corpus with --english, texts, is needed")
    if (arguments.corpus is None) != (arguments.english is None):
        parsing.error("--corpus and --english are needed together: without English the model forgets it")
    if arguments.review_steps and not arguments.data:
        parsing.error("--review-steps asks about phantoms more often, and a --corpus has none")
    if not 0 < arguments.korean <= 1:
        parsing.error("--korean is a fraction above 0, at most 1")
    arguments.stage_7 = arguments.stage_7 or arguments.stage_6
    arguments.dtype = arguments.dtype or ("bfloat16" if arguments.device == "cuda" else "float32")
    if arguments.data and (arguments.device, arguments.dtype) != ("cpu", "float32"):
        parsing.error("--data trains on the CPU in float32: add --device cpu --dtype float32")
    for stage in ("stage_6", "stage_7"):
        if getattr(arguments, stage) == "qlora" and (missing := why_not_quantized(arguments.device)):
            parsing.error(
                f"--{stage.replace('_', '-')} qlora loads the weights in 4 bits, for which this machine lacks "
                f"{missing}; lora trains adapters on the weights as they are, full trains the weights"
            )
    return arguments


def dry_run_options(parsing: argparse.ArgumentParser, arguments: argparse.Namespace) -> argparse.Namespace:
    if arguments.checkpoint is None:
        parsing.error("--checkpoint is needed")
    arguments.dtype = arguments.dtype or ("bfloat16" if arguments.device == "cuda" else "float32")
    return arguments


class Window:
    """Means over the steps since the last report. A resumed run takes up its sums, but not its times."""

    def __init__(self, tally: dict | None = None, steps: int = 0, rates: float = 0.0) -> None:
        self.tally, self.steps, self.rates = Tally(**(tally or {})), steps, rates
        self.timed, self.begin, self.cpu = 0, time.monotonic(), time.process_time()

    def add(self, tally: Tally, rate: float) -> None:
        self.tally.join(tally)
        self.rates += rate
        self.steps += 1
        self.timed += 1

    def means(self) -> dict[str, float]:
        seconds, cpu = time.monotonic() - self.begin, time.process_time() - self.cpu
        times = {"seconds_a_step": seconds / self.timed, "cpu_seconds_a_step": cpu / self.timed}
        return {**self.tally.means(), "rate": self.rates / self.steps, **times}

    def sums(self) -> dict:
        return {"tally": asdict(self.tally), "steps": self.steps, "rates": self.rates}


class Expansion:
    """A model that goes through the stages. `start` of each is a checkpoint on disk: a stage begins anew from it."""

    def __init__(
        self, arguments: argparse.Namespace, model: PreTrainedModel, first_row: int, planned: list[Planned]
    ) -> None:
        self.arguments, self.model, self.first_row, self.planned = arguments, model, first_row, planned
        self.tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight

    def start(self, index: int) -> Path:
        return self.arguments.out / f"before-stage-{self.planned[index].stage.name}"

    def way(self, index: int) -> str:
        stage = self.planned[index].stage
        return {"6": self.arguments.stage_6}.get(stage.name, self.arguments.stage_7 if stage.inner else "full")

    def begin(self, index: int) -> None:
        """Each stage has an optimizer of its own."""
        self.index, stage = index, self.planned[index].stage
        if self.way(index) == "qlora":
            # Whoever else holds the model must not hold it on the GPU.
            self.model.to("cpu")
            self.model = open_quantized(self.start(index)).requires_grad_(False)
        # Adapters first: they leave nothing else trainable.
        inner: list[torch.nn.Parameter] = []
        if stage.inner and self.way(index) == "full":
            inner = inner_parameters(self.model)
        elif stage.inner:
            arguments = self.arguments
            inner = list(add_adapters(self.model, arguments.rank, arguments.alpha, arguments.seed).values())
        ends = [(stage.input, self.model.get_input_embeddings())]
        if not self.tied:
            ends.append((stage.output, self.model.get_output_embeddings()))
        rows = [Trained(end.weight, self.first_row if which is Rows.NEW else 0) for which, end in ends if which]
        self.trained = [*rows, *(Trained(parameter) for parameter in inner)]
        decayed = [part.values for part in self.trained[len(rows) :] if part.values.ndim > 1]
        others = [part.values for part in self.trained if not any(part.values is values for values in decayed)]
        groups = [
            {"params": values, "weight_decay": decay} for values, decay in ((decayed, WEIGHT_DECAY), (others, 0.0))
        ]
        self.optimizer = torch.optim.AdamW([group for group in groups if group["params"]], betas=(0.9, 0.98))
        if self.arguments.gradient_checkpointing:
            self.model.gradient_checkpointing_enable({"use_reentrant": False})
        self.model.train()

    def end(self) -> None:
        for part in self.trained:
            part.release()
        if self.planned[self.index].stage.inner and self.way(self.index) == "qlora":
            arguments = self.arguments
            self.model = merged_from_quantized(self.start(self.index), self.model, arguments.rank, arguments.alpha)
        else:
            merge_adapters(self.model)
        self.trained = []

    def step(self, step: int, examples: Examples) -> tuple[Tally, float]:
        """Returns what was lost and the learning rate."""
        now = self.planned[self.index]
        steps = now.end - now.begin
        rate = rate_at(step - now.begin, steps, self.arguments.rate * now.stage.rate, min(WARMUP, max(1, steps // 5)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        tally = Tally()
        count, parts = examples.parts(self.model, step)
        for part in parts:
            (part.losses.sum() / count).backward()
            tally.add(part)
        torch.nn.utils.clip_grad_norm_([part.values for part in self.trained], 1.0)
        self.optimizer.step()
        for part in self.trained:
            part.write()
        return tally, rate

    def state(self, step: int, window: Window) -> dict:
        values = [part.values.detach() for part in self.trained]
        optimizer = self.optimizer.state_dict()
        return {"step": step, "index": self.index, "values": values, "optimizer": optimizer, "window": window.sums()}

    def restore(self, state: dict) -> None:
        if state["values"]:
            for part, values in zip(self.trained, state["values"], strict=True):
                part.load(values)
            self.optimizer.load_state_dict(state["optimizer"])


@torch.no_grad()
def held_out_losses(model: PreTrainedModel, examples: Examples) -> dict[str, float]:
    tally = Tally()
    model.eval()
    for part in examples.held_out(model):
        tally.add(part)
    model.train()
    return {f"held_out_{name}": value for name, value in tally.means().items()} if sum(tally.tokens.values()) else {}


@torch.no_grad()
def losses_before(model: PreTrainedModel, examples: Examples) -> dict[str, float]:
    """On the first step's examples, before anything is trained."""
    tally = Tally()
    for part in examples.parts(model, 0)[1]:
        tally.add(part)
    return tally.means()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def open_texts(arguments: argparse.Namespace, merged: Path, model_config: object) -> tuple[CorpusExamples, dict]:
    tokenizer, tokenizer_hash = Tokenizer.from_file(str(merged)), sha256(merged)
    text = model_config.get_text_config()
    eos = text.eos_token_id[0] if isinstance(text.eos_token_id, list) else text.eos_token_id
    sequences, hashes = {}, {}
    for language, path in (("ko", arguments.corpus), ("en", arguments.english)):
        out = arguments.out / f"{language}.tokens"
        about = token_file(path, arguments.documents, tokenizer, tokenizer_hash, out, text.bos_token_id, eos)
        print(f"{path}: {about['count']} documents, {about['tokens']} tokens", flush=True)
        sequences[language] = Sequences(out, arguments.sequence, arguments.seed, path)
        hashes[language] = about["sha256"]
    examples = CorpusExamples(
        sequences["ko"], sequences["en"], arguments.korean, arguments.sequences, arguments.at_once
    )
    return examples, hashes


def main() -> None:
    arguments = options()
    if arguments.memory:
        tokens = arguments.sequence * arguments.at_once
        at_once = min(tokens, TOKENS_AT_ONCE)
        print(
            memory_report(
                arguments.memory, new=arguments.new_tokens, tokens=tokens, rank=arguments.rank, at_once=at_once
            )
        )
        return
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    dtype = torch.float32 if arguments.dtype == "float32" else torch.bfloat16
    if arguments.dry_run:
        # Made-up tokens need no tokenizer: a folder with config.json and weights is enough.
        origin, given = Path(arguments.checkpoint), arguments.merged_tokenizer
        tokens = given and find_new_tokens(read_tokenizer(origin), read_tokenizer(given))
        return dry_run(arguments, origin, tokens, dtype)
    origin, given = find_checkpoint(arguments.checkpoint), arguments.merged_tokenizer
    merged = given / "tokenizer.json" if given.is_dir() else given
    tokens = find_new_tokens(read_tokenizer(origin), read_tokenizer(merged))
    arguments.out.mkdir(parents=True, exist_ok=True)

    model = open_model(origin, dtype)
    was_tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    if arguments.tied and not was_tied:
        raise SystemExit(f"error: {origin} has a head of its own, which --tied would throw away; leave it out")
    tied = add_rows(model, tokens, arguments.init, untie=arguments.untied)

    prompter, held_out = None, None
    if arguments.data:
        if not isinstance(model, Gemma3ForConditionalGeneration):
            raise SystemExit(
                f"error: {origin} has no vision tower, but phantoms are images; use --corpus and --english"
            )
        data = open_set(arguments.data, "train")
        held_out = open_set(arguments.evaluation, "evaluation") if arguments.evaluation else None
        prompter = Prompter(Tokenizer.from_file(str(merged)), model.config.mm_tokens_per_image)
        shape = BatchShape(arguments.images, arguments.conversations, arguments.korean, arguments.talk, turns=(3, 2, 1))
        examples: Examples = PhantomExamples(
            data, held_out, prompter, shape, arguments.seed, HELD_OUT_IMAGES, review_from=arguments.steps
        )
        origins = {"data": data.meta["sha256"], "held_out": held_out and held_out.meta["sha256"]}
    else:
        examples, origins = open_texts(arguments, merged, model.config)

    kept = {key: value for key, value in vars(arguments).items() if key not in NOT_KEPT}
    identity = {"checkpoint": fingerprint(origin), "merged_tokenizer": sha256(merged), "torch": torch.__version__}
    run = RunFolder(arguments.out, {**kept, **origins, **identity})

    planned = plan(tied_stages(STAGES) if tied else STAGES, arguments.steps)
    if arguments.review_steps:
        planned.append(Planned(REVIEW, arguments.steps, arguments.steps + arguments.review_steps))
    rows = model.get_input_embeddings().weight.shape[0]
    print(f"{len(tokens.subwords)} new tokens from id {tokens.first}, {rows} rows, {arguments.init}", flush=True)
    print(table(planned, tied=tied, inner={"6": arguments.stage_6, "7": arguments.stage_7}), flush=True)
    model = train(arguments, model, tokens.first, planned, examples, run)

    copy_small_files(origin, arguments.out / "checkpoint", merged)
    result = held_out_losses(model, examples)
    if held_out and prompter:
        result = {
            name: evaluate(model, prompter, held_out, arguments.evaluation_images, blank=blank)
            for name, blank in (("seen", False), ("blank", True))
        }
        print(json.dumps(result["seen"]["by_question_and_language"]), flush=True)
    elif result:
        losses = [(name, value) for name, value in result.items() if "loss" in name]
        result |= {name.replace("loss", "perplexity"): math.exp(value) for name, value in losses}
    write_json(arguments.out / "evaluation.json", result)
    print(f"{arguments.out / 'checkpoint'}", flush=True)


def train(
    arguments: argparse.Namespace,
    model: PreTrainedModel,
    first_row: int,
    planned: list[Planned],
    examples: Examples,
    run: RunFolder,
) -> PreTrainedModel:
    """Goes through the stages from where the run stands; returns the trained model."""
    state = run.load()
    expansion = Expansion(arguments, model, first_row, planned)
    if state and state["index"] < len(planned):
        expansion.model = open_model(expansion.start(state["index"]), model.dtype)
    elif state:
        return open_model(arguments.out / "checkpoint", model.dtype).to(arguments.device)
    expansion.model.to(arguments.device)
    first = state["step"] if state else 0
    # The line of step 0 comes again too where nothing was saved yet.
    run.keep_metrics_until(first if state else -1)
    if not state:
        begins = {**losses_before(expansion.model, examples), **held_out_losses(expansion.model, examples)}
        run.report({"step": 0, "stage": "", **begins})
        print(f"step 0 {' '.join(f'{name} {value:.4g}' for name, value in begins.items())}", flush=True)
        save_model(expansion.start(0) if planned else arguments.out / "checkpoint", expansion.model)

    for index, now in enumerate(planned):
        if now.end <= first:
            continue
        expansion.begin(index)
        window = Window()
        if state and state["index"] == index:
            expansion.restore(state)
            window = Window(**state["window"])
        for step in range(max(first, now.begin), now.end):
            window.add(*expansion.step(step, examples))
            done = step + 1
            looks = done % arguments.held_out_every == 0 or done == now.end
            if done % REPORT_EVERY == 0 or looks:
                line = {"step": done, "stage": now.stage.name, **window.means()}
                if looks:
                    line |= held_out_losses(expansion.model, examples)
                run.report(line)
                shown = (f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items())
                print(" ".join(shown), flush=True)
                window = Window()
            if done % arguments.save_every == 0 and done < now.end:
                run.save(expansion.state(done, window))
        expansion.end()
        # What the next stage begins with is on disk before the state says that it has begun.
        last = index + 1 == len(planned)
        save_model(arguments.out / "checkpoint" if last else expansion.start(index + 1), expansion.model)
        run.save({"step": now.end, "index": index + 1, "values": [], "window": {}})
        shutil.rmtree(expansion.start(index), ignore_errors=True)
    return expansion.model


if __name__ == "__main__":
    main()
