"""Records of files that users write, and what is said of those that cannot be read."""

import gzip

import pytest

from linguapress.errors import InvalidRecord
from linguapress.records import objects, records


def test_lines_are_numbered_as_editors_number_them(tmp_path):
    (tmp_path / "a.jsonl").write_bytes('\ufeff{"a": 1}\n\n \n[2]\n'.encode())
    assert list(records(tmp_path / "a.jsonl")) == [(1, {"a": 1}), (4, [2])]
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n7", mtime=0))
    assert list(records(tmp_path / "b.jsonl.gz")) == [(2, 7)]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "a.jsonl",
            b'{"a": 1}\n\n{"a"}',
            r"line 3: no JSON \(Expecting ':' delimiter at character 5\); give one JSON object with b",
        ),
        ("a.jsonl", b'{"a": "b', r"line 1: no JSON \(Unterminated string starting at character 7\)"),
        ("a.jsonl", b"[" * 100_000, "line 1: no JSON that can be read"),
        ("a.jsonl", b'{"a": 1' + b"0" * 5000 + b"}", "line 1: no JSON that can be read"),
        ("a.jsonl", b"{}\n[1]", "line 2: no JSON object; give one JSON object with b"),
        ("a.jsonl", b"\xff\xfe{", r"is not UTF-8 \(invalid start byte\); convert it first"),
        ("a.jsonl.gz", b"{}", "is not gzipped; leave .gz out of its name"),
        ("a.jsonl.gz", gzip.compress(b"{}\n" * 99, mtime=0)[:-9], "is cut off or damaged .*; copy it again"),
        ("a.jsonl.gz", gzip.compress(b"{}\n" * 99, mtime=0)[:12] + b"x" * 40, "is cut off or damaged .*; copy it again"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidRecord, match=rf"{name}.*{said}"):
        list(objects(tmp_path / name, "b"))


def test_a_folder_or_nothing_is_no_file(tmp_path):
    with pytest.raises(InvalidRecord, match="is a folder; give a file of JSON lines"):
        list(records(tmp_path))
    with pytest.raises(FileNotFoundError, match="does not exist; give a file of JSON lines"):
        list(records(tmp_path / "none"))
