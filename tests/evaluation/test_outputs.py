"""The files that a benchmark writes."""

from pathlib import Path

import pytest

from linguapress.evaluation.outputs import named


@pytest.mark.parametrize(
    ("out", "name"),
    [
        ("bench", "bench.md"),
        ("bench.json", "bench.md"),
        ("runs/grid.jsonl", "runs/grid.md"),
        ("gpt-4.1", "gpt-4.1.md"),
        ("rate-0.5", "rate-0.5.md"),
        ("v1.2.json", "v1.2.md"),
    ],
)
def test_only_an_ending_of_ours_gives_way(out, name):
    assert named(Path(out), ".md") == Path(name)
