"""Training examples: read, drawn, joined, cut."""

import json
import random
from pathlib import Path

import pytest

from linguapress.errors import InvalidRecord
from linguapress.text import Span
from linguapress.training.corpus import DataSet, Labelled, drawn, joined, named, part_of, read_distilled, read_plain
from linguapress.training.labels import align, word_spans

NUMBERS = [Labelled(f"s{number % 3}", f"text {number}", ()) for number in range(40)]


def example(text, compressed, source="s"):
    words = word_spans(text)
    return Labelled(source, text, tuple(align(text, compressed)), tuple(float(index) for index in range(len(words))))


def kept(item):
    return [item.text[start:end] for start, end in item.kept]


@pytest.mark.parametrize(("argument", "folder", "weight"), [("a/b", "a/b", 1.0), ("a/b=0.25", "a/b", 0.25), ("a=b=2", "a=b", 2.0)])
def test_a_data_set_is_named_with_its_weight(argument, folder, weight):
    assert DataSet.parse(argument) == DataSet(Path(folder), weight)


def test_a_folder_may_have_an_equals_sign_in_its_name(tmp_path):
    folder = tmp_path / "lr=3"
    folder.mkdir()
    assert DataSet.parse(str(folder)) == DataSet(folder)


@pytest.mark.parametrize("argument", ["a=b", "a=0", "a=-1", "a=nan", "a=inf", "a="])
def test_a_weight_that_is_no_positive_number_is_refused(argument):
    with pytest.raises(ValueError, match="weight"):
        DataSet.parse(argument)


def test_sets_of_one_name_are_numbered():
    assert list(named([DataSet(Path("a/x")), DataSet(Path("b/x")), DataSet(Path("y"))])) == ["x", "x (2)", "y"]


def test_at_a_weight_of_one_an_epoch_is_the_set():
    assert drawn(NUMBERS, 1.0, 3, seed=0) == NUMBERS


@pytest.mark.parametrize(("weight", "epochs"), [(0.25, 4), (0.1, 10), (0.5, 2)])
def test_of_a_small_weight_the_epochs_share_the_set(weight, epochs):
    seen = [drawn(NUMBERS, weight, epoch, seed=0) for epoch in range(epochs)]
    assert {len(one) for one in seen} == {round(weight * 40)}
    assert sorted(item.text for one in seen for item in one) == sorted(item.text for item in NUMBERS)
    assert drawn(NUMBERS, weight, epochs, seed=0) == seen[0]
    assert drawn(NUMBERS, weight, 0, seed=1) != seen[0]


def test_a_large_weight_repeats():
    seen = [item.text for item in drawn(NUMBERS, 2.5, 0, seed=0)]
    assert len(seen) == 100
    assert {seen.count(item.text) for item in NUMBERS} == {2, 3}


def test_a_tiny_weight_draws_at_least_one_text():
    assert len(drawn(NUMBERS, 0.001, 0, seed=0)) == 1


def test_joined_texts_keep_their_labels_and_chances():
    texts = [example("the river of castle", "river castle", f"s{number % 2}") for number in range(30)]
    groups = joined(texts, random.Random(0))
    assert len(groups) < len(texts)
    assert sum(len(group.kept) for group in groups) == 60
    for group in groups:
        assert set(kept(group)) == {"river", "castle"}
        assert len(group.chances) == len(word_spans(group.text))
        assert [group.chances[index] for index in range(4)] == [0, 1, 2, 3]


def test_many_texts_of_one_source_are_joined_in_linear_time():
    many = [Labelled("s", "a", ())] * 60_000
    assert sum(len(group.text.split()) for group in joined(many, random.Random(0))) == 60_000


def test_a_part_has_the_labels_of_its_words():
    whole = example("the river of the castle", "river castle")
    assert (kept(part_of(whole, 0, 9)), part_of(whole, 0, 9).chances) == (["river"], (0.0, 1.0))
    assert (kept(part_of(whole, 10, 23)), part_of(whole, 10, 23).chances) == (["castle"], (2.0, 3.0, 4.0))
    cut = [part_of(whole, 0, 6), part_of(whole, 6, 23)]
    assert [kept(part) for part in cut] == [["ri"], ["ver", "castle"]]
    assert [part.chances for part in cut] == [(0.0, 1.0), (1.0, 2.0, 3.0, 4.0)]


def test_blank_texts_are_left_out_and_the_source_defaults_to_the_file(tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text("\n".join(json.dumps({"text": text, "compressed": ""}) for text in ("  ", "a b")))
    assert read_distilled(file) == [Labelled("train", "a b", ())]


@pytest.mark.parametrize(
    "line",
    [
        '{"text": "a"}',
        "no json",
        '"text"',
        '{"text": 1, "compressed": "a"}',
        '{"text": "a", "compressed": null}',
        '{"text": null, "kept": []}',
    ],
)
def test_a_line_that_is_no_example_is_an_error_that_names_the_file(tmp_path, line):
    (tmp_path / "train.jsonl").write_text(line)
    with pytest.raises(ValueError, match=r"train\.jsonl.*text and compressed"):
        DataSet(tmp_path).read("train")


def test_labels_that_are_given_are_taken(tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps({"source": "s", "text": "a b a", "compressed": "a", "kept": [[4, 5]]}))
    assert read_distilled(file) == [Labelled("s", "a b a", (Span(4, 5),))]


def test_plain_texts_come_with_their_titles(tmp_path):
    file = tmp_path / "held.jsonl"
    file.write_text(json.dumps({"title": "T", "question": "q?", "passage": "p"}) + "\n")
    assert read_plain(file) == ["q?", "T\np"]


def test_plain_lines_are_texts(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("one text\n\n another \n")
    assert read_plain(file) == ["one text", "another"]
    file.write_text("\n")
    with pytest.raises(ValueError, match="no texts"):
        read_plain(file)


def test_transcripts_are_plain_texts_part_by_part_and_meeting_by_meeting(tmp_path):
    rows = [{"parts": [" One. ", "Two."]}, {"title": "T", "turns": [["A", "Yes ."], ["B", "No ."]]}]
    (tmp_path / "said.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert read_plain(tmp_path / "said.jsonl") == ["One.", "Two.", "A: Yes .\nB: No ."]


def test_a_source_that_is_a_number_is_a_name(tmp_path):
    file = tmp_path / "dev.jsonl"
    file.write_text(json.dumps({"text": "a b", "compressed": "a", "source": 7}))
    assert read_distilled(file)[0].source == "7"


def test_a_byte_order_mark_is_no_part_of_the_first_text(tmp_path):
    (tmp_path / "TEXTS.TXT").write_bytes("\ufeffone text\n".encode())
    assert read_plain(tmp_path / "TEXTS.TXT") == ["one text"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"text": "a b", "compressed": "a", "kept": [[0, 9]]}',
            "[0, 9] is empty, out of order, or not inside a text of 3 characters",
        ),
        ('{"text": "a b", "compressed": "a", "kept": [[2, 3], [0, 1]]}', "[0, 1] is empty, out of order"),
        ('{"text": "a b", "compressed": "a", "kept": [[0]]}', "[0] is no [start, end]"),
        ('{"text": "a b", "compressed": "a", "kept": [["x", "y"]]}', "['x', 'y'] is no [start, end]"),
        ('{"text": "a b", "compressed": "a", "kept": null}', "kept is None, and no list of [start, end]"),
        ('{"text": "a b", "compressed": 5}', "compressed is 5, and no text"),
        ('{"txt": "a b"}', "no text"),
        ("{", "no JSON (Expecting property name enclosed in double quotes at character 2)"),
        ("[1]", "no JSON object"),
    ],
)
def test_a_bad_example_is_named_by_its_line(tmp_path, line, said):
    (tmp_path / "train.jsonl").write_text('{"text": "a b", "compressed": "a", "kept": [[0, 1], [2, 3]]}\n\n' + line)
    with pytest.raises(InvalidRecord) as error:
        read_distilled(tmp_path / "train.jsonl")
    assert f"train.jsonl, line 3: {said}" in str(error.value)
    assert "text and compressed" in str(error.value)


@pytest.mark.parametrize("row", ['{"text": 5}', '{"turns": 5}', '{"parts": [5]}', '{"turns": [["a"]]}', "[1]"])
def test_a_plain_text_that_is_none_is_named_by_its_line(tmp_path, row):
    (tmp_path / "more.jsonl").write_text('{"text": "a"}\n' + row)
    with pytest.raises(InvalidRecord, match=r"more\.jsonl, line 2: .*with text, passage or question"):
        read_plain(tmp_path / "more.jsonl")


def test_plain_texts_that_are_no_utf8_are_named(tmp_path):
    (tmp_path / "more.txt").write_bytes(b"a\xff")
    with pytest.raises(InvalidRecord, match=r"more\.txt is not UTF-8"):
        read_plain(tmp_path / "more.txt")
