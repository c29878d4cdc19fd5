"""Marks: who has the secret writes and reads them; to everybody else they are text."""

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.errors import InvalidPrompt
from linguapress.soft.marks import Mark, Marks

SECRET = bytes(range(32))
MARKS = Marks(SECRET)
MEMORY, TOKEN = Mark("memory", "a2" * 16), Mark("token", "17")


def test_marks_are_found_between_texts():
    prompt = f"one {MARKS.write(MEMORY)}{MARKS.write(TOKEN)}\n\nthree"
    assert MARKS.split(prompt) == ["one ", MEMORY, TOKEN, "\n\nthree"]
    assert MARKS.split("") == []
    assert MARKS.split(MARKS.write(MEMORY)) == [MEMORY]


@given(st.text())
def test_text_stays_text(text):
    assert "".join(MARKS.split(text)) == text


@pytest.mark.parametrize("change", [json.dumps, html.escape, str.lower, str.strip, "{}".format])
def test_what_frameworks_do_to_strings_leaves_marks_whole(change):
    assert MEMORY in MARKS.split(change(f'<{MARKS.write(MEMORY)}> & "é"'))


def test_another_secret_or_name_or_kind_is_text():
    written = MARKS.write(MEMORY)
    signature = written[-18:-2]
    other = "b" if signature[0] != "b" else "c"
    forged = [
        Marks().write(MEMORY),
        Marks(SECRET[::-1]).write(MEMORY),
        written.replace("a2", "a3"),
        written.replace("memory", "token"),
        written.replace(signature, other + signature[1:]),
        written.replace(signature, "a" * 16),
        f"[[memory:{'a2' * 16}:]]",
        f"[[memory:{'a2' * 16}]]",
        "[[memory:../../x:aaaaaaaaaaaaaaaa]]",
        written.upper(),
    ]
    for text in forged:
        assert MARKS.split(text) == [text]
    assert MARKS.unsigned(forged[0]) == 1
    assert MARKS.unsigned("plain [[memory]] text") == 0


def test_the_secret_may_be_shared_and_is_random_otherwise():
    assert Marks(SECRET).split(MARKS.write(MEMORY)) == [MEMORY]
    assert Marks().write(MEMORY) != Marks().write(MEMORY)
    with pytest.raises(ValueError, match="can be guessed"):
        Marks(b"short")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: m[:-1],
        lambda m: m[:-2],
        lambda m: m[1:],
        lambda m: m[:-8],
        lambda m: m.replace("[[", "\\[\\["),
        lambda m: m[:-2] + " ]]",
    ],
)
def test_a_signed_mark_that_was_spoilt_is_an_error_and_never_text(spoil):
    with pytest.raises(InvalidPrompt, match="was cut or changed"):
        MARKS.split(f"before {spoil(MARKS.write(MEMORY))} behind")


def test_wherever_a_mark_is_cut_the_rest_is_an_error_and_never_text():
    for mark in (MEMORY, Mark("token", "17")):
        whole = MARKS.write(mark)
        opening = len(f"[[{mark.kind}:")
        for left in range(1, len(whole)):
            for rest, enough in ((whole[:left], left >= opening + 4), (whole[-left:], left >= 6)):
                if enough:
                    with pytest.raises(InvalidPrompt, match="was cut or changed"):
                        MARKS.split(f"before {rest} behind")
                else:
                    assert MARKS.split(f"before {rest} behind") == [f"before {rest} behind"]


def test_a_mark_that_was_spoilt_is_found_beside_whole_ones():
    whole, other = MARKS.write(MEMORY), MARKS.write(Mark("memory", "b3" * 16))
    for spoilt in (whole[:30] + other[50:], whole[:30] + "\n" + whole[30:], whole + other[:30] + whole, whole[30:] + whole):
        with pytest.raises(InvalidPrompt, match="was cut or changed"):
            MARKS.split(spoilt)


def test_what_is_left_of_the_marks_of_others_is_text():
    text = Marks().write(MEMORY)[:-20]
    assert MARKS.split(text) == [text]
    assert MARKS.unsigned(text) == 1


def test_a_megabyte_of_beginnings_is_read_quickly():
    text = ("[[memory:" + "a" * 32 + ":") * 25_000
    assert MARKS.split(text) == [text]
