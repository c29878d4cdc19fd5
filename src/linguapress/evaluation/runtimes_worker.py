"""One runtime in :mod:`linguapress.evaluation.runtimes`; speaks as :mod:`linguapress.evaluation.reference_worker` does.

Torch is imported by the runtimes that need it, since the time to the first result is measured too.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from linguapress.budget import Budget
from linguapress.evaluation.reference_worker import peak_megabytes, versions
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.windows import batches
from linguapress.presets import load


class Clocks(NamedTuple):
    """Seconds on the wall and of the processor."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Clocks:
        """What they show when everything that was begun is done."""
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.synchronize()
        return cls(time.perf_counter(), time.process_time())

    def passed(self) -> list[float]:
        """Both since then."""
        return [after - before for before, after in zip(self, Clocks.now(), strict=True)]


def bare_seconds(encoder: Encoder, texts: Sequence[str]) -> list[float]:
    """Seconds of the model alone, on the padded batches that the encoder makes of the texts."""
    model = encoder.loaded
    cuts = encoder.cut(texts)
    todo = [window._replace(text=number) for number, cut in enumerate(cuts) for window in cut.windows]
    groups = batches(todo, model.special, model.batch_tokens, model.longest)
    inputs = [model.padded([cuts[w.text].ids[w.start : w.end] for w in batch], length) for length, batch in groups]
    start = Clocks.now()
    for row, mask in inputs:
        model.run(row, mask)
    return start.passed()


def main() -> None:
    """Serves one runtime until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the token classifier, or of its export")
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines with case and calls")
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    logging.disable(logging.WARNING)
    cases = {case["case"]: case["calls"] for case in map(json.loads, options.cases.read_text("utf-8").splitlines())}
    press = load("llmlingua2", model=options.model, runtime=options.runtime, device=options.device)
    encoder, budget = shared_encoder(options.model, options.device, None, options.runtime), Budget(rate=options.rate)

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    answer(versions=versions() | {"onnxruntime": version("onnxruntime")})
    for line in sys.stdin:
        case, _, bare = line.strip().partition(" ")
        (documents,) = cases[case]
        encoder.forget()
        start = Clocks.now()
        press.compress(documents, budget=budget)
        answer(seconds=start.passed(), bare=bare_seconds(encoder, documents) if bare else [], peak=peak_megabytes())


if __name__ == "__main__":
    main()
