"""How surprising each token of a text is to a causal language model."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linguapress.errors import UnknownName
from linguapress.models.causal_cache import Feed, Ids
from linguapress.models.causal_reader import CausalReader
from linguapress.models.causal_windows import Stride, strides
from linguapress.models.embedded import CAUSAL
from linguapress.models.fingerprints import written
from linguapress.models.runtimes import checked_runtime
from linguapress.scores import TokenScores

if TYPE_CHECKING:
    from linguapress.models.causal_weights import CausalWeights

Tasks = dict[bytes, list["Task"]]


def shared_causal_lm(model: str = CAUSAL, device: str = "auto", runtime: str = "auto") -> CausalLM:
    """The one model of that name in this process, however its defaults are spelled; nothing is loaded until it reads.

    Of a folder that was written anew it is a new one.
    """
    return _shared(model, device, runtime, written(model))


@lru_cache(maxsize=4)
def _shared(model: str, device: str, runtime: str, _: object) -> CausalLM:
    return CausalLM(model, device, runtime=runtime)


class Task(NamedTuple):
    """A stride of one text, behind its head."""

    text: int
    head: Ids
    stride: Stride


class CausalLM:
    """A Hugging Face causal language model with a fast tokenizer.

    Surprisal is -ln p(token | what precedes it), in nats. What precedes the first token is the tokenizer's BOS token (EOS where it
    has none, else its first special token, else token 0), then the prefix. Prefix and text are cut into tokens on their own, so
    that the tokens of a text do not depend on what stands before it.

    A text longer than the window is read in strides: each token is scored once, and sees the starting token and the prefix, and
    together with these at least half a window before it. Of a prefix longer than half a window only the end is read.

    Nothing is loaded before it is needed, nothing is remembered between calls. Safe to call from several threads.
    """

    def __init__(
        self, model: str = CAUSAL, device: str = "auto", batch_tokens: int = 0, window: int = 0, runtime: str = "auto"
    ) -> None:
        """Notes what to load.

        Args:
            model: ``"lm"`` = the embedded one, a stand-in; a local folder; or a hub name.
            device: ``"auto"`` or a torch device.
            batch_tokens: most tokens in a batch; 0 = what suits the device. Results do not depend on it.
            window: most tokens read at once, 16 or more; 0 = as many as the model can.
            runtime: ``"torch-float32"``; ``"auto"`` = bfloat16 where the device multiplies it, float32 elsewhere.

        Raises:
            UnknownName: a runtime that does not exist, or that does not run causal models.
        """
        self.name, self.device_name, self.batch_tokens, self.window = model, device, batch_tokens, window
        self.runtime = _checked(runtime)
        self._lock = threading.Lock()
        self._loaded: CausalWeights | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the settings, not the weights."""
        return CausalLM, (self.name, self.device_name, self.batch_tokens, self.window, self.runtime)

    @property
    def loaded(self) -> CausalWeights:
        """Model and tokenizer, loaded on first use.

        Raises:
            ModelNotFound: see :func:`~linguapress.models.causal_loading.load_causal`.
        """
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    from linguapress.models.causal_loading import load_causal  # brings torch, seconds

                    self._loaded = load_causal(self.name, self.device_name, self.window, exact=self.runtime == "torch-float32")
        return self._loaded

    def surprisals(self, texts: Sequence[str], prefixes: Sequence[str] | None = None) -> list[TokenScores]:
        """Surprisal of each token of each text, given its prefix, which is not part of the result.

        A prefix that several texts share is computed once. The mean of the values is the logarithm of the perplexity.

        Args:
            texts: of any length.
            prefixes: one for each text; None = none.

        Raises:
            ModelNotFound: the model cannot be loaded.
            BrokenModel: it answers with NaN.
            ValueError: texts and prefixes are not equally many.
        """
        model = self.loaded
        rows, offsets = model.encode(texts)
        heads = _heads(model, texts, prefixes)
        found = [np.zeros(len(row), dtype=np.float32) for row in rows]
        tasks: Tasks = defaultdict(list)
        for text, (row, head) in enumerate(zip(rows, heads, strict=True)):
            if len(row):
                tasks[head.tobytes()] += [Task(text, head, stride) for stride in strides(len(row), model.window - len(head))]
        for part in _parts(tasks, self.batch_tokens or model.batch_tokens):
            chosen, shared = [task for group in part.values() for task in group], model.caches and _shares(part)
            past = model.remember([group[0].head for group in part.values()]) if shared else None
            numbers = {head: number for number, head in enumerate(part)}
            feeds = [_feed(task, rows[task.text], numbers[task.head.tobytes()] if shared else None) for task in chosen]
            for task, values in zip(chosen, model.score(feeds, past, self.batch_tokens), strict=True):
                found[task.text][task.stride.scored : task.stride.end] = values
        return [TokenScores(*parts) for parts in zip(offsets, found, strict=True)]

    def reader(self, texts: Sequence[str], prefixes: Sequence[str] | None = None, stale: bool = False) -> CausalReader:
        """A reader of the texts, at their beginning; of each prefix everything stays in the context.

        Args:
            texts: of any length.
            prefixes: one for each text; None = none.
            stale: keep the key-values of kept tokens as they were when dropped tokens still stood between them, instead of
                computing them anew: less work, other numbers than those of the paper.
        """
        model = self.loaded
        rows, offsets = model.encode(texts)
        return CausalReader(model, rows, offsets, _heads(model, texts, prefixes), self.batch_tokens or model.batch_tokens, stale)


def _checked(runtime: str) -> str:
    if checked_runtime(runtime).startswith("onnx"):
        raise UnknownName(f"causal language models run on torch alone; leave out runtime={runtime!r}")
    return runtime


def _heads(model: CausalWeights, texts: Sequence[str], prefixes: Sequence[str] | None) -> list[Ids]:
    if prefixes is not None and len(prefixes) != len(texts):
        raise ValueError(f"{len(texts)} texts but {len(prefixes)} prefixes; give one for each text, '' for none")
    return model.heads(prefixes if prefixes is not None else [""] * len(texts))


def _shares(tasks: Mapping[bytes, Sequence[Task]]) -> bool:
    """Whether heads are computed on their own: where several texts share them, and there is more than the starting token."""
    return all(len(group) > 1 and len(group[0].head) > 1 for group in tasks.values())


def _parts(tasks: Tasks, batch_tokens: int) -> Iterator[Tasks]:
    """What is read together: all heads of which nothing is shared, then as many shared ones as fill a batch."""
    alone = {head: group for head, group in tasks.items() if not _shares({head: group})}
    if alone:
        yield alone
    part: Tasks = {}
    for head in sorted(tasks.keys() - alone.keys(), key=len):
        if part and (len(part) + 1) * len(tasks[head][0].head) > batch_tokens:
            yield part
            part = {}
        part[head] = tasks[head]
    if part:
        yield part


def _feed(task: Task, row: Ids, number: int | None) -> Feed:
    start, scored, end = task.stride
    if number is None:
        return Feed.after(task.head, row[start:end], scored - start)
    return Feed.after(task.head, row[start:end], scored - start, number, np.arange(len(task.head) - 1))
