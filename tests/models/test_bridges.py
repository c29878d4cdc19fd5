"""Passages that another one names."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import hostile

from linguapress import Budget, Passage, Rating
from linguapress.excerpts import excerpts
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.models.bridges import bridged
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.selected import SelectedRelevance
from linguapress.segment import sentences
from linguapress.structure.headings import with_headings
from linguapress.structure.sections import with_sections
from linguapress.units import Units

JAWS = "Jaws (film)\nIt opened in 1975. Jaws was directed by Steven Spielberg."
SPIELBERG = "Steven Spielberg (director)\nHe was born in Cincinnati."
OTHERS = ["Jaws 2\nIt was directed by Jeannot Szwarc.", "Weather\nIt rained."]
QUESTION = "Where was the director of Jaws born?"


def _raised(texts, needed, relevance, query=QUESTION, loss=2.0):
    passages = [Passage.whole(index, text) for index, text in enumerate(texts)]
    units = [with_headings(text, Units(sentences(text))) for text in texts]
    chances = [np.full(len(item.spans), chance) for item, chance in zip(units, needed, strict=True)]
    return bridged(query, excerpts(passages, units), chances, np.array(relevance), loss).relevance.tolist()


def test_a_passage_that_a_needed_sentence_names_is_about_as_relevant():
    found = _raised([JAWS, *OTHERS, SPIELBERG], [1.0, 1, 1, 1], [5.0, -1, -4, -9])
    assert found == [5, -1, -4, 3]


@pytest.mark.parametrize("chance", [0.9, 0.5, 0.01])
def test_what_is_needed_with_less_certainty_raises_less(chance):
    assert _raised([JAWS, SPIELBERG], [chance, 0.0], [5.0, -9])[1] == pytest.approx(5 + np.log(chance) - 2)


def test_a_sentence_that_nothing_needs_raises_nothing():
    assert _raised([JAWS, SPIELBERG], [0.0, 0.0], [5.0, -9]) == [5, -9]


def test_nothing_sinks():
    assert _raised([JAWS, SPIELBERG], [1.0, 1.0], [5.0, 8.0]) == [5, 8]


@pytest.mark.parametrize(("texts", "query"), [
    ([JAWS, SPIELBERG], "Where was Steven Spielberg, director of Jaws, born?"),  # the question names it itself
    ([JAWS, "Steven Spielbergs\nThey are many."], QUESTION),
    ([JAWS, "He was born in Cincinnati. Steven Spielberg is a director."], QUESTION),  # has no title
    ([JAWS, "St\nIt is short."], QUESTION),
    ([JAWS.replace("Steven Spielberg", "steven spielberg"), SPIELBERG], QUESTION),
    (["Steven Spielberg\nIt names Steven Spielberg.", "Weather\nIt rained."], QUESTION),  # itself
])  # fmt: skip
def test_what_is_not_named_stays(texts, query):
    assert _raised(texts, [1.0] * len(texts), [5.0, -9], query) == [5, -9]


def test_titles_are_no_patterns_and_the_longest_counts():
    texts = ["Films\nHe made C++ (2nd ed.) and Jaws 2 here.", "Jaws\nOne.", "Jaws 2\nTwo.", "C++\nA language."]
    assert _raised(texts, [1.0] * 4, [5.0, -9, -9, -9], "What did he make?") == [5, -9, 3, 3]


@pytest.mark.parametrize(("said", "title"), [
    ("It was coded in C++ there.", "C++"), ("电影由史蒂文斯皮尔伯格执导。", "史蒂文斯皮尔伯格"), ("Made by .hack//sign here.", ".hack//sign"),
])  # fmt: skip
def test_titles_that_no_letters_end_are_found_as_well(said, title):
    assert _raised([f"Work\n{said}", f"{title}\nOne."], [1.0, 1.0], [5.0, -9], "What is it?")[1] == 3


def test_several_passages_of_one_title_are_raised_together():
    assert _raised([JAWS, SPIELBERG, SPIELBERG.replace("born", "raised")], [1.0] * 3, [5.0, -9, -7]) == [5, 3, 3]


@given(texts=st.lists(hostile, min_size=1, max_size=5), query=hostile, seed=st.integers(0, 99))
def test_any_texts_are_read(texts, query, seed):
    rng = np.random.default_rng(seed)
    relevance = rng.normal(size=len(texts))
    found = _raised(texts, rng.uniform(size=len(texts)), relevance, query)
    assert all(new >= old for new, old in zip(found, relevance, strict=True))
    assert max(found) == max(relevance)


@dataclass(frozen=True)
class Asking:
    """A selector that needs what the question names, and hardly anything else."""

    def rate(self, query, passages, units):
        rows = [np.array([_need(p.text[start:end]) for start, end in item.spans]) for p, item in zip(passages, units, strict=True)]
        return Rating(rows, np.array([5.0 * ("Jaws was" in p.text) + 2.0 * ("Szwarc" in p.text) for p in passages]))

    def legibility(self, texts):
        return np.ones(len(texts))


def _need(sentence):
    return 0.95 if "Jaws was directed" in sentence else 0.02 if "Cincinnati" in sentence or "Szwarc" in sentence else 0.0


def test_what_a_passage_that_is_named_says_to_the_question_is_needed_as_well():
    texts = [JAWS, SPIELBERG, *OTHERS]
    passages = [Passage.whole(index, text) for index, text in enumerate(texts)]
    units = [with_headings(text, Units(sentences(text))) for text in texts]
    found = SelectedRelevance(Asking(), LexicalRelevance(), hop_loss=1.0).rate(QUESTION, passages, units)
    assert [row.max() for row in found.needed] == pytest.approx([0.95, 0.95 / np.e, 0.02, 0])
    assert found.needed[1].argmax() == 1


@pytest.mark.parametrize("hop_loss", [2.0, float("inf")])
def test_both_hops_of_a_question_are_kept(hop_loss):
    documents = [*OTHERS, "Born free\nWhere was it born, the director asked.", SPIELBERG, JAWS]
    press = SentenceFilter(SelectedRelevance(Asking(), LexicalRelevance(), first_weight=1.0, hop_loss=hop_loss))
    out = press.compress(documents, QUESTION, budget=Budget(tokens=20, count=lambda text: len(text.split())))
    assert "Steven Spielberg." in out.text
    assert ("Cincinnati" in out.text) == (hop_loss == 2.0)


def test_all_sections_of_a_long_passage_are_raised_by_its_title_but_not_by_their_own():
    life = "Steven Spielberg\n" + "\n\n".join(["Steven Spielberg made many films in the years after that. " * 12] * 4)
    texts = ["Jaws\nJaws was directed by Steven Spielberg.", life]
    passages = [Passage.whole(index, text) for index, text in enumerate(texts)]
    units = [with_sections(text, with_headings(text, Units(sentences(text)))) for text in texts]
    parts = excerpts(passages, units)
    assert len(parts) > 3
    needed = [np.full(len(part.units.spans), 1.0 if part.section.passage == 0 else 0.0) for part in parts]
    relevance = np.array([0.0, *[-9.0] * (len(parts) - 1)])
    assert bridged(QUESTION, parts, needed, relevance, 1.0).relevance.tolist() == [0.0, *[-1.0] * (len(parts) - 1)]
    own = [np.full(len(row), float(part.section.passage)) for part, row in zip(parts, needed, strict=True)]
    assert bridged(QUESTION, parts, own, relevance, 1.0).relevance.tolist() == relevance.tolist()
