"""What questions are asked, and of what."""

import pytest

from linguapress.evaluation.evidence import Source, hop
from linguapress.evaluation.tasks import examples
from linguapress.splits import held_out


def test_dev_and_test_are_disjoint_and_the_order_is_seeded(data):
    dev, test = examples("nq", data, 0, "dev"), examples("nq", data, 0, "test")
    assert {e.id for e in dev}.isdisjoint(e.id for e in test)
    assert examples("nq", data, 0)[0] == examples("nq", data, 0)[0]
    assert [e.documents for e in examples("nq", data, 0)] != [e.documents for e in examples("nq", data, 1)]
    assert all(sentence.startswith("The tower") for e in dev for _, sentence in e.evidence)


def test_gold_documents_are_known_by_their_place(data, multihop):
    for example in examples("nq", data):
        assert [example.documents[i].split("\n")[0] for i in example.gold] == ["Tower"]
        assert example.hops == ()
    for example in examples("multihop", multihop):
        assert {example.documents[i].split()[0] for i in example.gold} == {"Bridge", "Ada"}


def test_every_gold_passage_of_a_multihop_question_has_its_sentence(multihop):
    for example in examples("multihop", multihop):
        assert {sentence.strip()[:20] for _, sentence in example.hops} == {"The bridge was built", "She was born in Oslo"}
        assert all(sentence in example.documents[index] for index, sentence in example.hops)


SONG = Source("Hello (song)", "Hello was released in 1974. Snow sang it. It sold well.", True)
SINGER = Source("Snow (singer)", "He moved to Nashville. He was a singer.", True)


@pytest.mark.parametrize(
    ("question", "answers", "sentence"),
    [
        ("when was it sung", ["1974"], "Hello was released in 1974."),  # an answer comes before a name
        ("where did he move", ["Nashville"], "Snow sang it."),  # the name, without what tells it from others
        ("did it sell well", ["yes"], "Snow sang it."),
        ("did it sell well", ["sol"], "Snow sang it."),  # whole words only
    ],
)
def test_the_sentence_holds_an_answer_or_names_the_other_passage(question, answers, sentence):
    assert hop(SONG, [SINGER], question, answers).strip() == sentence


def test_the_sentence_is_else_the_one_like_the_question():
    other = Source("Elsewhere", "Nothing.", True)
    assert hop(SONG, [other], "how well was it sold, and has it sold", ["no"]).strip() == "It sold well."
    assert hop(SONG, [other], "of which of the", ["no"]).strip() == "Hello was released in 1974."
    same = Source("Snow (singer)", "Snow moved. His singing was liked.", True)
    assert hop(same, [SINGER], "whose singing", ["x"]).strip() == "His singing was liked."  # its own title is no link
    assert hop(Source("Empty", "", True), [other], "who", ["x"]) == ""


def test_questions_are_trained_on_that_the_test_part_does_not_ask(multihop):
    from linguapress.training.questions import multihop_test, read_questions

    dev, test = ({e.question for e in examples("multihop", multihop, part=part)} for part in ("dev", "test"))
    trained = {question.text for question in read_questions(multihop, ["multihop"])}
    assert trained
    assert trained == {question for question in dev if not held_out(question)}
    assert test == multihop_test(multihop)
    assert trained.isdisjoint(test)


def test_gold_paragraphs_of_squadshifts_are_held_out_of_training(squadshifts):
    from linguapress.training.questions import read_questions

    (squadshifts / "multihop_small").mkdir()
    for name in ("hotpotqa", "musique"):
        (squadshifts / "multihop_small" / f"{name}_train100.jsonl.gz").touch()
    asked = examples("squadshifts", squadshifts)
    gold = {example.documents[i] for example in asked for i in example.gold}
    others = {text for example in asked for text in example.documents} - gold
    trained = {candidate.text for q in read_questions(squadshifts, ["wiki", "reddit"]) for candidate in q.candidates}
    bodies = {text.split("\n")[-1] for text in trained}
    assert gold
    assert all(map(held_out, gold))
    assert not all(map(held_out, others))
    assert bodies
    assert bodies.isdisjoint(gold)
    assert {example.id.split("-")[0] for example in asked} == {"new_wiki", "reddit"}
