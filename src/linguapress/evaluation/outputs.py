"""Where a benchmark writes: files of one name with different endings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ENDINGS = frozenset((".json", ".jsonl", ".md", ".svg", ".png"))


def named(out: Path, ending: str) -> Path:
    """The file of that ending; an ending of ours that ``out`` has already gives way, and other dots in it stay.

    Args:
        out: what the user named, such as ``results/run-0.5`` or ``run.json``.
        ending: with its dot, such as ``.md``.
    """
    return out.with_name((out.stem if out.suffix in _ENDINGS else out.name) + ending)


def write(out: Path, found: Mapping[str, Any], page: str) -> None:
    """Writes NAME.json and NAME.md into a folder that is made where it is missing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    named(out, ".json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    named(out, ".md").write_text(page, encoding="utf-8")
