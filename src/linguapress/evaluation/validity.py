"""Whether what is kept of a JSON value, a Markdown table or fenced code is still one."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from linguapress.compression import Compression
from linguapress.evaluation.checks import Figures


@dataclass(frozen=True, slots=True)
class Valid:
    """The share of structured documents, of those of which something is kept, that are still valid.

    Attributes:
        kinds: of each document, keys of :data:`KINDS`.
    """

    kinds: tuple[str, ...]

    def __call__(self, out: Compression) -> Figures:
        """``valid``, and ``kept_documents``: the share of documents of which something is kept."""
        found = [KINDS[self.kinds[passage.index]](passage.text) for passage in out.passages]
        return {"valid": sum(found) / len(found) if found else None, "kept_documents": len(found) / len(self.kinds)}


def is_json(text: str) -> bool:
    """Whether it parses."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def is_table(text: str) -> bool:
    """Whether it is a header, a ruler and rows, all of as many cells."""
    lines = text.strip().splitlines()
    cells = {line.strip().strip("|").count(" | ") for line in lines}
    ruled = len(lines) > 1 and set(lines[1].strip()) <= set("|-: ")
    return ruled and len(cells) == 1 and all(line.strip().startswith("|") and line.strip().endswith("|") for line in lines)


def is_code(text: str) -> bool:
    """Whether it is Python between two fences."""
    lines = text.strip().splitlines()
    if len(lines) < 2 or not lines[0].startswith("```") or lines[-1].strip() != "```":
        return False
    try:
        ast.parse("\n".join(lines[1:-1]))
    except (SyntaxError, ValueError):
        return False
    return True


KINDS: Mapping[str, Callable[[str], bool]] = {"json": is_json, "table": is_table, "code": is_code}
