"""What a training run keeps on disk: where it stands, to go on after a break, and what it measured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch


class RunFolder:
    """`state.pt` to resume from, `metrics.jsonl` with a line a report, `options.json` that a resumed run must share."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "options.json"
        if not path.exists():
            write_json(path, options)
        elif (before := json.loads(path.read_text(encoding="utf-8"))) != options:
            changed = sorted(key for key in {*before, *options} if before.get(key) != options.get(key))
            raise SystemExit(
                f"error: {folder} holds a run with other options ({', '.join(changed)}); "
                "use them again, or name a new folder with --out"
            )

    def load(self) -> dict[str, Any] | None:
        path = self.folder / "state.pt"
        return torch.load(path, weights_only=True) if path.exists() else None

    def save(self, state: dict[str, Any]) -> None:
        partial = self.folder / "state.pt.partial"
        torch.save(state, partial)
        os.replace(partial, self.folder / "state.pt")

    def keep_metrics_until(self, step: int) -> None:
        """Drops what an interrupted run reported after its last saved step: it comes again."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        path.write_text("".join(kept), encoding="utf-8")

    def report(self, metrics: dict[str, Any]) -> None:
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(metrics) + "\n")


def write_json(path: Path, value: Any) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)
