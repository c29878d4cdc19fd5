"""The process that answers in :mod:`linguapress.evaluation.memories`; speaks as :mod:`~linguapress.evaluation.workers` says.

Each line on standard input is the name of a case; the answer tells the seconds from the text, or from the files of the memories, to
the first token, and which one it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from linguapress.evaluation.memories_cases import GENERATE, QUESTION
from linguapress.evaluation.workers import Clocks, device_mib, give_back, own_output, read_cases, versions
from linguapress.soft import FrozenLM, Memory, SoftReader


def measured(lm: FrozenLM, case: Mapping[str, Any]) -> dict[str, Any]:
    """One case: wall and processor seconds until its prompt is in memory, and until its first token is there."""
    device_mib()
    start = Clocks.now()
    prompt = prompt_of(case)
    loading = start.passed()
    first = generated(lm, prompt[0]) if case["side"] == GENERATE else next(SoftReader(lm).stream(prompt, most=1), "")
    return {"seconds": start.passed(), "loading": loading, "first": first, "device_mib": device_mib()}


def prompt_of(case: Mapping[str, Any]) -> list[Any]:
    """One text, or memories from their files and the question."""
    if case["text"]:
        return ["".join(case["chunks"]) + QUESTION]
    return [*map(Memory.load, case["chunks"]), QUESTION]


@torch.no_grad()
def generated(lm: FrozenLM, text: str) -> str:
    """The first token that ``generate`` of transformers finds behind a text."""
    ids = torch.tensor([[*lm.start, *lm.tokens(text)]], device=lm.device)
    out = lm.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=1, do_sample=False, pad_token_id=0)
    return lm.text(out[0, ids.shape[1] :].tolist())


def main() -> None:
    """Serves one model until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder or hub name of the causal language model")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines; see memories_cases")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cases = read_cases(options.cases)
    with own_output(give_back) as say:
        lm = FrozenLM.load(options.model, options.device)
        SoftReader(lm).generate(["A few words, so that everything is imported."], most=1)
        generated(lm, "The same for the other side.")
        about = {"precision": str(lm.dtype).removeprefix("torch."), "device": lm.device.type, "device_mib": device_mib()}
        say(versions=versions(), parameters=sum(weight.numel() for weight in lm.model.parameters()), window=lm.window, **about)
        for line in sys.stdin:
            say(**measured(lm, cases[line.strip()]))


if __name__ == "__main__":
    main()
