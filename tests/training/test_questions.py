"""Questions read from data sets: where answers stand, what is needed, and what is never trained on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, OVEN, hostile

from linguapress import Span
from linguapress.segment import sentences
from linguapress.splits import held_out
from linguapress.training.questions import (
    SOURCES,
    Candidate,
    Question,
    absent,
    answering,
    around,
    blocks,
    from_sentences,
    held_out_labels,
    multihop_test,
    occurrences,
    read_questions,
    with_labels,
)


def cut(text, spans):
    return [text[start:end] for start, end in spans]


# Where answers stand


@pytest.mark.parametrize(
    ("text", "answers", "found"),
    [
        ("The Lion Bridge at Torvik.", ["lion BRIDGE"], ["Lion Bridge"]),
        ("the Lion\n  Bridge", ["Lion Bridge"], ["Lion\n  Bridge"]),
        ("a cat, concatenated; CAT", ["cat"], ["cat", "CAT"]),
        ("18945 or 1894.", ["1894"], ["1894"]),
        ("from 1.2 to 1x2", ["1.2"], ["1.2"]),
        ("C++ and C", ["C++"], ["C++"]),
        ("cost $1.2 million (about)", ["$1.2 million", "(about)"], ["$1.2 million", "(about)"]),
        ("[x] a|b ^c", ["[x]", "a|b", "^c", r"\d"], ["[x]", "a|b", "^c"]),
        ("Elm, then Torvik, then Elm", ["Torvik", "Elm"], ["Elm", "Torvik", "Elm"]),
        ("Elm", ["Elm", "elm", " Elm "], ["Elm"]),
        ("text", ["", "  "], []),
        ("text", [], []),
        ("", ["text"], []),
    ],
)
def test_answers_are_found_as_whole_words_whatever_their_case_and_blanks(text, answers, found):
    assert cut(text, occurrences(text, answers)) == found


@given(st.lists(st.text("aB1.+*?()[]{}|^$\\-é狮'\"", min_size=1, max_size=5), min_size=1, max_size=3), st.data())
def test_an_answer_of_any_characters_is_found_where_it_stands(words, data):
    blanks = [data.draw(st.sampled_from([" ", "\n", "  ", "\u00a0"])) for _ in words]
    text = "so: " + "".join(blank + word for blank, word in zip(blanks, words, strict=True)) + " it is"
    start = 4 + len(blanks[0])
    assert Span(start, len(text) - 6) in occurrences(text, [" ".join(words).upper(), "none"])


def test_sentences_around_places_are_those_that_hold_a_part_of_one():
    text = "One is here. Two is there. Three is away. Four is gone."
    assert cut(text, around(text, [Span(13, 16)])) == ["Two is there. "]
    assert cut(text, around(text, [Span(50, 51), Span(20, 28)])) == ["Two is there. ", "Three is away. ", "Four is gone."]
    assert around(text, []) == ()


def test_of_a_passage_that_answers_the_sentences_with_an_answer_are_needed():
    found = answering("Bridge", BRIDGE, ["1931", "Marta Holm", "Paris"])
    assert cut(BRIDGE, found.answers) == ["Marta Holm", "1931"]
    assert [text.split()[0] for text in cut(BRIDGE, found.needed)] == ["It", "In"]
    assert found.relevant
    assert not found.certain


def test_where_the_place_of_the_answer_is_known_other_mentions_are_not_needed():
    text = "Elm is a river. The bridge crosses the Elm. Elm is long."
    found = answering("", text, ["Elm"], [Span(39, 42)])
    assert cut(text, found.needed) == ["The bridge crosses the Elm. "]
    assert cut(text, found.answers) == ["Elm"]


def test_a_candidate_is_read_with_its_title():
    assert Candidate("Title", "Body").text == "Title\nBody"
    assert Candidate("", "Body").text == "Body"


@given(text=hostile, words=st.integers(1, 20))
def test_blocks_tile_the_text_in_whole_sentences(text, words):
    found = blocks(text, words)
    assert "".join(cut(text, found)) == text
    units = sentences(text)
    assert {end for _, end in found} <= {end for _, end in units}
    for start, end in found:
        inside = [len(text[a:b].split()) for a, b in units if start <= a < end]
        assert sum(inside) <= words or sum(size > 0 for size in inside) == 1


def test_blocks_are_as_long_as_they_may_be():
    text = "Bread needs time. Salt comes late. Ovens are hot. Loaves cool slowly. Done."
    assert [len(part.split()) for part in cut(text, blocks(text, 7))] == [6, 7]


# What is read of each data set

STORY = "Torvik is old. Marta Holm built the bridge. She lived in Torvik."


def paragraphs(question, context=STORY, start=15, answer="Marta Holm"):
    return {"title": "Lion_Bridge", "context": context, "qas": [{"question": question, "starts": [start], "answers": [answer]}]}


def multihop(question):
    docs = [("Bridge", STORY, True), ("Elm", "The Elm is a river of Torvik.", True), ("Oven", "Marta Holm bakes.", False)]
    named = [dict(zip(("title", "text", "gold"), doc, strict=True)) for doc in docs]
    return {"question": question, "answers": ["Marta Holm"], "docs": named}


def meeting(question, spans=((1, 2),)):
    turns = [["A", f"{{vocalsound}} {name} " + "word " * 140] for name in ("zero", "one", "two", "three")]
    return {"turns": turns, "specific": [{"query": question, "spans": [[str(a), str(b)] for a, b in spans]}]}


ROWS = {
    "nq": lambda q: {"question": q, "title": "Bridge", "passage": STORY, "answers": ["Torvik"]},
    "wiki": paragraphs,
    "reddit": paragraphs,
    "amazon": paragraphs,
    "covid": paragraphs,
    "labelled": lambda q: {"question": q, "sentences": ["Bridge: One.", "Two."], "needed": [1], "source": "nq"},
    "multihop": multihop,
    "pubmed": lambda q: {"question": q, "contexts": [STORY, OVEN]},
    "meetings": meeting,
}
assert ROWS.keys() == SOURCES.keys()


def file_of(source):
    return "hotpotqa" if source == "multihop" else source


def one(data_sets, source, row):
    folder = data_sets(**{file_of(source): [row]})
    return list(SOURCES[source](folder))


@pytest.mark.parametrize("source", ROWS)
def test_held_out_questions_are_never_read_and_all_others_are(source, data_sets):
    asked = [f"Who built bridge {number}?" for number in range(60)]
    folder = data_sets(**{file_of(source): [ROWS[source](question) for question in asked]})
    expected = [question for question in (asked[::2] if source == "multihop" else asked) if not held_out(question)]
    assert not held_out(STORY)
    assert [question.text for question in read_questions(folder, [source])] == expected
    assert 0 < len(expected) < len(asked)


@pytest.mark.parametrize("source", ["wiki", "reddit", "amazon"])
def test_paragraphs_that_are_held_out_are_not_read_whatever_is_asked(source, data_sets):
    texts = [f"{STORY} It has {number} arches." for number in range(60)]
    folder = data_sets(**{source: [paragraphs("Who built it?", text) for text in texts]})
    found = [question.candidates[0].body for question in read_questions(folder, [source])]
    assert found == [text for text in texts if not held_out(text)]


def test_the_test_half_of_the_multihop_questions_is_not_trained_on_wherever_it_stands(data_sets):
    asked = [question for number in range(60) if not held_out(question := f"Who built bridge {number}?")]
    first, second = asked[:20], asked[20:40]
    folder = data_sets(
        hotpotqa=[multihop(question) for question in first], musique=[multihop(question) for question in second],
        nq=[ROWS["nq"](question) for question in asked],
    )  # fmt: skip
    hidden, trained = multihop_test(folder), [question.text for question in read_questions(folder)]
    assert hidden == {*first[1::2], *second[1::2]}
    assert sorted(trained) == sorted([*first[::2], *second[::2], *(question for question in asked if question not in hidden)])


def test_questions_of_the_web_come_with_all_mentions_of_their_answer(data_sets):
    (found,) = one(data_sets, "nq", ROWS["nq"]("who?"))
    assert (found.source, found.mined, found.answers) == ("nq", True, ("Torvik",))
    assert found.candidates == (answering("Bridge", STORY, ["Torvik"]),)
    assert not one(data_sets, "nq", {**ROWS["nq"]("who?"), "answers": ["Paris"]})


@pytest.mark.parametrize(("source", "title"), [("wiki", "Lion Bridge"), ("reddit", ""), ("amazon", "")])
def test_paragraphs_come_with_the_marked_answer_alone(source, title, data_sets):
    (found,) = one(data_sets, source, paragraphs("who?"))
    assert found.candidates == (answering(title, STORY, (), [Span(15, 25)]),)
    assert (found.source, found.mined, found.answers) == (source, bool(title), ("Marta Holm",))
    assert not one(data_sets, source, paragraphs("who?", start=16))


def test_of_an_article_the_block_with_the_answer_comes_with_those_without(data_sets):
    paragraph = "Bread needs time and a good deal of flour from the old mill by the river, says every baker in the town. " * 5
    parts = ["It rained. " + paragraph, paragraph + "Marta Holm came. ", paragraph, "Marta Holm left. " + paragraph, "End."]
    article = "\n\n".join(parts)
    (found,) = one(data_sets, "covid", paragraphs("who?", article, article.index("Marta")))
    right, *wrong = found.candidates
    assert [needed.strip() for needed in cut(right.body, right.needed)] == ["Marta Holm came."]
    assert cut(right.body, right.answers) == ["Marta Holm"]
    assert [(c.relevant, c.certain, "Marta" in c.body, c.body in article) for c in wrong] == [(False, True, False, True)] * 3
    assert not one(data_sets, "covid", paragraphs("who?", article, 0))


def test_blanks_before_an_article_shift_no_answer(data_sets):
    article = "\n  Torvik is old. Marta Holm came."
    (found,) = one(data_sets, "covid", paragraphs("who?", article, article.index("Marta")))
    (right,) = found.candidates
    assert cut(right.body, right.answers) == ["Marta Holm"]
    assert cut(right.body, right.needed) == ["Marta Holm came."]


def test_multihop_questions_come_with_their_right_and_wrong_documents(data_sets):
    (found,) = one(data_sets, "multihop", multihop("who?"))
    assert [(c.title, c.relevant, c.certain, cut(c.body, c.answers)) for c in found.candidates] == [
        ("Bridge", True, False, ["Marta Holm"]), ("Elm", True, False, []), ("Oven", False, True, []),
    ]  # fmt: skip


def test_all_blocks_of_an_abstract_are_relevant_and_none_of_their_sentences_is_known_to_be(data_sets):
    (found,) = one(data_sets, "pubmed", {"question": "Is it?", "contexts": [OVEN, OVEN.replace("Bread", "Cake")]})
    assert len(found.candidates) == 2
    assert " ".join(c.body for c in found.candidates) == f"{OVEN} {OVEN.replace('Bread', 'Cake')}"
    assert all((c.relevant, c.certain, c.needed, c.answers) == (True, False, (), ()) for c in found.candidates)


def test_blocks_of_a_meeting_are_relevant_where_their_turns_are_marked(data_sets):
    (found,) = one(data_sets, "meetings", meeting("what?"))
    assert [(c.body[:8].rstrip(), c.relevant, c.certain) for c in found.candidates] == [
        ("A: zero", False, True), ("A: one w", True, False), ("A: two w", True, False), ("A: three", False, True),
    ]  # fmt: skip
    assert not one(data_sets, "meetings", meeting("what?", spans=()))


def test_blocks_of_a_meeting_that_are_marked_in_part_are_left_out(data_sets):
    turns = [["A", "word " * 70] for _ in range(4)]  # two make a block
    (found,) = one(data_sets, "meetings", {"turns": turns, "specific": [{"query": "what?", "spans": [["1", "3"]]}]})
    assert [candidate.relevant for candidate in found.candidates] == [True]


# Labelled sentences


@pytest.mark.parametrize(
    ("source", "title"), [("nq", "Lion Bridge"), ("nq-hard-negative", "Lion Bridge"), ("multihop", "Lion Bridge"), ("news", "")]
)
def test_labelled_sentences_are_those_of_the_body(source, title, data_sets):
    parts = ["Lion Bridge: It is old.", "Note: it  is green.", "It stands."]
    found = from_sentences({"question": "q", "sentences": parts, "needed": [2, 0], "source": source})
    (candidate,) = found.candidates
    expected = ["It is old.", *parts[1:]] if title else parts
    assert (candidate.title, cut(candidate.body, found.sentences)) == (title, expected)
    assert candidate.body == " ".join(expected)
    assert cut(candidate.body, candidate.needed) == [expected[0], expected[2]]
    assert (found.source, candidate.relevant, candidate.certain) == (f"labelled-{source}", True, True)


def test_a_passage_of_which_nothing_is_needed_is_wrong():
    found = from_sentences({"question": "q", "sentences": ["One.", "Two."], "needed": [], "source": "news"})
    assert found.candidates == (Candidate("", "One. Two."),)


def test_labels_that_measure_are_those_that_are_not_trained_on(data_sets):
    asked = [f"Who built bridge {number}?" for number in range(60)]
    folder = data_sets(labelled=[ROWS["labelled"](question) for question in asked])
    measured = [question.text for question in held_out_labels(folder)]
    assert measured == [question for question in asked if held_out(question)]
    assert sorted([*measured, *(question.text for question in read_questions(folder))]) == sorted(asked)


def labelled(question, source, parts, needed):
    return from_sentences({"question": question, "sentences": parts, "needed": needed, "source": source})


def test_labels_replace_what_mentions_of_the_answer_suggest_and_bring_wrong_passages():
    asked = Question("nq", "who?", (answering("Bridge", STORY, ["Torvik"]),), ("Torvik",), mined=True)
    chosen = labelled("who?", "nq", ["Bridge: Torvik is old.", "She lived in Torvik."], [1])
    wrong = labelled("who?", "nq-hard-negative", ["Oven: Bread rises."], [])
    other = Question("wiki", "who?", asked.candidates, ("Torvik",), mined=True)
    first, *rest = with_labels([asked, chosen, wrong, other])
    assert rest == [chosen, wrong, other]
    assert (first.source, first.text, first.answers, first.mined) == ("nq", "who?", ("Torvik",), True)
    right, added = first.candidates
    assert (right.title, right.needed, right.certain) == ("Bridge", chosen.candidates[0].needed, True)
    assert cut(right.body, right.answers) == ["Torvik", "Torvik"]
    assert added == wrong.candidates[0]


def test_further_passages_that_were_judged_join_as_what_they_are():
    asked = Question("nq", "who?", (answering("Bridge", STORY, ["Torvik"]),), ("Torvik",), mined=True)
    right = labelled("who?", "nq-hard-negative", ["Town: It lies north of Torvik."], [0])
    wrong = [labelled("who?", "nq-hard-negative", [f"Oven: Bread rises {day}."], []) for day in ("today", "tonight", "today")]
    nothing = Question("labelled-nq", "who?", (Candidate("Bridge", STORY.replace(" ", "  ")),))
    (found, *_) = with_labels([asked, right, *wrong, nothing])
    assert found.candidates[0] == asked.candidates[0]  # where it found nothing, the label by the answer stays
    assert cut(found.candidates[1].body, found.candidates[1].answers) == ["Torvik"]
    assert found.candidates[2:] == (wrong[0].candidates[0], wrong[1].candidates[0])


def test_questions_that_nobody_labelled_stay_as_they_are():
    asked = Question("nq", "who?", (answering("Bridge", STORY, ["Torvik"]),), ("Torvik",), mined=True)
    others = [labelled("whom?", "nq", ["Bridge: Torvik."], [0]), *(labelled("who?", "news", ["Oven."], n) for n in ([], [0]))]
    assert with_labels([asked, *others]) == [asked, *others]


def test_data_sets_that_the_folder_lacks_are_left_out(tmp_path):
    asked = [Question("asked", f"who is {number}", (Candidate("", "Mila.", relevant=True),)) for number in range(20)]
    assert read_questions(tmp_path, more=asked)
    assert held_out_labels(tmp_path) == []


def test_what_a_folder_lacks_is_named(data_sets):
    row = {"question": "q", "title": "T", "passage": "Mila built it.", "answers": ["Mila"]}
    assert absent(data_sets(nq=[row]), ["asked", "nq", "wiki", "labelled"]) == ["wiki", "labelled"]
