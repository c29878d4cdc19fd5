"""In a chat a name and a time on a line of their own say whose the message beneath is."""

import time

import pytest
from fakes import METHODS, count_words
from hypothesis import given
from samples import hostile

from linguapress import Budget, Guard, Units
from linguapress.segment import sentences
from linguapress.structure.headings import with_headings
from linguapress.structure.speakers import turns, utterances, with_speakers
from linguapress.structure.stamps import is_event, stamps

SAID = (
    "Hello! How can I help you?",
    "my lamp is dark",
    "I am sorry. Since when?",
    "since sunday i think",
    "Thank you. I send a new one.",
)
NAMES = ("Ida Moor", "Bo")


def chat(form, between="\n\n"):
    return between.join(form.format(name=NAMES[number % 2], minute=number) + "\n" + said for number, said in enumerate(SAID))


CHAT = chat("{name}  09:4{minute}")


def bound(text):
    return with_speakers(text, with_headings(text, Guard().coarse.units(text, utterances)))


@pytest.mark.parametrize(
    "form",
    [
        "{name}  09:4{minute}", "{name} 09:4{minute} AM", "{name}, 09:4{minute}", "[09:4{minute}] {name}", "09:4{minute} - {name}",
        "**{name}** (12 Nov 2023 09:4{minute})", "{name} (bot)  09:4{minute}", "{name} — Today at 9:4{minute} AM",
        "{name}\t11/12/2023 9:4{minute} AM", "{name} [09:4{minute}:07]", "12/11/2023, 09:4{minute} - {name}",
        "{name} on Nov 12, 2023, 9:4{minute} AM:", "{name} | 09:4{minute} (edited)", "\u200e{name}, 09:4{minute} CET",
    ],
)  # fmt: skip
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_name_and_a_time_above_a_message_begin_a_turn(form, between):
    text = chat(form, between)
    found = turns(text)
    assert [turn.speaker for turn in found] == ["ida moor", "bo", "ida moor", "bo", "ida moor"]
    assert [text[turn.label.end : turn.end].strip() for turn in found] == list(SAID)
    assert len(turns(text.replace("\n", "\r\n"))) == len(found)


def test_roles_need_not_come_back():
    text = "Speaker 1  0:05\nHello everyone, we start.\n\nSpeaker 2  0:09\nThank you.\n\nSpeaker 3  0:15\nI am late.\n"
    assert [turn.speaker for turn in turns(text)] == ["speaker 1", "speaker 2", "speaker 3"]


@pytest.mark.parametrize(
    "text",
    [
        "Monday 09:30\nWe meet you.\nTuesday 10:00\nYou swim.\nMonday 11:00\nI rest.\n",
        "Leith 09:30\nHaymarket 09:45\nLeith 10:30\nHaymarket 10:45\n",
        "Opening 09:00\nWe welcome you.\nLunch 12:00\nWe eat.\nOpening 13:00\nWe go on.\nLunch 17:00\nYes.\n",
        "Main Hall 09:00\nA speech\nRed Room 09:00\nA dance\nMain Hall 10:00\nA play\nRed Room 11:00\nA song\n",
        "Main Hall 09:00\nWe sing.\nRed Room 09:30\nYou dance.\nBlue Room 10:00\nI play.\nGarden 11:00\nWe eat.\n",
        "1\n00:00:01,000 --> 00:00:04,000\nHello you.\n\n2\n00:00:04,000 --> 00:00:05,000\nI see.\n\n3\n00:00:05,000 --> 00:00:06,000\nYes.\n",
        "[00:12] Music\nI love you\n[00:15] Music\nI do\n[00:20] Music\nYou\n",
        "INFO 09:14\nI start\nERROR 09:15\nno\nINFO 09:15\nyes\nERROR 09:16\nno\n",
        "The train leaves at 09:30\nand you are late. The next leaves at 10:30\nand we are early.\n" * 3,
        "Ida 09:41\nHello you.\n\nBo 09:42\nYes?\n",
        "Ida 09:41\nHello you.\nIda 09:42\nI wait.\nIda 09:43\nAre you there?\n",
        "Opening times\n\nIda is in from 09:00 to 17:00. You may call her.\n",
    ],
)  # fmt: skip
def test_timetables_logs_and_subtitles_are_no_chat(text):
    assert not turns(text)
    units = Units(sentences(text))
    assert with_speakers(text, units) is units


@pytest.mark.parametrize(
    ("name", "event"), [("Monday", True), ("Lunch break", True), ("Session 2", True), ("Bo", False), ("Ida Moor", False)]
)
def test_what_happens_is_no_name(name, event):
    assert is_event(name) is event


def test_a_message_needs_its_label_which_is_not_kept_alone_and_no_heading():
    text = f"Chat about a lamp\n\n{CHAT}"
    units = bound(text)
    told = [text[start:end].strip() for start, end in units.spans]
    company = {told[unit]: [told[other] for other in units.company(unit)] for unit in range(len(told))}
    assert company["my lamp is dark"] == ["Chat about a lamp", "Bo  09:41", "my lamp is dark"]
    assert "Ida Moor  09:42" in company["Since when?"]
    assert {unit for unit, line in enumerate(told) if "  09:4" in line} <= units.frame


def test_the_first_line_of_a_chat_is_no_title():
    units = bound(CHAT)
    last = len(units.spans) - 1
    assert 0 not in units.company(last)


def test_who_comes_and_goes_and_what_stands_below_is_nobody_s():
    text = CHAT.replace("Bo  09:43", "Bo has left the conversation\n\nBo  09:43") + "\n\nThe chat was archived by the shop.\n"
    said = [text[turn.label.end : turn.end].strip() for turn in turns(text)]
    assert said == list(SAID)


def test_lines_of_the_app_inside_of_a_chat_are_nobody_s():
    lines = [f"12/11/2023, 09:4{number} - {NAMES[number % 2]}: {said}" for number, said in enumerate(SAID)]
    text = "\n".join([*lines[:3], "12/11/2023, 09:42 - Bo changed the subject", *lines[3:], "12/11/2023, 09:50 - Bo left"])
    for mark in ("", "\u200e"):
        marked = "\n".join(mark + line for line in text.split("\n"))
        assert [marked[turn.label.end : turn.end].strip() for turn in turns(marked)] == list(SAID)


@pytest.mark.parametrize("name", ["lingua", "query_select", "sentence_filter"])
def test_nothing_is_sent_without_the_name_above_it(name):
    owner = {
        sentence: label
        for label, said in zip([f"{NAMES[n % 2]}  09:4{n}" for n in range(5)], SAID, strict=True)
        for sentence in said.split(". ")
    }
    for tokens in range(6, 40, 2):
        out = METHODS[name].compress([CHAT], "Who sends a new lamp?", budget=Budget(tokens=tokens, count=count_words))
        if any("no whole unit fits" in warning for warning in out.warnings):
            continue
        assert out.text
        above = None
        for line in filter(None, out.text.split("\n")):
            above = line if "  09:4" in line else above
            assert above
            assert all(above == label for sentence, label in owner.items() if sentence.rstrip(".") in line)


@given(text=hostile)
def test_any_text_may_stand_in_a_message(text):
    dialogue = f"Ida 09:41\nAre you there?\nBo 09:42\n{text}\nIda 09:43\nYes, I am.\nBo 09:44\nWe go."
    bounds = [place for (start, end), stop, _ in turns(dialogue) for place in (start, end, stop)]
    assert bounds == sorted(bounds)
    assert "".join(dialogue[start:end] for start, end in utterances(dialogue)) == dialogue


@pytest.mark.parametrize(
    "line",
    [
        "1:11 ",
        "Ann Bee Cee 1:11\n",
        "A B C D E F G 09:42x\n",
        "Ann \t \t ((((( 09:42\n",
        "*_*_*_1:11\n",
        "Ann 09:42\nyes\nBo 09:43\nno you\nBo left\n",
    ],
)
def test_time_grows_with_the_text(line):
    def seconds(size):
        text = (line * (size // len(line) + 1))[:size]
        start = time.process_time()
        sum(1 for _ in stamps(text))
        turns(text)
        return time.process_time() - start

    assert seconds(400_000) < 12 * seconds(100_000) + 0.5


def test_what_somebody_left_is_no_leaving():
    text = CHAT + "\n\nBo  09:51\nIda Moor left it with the porter, I saw her\nhe wants 20 euros for it\n"
    last = turns(text)[-1]
    assert last.speaker == "bo"
    assert text[last.label.end : last.end].startswith("Ida Moor left it")
    assert text[: last.end].endswith("20 euros for it\n")


def test_nicks_of_two_letters_are_names():
    text = "maria  9:02\nI am on the train\njo  9:05\nyou have lost the keys\nmaria  9:06\nwhere did I lose them?\njo  9:11\nI think at home\n"
    assert [turn.speaker for turn in turns(text)] == ["maria", "jo", "maria", "jo"]
