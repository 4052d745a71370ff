"""Runs teaching.expand in one process and prints what each stage changed, as JSON. Argument: a folder with the inputs."""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from teaching import expand
from teaching.base import save_checkpoint
from teaching.checkpoint import open_model, text_model
from teaching.corpus import CorpusExamples, Sequences
from teaching.inner import inner_parameters
from teaching.memory import report
from teaching.model import new_model, teaching_config
from teaching.vocabulary import find_new_tokens, read_tokenizer
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

torch.set_num_threads(1)
folder = Path(sys.argv[1])
tokenizer = read_tokenizer(folder / "base.json")
tokens = find_new_tokens(tokenizer, read_tokenizer(folder / "merged.json"))


def make_checkpoints() -> None:
    """The teaching model as it begins, and a smaller one without vision tower, in shards."""
    torch.manual_seed(0)
    ids = tokenizer["model"]["vocab"]
    config = teaching_config(
        vocabulary=len(ids),
        image_token=ids["<image_soft_token>"],
        boi_token=ids["<start_of_image>"],
        eoi_token=ids["<end_of_image>"],
        end_of_turn=ids["<end_of_turn>"],
    )
    (folder / "tied").mkdir()
    save_checkpoint(folder / "tied", new_model(config), tokenizer)
    small = {"hidden_size": 48, "intermediate_size": 64, "head_dim": 12, "query_pre_attn_scalar": 12}
    layers = {"num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"]}
    text = Gemma3TextConfig(**(config.text_config.to_dict() | small | layers))
    Gemma3ForCausalLM(text).save_pretrained(folder / "text", max_shard_size="100KB")
    text.tie_word_embeddings = False
    Gemma3ForCausalLM(text).save_pretrained(folder / "untied-start")
    for name in ("text", "untied-start"):
        (folder / name / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")


def parts_of(model) -> dict[str, list[torch.Tensor]]:
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    end = tokens.first + len(tokens.subwords)
    inner = inner_parameters(model)
    known = {id(parameter) for parameter in [embedding, head, *inner]}
    parts = {
        "old input rows": [embedding[: tokens.first]],
        "new input rows": [embedding[tokens.first : end]],
        "old output rows": [head[: tokens.first]],
        "new output rows": [head[tokens.first : end]],
        "inner layers": inner,
        "everything else": [parameter for parameter in model.parameters() if id(parameter) not in known],
    }
    return {name: [tensor.detach().clone() for tensor in tensors] for name, tensors in parts.items()}


def run(name: str, flags: dict[str, object], stop_at: int | None = None) -> list[dict]:
    """Of each stage, the parts that it changed: every tensor of them, or the part's name followed by how many."""
    flags = {"out": folder / name, **flags}
    given = [(f"--{key}", *([] if value is True else [str(value)])) for key, value in flags.items() if value is not None]
    sys.argv = ["expand", *(text for pair in given for text in pair)]
    changes: list[dict] = []
    step, begin, end = expand.Expansion.step, expand.Expansion.begin, expand.Expansion.end
    before: dict = {}

    def stopping(self, at, *rest):
        if at == stop_at:
            raise KeyboardInterrupt
        return step(self, at, *rest)

    def beginning(self, index):
        before.update(parts_of(self.model))
        begin(self, index)

    def ending(self):
        end(self)
        after = parts_of(self.model)
        different = {
            part: sum(not torch.equal(*pair) for pair in zip(before[part], tensors, strict=True))
            for part, tensors in after.items()
        }
        changed = [part if count == len(after[part]) else f"{part}: {count}" for part, count in different.items() if count]
        changes.append({"stage": self.planned[self.index].stage.name, "changed": changed})

    expand.Expansion.step, expand.Expansion.begin, expand.Expansion.end = stopping, beginning, ending
    try:
        with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(KeyboardInterrupt):
            expand.main()
    finally:
        expand.Expansion.step, expand.Expansion.begin, expand.Expansion.end = step, begin, end
    return changes


def head_is_embedding(name: str) -> bool:
    model = open_model(folder / name / "checkpoint", torch.float32)
    return torch.equal(model.get_input_embeddings().weight, model.get_output_embeddings().weight)


make_checkpoints()
phantoms = {"checkpoint": folder / "tied", "data": folder / "train", "images": 1, "conversations": 1, "talk": 0}
phantoms |= {"evaluation": folder / "evaluation", "evaluation-images": 2, "steps": 12, "save-every": 1}
texts = {"checkpoint": folder / "text", "corpus": folder / "ko.txt", "english": folder / "en.txt", "untied": True}
texts |= {"sequence": 24, "sequences": 4, "at-once": 2, "korean": 0.75, "steps": 26, "save-every": 1, "rate": 0.03}
texts |= {"stage-6": "lora", "stage-7": "full", "rank": 2, "dtype": "bfloat16", "device": "cpu"}
both = {"merged-tokenizer": folder / "merged.json", "threads": 1}
result = {
    "tied": run("tied-run", {**phantoms, **both}),
    "untied": run("untied-run", {**texts, **both, "gradient-checkpointing": True}),
    "one matrix": {"tied": head_is_embedding("tied-run"), "untied": head_is_embedding("untied-run")},
}
# Broken off within a stage: of the tied run in the one that trains everything, of the other within the adapters.
for name, flags, at in (("tied", phantoms, 8), ("untied", {**texts, "gradient-checkpointing": True}, 15)):
    run(f"{name}-stopped", {**flags, **both}, stop_at=at)
    result[f"{name} stopped"] = sorted(path.name for path in (folder / f"{name}-stopped").iterdir())
    run(f"{name}-stopped", {**flags, **both})


def refusal(flags: dict[str, object]) -> str:
    """What a run with these flags says when it ends."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            run("tied-run", {**phantoms, **both, **flags})
        except SystemExit as error:
            return said.getvalue() + str(error)
    return "it ran"


other = json.loads((folder / "merged.json").read_text(encoding="utf-8"))
other["model"]["vocab"]["<0x41>"], other["model"]["vocab"]["<0x42>"] = 74, 73
(folder / "other.json").write_text(json.dumps(other), encoding="utf-8")
result["refused"] = {
    "qlora on a CPU": refusal({"stage-6": "qlora"}),
    "other options": refusal({"steps": 5}),
    "a tokenizer made from another": refusal({"merged-tokenizer": folder / "other.json"}),
    "one without new tokens": refusal({"merged-tokenizer": folder / "base.json"}),
    "a head that would be lost": refusal({"checkpoint": folder / "untied-start", "tied": True}),
    "no tokenizer": refusal({"checkpoint": folder / "train"}),
    "images without a tower": refusal({"checkpoint": folder / "text", "out": folder / "none"}),
    "a set of another split": refusal({"data": folder / "evaluation", "out": folder / "none"}),
    "too little text": refusal({"data": None, **texts, "sequence": 100000, "out": folder / "none"}),
    "a name that is nowhere": refusal({"checkpoint": "nobody/nothing"}),
}


def drawn() -> dict[str, object]:
    """What 25 steps of 4 sequences see of texts with so many sequences to train on."""
    files = {language: folder / "untied-run" / f"{language}.tokens" for language in ("ko", "en")}
    korean, english = (Sequences(file, 24, 0, file) for file in files.values())
    examples = CorpusExamples(korean, english, 0.75, 4, 4)
    seen = [(ids.tobytes(), is_korean) for step in range(25) for ids, is_korean in examples.chosen(step)]
    of_korean = [ids for ids, is_korean in seen if is_korean]
    held = {ids.tobytes() for ids in korean.held_out}
    return {"korean": len(of_korean) / len(seen), "held out": len(held & set(of_korean)), "places": len(set(of_korean))}


result["drawn"] = drawn()
result["memory"] = report(Path("gemma3-4b/config.json"), new=16384, tokens=2048, rank=64, at_once=1024)
print(json.dumps(result))
