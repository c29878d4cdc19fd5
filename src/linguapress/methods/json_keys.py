"""JSON documents under rules for their keys: strings get shorter, whole pairs go, and what remains parses as before.

Numbers, booleans, nulls, keys and the strings of keys without a rule stay as they are; a value never changes its type.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linguapress.budget import Budget, takes_budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.errors import InvalidBudget, InvalidDocuments
from linguapress.methods.segmented import compress_segments
from linguapress.segments import Segment
from linguapress.text import Passage, Span, complement, merge

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s"\[\]{},:]+')


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What may happen to the value of a key, and to all strings beneath it that no other rule names.

    Attributes:
        rate: largest share of each string's tokens to keep, 0..1; None = no limit but that of the whole budget.
        compress: whether strings may get shorter.
        remove: whether the whole pair may go: when nothing is left of its strings, or the budget has no room for it.
    """

    rate: float | None = None
    compress: bool = True
    remove: bool = False


_AS_IT_IS = KeyRule(compress=False)


@dataclass(slots=True)
class _Pair:
    """A member of an object: its range, and the strings in its value."""

    start: int
    end: int
    removable: bool
    strings: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Layout:
    """Where things stand in a JSON text.

    Attributes:
        strings: ranges inside the quotes of values that may get shorter, with their rules.
        objects: the pairs of each object.
    """

    strings: list[tuple[Span, KeyRule]] = field(default_factory=list)
    objects: list[list[_Pair]] = field(default_factory=list)

    @property
    def removable(self) -> list[_Pair]:
        """Pairs that may go, in the order of the text."""
        return sorted((pair for pairs in self.objects for pair in pairs if pair.removable), key=lambda pair: pair.start)


@takes_budget
def compress_json(
    press: Compressor, document: str | Mapping[str, Any] | Sequence[Any], keys: Mapping[str, KeyRule], query: str | None = None, *,
    budget: Budget | None = None,
) -> Compression:  # fmt: skip
    """Compresses the values of some keys of a JSON document; the result's text parses.

    Args:
        press: any method.
        document: JSON text, or a value to be written as such.
        keys: rules by key, wherever in the document the key stands.
        query: what the reader will be asked.
        budget: for the whole text; None = only the rates of the rules drop anything.

    Returns:
        The compression of the one text; ``json.loads(result.text)`` is the shorter document.

    Raises:
        InvalidDocuments: the text is no JSON.
        InvalidBudget: what must stay is more than the budget allows.
    """
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    parser = _Parser(list(_TOKEN.finditer(text)), keys)
    try:
        json.loads(text)
        parser.value()
    except (ValueError, RecursionError) as error:
        raise InvalidDocuments(f"the document is no JSON ({error}); give JSON text, or a value to be written as such") from error
    return _Shortening(press, text, parser.layout, query, budget or Budget()).run()


@dataclass(frozen=True)
class _Shortening:
    """One document on its way: pairs go until the rest fits and no removable one is left empty."""

    press: Compressor
    text: str
    layout: _Layout
    query: str | None
    budget: Budget

    def run(self) -> Compression:
        """Repeats, since room that one pair leaves serves the others; each round takes a pair out or settles a torn string."""
        gone = self._too_much()
        whole: frozenset[Span] = frozenset()
        lost: frozenset[Span] = frozenset()
        while True:
            out = self._compressed(gone, whole, lost)
            kept = (out.passages or out.dropped)[0]
            empty = {pair.start for pair in self.layout.removable if pair.start not in gone and self._empty(pair, kept)}
            torn = {span for span, _ in self.layout.strings if span not in lost and not _is_string(_within(kept, span))}
            if not (empty or torn):
                return self._checked(out)
            gone |= empty
            fitting = self._fitting(gone, whole - torn, torn - whole)
            whole, lost = fitting, lost | (torn - fitting)

    def _checked(self, out: Compression) -> Compression:
        """The compression, if it is what it should be: a limit close to the size of the skeleton may have cut that."""
        try:
            json.loads(out.text)
        except ValueError as error:
            raise InvalidBudget(
                f"the limit of {out.limit} tokens leaves no JSON of the document; raise it, or give more keys a rule with compress "
                "or remove"
            ) from error
        return out

    def _fitting(self, gone: Collection[int], whole: frozenset[Span], torn: Collection[Span]) -> frozenset[Span]:
        """Strings kept whole already, and as many of the torn ones, from the first on, as fit beside what must stay."""
        count, row = self.budget.counter, sorted(torn)
        limit = self.budget.limit(count(self.text))
        sizes = range(1, len(row) + 1)
        fit = bisect_right(sizes, limit, key=lambda size: count(_cut(self.text, self._fixed(gone, whole.union(row[:size])))))
        return whole.union(row[:fit])

    def _too_much(self) -> frozenset[int]:
        """Pairs, from the last on, for which the budget has no room even when all strings are empty."""
        count, starts = self.budget.counter, [pair.start for pair in reversed(self.layout.removable)]
        limit = self.budget.limit(count(self.text))

        def tokens(number: int) -> int:
            return count(_cut(self.text, self._fixed(frozenset(starts[:number]))))

        fewest = bisect_left(range(len(starts) + 1), True, key=lambda number: tokens(number) <= limit)
        if fewest > len(starts):
            raise InvalidBudget(
                f"the parts of the JSON document that must stay need {tokens(len(starts))} tokens, more than the limit of {limit}; "
                "raise it, or give more keys a rule with compress or remove"
            )
        return frozenset(starts[:fewest])

    def _fixed(self, gone: Collection[int], whole: Collection[Span] = ()) -> tuple[Span, ...]:
        """Ranges that stay byte for byte, the given strings among them."""
        free = [*(span for span, _ in self.layout.strings if span not in whole), *self._removed(gone)]
        return complement(merge(sorted(free)), len(self.text))

    def _removed(self, gone: Collection[int]) -> list[Span]:
        """Ranges of the pairs that go, each with one of the commas beside it."""
        ranges = (span for pairs in self.layout.objects for span in _ranges(pairs, gone))
        return list(merge(sorted(ranges)))

    def _compressed(self, gone: Collection[int], whole: Collection[Span], lost: Collection[Span]) -> Compression:
        """The compression without the pairs that go; strings that a method has torn are kept whole, or emptied."""
        removed = self._removed(gone)
        segments = [Segment(*span, whole=True) for span in self._fixed(gone)] + [Segment(*span, rate=0.0) for span in removed]
        for span, rule in self.layout.strings:
            if not _cut(self.text, _parts(removed, span)):
                rate = 0.0 if span in lost else rule.rate
                segments.append(Segment(*span, whole=True) if span in whole else Segment(*span, rate))
        return compress_segments(self.press, [self.text], [segments], self.query, budget=self.budget)

    def _empty(self, pair: _Pair, kept: Passage) -> bool:
        """Whether a pair has strings, and nothing is left of them."""
        return bool(pair.strings) and not any(_within(kept, self.layout.strings[number][0]).strip() for number in pair.strings)


def _ranges(pairs: Sequence[_Pair], gone: Collection[int]) -> Iterator[Span]:
    """What to cut for the pairs of one object that go: up to the next pair, or from the last one that stays."""
    last = max((number for number, pair in enumerate(pairs) if pair.start not in gone), default=-1)
    for number, pair in enumerate(pairs[:last]):
        if pair.start in gone:
            yield Span(pair.start, pairs[number + 1].start)
    if pairs and last + 1 < len(pairs):
        yield Span(pairs[last].end if last >= 0 else pairs[0].start, pairs[-1].end)


def _within(passage: Passage, span: Span) -> str:
    """What is kept of a range of the source."""
    return _cut(passage.source, _parts(passage.spans, span))


def _parts(spans: Sequence[Span], around: Span) -> Iterator[Span]:
    """What of ascending spans lies in a range."""
    first = bisect_right(spans, around.start, key=lambda span: span.end)
    last = bisect_left(spans, around.end, lo=first, key=lambda span: span.start)
    return (Span(max(start, around.start), min(end, around.end)) for start, end in spans[first:last])


def _cut(text: str, spans: Iterable[Span]) -> str:
    return "".join(text[start:end] for start, end in spans)


def _is_string(body: str) -> bool:
    """Whether a method has left every escape whole."""
    try:
        json.loads(f'"{body}"')
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class _Parser:
    """One pass over the tokens of valid JSON."""

    tokens: Sequence[re.Match[str]]
    keys: Mapping[str, KeyRule]
    layout: _Layout = field(default_factory=_Layout)
    at: int = 0

    def value(self, rule: KeyRule = _AS_IT_IS, around: Sequence[_Pair] = ()) -> int:
        """Reads a value under a rule, and inside the given pairs; returns where it ends."""
        found = self._next()
        if found.group() == "{":
            self._object(rule, around)
        elif found.group() == "[":
            self._array(rule, around)
        elif found.group()[0] == '"' and len(found.group()) > 2 and rule.compress:
            for pair in around:
                pair.strings.append(len(self.layout.strings))
            self.layout.strings.append((Span(found.start() + 1, found.end() - 1), rule))
        return self.tokens[self.at - 1].end()

    def _object(self, rule: KeyRule, around: Sequence[_Pair]) -> None:
        pairs: list[_Pair] = []
        self.layout.objects.append(pairs)
        for key in self._members("}"):
            self._next()  # the colon
            name = json.loads(key.group())
            own = self.keys.get(name, rule)
            pairs.append(_Pair(key.start(), key.end(), name in self.keys and own.remove))
            pairs[-1].end = self.value(own, (*around, pairs[-1]))

    def _array(self, rule: KeyRule, around: Sequence[_Pair]) -> None:
        for _ in self._members("]"):
            self.at -= 1
            self.value(rule, around)

    def _members(self, closing: str) -> Iterator[re.Match[str]]:
        """The first token of each member; steps over commas and the closing bracket."""
        while (found := self._next()).group() != closing:
            if found.group() != ",":
                yield found

    def _next(self) -> re.Match[str]:
        self.at += 1
        return self.tokens[self.at - 1]
