"""Drives the package ``llmlingua`` 0.2.2, in the environment that has it, for :mod:`linguapress.evaluation.package`.

Each line on standard input is one request, each line on standard output its answer, both JSON; an empty answer says at first that
it is ready. Imports nothing of linguapress: that environment does not have it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

Answer = dict[str, Any]


class Watched:
    """A compressor of the package, with its documents' order and its model's time noted; what it does is its own."""

    def __init__(self, folder: str, use_llmlingua2: bool) -> None:
        """Loads the model in a folder."""
        from llmlingua import PromptCompressor

        self.press = PromptCompressor(model_name=folder, device_map="cpu", use_llmlingua2=use_llmlingua2)
        self.order: list[int] = []
        self.forward = 0.0
        self._choose, self.press.control_context_budget = self.press.control_context_budget, self._chosen
        self._read, self.press.model.forward = self.press.model.forward, self._timed

    def _chosen(self, *given: Any, **named: Any) -> Any:
        found = self._choose(*given, **named)
        self.order = [int(index) for index in found[2]]
        return found

    def _timed(self, *given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return self._read(*given, **named)
        finally:
            self.forward += time.perf_counter() - start

    def answer(self, asked: Mapping[str, Any]) -> Answer:
        """What the package makes of a request.

        Returns:
            ``text``; ``pieces`` of it, each with the numbers of the documents that it is made of, in its order; ``seconds`` of the
            call, and of them ``forward`` in the model.
        """
        documents = list(asked["documents"])
        self.order, self.forward, start = list(range(len(documents))), 0.0, time.perf_counter()
        found = self.press.compress_prompt(documents, question=asked["question"], target_token=asked["target"], **asked["settings"])
        seconds, text = time.perf_counter() - start, found["compressed_prompt"]
        parts = found.get("compressed_prompt_list")  # LLMLingua-2 shortens each document by itself
        pieces = [[self.order, text]] if parts is None else [[[number], part] for number, part in enumerate(parts)]
        return {"text": text, "pieces": pieces, "seconds": seconds, "forward": self.forward}


def answered(load: Any, asked: Mapping[str, Any]) -> Answer:
    """An answer, or the ``error`` that the package stops with, or why it is ``unusable`` at all."""
    try:
        watched = load(asked["model"])
    except Exception as error:  # whatever is missing there: a package, a file, a connection
        return {"unusable": _told(error)}
    try:
        found: Answer = watched.answer(asked)
    except Exception as error:  # what it cannot compress is a finding, not the end of the grid
        return {"error": _told(error)}
    return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def main() -> None:
    """Serves until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", required=True, help="folder of the token classifier of LLMLingua-2")
    parser.add_argument("--lm", required=True, help="folder of the causal language model")
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()

    from workers import own_output  # beside this script

    folders = {"keep": options.keep, "lm": options.lm}

    @cache
    def load(model: str) -> Watched:
        watched = Watched(folders[model], use_llmlingua2=model == "keep")
        import torch  # not before what may be missing

        torch.set_num_threads(options.threads)
        return watched

    with own_output() as say:
        say()  # ready
        for line in sys.stdin:
            say(**answered(load, json.loads(line)))


if __name__ == "__main__":
    main()
