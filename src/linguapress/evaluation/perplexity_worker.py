"""Our side of :mod:`linguapress.evaluation.perplexity`; speaks as :mod:`linguapress.evaluation.workers` says.

Each line on standard input is the name of a case: the answer tells the seconds of one call over all its requests, the texts, and
the tokens that the model read. The line ``bare`` asks for the seconds that the model needs for those tokens alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch

from linguapress.budget import Budget
from linguapress.compressor import Compressor
from linguapress.evaluation.perplexity_rounds import BARE
from linguapress.evaluation.workers import Clocks, device_mib, give_back, own_output, read_cases, versions
from linguapress.methods.prompts import Prompt, compress_prompts
from linguapress.models.causal_cache import Feed, KeyValues
from linguapress.models.causal_weights import CausalWeights
from linguapress.presets import load

Times = dict[str, float]  # seconds on the wall, and of the processor


class Pass(NamedTuple):
    """What one forward pass had to read.

    Attributes:
        rows: texts side by side.
        tokens: read in all rows, without padding.
        scored: of these, tokens whose successor was asked for.
        held: tokens before them in the key-values, of all rows.
        keep: whether key-values were wanted.
    """

    rows: int
    tokens: int
    scored: int
    held: int
    keep: bool

    @classmethod
    def of(cls, feeds: Sequence[Feed], keep: bool) -> Pass:
        """What these rows hold."""
        counts = [(len(feed.ids), len(feed.targets), len(feed.slots)) for feed in feeds]
        tokens, scored, held = map(sum, zip(*counts, strict=True))
        return cls(len(feeds), tokens, scored, held, keep)


@contextmanager
def noted(weights: CausalWeights) -> Iterator[list[Pass]]:
    """Notes every forward pass."""
    found: list[Pass] = []
    forward = weights.forward

    def noting(feeds: Sequence[Feed], past: KeyValues | None = None, length: int = 0, keep: bool = False) -> Any:
        found.append(Pass.of(feeds, keep))
        return forward(feeds, past, length, keep)

    with patch.object(weights, "forward", noting):
        yield found


@torch.inference_mode()
def bare_seconds(weights: CausalWeights, passes: Sequence[Pass]) -> Times:
    """What the model alone takes for so many tokens: hidden states of all, logits of those that were scored.

    Rows are equally long, so that nothing is padding; inputs and key-values lie ready before the clock starts.
    """
    heads = [weights.start.repeat(2)]
    one = weights.remember(heads) if weights.caches else KeyValues([])
    times = [_bare(weights, item, one) for item in passes]
    return {"seconds": sum(wall for wall, _ in times), "processor": sum(processor for _, processor in times)}


def _bare(weights: CausalWeights, item: Pass, one: KeyValues) -> list[float]:
    length, held = -(-item.tokens // item.rows), -(-item.held // item.rows) if one.layers else 0
    ids = torch.full((item.rows, length), int(weights.start[0]), device=weights.device)  # which tokens these are costs nothing
    inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": ids.new_ones((item.rows, held + length)), "use_cache": False}
    if held or item.keep:
        sizes = (item.rows, -1, held, -1)
        first = [(keys[:1, :, :1], values[:1, :, :1]) for keys, values in one.layers] if held else []
        layers = [(keys.expand(sizes).contiguous(), values.expand(sizes).contiguous()) for keys, values in first]
        inputs |= {"use_cache": True, "past_key_values": KeyValues(layers).cache()}
    start = Clocks.now()
    out = weights._trunk(**inputs)
    states = getattr(out, "last_hidden_state", None)
    if states is not None and item.scored:
        flat = states.flatten(0, 1)[: item.scored]
        for at in range(0, len(flat), weights._positions):
            weights._head(flat[at : at + weights._positions])
    return start.passed()


def called(press: Compressor, folder: str, case: Mapping[str, Any]) -> list[str]:
    """The texts that one call makes of all requests of a case."""
    budget, questions = Budget(rate=1 / case["ratio"], count=folder), case["questions"]
    if case["method"] == "llmlingua":
        rows = zip(case["documents"], questions, strict=True)
        return [out.text for out in compress_prompts(press, [Prompt("", *row) for row in rows], budget=budget)]
    return [out.text for out in press.compress_batch(case["documents"], questions, budget=budget)]


def measured(press: Compressor, folder: str, case: Mapping[str, Any], passes: Sequence[Pass]) -> dict[str, Any]:
    """One call, timed; ``passes`` grows with it."""
    device_mib()
    start = Clocks.now()
    texts = called(press, folder, case)
    seconds, processor = start.passed()
    times = {"seconds": seconds, "processor": processor}
    return {**times, "texts": texts, "read": sum(item.tokens for item in passes), "device_mib": device_mib()}


def main() -> None:
    """Serves one model in one precision until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the causal language model")
    parser.add_argument("--cases", type=Path, required=True, help="JSON lines; see perplexity_cases")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cases, settings = read_cases(options.cases), {"model": options.model, "device": options.device, "runtime": options.runtime}
    with own_output(give_back) as say:
        presses = {name: load(name, **settings) for name in ("llmlingua", "longllmlingua")}
        weights: CausalWeights = presses["llmlingua"].language_model.loaded  # type: ignore[attr-defined]
        presses["llmlingua"].compress(["A few words, so that everything is imported."], budget=Budget(tokens=5))
        precision = "float32" if weights.exact else "bfloat16"
        say(versions=versions(), precision=precision, device=weights.device.type, device_mib=device_mib())
        passes: list[Pass] = []
        for line in map(str.strip, sys.stdin):
            if line == BARE:
                say(**bare_seconds(weights, passes))
                continue
            with noted(weights) as passes:
                say(**measured(presses[cases[line]["method"]], options.model, cases[line], passes))


if __name__ == "__main__":
    main()
