"""Reads what the exam lab and `npm run exam -- --output` write with lm-evaluation-harness's own reader, and counts again from the samples.
Needs lm_eval; without it, the same checks without its table.

    python tests/reference/lm_eval_files.py FOLDER
"""

import hashlib
import json
import math
import sys
from pathlib import Path

folder = Path(sys.argv[1])
files = [path for path in folder.rglob("*") if path.is_file()]
results_file = max(path for path in files if path.name.startswith("results_"))
results = json.loads(results_file.read_text(encoding="utf-8"))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


for task, metrics in results["results"].items():
    samples_files = [path for path in files if path.name.startswith(f"samples_{task}_2")]
    if not samples_files:
        assert task in results["group_subtasks"], task
        continue
    samples = [json.loads(line) for line in samples_files[0].read_text(encoding="utf-8").splitlines()]
    metric = samples[0]["metrics"][0]
    key = f"{metric},{samples[0]['filter']}"
    values = [sample[metric] for sample in samples]
    mean = sum(values) / len(values)
    assert math.isclose(metrics[key], mean), (task, metrics[key], mean)
    assert metrics["sample_len"] == results["n-samples"][task]["effective"] == len(samples)
    if len(values) > 1:
        error = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))
        name, filter_name = key.split(",")
        assert math.isclose(metrics[f"{name}_stderr,{filter_name}"], error, abs_tol=1e-12)
    for sample in samples:
        doc = sample["doc"]
        # As lm_eval/evaluator.py hashes them.
        assert sample["doc_hash"] == sha256(json.dumps(doc, indent=2, ensure_ascii=False))
        assert sample["prompt_hash"] == sha256(sample["arguments"]["gen_args_0"]["arg_0"])
        assert sample["target"] == "ABCDE"[doc["answer"] - 1]
        # As doc_to_text of the task writes it.
        prompt = "{}\nA. {}\nB. {}\nC. {}\nD. {}\nE. {}\n정답：".format(
            doc["question"].strip(), *(doc[letter] for letter in "ABCDE")
        )
        assert sample["arguments"]["gen_args_0"]["arg_0"].endswith(prompt)
    assert results["task_hashes"][task] == sha256(
        "".join(sample["doc_hash"] + sample["prompt_hash"] + sample["target_hash"] for sample in samples)
    )
    print(task, len(samples), "samples,", key, metrics[key])

try:
    from lm_eval.utils import get_file_task_name, get_results_filenames, get_sample_results_filenames, make_table
except ImportError:
    print("lm_eval is not installed: its table was not drawn")
else:
    names = [path.as_posix() for path in files]
    assert get_results_filenames(names) and get_sample_results_filenames(names)
    assert {get_file_task_name(path.name) for path in files if path.name.startswith("samples_")} <= set(results["results"])
    print(make_table(results))
