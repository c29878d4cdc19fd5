"""A compression as HTML, for a notebook or as a page of its own: nothing else is loaded, and no script runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from itertools import groupby
from typing import NamedTuple

from linguapress.compression import Compression
from linguapress.draft import Stage
from linguapress.render import label, pieces, shown, summary
from linguapress.text import Passage, Span, merge
from linguapress.unit_scores import UnitScores

_MOST = 100_000  # characters of all documents together beyond which long dropped stretches are folded, and then the rest
_LONG, _ENDS = 400, 150  # characters of a dropped stretch that is folded, and of its two ends that are still shown
_DOCUMENTS = 200  # kept, and as many dropped whole
_CELLS = 400  # places that a bar tells apart
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_AROUND = "body{margin:0;padding:1.2em;color-scheme:light dark;background:Canvas;color:CanvasText}.linguapress{margin:auto}"


def to_page(compression: Compression, names: Sequence[str] = ()) -> str:
    """A whole HTML document around :func:`to_html`, light or dark as the reader's browser is.

    Args:
        compression: what to show.
        names: one for each document the caller gave; ``documents[0]`` and so on when there are none.
    """
    title = f"{escape(summary(compression))} · linguapress"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_AROUND}</style>\n</head>\n<body>\n<main>{to_html(compression, names)}</main>\n</body>\n</html>\n"
    )


def to_html(compression: Compression, names: Sequence[str] = ()) -> str:
    """Documents as one ``div`` that needs nothing else, readable on light and dark pages, without colours and without styles.

    The text of an element with ``data-document`` is the document itself, with :func:`~linguapress.render.shown` for control
    characters. Beyond 100,000 characters in all, long dropped stretches are folded, then the ends of documents; beyond 200
    documents, the rest of them. What is left out is counted.

    Args:
        compression: what to show.
        names: see :func:`to_page`.
    """
    warnings = "".join(f'<p class="facts">Warning: {_html(shown(warning))}</p>' for warning in compression.warnings)
    groups = [group[:_DOCUMENTS] for group in (compression.passages, compression.dropped)]
    views = iter(_views([passage for group in groups for passage in group], compression.scores))
    kept, dropped = ("".join(_document(passage, names, next(views)) for passage in group) for group in groups)
    kept += _more(len(compression.passages))
    dropped += _more(len(compression.dropped))
    count = len(compression.dropped)
    title = f'<summary class="facts">{count:,} {"document" if count == 1 else "documents"} dropped whole</summary>'
    folded = f"<details>{title}{dropped}</details>" if dropped else ""
    head = f"<p><b>{escape(summary(compression))}</b></p>{_steps(compression.stages)}{warnings}"
    return f'<div class="linguapress"><style>{_style()}</style>{head}{kept}{folded}</div>'


@cache
def _style() -> str:
    return resources.files("linguapress").joinpath("page.css").read_text("utf-8")


def _steps(stages: Sequence[Stage]) -> str:
    """What each step left, and how long it took; nothing when nothing had to be done."""
    rows = "".join(
        f"<tr><td>{_html(shown(step.name))}</td><td>{step.tokens_in:,}</td><td>{step.tokens_out:,}</td>"
        f"<td>{step.milliseconds:,.1f} ms</td></tr>"
        for step in stages
    )
    names = "".join(f'<th scope="col">{name}</th>' for name in ("step", "tokens in", "out", "time"))
    return f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""


def _more(documents: int) -> str:
    left = documents - _DOCUMENTS
    return f'<p class="gap">… {left:,} more documents …</p>' if left > 0 else ""


def _document(passage: Passage, names: Sequence[str], view: Iterable[_Scored | int]) -> str:
    share = len(passage.text) / max(1, len(passage.source))
    about = f"{_html(label(passage, names))}</bdi> · {share:.0%} of {len(passage.source):,} characters kept"
    body = "".join(map(_piece, view))
    text = f'<div class="text" data-document="{passage.index}" dir="auto">{body}</div>'
    return f'<section><div class="facts"><bdi>{about}</div>{_bar(passage.spans, len(passage.source))}{text}</section>'


class _Scored(NamedTuple):
    """A stretch of a document.

    Attributes:
        text: its characters, safe to show.
        kept: whether it is part of the result.
        score: what the method thought of the unit it belongs to; None when it was not rated.
    """

    text: str
    kept: bool
    score: float | None


def _piece(item: _Scored | int) -> str:
    if isinstance(item, int):
        return f'<span class="gap">… {item:,} characters …</span>'
    about = "" if item.score is None else f" · score {item.score:.2f}"
    tag, state = ("mark", "kept") if item.kept else ("del", "dropped")
    return f'<{tag} title="{state}{about}">{_html(item.text)}</{tag}>'


def _scored(passage: Passage, scores: UnitScores | None) -> Iterator[_Scored]:
    """The document in pieces of one unit each."""
    start = 0
    for text, kept in pieces(passage):
        span = Span(start, start + len(text))
        for (begin, end), score in scores.cut(span) if scores else [(span, None)]:
            yield _Scored(text[begin - start : end - start], kept, score)
        start = span.end


def _views(passages: Sequence[Passage], scores: Mapping[int, UnitScores]) -> list[list[_Scored | int]]:
    """What is shown of each document: its pieces, and the numbers of characters that are left out between them."""
    views = [list(_scored(passage, scores.get(passage.index))) for passage in passages]
    if sum(len(passage.source) for passage in passages) <= _MOST:
        return [list(view) for view in views]
    folded = [list(_folded(view)) for view in views]
    sizes = [sum(len(item.text) for item in view if isinstance(item, _Scored)) for view in folded]
    share = min(1.0, _MOST / max(1, sum(sizes)))
    return [list(_beginning(view, int(size * share))) for view, size in zip(folded, sizes, strict=True)]


def _folded(found: Iterable[_Scored]) -> Iterator[_Scored | int]:
    """The pieces; of long dropped stretches the two ends, and the number of characters between them."""
    for kept, run in groupby(found, key=lambda piece: piece.kept):
        group = list(run)
        size = sum(len(piece.text) for piece in group)
        if kept or size <= _LONG:
            yield from group
        else:
            yield from _slice(group, 0, _ENDS)
            yield size - 2 * _ENDS
            yield from _slice(group, size - _ENDS, size)


def _slice(group: Iterable[_Scored], start: int, end: int) -> Iterator[_Scored]:
    at = 0
    for text, kept, score in group:
        if part := text[max(0, start - at) : max(0, end - at)]:
            yield _Scored(part, kept, score)
        at += len(text)


def _beginning(view: Iterable[_Scored | int], room: int) -> Iterator[_Scored | int]:
    """As much as ``room`` characters hold, and the number of characters after that."""
    hidden = 0
    for item in view:
        size = item if isinstance(item, int) else len(item.text)
        if room <= 0:
            hidden += size
        elif isinstance(item, int):
            yield item
        else:
            yield item._replace(text=item.text[:room])
            hidden, room = max(0, size - room), room - size
    if hidden:
        yield hidden


def _bar(spans: Sequence[Span], length: int) -> str:
    """A strip that stands for the document, filled where something is kept."""
    scale = _CELLS / max(1, length)
    cells = merge((int(start * scale), max(int(start * scale) + 1, round(end * scale))) for start, end in spans)
    path = "".join(f"M{start} 0H{end}V1H{start}z" for start, end in cells)
    return f'<svg viewBox="0 0 {_CELLS} 1" preserveAspectRatio="none" aria-hidden="true"><path d="{path}"/></svg>'


def _html(text: str) -> str:
    return escape(text).replace("\r", "&#13;")
