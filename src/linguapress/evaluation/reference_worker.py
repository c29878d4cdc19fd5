"""One side of the speed comparison in :mod:`linguapress.evaluation.reference`; runs as a script, in either environment.

Reads the cases from a file of JSON lines. Answers each line on standard input, the name of a case, with one JSON line on standard
output: seconds of each call, the compressed texts, and the most memory that the process has held. Imports nothing of linguapress
at the top, since the environment of the reference does not have it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

Compress = Callable[[list[str]], str]
Clear = Callable[[], None]

PACKAGES = ("llmlingua", "linguapress", "torch", "transformers", "tokenizers", "numpy")


def of_reference(folder: str, rate: float) -> tuple[Compress, Clear, str]:
    """``llmlingua`` as its users call it on a CPU: LLMLingua-2, no coarse filter, its own defaults otherwise."""
    from llmlingua import PromptCompressor

    compressor = PromptCompressor(model_name=folder, device_map="cpu", use_llmlingua2=True)

    def compress(texts: list[str]) -> str:
        result = compressor.compress_prompt(texts, rate=rate, use_context_level_filter=False, force_tokens=[])
        return cast(str, result["compressed_prompt"])

    return compress, lambda: None, str(compressor.model.dtype)


def of_linguapress(folder: str, rate: float, precision: str) -> tuple[Compress, Clear, str]:
    """Our method on the same folder, in the precision that it chooses or in float32."""
    import torch

    from linguapress.budget import Budget
    from linguapress.models.devices import precision_of
    from linguapress.models.encoder import shared_encoder
    from linguapress.presets import load

    runtime = "torch-float32" if precision == "float32" else "torch"
    compressor, encoder = (
        load("llmlingua2", model=folder, device="cpu", runtime=runtime),
        shared_encoder(folder, "cpu", None, runtime),
    )
    kept = str(torch.float32 if precision == "float32" else precision_of(torch.device("cpu")))
    return lambda texts: compressor.compress(texts, budget=Budget(rate=rate)).text, encoder.forget, kept


def timed(compress: Compress, clear: Clear, calls: list[list[str]]) -> tuple[list[float], list[str]]:
    """Wall seconds and compressed text of each call; nothing is remembered from one call to the next."""
    seconds, texts = [], []
    for documents in calls:
        clear()
        start = time.perf_counter()
        texts.append(compress(documents))
        seconds.append(time.perf_counter() - start)
    return seconds, texts


def peak_megabytes() -> float:
    """Most resident memory that this process has held, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would carry over the peak of the process that started this one
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def versions() -> dict[str, str]:
    """Versions of what takes part, by package."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Serves one side until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("reference", "linguapress"))
    parser.add_argument("--model", required=True, help="folder of the token classifier")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines with case and calls")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=("own", "float32"), default="own")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    logging.disable(logging.WARNING)

    import torch

    torch.set_num_threads(options.threads)
    cases = {case["case"]: case["calls"] for case in map(json.loads, options.cases.read_text("utf-8").splitlines())}
    if options.side == "reference":
        compress, clear, dtype = of_reference(options.model, options.rate)
    else:
        compress, clear, dtype = of_linguapress(options.model, options.rate, options.precision)

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    answer(versions=versions(), dtype=dtype, threads=torch.get_num_threads(), peak=peak_megabytes())
    for line in sys.stdin:
        seconds, texts = timed(compress, clear, cases[line.strip()])
        answer(seconds=seconds, texts=texts, peak=peak_megabytes())


if __name__ == "__main__":
    main()
