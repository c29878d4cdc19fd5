"""What was kept and dropped of every document: for terminals and Markdown; :mod:`linguapress.page` writes HTML."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from linguapress.compression import Compression
from linguapress.text import Passage

_KEPT, _DROPPED, _LABEL = "green", "dim strike", "bold"
_CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t\r"} | {0x7F: 0x2421}
_SAFE = _CONTROLS | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD)


class Piece(NamedTuple):
    """A stretch of a document.

    Attributes:
        text: its characters, safe to show.
        kept: whether it is part of the result.
    """

    text: str
    kept: bool


def shown(text: str) -> str:
    """``text`` with every control character replaced by a visible one, one for one; no terminal or browser obeys it."""
    return re.sub(r"\r(?!\n)", "␍", text.translate(_SAFE))


def pieces(passage: Passage) -> list[Piece]:
    """The whole document as alternating kept and dropped pieces."""
    source = shown(passage.source)
    spans = sorted([(*span, True) for span in passage.spans] + [(*span, False) for span in passage.dropped])
    return [Piece(source[start:end], kept) for start, end, kept in spans]


def label(passage: Passage, names: Sequence[str]) -> str:
    """The name of a document, and its relevance where something measured it."""
    name = names[passage.index] if names else f"documents[{passage.index}]"
    score = "" if passage.score is None else f" · relevance {passage.score:.2f}"
    return " ".join(shown(name).split()) + score


def summary(compression: Compression) -> str:
    """Tokens before and after, and what the limit was."""
    before, after = compression.tokens_before, compression.tokens_after
    return f"{before:,} -> {after:,} tokens ({_ratio(compression.ratio)}), limit {compression.limit:,}"


def stages(compression: Compression) -> str:
    """Time and effect of each step; empty when nothing had to be done."""
    return ", ".join(f"{s.name} {s.tokens_in:,} -> {s.tokens_out:,} in {s.milliseconds:,.1f} ms" for s in compression.stages)


def to_text(compression: Compression, names: Sequence[str] = ()) -> Text:
    """Documents as rich text: kept green, dropped dim and struck through; those dropped whole come last.

    Args:
        compression: what to show.
        names: one for each document the caller gave; ``documents[0]`` and so on when there are none.
    """
    lines = []
    for passage in (*compression.passages, *compression.dropped):
        line = Text(label(passage, names) + "\n", style=_LABEL)
        styled = Text()
        for text, kept in pieces(passage):
            styled.append(text, style=_KEPT if kept else _DROPPED)
        lines.append(Text.assemble(line, styled))
    return Text("\n\n").join(lines)


def to_ansi(compression: Compression, names: Sequence[str] = ()) -> str:
    """Documents for a terminal, with escape sequences; callers ask for :func:`to_plain` where colour is not wanted."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", no_color=False, legacy_windows=False)
    console.print(to_text(compression, names), soft_wrap=True)
    return out.getvalue()


def to_plain(compression: Compression, names: Sequence[str] = ()) -> str:
    """Documents without any styling; what is dropped stands between ``[-`` and ``-]``, as in a word diff."""
    blocks = [
        "\n".join((label(passage, names), "".join(text if kept else f"[-{text}-]" for text, kept in pieces(passage))))
        for passage in (*compression.passages, *compression.dropped)
    ]
    return "\n\n".join(blocks) + "\n"


def to_markdown(compression: Compression, names: Sequence[str] = ()) -> str:
    """Documents as Markdown: kept plain, dropped ``~~struck~~``; those dropped whole under a heading of their own.

    ``<del>`` stands in where the rules of Markdown do not take ``~~`` for a mark, as between a letter and a full stop.
    """
    parts = [f"**{summary(compression)}**", *(f"> {_escaped(shown(warning))}" for warning in compression.warnings)]
    parts += [_markdown_document(passage, names) for passage in compression.passages]
    if compression.dropped:
        parts += ["#### Dropped whole", *(_markdown_document(passage, names) for passage in compression.dropped)]
    return "\n\n".join(parts) + "\n"


def _markdown_document(passage: Passage, names: Sequence[str]) -> str:
    found = pieces(passage)
    around = [" ", *(piece.text for piece in found), " "]
    body = "".join(
        _escaped(text) if kept else _struck(text, before[-1:], after[:1])
        for (text, kept), before, after in zip(found, around, around[2:], strict=False)
    )
    return f"##### {_escaped(label(passage, names))}\n\n{body}"


def _struck(text: str, before: str, after: str) -> str:
    """Each line struck on its own, blanks left outside: a mark does not reach over paragraphs nor touch blanks."""
    return "".join(_struck_parts(text, before, after))


def _struck_parts(text: str, before: str, after: str) -> Iterator[str]:
    for found in re.finditer(r"(\s*)(\S(?:.*\S)?)?", text):
        blank, words = found.group(1), found.group(2)
        yield _escaped(blank)
        if words:
            left = text[found.start(2) - 1] if found.start(2) else before
            right = text[found.end(2)] if found.end(2) < len(text) else after
            opens = words[0].isalnum() or left.isspace()
            closes = words[-1].isalnum() or right.isspace()
            yield f"~~{_escaped(words)}~~" if opens and closes else f"<del>{_escaped(words)}</del>"


def _escaped(text: str) -> str:
    """Markdown that shows ``text`` as it is."""
    text = re.sub(r"([\\`*_~\[\]<>&|$])", r"\\\1", text)
    text = re.sub(r"^([ \t]*)([#+=-]|\d+(?=[.)]))", _at_line_start, text, flags=re.MULTILINE)
    return re.sub(r"^(?= *\t| {4})[ \t]+", lambda found: "&nbsp;" * len(found.group()), text, flags=re.MULTILINE)


def _at_line_start(found: re.Match[str]) -> str:
    blank, mark = found.groups()
    return f"{blank}{mark}\\" if mark[0].isdigit() else f"{blank}\\{mark}"


def _ratio(ratio: float) -> str:
    return "nothing kept" if ratio == float("inf") else f"{ratio:.1f}x"
