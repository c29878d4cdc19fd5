"""Reading texts and cutting them into chunks."""

import gzip
import json
import sys

import pytest
from fakes import count_bytes, count_words
from hypothesis import given
from hypothesis import strategies as st

from linguapress.errors import DistillationError, MissingExtra
from linguapress.training.distill.sources import chunks, read_sources

TEXT = "One two three. Four five six seven! Eight nine.\n\nTen eleven twelve thirteen. Fourteen?"


def cut(text, limit, count=count_words):
    return [text[a:b] for a, b in chunks(text, count, limit)]


def test_chunks_end_with_sentences_and_are_as_long_as_they_may():
    assert cut(TEXT, 7) == ["One two three. Four five six seven!", "Eight nine.\n\nTen eleven twelve thirteen. Fourteen?"]
    assert cut(TEXT, 512) == [TEXT]


def test_a_sentence_longer_than_the_limit_is_cut_at_words_and_a_word_anywhere():
    assert cut("one two three four five. Six.", 2) == ["one two", "three four", "five.", "Six."]
    assert cut("abcdefgh", 1, lambda text: -(-len(text) // 2)) == ["ab", "cd", "ef", "gh"]


@given(st.text(alphabet=st.sampled_from("ab .!?\n\0é今天的😀ا"), max_size=300), st.integers(1, 20))
def test_chunks_fit_and_lose_nothing_but_blanks(text, limit):
    found = chunks(text, count_bytes, limit)
    assert all(count_bytes(text[a:b]) <= limit or b - a == 1 for a, b in found)
    assert "".join("".join(text[a:b] for a, b in found).split()) == "".join(text.split())
    assert all(text[a:b] == text[a:b].strip() for a, b in found)


def test_every_kind_of_file_is_read_and_folders_are_searched(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "A.", "source": "x"}) + "\n" + json.dumps({"text": "B."}) + "\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write(json.dumps({"text": "C."}) + "\n")
    (tmp_path / "c.md").write_text("# D\n\nE.")
    (tmp_path / "d.txt").write_bytes("\ufeffF é.\n".encode())
    (tmp_path / "e.png").write_bytes(b"\xff")
    found = [(chunk.source, chunk.text) for chunk in read_sources([tmp_path], count_words)]
    assert found == [("x", "A."), ("a", "B."), ("b", "C."), ("c", "# D\n\nE."), ("d", "F é.")]


def test_a_record_names_its_own_field(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"body": "A."}))
    assert read_sources([tmp_path / "a.jsonl"], count_words, field="body")[0].text == "A."


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"body": 1}\n', "line 1: no text in the field 'text'; name it with --field"),
        ("a.jsonl", b'{"text": "x"}\n[1]\n', "line 2: no text"),
        ("a.jsonl", b"{", "line 1: no JSON"),
        ("a.jsonl.gz", b"{", "is not gzipped; leave .gz out of its name"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "x"}', mtime=0)[:20], "is cut off or damaged"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.txt", b" \n\t", "there is no text to distil"),
        ("a.jsonl", b"", "there is no text to distil"),
        ("a.pdf", b"no pdf", "cannot be read as PDF"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DistillationError, match=said) as error:
        read_sources([tmp_path / name], count_words)
    assert name in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DistillationError, match="does not exist"):
        read_sources([tmp_path / "no"], count_words)


def _pdf(text):
    """The smallest file that holds one line."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (len(objects) + 1, table, trailer)


def test_pdf(tmp_path):
    pytest.importorskip("pypdf")
    (tmp_path / "a.pdf").write_bytes(_pdf("The bridge was built in 1867."))
    assert [(c.source, c.text) for c in read_sources([tmp_path], count_words)] == [("a", "The bridge was built in 1867.")]


def test_pdf_without_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    (tmp_path / "a.pdf").write_bytes(b"")
    with pytest.raises(MissingExtra, match=r"pip install 'linguapress\[distill\]'"):
        read_sources([tmp_path / "a.pdf"], count_words)


@pytest.mark.parametrize("name", ["A.TXT", "a.Md", "A.JSONL", "a.NDJSON"])
def test_the_case_of_an_ending_does_not_matter(tmp_path, name):
    (tmp_path / name).write_text('{"text": "A."}' if "json" in name.lower() else "A.")
    assert [chunk.text for chunk in read_sources([tmp_path], count_words)] == ["A."]
    assert [chunk.text for chunk in read_sources([tmp_path / name], count_words)] == ["A."]


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.docx", "a.txt.gz"])
def test_other_kinds_of_files_are_refused(tmp_path, name):
    (tmp_path / name).write_text("[]")
    with pytest.raises(DistillationError, match=r"is of no kind that is read \(\.jsonl, "):
        read_sources([tmp_path / name], count_words)


def test_a_file_without_an_ending_is_text(tmp_path):
    (tmp_path / "NOTES").write_text("A.")
    assert [chunk.text for chunk in read_sources([tmp_path / "NOTES"], count_words)] == ["A."]


def test_what_was_distilled_before_and_what_is_hidden_are_no_texts(tmp_path):
    for name in ("a.txt", "data/train.jsonl", "data/model/README.md", ".git/notes.md", ".b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A.")
    assert len(read_sources([tmp_path], count_words, out=tmp_path / "data")) == 1
    assert len(read_sources([tmp_path / "data" / "model"], count_words, out=tmp_path / "data")) == 1
    with pytest.raises(DistillationError, match="choose another --out"):
        read_sources([tmp_path], count_words, out=tmp_path)
