"""Small data folders in the form of the public ones."""

import gzip
import json

import pytest


def _write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as handle:
        handle.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def data(tmp_path):
    """Four questions over seven passages, the last of which is gold."""
    docs = [{"title": f"Topic {i}", "text": f"Number {i} is here. It rained a lot in town {i}."} for i in range(6)]
    docs.append({"title": "Tower", "text": "The tower opened in 1889. Many people visit it."})
    rows = [
        {"id": str(i), "question": "when did the tower open", "answers": ["1889"], "gold_index": 6, "docs": docs} for i in range(4)
    ]
    _write(tmp_path / "nq_multidoc" / "nq_20docs_gold_at_9_dev.jsonl.gz", rows)
    return tmp_path


@pytest.fixture
def multihop(tmp_path):
    """Seven questions with two gold passages each; the first file has an odd number of them."""
    number = 0
    for name, count in (("hotpotqa", 3), ("musique", 4)):
        rows = []
        for _ in range(count):
            number += 1
            docs = [
                {"title": "Iron", "text": "Iron is a metal. It rusts.", "gold": False},
                {
                    "title": f"Bridge {number}",
                    "text": f"It is long. The bridge was built by Ada Stone {number}. It has rails.",
                    "gold": True,
                },
                {
                    "title": f"Ada Stone {number}",
                    "text": f"She had a cat. She was born in Oslo {number}. She died old.",
                    "gold": True,
                },
            ]
            question = f"where was the builder of bridge {number} born"
            rows.append({"id": str(number), "question": question, "answers": [f"Oslo {number}"], "docs": docs})
        _write(tmp_path / "multihop_small" / f"{name}_train100.jsonl.gz", rows)
    return tmp_path


@pytest.fixture
def squadshifts(tmp_path):
    """Two hundred paragraphs a file, each with a question."""
    for name in ("new_wiki", "reddit"):
        rows = []
        for number in range(200):
            context = f"Paragraph {number} of {name} says that the answer is {number * 7}."
            asked = {
                "id": f"{name}{number}",
                "question": f"what says paragraph {number}?",
                "answers": [str(number * 7)],
                "starts": [context.rindex(str(number * 7))],
            }
            rows.append({"title": f"Article {number // 20}", "context": context, "qas": [asked]})
        _write(tmp_path / "squadshifts" / f"{name}.jsonl.gz", rows)
    return tmp_path
