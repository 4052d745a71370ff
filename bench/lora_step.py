"""Seconds of training steps in PyTorch, for bench/lora-training.ts: the same rows, adapter and optimizer as in ours.

Reads one JSON line with the setup, answers "ready", and then each line "steps" with the seconds of one pass over the batches.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent / "training"))
from teaching.adapters import add_adapter, trained_parameters  # noqa: E402
from teaching.data import Batch  # noqa: E402
from teaching.evaluate import open_checkpoint  # noqa: E402
from teaching.model import answer_logits, rows_by_length  # noqa: E402
from teaching.prompt import Conversation  # noqa: E402


def main() -> None:
    setup = json.loads(sys.stdin.readline())
    torch.set_num_threads(setup["threads"])
    torch.manual_seed(0)
    model, _ = open_checkpoint(Path(setup["checkpoint"]))
    model = model.float()
    adapted = add_adapter(model, rank=setup["rank"], alpha=setup["alpha"], targets=setup["targets"], dropout=0.0)
    adapted.train()
    parameters = trained_parameters(adapted)
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0)
    config = model.config
    features = torch.randn(len(setup["batches"][0]), config.mm_tokens_per_image, config.text_config.hidden_size)

    def step(given: list[dict], parts: int) -> float:
        conversations = [Conversation(row["ids"], row["answers"], True) for row in given]
        batch = Batch(range(len(given)), conversations, list(range(len(given))), [])
        count = sum(answer >= 0 for row in given for answer in row["answers"])
        optimizer.zero_grad(set_to_none=True)
        loss = 0.0
        for rows in rows_by_length(batch, parts):
            logits, expected, _ = answer_logits(model, rows, batch, features)
            part = F.cross_entropy(logits, expected, reduction="sum") / count
            part.backward()
            loss += part.item()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        return loss

    print("ready", flush=True)
    for line in sys.stdin:
        parts = int(line)
        begin, cpu = time.monotonic(), time.process_time()
        for batch in setup["batches"]:
            step(batch, parts)
        count = len(setup["batches"])
        seconds = {"seconds": (time.monotonic() - begin) / count, "processor": (time.process_time() - cpu) / count}
        print(json.dumps(seconds), flush=True)


main()
