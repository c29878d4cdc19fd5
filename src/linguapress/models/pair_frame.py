"""Question and passage as one row of tokens; a runtime adds the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linguapress.counters import plain_tokenizer
from linguapress.models.runtimes import graph_of
from linguapress.models.sentence_odds import PLAIN, SentenceOdds
from linguapress.scores import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = NDArray[np.int64]


class Frame(NamedTuple):
    """What stands around question and passage.

    Attributes:
        ids: special tokens before the question, between the two, and after the passage.
        types: token types of the question, of what parts them, and of the passage.
        pad: id of the padding token.
        unknown: id of the unknown token, -1 where there is none.
        longest: tokens that the model reads at once, special ones included.
        odds: what makes the probability that a sentence is needed of what the model says.
    """

    ids: tuple[Ids, Ids, Ids]
    types: tuple[int, int, int]
    pad: int
    unknown: int
    longest: int
    odds: SentenceOdds = PLAIN


class Pairs(ABC):
    """A selector that is ready to read.

    Attributes:
        frame: what stands around the two parts.
        special: special tokens around them.
        longest: tokens that the model reads at once, special ones included.
        longest_question: tokens of the question among them.
        unknown: id of the unknown token, -1 where there is none.
        batch_tokens: tokens in a batch that suit the device.
    """

    batch_tokens: int

    def __init__(self, tokenizer: Tokenizer, frame: Frame) -> None:
        self.tokenizer, self.frame = plain_tokenizer(tokenizer), frame
        self.special = sum(map(len, frame.ids))
        self.longest, self.unknown = frame.longest, frame.unknown
        self.longest_question = self.longest // 3

    def ids(self, texts: Sequence[str]) -> list[Any]:
        """Encodings without special tokens."""
        return list(self.tokenizer.encode_batch(list(texts), add_special_tokens=False))

    def question(self, text: str) -> Ids:
        """Tokens of the question, of a long one the beginning and the end."""
        found = np.asarray(self.ids([text])[0].ids, dtype=np.int64)
        if len(found) <= self.longest_question:
            return found
        half = self.longest_question // 2
        return np.concatenate([found[:half], found[half - self.longest_question :]])

    @abstractmethod
    def forward(self, question: Ids, rows: Sequence[Ids], length: int) -> tuple[Floats, Floats, Floats]:
        """Relevance [rows], p(needed) and logits of the answer, both [rows, tokens of the passage].

        Args:
            question: ids of tokens.
            rows: ids of tokens, of one passage a row.
            length: tokens of the longest pair and its special ones, rounded up; what follows a shorter passage means nothing.
        """

    def before(self, question: Ids) -> int:
        """Tokens before the passage."""
        return len(self.frame.ids[0]) + len(question) + len(self.frame.ids[1])

    def arrays(self, question: Ids, rows: Sequence[Ids], length: int) -> tuple[Ids, Ids, Ids, NDArray[np.bool_]]:
        """Ids, mask, token types and places of the passage, each of shape [rows, length]."""
        before = np.concatenate([self.frame.ids[0], question, self.frame.ids[1]])
        parted = len(self.frame.ids[0]) + len(question)
        ids = np.full((len(rows), length), self.frame.pad, dtype=np.int64)
        mask, types, inside = np.zeros_like(ids), np.zeros_like(ids), np.zeros(ids.shape, dtype=bool)
        types[:, :parted], types[:, parted : len(before)] = self.frame.types[0], self.frame.types[1]
        for row, tokens in enumerate(rows):
            full = np.concatenate([before, tokens, self.frame.ids[2]])
            ids[row, : len(full)], mask[row, : len(full)] = full, 1
            types[row, len(before) : len(full)] = self.frame.types[2]
            inside[row, len(before) : len(before) + len(tokens)] = True
        return ids, mask, types, inside


def load_pairs(name: str, device: str, runtime: str = "auto") -> Pairs:
    """Loads a selector; see :class:`~linguapress.models.pair_reader.PairReader` for the arguments."""
    graph = graph_of(name, runtime)
    if graph is not None:
        from linguapress.models.onnx_pairs import load_onnx_pairs

        return load_onnx_pairs(graph, device)
    from linguapress.models.pair_weights import load_pair_weights  # brings torch, seconds

    return load_pair_weights(name, device, exact=runtime == "torch-float32")
