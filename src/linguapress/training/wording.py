"""When two words are the same word, though a teacher has slipped: case, accents, apostrophes, thousands commas, inflection.

A word here is what no punctuation or blank parts, so that "photo-voltaic" is two; scripts that write no blanks have one for
each character. Never by edit distance: "absorption" and "adsorption", "10.5" and "105" are different.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from linguapress.text import Span

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]"
_WORD = regex.compile(
    rf"(?P<word>[{_UNSPACED}]\p{{M}}*|{_LETTER}+(?:(?:[.'’ʼ&](?={_LETTER})|[,:٫٬](?=\p{{N}})){_LETTER}+)*)"
    r"|(?<!\S)(?P<mark>[^\p{L}\p{M}\p{N}\s]+)(?!\S)"  # stands alone between blanks: a word of its own
    r"|(?P<attached>[^\p{L}\p{M}\p{N}\s])",
    regex.V1,
)
_THOUSANDS = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_INITIALS = regex.compile(r"(?:\p{L}\.)+\p{L}")
_QUOTES = str.maketrans("’ʼ", "''")


def _pairs(words: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair.split("-")) for pair in words.split())


# Pairs of endings after the same beginning: talk-talks, agree-agreed, make-making, city-cities, plan's-plans.
_ENDINGS = _pairs(
    "-s -es -'s -' -d -ed -ing s-'s s-' s-ed s-d s-ing es-ing es-ed d-ing ed-ing e-ing e-ed y-ies y-ied ies-ied ies-ying ied-ying"
)
_FALSE_FRIENDS = _pairs(
    "even-evening even-evenings new-news see-seed see-seeds fee-feed unit-united wed-wedding off-offing sever-severed "
    "custom-customs not-noted not-noting her-hers we're-were we'll-well she'll-shell he'll-hell can't-cant"
)
_HYPHENS = frozenset("-‐‑\u00ad")
_COMMON = 3  # letters that two inflections must share at the beginning


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        span: where it stands.
        key: equal for words that differ in nothing but case, quotes and thousands commas.
        mark: whether it is punctuation.
        attached: whether it is punctuation next to a word, which the other text may write apart.
    """

    span: Span
    key: str
    mark: bool = False
    attached: bool = False


def words_of(text: str, attached: bool = False) -> list[Word]:
    """Words of a text in their order; with ``attached`` also the punctuation that touches them."""
    return [word for word in _words(text) if attached or not word.attached]


def _words(text: str) -> Iterator[Word]:
    for match in _WORD.finditer(text):
        kind = match.lastgroup
        yield Word(Span(*match.span()), _key(match.group()), mark=kind != "word", attached=kind == "attached")


@lru_cache(maxsize=1 << 16)
def _key(word: str) -> str:
    word = unicodedata.normalize("NFKC", word).casefold().translate(_QUOTES)
    word = word.strip("_") or word
    if _THOUSANDS.fullmatch(word):
        return word.replace(",", "")
    return word.replace(".", "") if _INITIALS.fullmatch(word) else word


def alike(words: Iterable[str], others: Sequence[str]) -> dict[str, list[str]]:
    """For each key of ``words``, the different keys among ``others`` that are small rewordings of it."""
    groups: dict[str, list[str]] = defaultdict(list)
    for other in others:
        groups[_plain(other)[:_COMMON]].append(other)
    return {word: [other for other in groups.get(_plain(word)[:_COMMON], ()) if reworded(word, other)] for word in words}


@lru_cache(maxsize=1 << 16)
def reworded(word: str, other: str) -> bool:
    """Whether two different keys are one word in another form: an inflection, or accents and apostrophes left out."""
    if word == other or _number(word) or _number(other) or min(len(word), len(other)) < _COMMON:
        return False
    if frozenset((word, other)) in _FALSE_FRIENDS:
        return False
    return (_plain(word) == _plain(other) and len(_plain(word)) > _COMMON) or _inflected(word, other)


def _inflected(word: str, other: str) -> bool:
    shared = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    for at in range(shared, max(_COMMON, shared - 2) - 1, -1):
        endings = frozenset((word[at:], other[at:]))
        if endings in _ENDINGS and ("" in endings or "e" in endings or "y" in endings or at > _COMMON):
            return True
    long = max(word, other, key=len)
    return shared == min(len(word), len(other)) >= _COMMON and long[shared:] in (long[shared - 1] + "ed", long[shared - 1] + "ing")


@lru_cache(maxsize=1 << 16)
def _plain(word: str) -> str:
    """Without accents and apostrophes."""
    if word.isascii():
        return word.replace("'", "")
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c)).replace("'", "")


def _number(word: str) -> bool:
    return any(character.isdigit() for character in word)


def respelled(text: str, source: Sequence[Word], target: Sequence[Word]) -> list[Word]:
    """The target's words, compounds parted or joined as the source writes them: "e-mail" for "email" and the reverse."""
    known = {word.key for word in source}
    parts = {first.key + second.key: (first, second) for first, second in pairwise(source) if _hyphenated(text, first, second)}
    result: list[Word] = []
    for word in target:
        if word.key in parts and word.key not in known:
            result += [Word(word.span, part.key) for part in parts[word.key]]
        elif (joined := _joined(result, word)) and joined.key in known and not (word.key in known and result[-1].key in known):
            result[-1] = joined
        elif not (word.attached and result and word.key in _HYPHENS):
            result.append(word)
    return result


def _joined(result: Sequence[Word], word: Word) -> Word | None:
    """The last word and this one as one, where both are letters."""
    if not result or word.mark or result[-1].mark or _number(word.key + result[-1].key):
        return None
    return Word(Span(result[-1].span.start, word.span.end), result[-1].key + word.key)


def _hyphenated(text: str, first: Word, second: Word) -> bool:
    between = text[first.span.end : second.span.start]
    return between in _HYPHENS and not _number(first.key + second.key)
