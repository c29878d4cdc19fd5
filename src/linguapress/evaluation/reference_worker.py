"""One side of the speed comparison in :mod:`linguapress.evaluation.reference`; runs as a script, in either environment.

Each line on standard input is the name of a case; the answer tells the seconds of each call, the compressed texts, and the most
memory that the process has held. Imports linguapress only for our side, since the environment of the
reference does not have it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

Compress = Callable[[list[str]], str]
Clear = Callable[[], None]


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


def main() -> None:
    """Serves one side until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("reference", "linguapress"))
    parser.add_argument("--model", required=True, help="folder of the token classifier")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines with name and calls")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=("own", "float32"), default="own")
    options = parser.parse_args()
    import torch
    from workers import own_output, peak_megabytes, read_cases, versions  # beside this script

    torch.set_num_threads(options.threads)
    cases = read_cases(options.cases)
    with own_output() as say:
        if options.side == "reference":
            compress, clear, dtype = of_reference(options.model, options.rate)
        else:
            compress, clear, dtype = of_linguapress(options.model, options.rate, options.precision)
        say(versions=versions(), dtype=dtype, threads=torch.get_num_threads(), peak=peak_megabytes())
        for line in sys.stdin:
            seconds, texts = timed(compress, clear, cases[line.strip()]["calls"])
            say(seconds=seconds, texts=texts, peak=peak_megabytes())


if __name__ == "__main__":
    main()
