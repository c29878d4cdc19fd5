"""The reference's side of :mod:`linguapress.evaluation.perplexity`: runs in the environment that has ``llmlingua`` 0.2.2.

Speaks as :mod:`linguapress.evaluation.perplexity_worker` does; of a case with many requests it takes only the first few, one after
another. Imports nothing of linguapress: that environment does not have it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("llmlingua", "torch", "transformers", "tokenizers", "numpy")
_SAME = {"context_budget": "*2"}  # k = 2, as in the papers and as ours
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "llmlingua": {**_SAME, "iterative_size": 100, "concate_question": True},
    "longllmlingua": {
        **_SAME, "iterative_size": 200, "concate_question": False, "rank_method": "longllmlingua", "condition_compare": True,
        "condition_in_question": "after_condition", "reorder_context": "sort", "dynamic_context_compression_ratio": 0.3,
    },
}  # fmt: skip


def measured(compressor: Any, case: Mapping[str, Any], few: int) -> dict[str, Any]:
    """Seconds and texts of the first few requests; or the error that the reference stops with."""
    rows = list(zip(case["documents"], case["questions"], case["targets"], strict=True))[:few]
    texts = []
    device_mib()
    wall, processor = _now()
    for documents, question, target in rows:
        try:
            found = compressor.compress_prompt(list(documents), question=question, target_token=target, **SETTINGS[case["method"]])
        except Exception as error:  # what it cannot compress is a finding, not the end of the measurement
            return {"error": f"{type(error).__name__}: {error}"[:200]}
        texts.append(found["compressed_prompt"])
    scale = len(case["questions"]) / len(texts)
    seconds, spent = (scale * (after - before) for before, after in zip((wall, processor), _now(), strict=True))
    return {"seconds": seconds, "processor": spent, "texts": texts, "device_mib": device_mib()}


def _now() -> tuple[float, float]:
    """The clocks on the wall and of the processor, when everything that was begun is done."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter(), time.process_time()


def device_mib() -> list[float]:
    """MiB of a graphics processor that are held, and the most since this was last asked; zeros without one."""
    import torch

    if not torch.cuda.is_available():
        return [0.0, 0.0]
    found = [torch.cuda.memory_allocated() / 2**20, torch.cuda.max_memory_allocated() / 2**20]
    torch.cuda.reset_peak_memory_stats()
    return found


def main() -> None:
    """Serves one model until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the causal language model")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--few", type=int, default=2, help="requests of a case that are compressed at most")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    logging.disable(logging.WARNING)

    import torch
    from llmlingua import PromptCompressor

    torch.set_num_threads(options.threads)
    cases = {case["name"]: case for case in map(json.loads, options.cases.read_text("utf-8").splitlines())}
    compressor = PromptCompressor(model_name=options.model, device_map=options.device)
    compressor.compress_prompt(["A few words, so that everything is imported."], target_token=5)

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    precision = str(compressor.model.dtype).removeprefix("torch.")
    answer(versions={name: version(name) for name in PACKAGES}, precision=precision, device=options.device, device_mib=device_mib())
    for line in sys.stdin:
        answer(**measured(compressor, cases[line.strip()], options.few))


if __name__ == "__main__":
    main()
