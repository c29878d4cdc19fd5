"""What is kept of a turn says whose it is."""

import numpy as np
import pytest
from fakes import METHODS, count_bytes, count_words, lingua
from hypothesis import given
from methods import toy_lm
from samples import BRIDGE, CHINESE, CODE, OVEN, TABLE, hostile

from linguapress import Budget, Draft, Guard, Passage, Units, keep_best, load
from linguapress.methods.query_select import _no_scraps
from linguapress.repeats import unrepeated
from linguapress.segment import sentences
from linguapress.structure import speakers as module
from linguapress.structure.headings import with_headings
from linguapress.structure.replies import with_replies
from linguapress.structure.speakers import speakers, turns, utterances, with_speakers
from linguapress.structure.subjects import with_subjects

CHAT = "Alice: We should ship on Monday. It is ready.\nBob: No, the tests fail. Wait for Tuesday."
MEETING = (
    "Project Manager: Okay, we start. The remote costs twelve euros. Nobody likes the old one.\n"
    "Marketing: I asked forty people. Most of them lose it under the sofa. They want a light.\n"
    "Project Manager: That is good news. We add a light. It may not cost more than fifty cents.\n"
    "Industrial Designer: Yes, we can. The battery is a problem. A kinetic one would be heavy."
)
CHINESE_CHAT = "张三：我们星期一发布。已经准备好了。\n李四：不行，测试没有通过。等到星期二吧。"
BY_SENTENCES = {name: METHODS[name] for name in ("lingua", "query_select", "query_select by words", "sentence_filter")} | {
    name: toy_lm.METHODS[name] for name in ("selective_context of sentences",)
}


def labels(text):
    return [text[start:end] for (start, end), _, _ in turns(text)]


def bound(text):
    return with_speakers(text, Units(utterances(text)))


def said_by(text, source):
    """For each sentence of the source that stands in a result, the label of the line on which it stands there."""
    lines = text.split("\n")
    parts = [source[start:end].strip() for start, end in utterances(source)]
    return {part: line for part in parts for line in lines if part in line}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (CHAT, ["Alice: ", "Bob: "]),
        ("**Alice:** We ship. It works.\n**Bob:** No, wait.", ["**Alice:** ", "**Bob:** "]),
        ("**Alice**: We ship. It works.\n**Bob**: No, wait.", ["**Alice**: ", "**Bob**: "]),
        ("[10:32] Alice: We ship. It works.\n[10:33] Bob: No.", ["[10:32] Alice: ", "[10:33] Bob: "]),
        ("12/05/2023, 10:32 - Alice: Hi there!\n12/05/2023, 10:33 - Bob: Hm.", ["12/05/2023, 10:32 - Alice: ", "12/05/2023, 10:33 - Bob: "]),
        ("Alice (CEO): We ship. It works.\nBob (CTO): No, wait.", ["Alice (CEO): ", "Bob (CTO): "]),
        ("User: How do I sort?\nAssistant: Call sorted. It returns a list.", ["User: ", "Assistant: "]),
        ("SPEAKER_01: The roof leaks.\nSPEAKER_02: It rained.", ["SPEAKER_01: ", "SPEAKER_02: "]),
        (CHINESE_CHAT, ["张三：", "李四："]),
        ("ANN LEE:\nI can see it.\n\nBO HALL:\nSo do I. It is green.", ["ANN LEE:\n", "BO HALL:\n"]),
        ("Dr. Smith: How are you? Sit down.\nMrs. Jones: Well. Thanks.", ["Dr. Smith: ", "Mrs. Jones: "]),
        ("The Chair: Mr. Simms.\nMr. Simms (Coast (North), Lib.): Thank you.", ["The Chair: ", "Mr. Simms (Coast (North), Lib.): "]),
        ("alice: are you there?\nbob: yes.\nalice: come in.\nbob: I am late.", ["alice: ", "bob: ", "alice: ", "bob: "]),
        ("Léa : On y va ? Il pleut.\nZoé : Oui, nous y allons.", ["Léa : ", "Zoé : "]),
    ],
)  # fmt: skip
def test_a_short_name_and_a_colon_begin_a_turn(text, found):
    assert labels(text) == found
    assert labels(text.replace("\n", "\r\n")) == [label.replace("\n", "\r\n") for label in found]


def test_the_words_of_a_role_are_one_label():
    assert set(labels(MEETING)) == {"Project Manager: ", "Marketing: ", "Industrial Designer: "}
    assert [turn.speaker for turn in turns(MEETING)][:2] == ["project manager", "marketing"]


@pytest.mark.parametrize(
    "text",
    [
        "Note: You should not open it. It breaks.\nResult: We found nothing.",
        "Warning: You may fall.\nWarning: You may slip.\nTip: Hold on to us.",
        "Name: Alice\nCity: Paris\nJob: Nurse",
        "host: db.local\nport: 80\nuser: me",
        "host: db\nuser: root\nhost: web\nuser: guest",
        "Apple: A red fruit. It is sweet.\nBanana: A yellow fruit. It is soft.\nCherry: A small fruit.",
        "Background: We study sleep. It matters.\nMethods: We asked ten people.\nResults: We found nothing.",
        "Q: What is it?\nA: A dog.\nQ: Who are you?\nA: I am Ann.",
        "Question: What do you see?\nAnswer: I see a dog. It barks.",
        "Step 1: We mix the flour.\nStep 2: You knead it.\nStep 3: You bake it. We wait.",
        "段落1：我们看到狮子桥。它很老。\n段落2：你知道吗？它在北方。",
        "注意：你不能打开它。它会坏。\n结果：我们什么也没有找到。",
        "He said the following:\nWe are late. It rained.\nShe replied: Yes, we are.",
        "Alice: We should ship on Monday. It is ready.",
        "See https://example.org: it is ours.\nhttp://example.com",
        "10:30\n10:45: We meet.\n11:00: You leave.",
        BRIDGE, OVEN, CHINESE, TABLE, CODE, "",
    ],
)  # fmt: skip
def test_keys_glossaries_and_prose_are_no_dialogue(text):
    assert not turns(text)
    assert utterances(text) == with_replies(text, sentences(text))
    units = Units(sentences(text))
    assert with_speakers(text, units) is units
    assert set(speakers(text, units.spans)) <= {None}


def test_a_note_inside_of_a_turn_begins_none():
    assert labels(f"{CHAT}\nNote: do not ship.\nAlice: Then we wait. Fine.") == ["Alice: ", "Bob: ", "Alice: "]


def test_a_sentence_needs_the_label_of_its_turn():
    units = bound(CHAT)
    assert [CHAT[start:end] for start, end in units.spans] == [
        "Alice: ", "We should ship on Monday. ", "It is ready.\n", "Bob: ", "No, the tests fail. ", "Wait for Tuesday.",
    ]  # fmt: skip
    assert units.needs == {1: (0,), 2: (0,), 4: (3,), 5: (3,)}
    assert units.frame == {0, 3}


def test_a_heading_ends_a_turn_and_is_brought_along_too():
    text = f"# Call\n{CHAT}\n## Sums\nTwo and two are four."
    units = with_speakers(text, with_headings(text, Units(utterances(text))))
    company = [[text[slice(*units.spans[other])].strip() for other in units.company(unit)] for unit in range(len(units.spans))]
    assert ["# Call", "Bob:", "Wait for Tuesday."] in company
    assert company[-1] == ["# Call", "## Sums", "Two and two are four."]


def test_a_heading_inside_of_code_ends_no_turn():
    text = "User: How do I sort?\nAssistant: Like this:\n```python\n# sort\nsorted(names)\n```\nIt returns a list."
    units = with_speakers(text, Guard().coarse.units(text, utterances))
    assert [text[slice(*units.spans[unit])].strip() for unit in units.company(len(units.spans) - 1)] == [
        "Assistant:", "It returns a list.",
    ]  # fmt: skip


def test_a_first_name_on_a_line_of_its_own_is_no_title():
    text = "ANN LEE:\nI can see it.\nBO HALL:\nSo do I. It is green."
    units = with_speakers(text, with_headings(text, Units(utterances(text))))
    assert units.needs == {1: (0,), 3: (2,), 4: (2,)}


def test_a_pronoun_still_brings_the_sentence_before():
    units = with_speakers(CHAT, with_subjects(CHAT, Units(utterances(CHAT))))
    assert units.company(2) == [0, 1, 2]
    assert units.company(5) == [3, 5]


def test_lines_that_are_laid_out_are_left_alone():
    units = Units(utterances(CHAT), verbatim=frozenset({0}))
    assert with_speakers(CHAT, units).needs == {4: (3,), 5: (3,)}


def test_a_label_inside_of_what_the_caller_keeps_comes_with_it():
    units = with_speakers(CHAT, Guard(keep=("Bob: No",)).coarse.units(CHAT, utterances))
    assert [CHAT[slice(*units.spans[unit])].strip() for unit in units.company(len(units.spans) - 1)] == [
        "Bob: No, the tests fail.", "Wait for Tuesday.",
    ]  # fmt: skip
    assert units.frame == {0}


def test_a_label_that_the_caller_keeps_needs_no_sentence_and_keeps_its_colon():
    units = with_speakers(CHAT, Guard(keep=("Bob",)).coarse.units(CHAT, utterances))
    draft = Draft((Passage.whole(0, CHAT),), None, 4, count_words)
    assert keep_best(draft, [units], [[0, 0, 0, 0, 0, 1]]).text == "Bob: Wait for Tuesday."


@pytest.mark.parametrize(("text", "kept"), [(CHAT, "Bob: Wait for Tuesday."), (CHINESE_CHAT, "李四：等到星期二吧。")])
def test_a_label_keeps_its_colon_and_its_line(text, kept):
    units = bound(text)
    draft = Draft((Passage.whole(0, text),), None, count_bytes(kept), count_bytes)
    assert keep_best(draft, [units], [[0, 0, 0, 0, 0, 1]]).text == kept


@pytest.mark.parametrize("press", BY_SENTENCES.values(), ids=BY_SENTENCES.keys())
@pytest.mark.parametrize("source", [MEETING, MEETING.replace("\n", "\r\n")], ids=["LF", "CRLF"])
def test_every_kept_sentence_stands_behind_its_label_and_each_label_once_in_a_turn(press, source):
    owner = said_by(source.replace("\r", ""), source)
    for tokens in range(4, 61, 2):
        for query in ("What does the light cost?", None):
            out = press.compress([source], query, budget=Budget(tokens=tokens, count=count_words))
            assert out.tokens_after <= tokens
            assert all(passage.text == "".join(source[a:b] for a, b in passage.spans) for passage in out.passages)
            if any("no whole unit fits" in warning for warning in out.warnings):
                continue
            lines = out.text.replace("\r", "").split("\n")
            assert all(line.startswith(("Project Manager: ", "Marketing: ", "Industrial Designer: ")) for line in lines if line)
            for part, line in said_by(out.text.replace("\r", ""), source).items():
                assert line.split(":")[0] == owner[part].split(":")[0]
            assert all(line.count(": ") == 1 for line in lines if line)


def test_words_go_but_not_those_of_a_label():
    out = lingua().compress([MEETING], "What does the light cost?", budget=Budget(tokens=20, count=count_words))
    sentence_ends = {MEETING[a:b].strip() for a, b in utterances(MEETING)}
    bodies = [line.split(": ", 1) for line in out.text.split("\n")]
    assert {name for name, _ in bodies} <= {"Project Manager", "Marketing", "Industrial Designer"}
    assert any(part not in sentence_ends for _, body in bodies for part in [body])


def test_chinese_labels_stay_with_words_too():
    for tokens in range(8, count_bytes(CHINESE_CHAT), 3):
        out = lingua().compress([CHINESE_CHAT], "什么时候发布？", budget=Budget(tokens=tokens, count=count_bytes))
        if not out.warnings:
            assert all(line.startswith(("张三：", "李四：")) for line in out.text.split("\n") if line)


def test_what_two_speakers_say_is_not_said_twice():
    said = "I think that the bridge was built in 1894."
    text = f"Ann: {said} Yes.\nBob: Do you? {said}\nAnn: {said}"
    units, row = bound(text), np.arange(8.0)[::-1]
    stay, _ = unrepeated([Passage.whole(0, text)], [units], [row], parts=True)
    assert [text[slice(*units.spans[unit])].strip() for unit in stay[0]][:6] == ["Ann:", said, "Yes.", "Bob:", "Do you?", said]
    assert len(units.spans) - 1 not in stay[0]
    passages = [Passage.whole(0, text), Passage.whole(1, said)]
    assert unrepeated(passages, [units, Units(sentences(said))], [row, np.zeros(1)])[0][1] == []


def test_a_short_answer_with_its_speaker_is_no_scrap():
    text = "Marketing: Is it ready? Hm.\nManager: Yes."
    units = bound(text)
    stays = dict(zip((text[start:end].strip() for start, end in units.spans), _no_scraps(text, units, np.zeros(5)), strict=True))
    assert stays == {"Marketing:": False, "Is it ready?": True, "Hm.": False, "Manager:": False, "Yes.": False}
    text = text.replace("Manager", "Project Manager")
    assert _no_scraps(text, bound(text), np.zeros(5)).tolist()[-1]


@given(text=hostile)
def test_any_text_is_tiled_and_turns_follow_each_other(text):
    for dialogue in (text, f"Ann: {text}\nBob: {text}\nAnn: Are you sure? {text}"):
        spans = utterances(dialogue)
        assert "".join(dialogue[start:end] for start, end in spans) == dialogue
        bounds = [place for (start, end), stop, _ in turns(dialogue) for place in (start, end, stop)]
        assert bounds == sorted(bounds)
        units = with_speakers(dialogue, Guard().coarse.units(dialogue, utterances))
        labels_alone = units.frame - units.verbatim
        assert all(other < unit for unit, others in units.needs.items() for other in others if other in labels_alone)


class Counting:
    """A pattern that counts how often it is asked."""

    def __init__(self, pattern):
        self.pattern, self.asked = pattern, 0

    def match(self, *args):
        self.asked += 1
        return self.pattern.match(*args)


@pytest.mark.parametrize("text", ["a: " * 5000, "a:\n" * 5000, ("Ann: Are you there? Yes.\n" * 5000), "x" * 20000 + ": " * 5000])
def test_each_line_is_looked_at_once_and_bonds_grow_with_the_text(monkeypatch, text):
    counting = Counting(module._LABEL)
    monkeypatch.setattr(module, "_LABEL", counting)
    turns(text)
    assert counting.asked <= text.count("\n") + 1
    units = bound(text[:50000])
    assert sum(map(len, units.needs.values())) <= len(units.spans)


DIALOGUE = """Doctor: Good morning, how are you?
{}: Hello. The pain began 3 weeks ago in the left knee.
Doctor: Did you take anything?
Nurse: Yes, I gave her aspirin.
Doctor: Thank you so much!
Nurse: You are welcome.
"""


@pytest.mark.parametrize(
    "name", ["Patient", "Participant 2", "Maria del Carmen de la Cruz", "[Audience member]", "3rd juror", "O'Neil, Pat", "Max"]
)
def test_nobody_is_given_the_words_of_another(name):
    out = load("sentence_filter").compress([DIALOGUE.format(name)], "When did the knee pain begin?", budget=Budget(tokens=16))
    line = next(line for line in out.text.splitlines() if "3 weeks" in line)
    assert line.startswith((name, "The pain", "Hello"))


def test_prose_below_a_dialogue_is_nobody_s():
    text = DIALOGUE.format("Ann") + "\nThe hospital was closed in 1998 by the city council.\n"
    out = load("sentence_filter").compress([text], "When was the hospital closed?", budget=Budget(tokens=14))
    assert "The hospital was closed" in out.text
    assert "Nurse: The hospital" not in out.text


def test_roles_and_first_names_are_no_keys():
    assert (
        len(turns("Doctor: Where does it hurt?\nPatient: My knee hurts.\nDoctor: Since when?\nPatient: I think three weeks.\n"))
        == 4
    )
    assert len(turns("Max: Where is it?\nAnna: I do not know.\nMax: Did you look?\nAnna: Yes, I did.\n")) == 4


def test_a_yes_and_its_question_bring_one_another():
    text = "Reporter: Will you raise taxes?\nMinister: No, certainly not. We like them low.\nReporter: Will you cut pensions?\nMinister: Yes, by two percent."
    units = with_speakers(text, Units(utterances(text)))
    told = [text[start:end].strip() for start, end in units.spans]
    brings = {told[unit]: {told[other] for other in needs} for unit, needs in units.needs.items()}
    assert brings["No, certainly not."] == {"Minister:", "Will you raise taxes?"}
    assert brings["Will you cut pensions?"] == {"Reporter:", "Yes, by two percent."}
    assert brings["We like them low."] == {"Minister:"}
