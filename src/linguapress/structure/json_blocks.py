"""JSON values: members of large ones are units, and so are the parts of long strings; what is kept of a value still parses."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import regex

from linguapress.structure.block import Block
from linguapress.structure.json_records import labels, sentence_starts
from linguapress.text import Span

_PATIENCE = 32  # times the length of the text that may be read behind brackets that turn out not to open a JSON value

_START = regex.compile(r"^\ufeff?+[ \t]*+(?=[\[{])", regex.M)
_LIKELY = regex.compile(r'\{\s*["}]|\[\s*(?:["{\[\]]|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?\s*[,\]]|true|false|null)')
_END = regex.compile(r"[ \t]*+\r?(?:\n\s*|\Z)")
_TOKEN = regex.compile(r'"(?:[^"\\]|\\.)*+"(?P<colon>\s*+:)?|[\[\]{},]|[^\s"\[\]{},]+')
_WORD_GAP = regex.compile(r" +(?=[^\s\"])")


class Grain(NamedTuple):
    """How finely JSON is divided.

    Attributes:
        leaf: characters of a value that is not divided further; a list that is the whole value always is.
        string: characters of a string that is not cut between its words; None = none is.
        labels: whether members that only say which record it is can stand with a text of theirs; else they are nothing.
    """

    leaf: int = 160
    string: int | None = None
    labels: bool = True


USUAL = Grain()
FINER = (Grain(leaf=0, labels=False), Grain(leaf=0, string=40, labels=False))


def json_blocks(text: str, grain: Grain) -> Iterator[Block]:
    """JSON objects and arrays that begin a line and end one."""
    decoder, position, read = json.JSONDecoder(), 0, 0
    for match in _START.finditer(text):
        start = match.end()
        if start < position or not _LIKELY.match(text, start):
            continue
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            end = error.pos if isinstance(error, json.JSONDecodeError) else len(text)
            read += end - start + end // 32  # the error counts the lines before it
            if read >= _PATIENCE * len(text):
                return
            continue
        stop = _END.match(text, end)
        if stop:
            position = stop.end()
            begin = match.start() if text[match.start()] == "\ufeff" else start
            yield _block(text, Span(begin, end), position, grain)


def _block(text: str, value: Span, stop: int, grain: Grain) -> Block:
    """Members of large containers are units, and so are parts of long strings; each needs the brackets or quotes around it."""
    needs: defaultdict[int, list[int]] = defaultdict(list)
    frame: list[int] = []

    def hold(opener: int, parts: Mapping[int, tuple[int, ...]], closer: int) -> None:
        """What opens and what closes need each other; what stands between needs what opens, and others."""
        needs[opener].append(closer)
        needs[closer].append(opener)
        for part, others in parts.items():
            needs[part] += opener, *others

    for opener, members, closer in _containers(text, value, grain.leaf):
        hold(opener, dict.fromkeys(members, (closer,)), closer)
        frame += opener, closer
        shown: dict[int, int] = {}  # of members that are divided strings, the unit that says something
        for member, string in members.items():
            sentences, words, quote = *_string_parts(text, string, grain), string.end - 1
            if sentences or words:
                hold(member, sentences | words, quote)
                frame += (member, quote) if sentences else (quote,)
            if sentences:
                shown[member] = next((part for part, others in sentences.items() if not others), quote)
        naming = labels(text, [*members])
        for label, said in naming.items():
            needs[label].append(shown.get(said, said))
        frame += () if grain.labels else naming
    cuts = (*sorted({value.start, *needs}), stop)
    return Block(value.start, stop, cuts, {unit: tuple(others) for unit, others in needs.items()}, tuple(frame), verbatim=True)


def _containers(text: str, value: Span, leaf: int) -> Iterator[tuple[int, dict[int, Span], int]]:
    """Objects and lists that are divided, the inner ones first.

    Each is given as the place where its unit begins, which is that of its key if it has one; its members, each as the place where
    its unit begins and the first token of its value; and its closing bracket.
    """
    stack: list[tuple[int, dict[int, Span]]] = []
    key: int | None = None
    for token in _TOKEN.finditer(text, *value):
        mark, at = token.group(), token.start()
        if mark in "]}":
            opener, members = stack.pop()
            if members and (at - opener > leaf or (not stack and mark == "]")):
                yield opener, members, at
        elif token["colon"]:
            key = at
        elif mark != ",":
            unit, key = at if key is None else key, None
            if stack:
                stack[-1][1][unit] = Span(at, token.end())
            if mark in "[{":
                stack.append((unit if stack else value.start, {}))


def _string_parts(text: str, string: Span, grain: Grain) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
    """Where sentences of a string begin, each with the others that it needs, and where words do; nothing of other values."""
    if text[string.start] != '"':
        return {}, {}
    sentences = sentence_starts(text, string, grain.leaf)
    if grain.string is None or string.end - string.start <= grain.string:
        return sentences, {}
    return sentences, {word.end(): () for word in _WORD_GAP.finditer(text, string.start + 1, string.end - 1)}
