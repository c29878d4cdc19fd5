"""The reference's side of :mod:`linguapress.evaluation.parity_perplexity`: runs in the environment that has ``llmlingua`` 0.2.2.

Reads one JSON object from standard input, answers with one on standard output. Imports nothing of linguapress: that environment
does not have it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_MARK = 2  # above what the reference's flags stand for


class Watch:
    """Notes which documents and which tokens a compressor keeps, without a hand in what it does.

    Tokens are told by the flags that the reference carries along and hands back shortened; it acts on 0 and 1 only.
    """

    def __init__(self, compressor: Any) -> None:
        self.places: Any = None
        self.order: list[int] = []
        self.texts: list[str] = []
        self.start = 0
        self._inner, self._budget, self._iterate = (
            compressor.get_compressed_input,
            compressor.control_context_budget,
            compressor.iterative_compress_prompt,
        )
        compressor.get_compressed_input = self._shorten
        compressor.control_context_budget = self._choose
        compressor.iterative_compress_prompt = self._read

    def _choose(self, *given: Any, **named: Any) -> Any:
        found = self._budget(*given, **named)
        self.order = [int(index) for index in found[2]]
        return found

    def _read(self, context: Any, *given: Any, **named: Any) -> Any:
        self.places, self.start, self.texts = None, int(named["start"]), list(context)
        return self._iterate(context, *given, **named)

    def _shorten(self, loss: Any, input_ids: Any, *given: Any, **named: Any) -> Any:
        import torch

        if self.places is None:
            self.places = torch.arange(input_ids.shape[1]) + _MARK
        found = list(self._inner(loss, input_ids, *given, **{**named, "keep_flag": self.places}))
        self.places, found[2] = found[2], None
        return tuple(found)

    def kept(self) -> list[int]:
        """Numbers of the kept tokens, counted behind the prefix."""
        return [place - _MARK - self.start for place in self.places.tolist() if place - _MARK >= self.start]


def compressed(compressor: Any, case: Mapping[str, Any]) -> dict[str, Any]:
    """What the reference makes of a case.

    Returns:
        ``order`` of the documents kept; ``tokens`` of their text, and of these the numbers ``kept``; ``text``, the result.
    """
    watch = Watch(compressor)
    asks = bool(case["question"])
    more = {
        "rank_method": "longllmlingua", "condition_in_question": "after_condition", "reorder_context": "sort",
        "dynamic_context_compression_ratio": case["spread"], "condition_compare": True,
    } if asks else {"rank_method": "llmlingua"}  # fmt: skip
    found = compressor.compress_prompt(
        list(case["documents"]), question=case["question"], target_token=case["target"], iterative_size=case["size"],
        concate_question=False, context_budget="+100", **more,
    )  # fmt: skip
    for name in ("get_compressed_input", "control_context_budget", "iterative_compress_prompt"):
        delattr(compressor, name)
    ids = compressor.tokenizer("\n\n".join(watch.texts), add_special_tokens=False).input_ids
    return {"order": watch.order, "tokens": ids[watch.start :], "kept": watch.kept(), "text": found["compressed_prompt"]}


def losses(compressor: Any, ids: Sequence[int], given: int) -> tuple[list[float], float]:
    """Losses of the tokens behind the first ``given`` ones, and what the reference calls their perplexity: the mean."""
    import torch

    row = torch.tensor([list(ids)])
    named = {"input_ids": row, "attention_mask": torch.ones_like(row), "condition_mode": "after", "condition_pos_id": given - 1}
    return compressor.get_ppl("", "token", **named).tolist(), float(compressor.get_ppl("", "sentence", **named))


def ranked(compressor: Any, documents: Sequence[str], question: str) -> list[list[float]]:
    """Index and number of each document, as the reference ranks them."""
    lengths = [compressor.get_token_length(text) for text in documents]
    method, condition = ("longllmlingua", "after") if question else ("llmlingua", "none")
    found = compressor.get_rank_results(list(documents), question, method, condition, lengths)
    return [[int(index), float(value)] for index, value in found]


def answers(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is asked of one model."""
    from importlib.metadata import version

    from llmlingua import PromptCompressor

    compressor = PromptCompressor(model_name=asked["folder"], device_map="cpu")
    return {
        "versions": {name: version(name) for name in ("llmlingua", "torch", "transformers", "tokenizers")},
        "losses": [losses(compressor, row["ids"], row["given"]) for row in asked["losses"]],
        "plain": [compressor.get_ppl(text, "token").tolist() for text in asked["texts"]],
        "ranks": [ranked(compressor, row["documents"], row["question"]) for row in asked["ranks"]],
        "cases": [compressed(compressor, case) for case in asked["cases"]],
    }


def main() -> None:
    """Answers one question."""
    import torch
    from workers import own_output  # beside this script

    asked = json.load(sys.stdin)
    torch.set_num_threads(asked["threads"])
    with own_output() as say:
        say(**answers(asked))


if __name__ == "__main__":
    main()
