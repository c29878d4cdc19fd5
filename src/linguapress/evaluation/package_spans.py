"""Where the words of a text that was rebuilt from tokens stand in its documents.

The package ``llmlingua`` hands back text, of which LLMLingua-2 loses letter case, accents and blanks, and LLMLingua pieces of
words. Words that stand together or are long are aligned first, then the letters between them, always in the order of the
documents. Letter case, accents, blanks and the spelling of compatible characters do not count: "1, 889" is found as "1,889", and
"beyonce" as "Beyoncé".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from linguapress.evaluation.package_align import Ints, Symbols, aligned
from linguapress.text import Span

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD = regex.compile(rf"(?V1)[{_UNSPACED}]|[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+|\S")
_WORD_JUMP = 12  # a word of five letters is not worth it, one of six is, or two of three together
_JUMP = 3  # one letter inside a word is not worth it, at the beginning of a word it is
_HALF = 0.5
_BREAK = "\n\n"


class Found(NamedTuple):
    """Where a text stands.

    Attributes:
        spans: for each document the ranges that hold the text's words.
        words: of the text; a sign of punctuation and a Han or Kana character are words too.
        missing: of them, those less than half of whose letters were found.
    """

    spans: list[list[Span]]
    words: int
    missing: int


class Letters(NamedTuple):
    """The characters of a text that count.

    Attributes:
        symbols: they, folded.
        places: of each in the text.
        bounds: where each word begins among them, and where the last one ends.
    """

    symbols: Symbols
    places: Ints
    bounds: Ints

    @classmethod
    def of(cls, text: str) -> Letters:
        """Without blanks, marks and letter case."""
        rows = [
            (ord(letter), place, number)
            for number, word in enumerate(_WORD.finditer(text))
            for place in range(*word.span())
            for letter in _folded(text[place])
        ]
        codes, places, numbers = np.array(rows, dtype=np.int32).reshape(-1, 3).T.copy()
        starts = np.diff(numbers, prepend=-1) > 0
        bounds = np.append(np.flatnonzero(starts), len(rows)).astype(np.int32)
        return cls(Symbols(codes, np.ones_like(codes), starts), places, bounds)

    def words(self, known: dict[bytes, int]) -> Symbols:
        """Its words; equal ones have the same number in ``known``, which grows."""
        texts = [self.symbols.codes[start:end].tobytes() for start, end in pairwise(self.bounds.tolist())]
        codes = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)
        return Symbols(codes, np.diff(self.bounds), np.ones(len(codes), dtype=bool))


@lru_cache(maxsize=1 << 14)
def _folded(character: str) -> str:
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(part for part in parts if unicodedata.category(part) != "Mn" and not part.isspace())


def located(text: str, documents: Sequence[str]) -> Found:
    """Finds a text's words in the documents that it was made of.

    Args:
        text: rebuilt from tokens.
        documents: in the order in which the text takes from them.
    """
    source = _BREAK.join(documents)
    own, other = Letters.of(text), Letters.of(source)
    places = letters_found(own, other)
    lengths = np.diff(own.bounds)
    shares = np.array([np.mean(places[start:end] >= 0) for start, end in pairwise(own.bounds.tolist())])
    chosen = np.flatnonzero((places >= 0) & np.repeat(shares >= _HALF, lengths))
    kept = np.zeros(len(source), dtype=bool)
    for start, end in _ranges(text, source, own.places[chosen], other.places[places[chosen]], np.diff(places[chosen])):
        kept[start:end] = True
    return Found(list(_by_document(kept, documents)), len(lengths), int((shares < _HALF).sum()))


def letters_found(own: Letters, source: Letters) -> Ints:
    """For each letter the number of its letter in the source, ascending; -1 where it has none. Shape [own]."""
    known: dict[bytes, int] = {}
    words = aligned(own.words(known), source.words(known), _WORD_JUMP)
    found = np.full(len(own.places), -1, dtype=np.int32)
    for number in np.flatnonzero(words >= 0).tolist():
        found[slice(*own.bounds[number : number + 2])] = np.arange(*source.bounds[words[number] : words[number] + 2])
    for isfound, group in groupby(range(len(found)), lambda number: bool(found[number] >= 0)):
        if not isfound:
            _fill(found, list(group), own, source)
    return found


def _fill(found: Ints, gap: Sequence[int], own: Letters, source: Letters) -> None:
    """Aligns letters of which no word was found with those that the words around them leave."""
    start, end = gap[0], gap[-1] + 1
    first = int(found[start - 1]) + 1 if start else 0
    last = int(found[end]) if end < len(found) else len(source.places)
    inner = aligned(own.symbols.between(start, end), source.symbols.between(first, last), _JUMP)
    found[start:end] = np.where(inner >= 0, inner + first, -1)


def _ranges(text: str, source: str, own: Ints, places: Ints, steps: Ints) -> Iterator[Span]:
    """The characters that were found, with the marks on them, and what parts them in the source where a blank does in the text.

    Args:
        text: rebuilt.
        source: what it was made of.
        own: places in the text, ascending.
        places: of the same letters in the source, ascending.
        steps: from one to the next, counted in letters of the source.
    """
    yield from (Span(place, _past_marks(source, place + 1)) for place in places.tolist())
    rows = zip(pairwise(own.tolist()), pairwise(places.tolist()), steps.tolist(), strict=True)
    for ends, (left, right), step in rows:
        if step <= 1:  # neighbours, whatever blanks are between them
            yield Span(left, right)
        elif any(character.isspace() for character in text[slice(*ends)]):
            yield from _joint(source, _past_marks(source, left + 1), right)


def _past_marks(text: str, place: int) -> int:
    while place < len(text) and unicodedata.category(text[place]) == "Mn":
        place += 1
    return place


def _joint(source: str, start: int, end: int) -> Iterator[Span]:
    """A blank between two words: that behind the first, else that before the second, else the last between them.

    Where there is none, the signs between them, so that "1 889" of 1,889 does not become the number 1889.
    """
    places = [start, *range(end - 1, start, -1)]
    found = next((place for place in places if source[place].isspace()), None)
    if found is not None:
        yield Span(found, found + 1)
    elif not any(map(str.isalnum, source[start:end])):
        yield Span(start, end)


def _by_document(kept: NDArray[np.bool_], documents: Sequence[str]) -> Iterator[list[Span]]:
    start = 0
    for document in documents:
        borders = np.flatnonzero(np.diff(kept[start : start + len(document)].astype(np.int8), prepend=0, append=0))
        yield [Span(int(left), int(right)) for left, right in borders.reshape(-1, 2)]
        start += len(document) + len(_BREAK)
