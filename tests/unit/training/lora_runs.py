"""Runs teaching.lora in one process, since PyTorch takes seconds to load, and prints what came of it as JSON.

Arguments: a folder with sets of phantoms, and the number of steps.
"""

import contextlib
import hashlib
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from teaching import lora
from teaching.adapters import open_adapter
from teaching.base import open_set, save_checkpoint
from teaching.data import Batch
from teaching.evaluate import open_checkpoint
from teaching.model import answer_logits, new_model, rows_by_length, teaching_config
from teaching.tokenizer import IMAGE_TOKEN, build_tokenizer

torch.set_num_threads(1)
folder, steps = Path(sys.argv[1]), int(sys.argv[2])
checkpoint = folder / "tiny"
step = lora.Training.step


def make_checkpoint() -> None:
    data = open_set(folder / "base", "train")
    tokenizer = build_tokenizer(data.texts("en"), data.texts("ko"))
    ids = tokenizer["model"]["vocab"]
    torch.manual_seed(0)
    config = teaching_config(
        vocabulary=len(ids),
        image_token=ids[IMAGE_TOKEN],
        boi_token=ids["<start_of_image>"],
        eoi_token=ids["<end_of_image>"],
        end_of_turn=ids["<end_of_turn>"],
    )
    save_checkpoint(checkpoint, new_model(config), tokenizer)


def run(out: str, *more: object, steps: int = steps, task: str = "report") -> None:
    fixed = ["--checkpoint", checkpoint, "--data", folder / task, "--out", folder / out, "--steps", steps]
    small = ["--images", 2, "--pool", 8, "--save-every", 1, "--threads", 1]
    sys.argv = ["lora", *map(str, [*fixed, *small, *more])]
    with contextlib.redirect_stdout(io.StringIO()):
        lora.main()


def refusal(*more: object, out: str = "refused") -> dict:
    """What the command says to options that it cannot take, and whether it made its folder all the same."""
    error = io.StringIO()
    try:
        with contextlib.redirect_stderr(error):
            run(out, *more)
    except SystemExit as end:
        return {"says": f"{end.code} {error.getvalue()}", "left": (folder / "refused").exists()}
    return {"says": "nothing", "left": True}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def adapter_file(out: str) -> Path:
    return folder / out / "adapter" / "adapter_model.safetensors"


def frozen(model: torch.nn.Module) -> dict[str, str]:
    """Hash of each tensor that is not the adapter's."""
    tensors = {name: value for name, value in model.state_dict().items() if "lora_" not in name}
    return {name: hashlib.sha256(value.numpy().tobytes()).hexdigest() for name, value in tensors.items()}


def run_watched(*more: object) -> bool:
    """True where the first step began and the last ended with the same weights but for the adapter's."""
    states: list[dict[str, str]] = []

    def watched(self: lora.Training, at: int) -> dict:
        states.append(frozen(self.model))
        result = step(self, at)
        states.append(frozen(self.model))
        return result

    lora.Training.step = watched
    run("whole", *more)
    lora.Training.step = step
    return len(states) == 2 * steps and len(states[0]) > 100 and states[0] == states[-1]


def run_until(stop_at: int, *more: object) -> None:
    def stopping(self: lora.Training, at: int) -> dict:
        if at == stop_at:
            raise KeyboardInterrupt
        return step(self, at)

    lora.Training.step = stopping
    with contextlib.suppress(KeyboardInterrupt):
        run("stopped", *more)
    lora.Training.step = step


@torch.no_grad()
def opened_again() -> dict:
    """The adapter as PEFT reads it: its values, and what it does to the logits of an answer."""
    model, prompter = open_checkpoint(checkpoint)
    conversation = prompter.conversation([("How many lesions are there?", "There is one lesion.")], has_image=False)
    batch = Batch(np.empty(0, int), [conversation], np.array([-1]), ["en"])
    rows = rows_by_length(batch, 1)[0]

    def logits() -> torch.Tensor:
        return answer_logits(model, rows, batch, torch.empty(0))[0]

    plain = logits()
    adapted = open_adapter(model, folder / "whole" / "adapter")
    changed = logits()
    with adapted.disable_adapter():
        again = logits()
    read = {name.replace(".default", ""): it for name, it in adapted.named_parameters() if "lora_" in name}
    written = load_file(adapter_file("whole"))
    return {
        "same": sorted(read) == sorted(written) and all(torch.equal(read[key], written[key].float()) for key in written),
        "changes": float((plain - changed).abs().max()),
        "restored": torch.equal(plain, again),
    }


def opened_torn() -> str:
    shutil.copytree(folder / "whole" / "adapter", folder / "torn")
    (folder / "torn" / "adapter_model.safetensors").unlink()
    try:
        open_adapter(open_checkpoint(checkpoint)[0], folder / "torn")
    except SystemExit as end:
        return str(end.code)
    return "nothing"


make_checkpoint()
before = digest(checkpoint / "model.safetensors")
options = ["--rank", 2, "--targets", "q_proj,v_proj,o_proj", "--dropout", 0.1, "--keep", folder / "base"]
evaluation = ["--evaluation", folder / "report-evaluation", "--base-evaluation", folder / "base-evaluation"]
untouched = run_watched(*options, *evaluation, "--evaluation-images", 2)
run_until(2, *options)
finished_early = adapter_file("stopped").exists()
run("stopped", *options)
seven = "down_proj,q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj"
run("all", "--rank", 1, "--targets", seven, steps=1, task="patient-side")
whole, everywhere = load_file(adapter_file("whole")), load_file(adapter_file("all"))

print(
    json.dumps(
        {
            "untouched": untouched and digest(checkpoint / "model.safetensors") == before,
            "shapes": {key: list(value.shape) for key, value in whole.items()},
            "dtypes": sorted({str(value.dtype) for value in whole.values()}),
            "trained": all(bool(value.abs().max() > 0) for value in whole.values()),
            "count": len(everywhere),
            "last": {
                key: list(value.shape) for key, value in everywhere.items() if ".layers.5." in key and "lora_A" in key
            },
            "finished_early": finished_early,
            "resumed": digest(adapter_file("stopped")) == digest(adapter_file("whole")),
            "opened": opened_again(),
            "torn": opened_torn(),
            "errors": {
                "rank": refusal("--rank", 0),
                "large": refusal("--rank", 97),
                "alpha": refusal("--alpha", -1),
                "targets": refusal("--targets", "q_proj,query"),
                "none": refusal("--targets", ","),
                "dropout": refusal("--dropout", 1),
                "evaluation": refusal("--evaluation", folder / "base-evaluation"),
                "keep": refusal("--keep", folder / "other"),
                "options": refusal(*options, "--rank", 3, out="whole"),
            },
        }
    )
)
