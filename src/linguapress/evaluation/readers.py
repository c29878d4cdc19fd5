"""Who answers from a compressed context: an extractive model, or any LangChain chat model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from linguapress.errors import MissingExtra, ModelNotFound
from linguapress.evaluation.metrics import exact, f1
from linguapress.evaluation.tables import Row
from linguapress.imported import chat_model

_LANGCHAIN = "langchain:"
_PROMPT = (
    "Answer the question with the text below alone, in as few words as you can, without a sentence around them. The text was "
    "shortened; words may be missing. If it holds no answer, say: unknown.\n\n{context}\n\nQuestion: {question}\nAnswer:"
)
_LONGEST = 30  # tokens of an answer


class Reader(Protocol):
    """Answers questions."""

    @property
    def single(self) -> bool:
        """Whether it may only be asked about a single passage, since it cannot tell which of several answers."""
        ...

    def answer(self, question: str, context: str) -> str:
        """What it says; empty where it says nothing."""
        ...


def reader_of(spec: str) -> Reader:
    """A folder or hub name of an extractive question-answering model, or ``langchain:package.module:factory``.

    Raises:
        UnknownName: nothing of that name can be imported.
        ModelNotFound: no such model.
    """
    return ChatReader(chat_model(spec.removeprefix(_LANGCHAIN), "invoke")) if spec.startswith(_LANGCHAIN) else SpanReader(spec)


def read(reader: Reader, question: str, context: str, answers: Sequence[str]) -> Row:
    """``said``, and its ``f1`` and ``em``; an empty context is not read and answers nothing."""
    said = reader.answer(question, context) if context.strip() else ""
    return {"said": said, "f1": f1(said, answers), "em": exact(said, answers)}


@dataclass(frozen=True)
class ChatReader:
    """A ``BaseChatModel`` of any provider, which is asked once for each context.

    Attributes:
        model: the chat model, with its key, temperature and so on.
        single: never; it reads anything.
    """

    model: Any = field(repr=False)
    single: bool = False

    def answer(self, question: str, context: str) -> str:
        """What it says."""
        try:
            from langchain_core.messages import HumanMessage
        except ImportError as error:
            raise MissingExtra("langchain-core", "distill") from error
        reply = self.model.invoke([HumanMessage(content=_PROMPT.format(context=context, question=question))])
        return str(reply.text).strip()


class _Window(NamedTuple):
    """The best span of a window: its logits' sum, and its characters."""

    score: float
    start: int
    end: int


@dataclass(frozen=True)
class SpanReader:
    """An extractive model (``AutoModelForQuestionAnswering``): the best span of all windows.

    Attributes:
        model: folder or hub name.
        single: always; over several passages such a model cannot tell which one answers.
        window: tokens that it reads at once, question included.
        stride: tokens that two windows share.
    """

    model: str
    single: bool = True
    window: int = 384
    stride: int = 96

    def answer(self, question: str, context: str) -> str:
        """The span, letter by letter."""
        best = max(self._windows(question, context), default=_Window(0, 0, 0))
        return context[best.start : best.end]

    def _windows(self, question: str, context: str) -> list[_Window]:
        import torch

        tokenizer, model = _loaded(self.model)
        parts = tokenizer(
            question, context, truncation="only_second", max_length=self.window, stride=self.stride, padding=True,
            return_tensors="pt", return_overflowing_tokens=True, return_offsets_mapping=True,
        )  # fmt: skip
        offsets = parts.pop("offset_mapping").numpy()
        parts.pop("overflow_to_sample_mapping")
        with torch.inference_mode():
            out = model(**parts)
        found = []
        for row, (start, end) in enumerate(zip(out.start_logits.float().numpy(), out.end_logits.float().numpy(), strict=True)):
            inside = [place for place, kind in enumerate(parts.sequence_ids(row)) if kind == 1]
            if inside:
                found.append(_best(start[inside], end[inside], offsets[row][inside]))
        return found


def _best(start: Any, end: Any, offsets: Any) -> _Window:
    """The span of at most :data:`_LONGEST` tokens with the largest sum of logits."""
    sums = np.triu(start[:, None] + end[None, :]) + np.tril(np.full((len(start), len(start)), -np.inf), -1)
    sums = np.where(np.triu(np.ones_like(sums), _LONGEST) > 0, -np.inf, sums)
    first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return _Window(float(sums[first, last]), int(offsets[first][0]), int(offsets[last][1]))


@lru_cache(maxsize=2)
def _loaded(model: str) -> tuple[Any, Any]:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(model), AutoModelForQuestionAnswering.from_pretrained(model).float().eval()
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"no extractive reader called {model!r}: {error}") from error
