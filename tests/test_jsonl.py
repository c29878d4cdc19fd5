"""JSON lines: what is read, and what is written."""

import gzip
import json

import pytest

from linguapress.jsonl import append_jsonl, read_jsonl


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "A.JSONL.GZ"])
def test_a_byte_order_mark_is_no_part_of_the_first_record(tmp_path, name):
    content = '\ufeff{"text": "é"}\n\n{"text": "b"}\n'.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.lower().endswith("gz") else content)
    assert [row["text"] for row in read_jsonl(tmp_path / name)] == ["é", "b"]


def test_what_is_no_number_is_written_as_null(tmp_path):
    append_jsonl(tmp_path / "log.jsonl", [{"loss": float("nan"), "rows": [(1.5, float("inf"))], "name": "NaN", "step": 3}])
    assert (tmp_path / "log.jsonl").read_text() == '{"loss": null, "rows": [[1.5, null]], "name": "NaN", "step": 3}\n'
    assert json.loads((tmp_path / "log.jsonl").read_text())["step"] == 3
