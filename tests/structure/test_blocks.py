"""Where code, tables, links and JSON begin and end."""

import json
import time

import pytest
from samples import CODE, TABLE

from linguapress.guard import divided
from linguapress.segment import words
from linguapress.structure.blocks import blocks
from linguapress.structure.json_blocks import FINER


def parts(text):
    return [text[block.start : block.end] for block in blocks(text)]


@pytest.mark.parametrize("text", [CODE, TABLE], ids=["code", "table"])
def test_line_ends_of_windows_change_nothing(text):
    assert parts(text.replace("\n", "\r\n")) == [part.replace("\n", "\r\n") for part in parts(text)] != []
    assert [len(block.cuts) for block in blocks(text.replace("\n", "\r\n"))] == [len(block.cuts) for block in blocks(text)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Run\n```py\nx = 1\n\ny = 2\n", ["```py\nx = 1\n\ny = 2\n"]),
        ("Run\n````md\n```\nx\n```\n````\nend\n", ["````md\n```\nx\n```\n````\n"]),
        ("~~~\nx\n~~~~~ \t\r\nend\n", ["~~~\nx\n~~~~~ \t\r\n"]),
        ("````\nx\n~~~\n```py\n```\n````\nend\n", ["````\nx\n~~~\n```py\n```\n````\n"]),
        ("```\n```\nend\n```\nx\n```", ["```\n```\n", "```\nx\n```"]),
        ("```x = 1``` is code inside a line\nend\n", []),
        ("- ```py\n  x\n  ```\nend\n", ["- ```py\n  x\n  ```\n"]),
        ("\ufeff```\nx\n```\nend\n", ["\ufeff```\nx\n```\n"]),
        ("> See\n> ```py\n> x\n> ```\n> end\n", ["> ```py\n> x\n> ```\n"]),
    ],
    ids=[
        "unclosed",
        "longer",
        "closed by a longer one",
        "others inside",
        "two",
        "inside a line",
        "list",
        "byte order mark",
        "quote",
    ],
)
def test_a_fence_ends_where_one_as_long_stands_or_the_text_ends(text, code):
    assert parts(text) == code


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Ages\n| age |\n| --- |\n| 1 |\n| 2 |\nend\n", "| age |\n| --- |\n| 1 |\n| 2 |\n"),
        ("> | a | b |\n> |---|:-:|\n> | 1 | 2 |\nend\n", "> | a | b |\n> |---|:-:|\n> | 1 | 2 |\n"),
        ("a | b\n--- | ---\n1 | 2\nend\n", "a | b\n--- | ---\n1 | 2\n"),
        ("a | b\n---\nno ruler\n", ""),
    ],
    ids=["one column", "quote", "bare", "a heading"],
)
def test_a_row_of_dashes_below_a_header_begins_a_table(text, table):
    assert "".join(parts(text)) == table


def test_json_behind_a_byte_order_mark_is_json():
    text = "\ufeff" + json.dumps([{"k": number, "v": "w" * 40} for number in range(9)], indent=1)
    (block,) = blocks(text)
    assert (block.start, block.end, len(block.frame), block.cuts[0]) == (0, len(text), 2, 0)


@pytest.mark.parametrize(
    ("value", "units"), [([{"name": "Ann", "age": 31}, {"name": "Bob", "age": 41}], 4), ({"name": "Ann", "ages": [3, 4]}, 1)]
)
def test_a_short_list_is_divided_and_a_short_object_is_not(value, units):
    (block,) = blocks(json.dumps(value))
    assert len(block.cuts) == units + 1


@pytest.mark.parametrize(
    "text",
    [
        "```py\r\nx = 1\r\n```\r\n" * 20_000,
        "```py x\nab\n" * 30_000,
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n" * 20_000,
        "a | b\n" + " " * 200_000 + "x\n",
        "a | b\n-|-" + " " * 200_000 + "x\n",
        "[a](b)\n- " + " " * 200_000 + "x\n",
        "[a](b)\n" + " " * 200_000 + "x\n",
        "{}" + " " * 200_000 + "x\n",
        '["' + '", "'.join(["x. y"] * 100_000) + '"]',
    ],
    ids=[
        "closed fences",
        "open fences",
        "tables",
        "below a header",
        "in a ruler",
        "in an item",
        "before an item",
        "behind JSON",
        "strings",
    ],
)
def test_time_grows_with_the_text_and_not_with_its_square(text):
    start = time.perf_counter()
    blocks(text)
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = 1\n```\nMore is said here. And here.\n", []),
        ("x = 1\n```\nMore is said.\n```python\ny = 2\n```\nEnd.", ["```python\ny = 2\n```\n"]),
        ("x = 1\n```\nMore is said.\n```python\ny = 2\n", ["```python\ny = 2\n"]),
    ],
)
def test_a_passage_may_begin_inside_of_code(text, kept):
    assert [text[block.start : block.end] for block in blocks(text)] == kept


def test_lines_in_brackets_do_not_hide_the_json_below_them():
    log = "".join(f"[2024-05-01 10:{minute}:00] the job was started by the night shift\n" for minute in range(10, 60))
    value = json.dumps([{"name": f"Ann {number}", "role": "head of sales"} for number in range(9)], indent=1)
    text = f"{log}\nThe staff is listed below.\n\n{value}\n"
    (block,) = blocks(text)
    assert (text[block.start : block.end].strip(), len(block.cuts)) == (value, 12)


def test_the_finest_parts_of_json_are_words_inside_of_quotes():
    text = json.dumps({"a": {"b": 1, "text": 'one "two" three, and so on until the end of it'}, "short": "so it is"})
    units = divided(text, words, FINER[-1])
    parts = [text[start:end] for start, end in units.spans]
    assert parts[:5] == ["{", '"a": {', '"b": 1, ', '"text": "one ', '\\"two\\" ']
    assert parts[-5:] == ["it", '"', "}, ", '"short": "so it is"', "}"]
    assert [parts[unit] for unit in units.company(4)] == ["{", '"a": {', '"text": "one ', '\\"two\\" ', '"', "}, ", "}"]
