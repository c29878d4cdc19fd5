"""What the README of a data set says about its licence."""

from __future__ import annotations

from pathlib import Path

import regex


def licence_of(folder: Path) -> str:
    """The section whose heading speaks of a licence, else the paragraphs that do, on one line."""
    file = folder / "README.md"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    section = regex.search(r"(?im)^#+ .*licen[cs]e.*\n+((?:(?!#).*\n?)+)", text)
    blocks = (
        [section[1]] if section else [block for block in regex.split(r"\n\s*\n", text) if regex.search(r"(?i)licen[cs]e", block)]
    )
    return " ".join(" ".join(blocks).split()) or "not stated"
