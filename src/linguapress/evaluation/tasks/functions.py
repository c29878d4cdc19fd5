"""BFCL: which function answers a request? As JSON documentation, and as JSON, table and code in one context."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from linguapress.evaluation.checks import NamesKept
from linguapress.evaluation.tasks.example import Example
from linguapress.evaluation.validity import Valid
from linguapress.jsonl import read_jsonl

_Spec = Mapping[str, Any]
_FILES = ("bfcl_live_multiple", "bfcl_multiple")
_DOCS = 10  # functions that are offered
_QUESTIONS = 100  # of each file, at most
_TYPES = {"integer": "int", "float": "float", "boolean": "bool", "array": "list", "dict": "dict"}


def api_docs(folder: Path, seed: int) -> Iterator[Example]:
    """Ten functions, a JSON text each, among them the one to call."""
    for name, asked, wanted, others, rng in _requests(folder, seed):
        specs = [wanted, *others[: _DOCS - 1]]
        rng.shuffle(specs)
        place = specs.index(wanted)
        texts = tuple(json.dumps(spec, indent=1, ensure_ascii=False) for spec in specs)
        checks = (NamesKept(_names(wanted), place), Valid(("json",) * len(texts)))
        yield Example(f"api-{name}", asked, texts, (), (), (place,), group=wanted["name"], checks=checks)


def structured(folder: Path, seed: int) -> Iterator[Example]:
    """Four functions each as one JSON array, one Markdown table and one block of Python; the wanted one is in all of them."""
    for name, asked, wanted, others, rng in _requests(folder, seed):
        lists = [[wanted, *others[at : at + 3]] for at in (0, 3, 6)]
        for specs in lists:
            rng.shuffle(specs)
        texts = [_array(lists[0]), _table(lists[1]), _code(lists[2])]
        made = list(zip(("json", "table", "code"), texts, strict=True))
        rng.shuffle(made)
        kinds, documents = zip(*made, strict=True)
        yield Example(f"structured-{name}", asked, documents, (), (), (0, 1, 2), group=wanted["name"], checks=(Valid(kinds),))


def _requests(folder: Path, seed: int) -> Iterator[tuple[str, str, _Spec, list[_Spec], random.Random]]:
    """Name, request, the function to call, others, and a source of chance of its own."""
    for file in _FILES:
        rows = list(read_jsonl(folder / "api_docs" / f"{file}.jsonl.gz"))
        pool = list({spec["name"]: spec for row in rows for spec in row["functions"]}.values())
        random.Random(f"{seed}:{file}").shuffle(rows)
        for row in rows[:_QUESTIONS]:
            calls = row["answer"]
            wanted = next((spec for spec in row["functions"] if calls and spec["name"] in calls[0]), None)
            if wanted:
                rng = random.Random(f"{seed}:{row['id']}")
                own = [spec for spec in row["functions"] if spec["name"] != wanted["name"]]
                known = {spec["name"] for spec in row["functions"]}
                far = rng.sample([spec for spec in pool if spec["name"] not in known], _DOCS)
                yield row["id"], _asked(row), wanted, [*own, *far], rng


def _asked(row: Mapping[str, Any]) -> str:
    return str(next(message["content"] for message in row["messages"][0] if message["role"] == "user"))


def _parameters(spec: _Spec) -> Mapping[str, Any]:
    found: Mapping[str, Any] = spec["parameters"].get("properties", {})
    return found


def _names(spec: _Spec) -> tuple[str, ...]:
    return (str(spec["name"]), *_parameters(spec))


def _array(specs: Sequence[_Spec]) -> str:
    return json.dumps(specs, indent=1, ensure_ascii=False)


def _table(specs: Sequence[_Spec]) -> str:
    rows = [(spec["name"], ", ".join(_parameters(spec)) or "none", spec["description"]) for spec in specs]
    lines = ["| function | parameters | description |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in row)} |" for row in rows)])


def _code(specs: Sequence[_Spec]) -> str:
    return "```python\n" + "\n\n".join(map(_stub, specs)) + "\n```"


def _stub(spec: _Spec) -> str:
    names = [name for name in _parameters(spec) if name.isidentifier()]
    typed = ", ".join(f"{name}_: {_TYPES.get(_parameters(spec)[name].get('type'), 'str')}" for name in names)
    text = " ".join(spec["description"].replace("\\", "/").replace('"', "'").split())
    return f'def {"".join(c if c.isalnum() else "_" for c in spec["name"])}({typed}):\n    """{text}"""\n    ...'
