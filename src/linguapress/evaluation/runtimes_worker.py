"""One runtime in :mod:`linguapress.evaluation.runtimes`; speaks as :mod:`linguapress.evaluation.workers` says.

Torch is imported by the runtimes that need it, since the time to the first result is measured too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from linguapress.budget import Budget
from linguapress.evaluation.workers import Clocks, own_output, peak_megabytes, read_cases, versions
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.windows import batches
from linguapress.presets import load


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
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines with name and calls")
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    cases = read_cases(options.cases)
    with own_output() as say:
        press = load("llmlingua2", model=options.model, runtime=options.runtime, device=options.device)
        encoder, budget = shared_encoder(options.model, options.device, None, options.runtime), Budget(rate=options.rate)
        say(versions=versions() | {"onnxruntime": version("onnxruntime")})
        for line in sys.stdin:
            case, _, bare = line.strip().partition(" ")
            (documents,) = cases[case]["calls"]
            encoder.forget()
            start = Clocks.now()
            press.compress(documents, budget=budget)
            say(seconds=start.passed(), bare=bare_seconds(encoder, documents) if bare else [], peak=peak_megabytes())


if __name__ == "__main__":
    main()
