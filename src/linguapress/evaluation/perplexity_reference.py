"""The reference's side of :mod:`linguapress.evaluation.perplexity`: runs in the environment that has ``llmlingua`` 0.2.2.

Speaks as :mod:`linguapress.evaluation.workers` says; of a case with many requests it takes only the first few, one after
another. Imports nothing of linguapress: that environment does not have it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    from workers import Clocks, device_mib  # beside this script

    rows = list(zip(case["documents"], case["questions"], case["targets"], strict=True))[:few]
    texts = []
    device_mib()
    start = Clocks.now()
    for documents, question, target in rows:
        try:
            found = compressor.compress_prompt(list(documents), question=question, target_token=target, **SETTINGS[case["method"]])
        except Exception as error:  # what it cannot compress is a finding, not the end of the measurement
            return {"error": f"{type(error).__name__}: {error}"[:200]}
        texts.append(found["compressed_prompt"])
    scale = len(case["questions"]) / len(texts)
    seconds, processor = start.passed()
    return {"seconds": scale * seconds, "processor": scale * processor, "texts": texts, "device_mib": device_mib()}


def main() -> None:
    """Serves one model until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the causal language model")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--few", type=int, default=2, help="requests of a case that are compressed at most")
    options = parser.parse_args()

    import torch
    from workers import device_mib, own_output, read_cases, versions  # beside this script

    torch.set_num_threads(options.threads)
    cases = read_cases(options.cases)
    with own_output() as say:
        from llmlingua import PromptCompressor

        compressor = PromptCompressor(model_name=options.model, device_map=options.device)
        compressor.compress_prompt(["A few words, so that everything is imported."], target_token=5)
        precision = str(compressor.model.dtype).removeprefix("torch.")
        say(versions=versions(), precision=precision, device=options.device, device_mib=device_mib())
        for line in sys.stdin:
            say(**measured(compressor, cases[line.strip()], options.few))


if __name__ == "__main__":
    main()
