"""Groups: what a step draws, how passages are cropped, and which tokens the targets lie on."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from linguapress import Span
from linguapress.training.groups import MIX, Draws, Group, Pair, by_source, collate, cropped
from linguapress.training.questions import SOURCES, Candidate, Question, answering

RIGHT = [Candidate("", f"right {number}", True) for number in range(3)]
WRONG = [Candidate("", f"wrong {number}") for number in range(4)]
NEAR = [Candidate("", f"near {number}") for number in range(20)]


def draws(questions=None, mix=None, groups=3, width=8, hardness=0.1, seed=0, spare=1.0):
    if questions is None:
        asked = [Question("nq", f"who is {number} ?", (*RIGHT, *WRONG)) for number in range(9)]
        questions = {"nq": [(question, NEAR) for question in asked]}
    return Draws(questions, mix or {"nq": 1.0}, groups, width, hardness, seed, spare)


def bodies(group):
    return [pair.candidate.body for pair in group.pairs]


# What a step draws


def test_what_a_step_draws_depends_on_the_seed_and_the_step_alone():
    whole, later = [draws().of_step(step) for step in range(6)], draws()
    random.seed(7)
    assert [later.of_step(step) for step in (5, 3)] == [whole[5], whole[3]]
    assert len({str(groups) for groups in whole}) == 6
    assert draws(seed=1).of_step(0) != whole[0]


def test_a_ranked_group_holds_right_passages_its_own_wrong_ones_and_others_that_are_near():
    for group in (group for step in range(20) for group in draws(width=8).of_step(step)):
        assert group.ranked
        assert [body.split()[0] for body in bodies(group)] == ["right"] * 2 + ["wrong"] * 4 + ["near"] * 2
        assert [pair.candidate.relevant for pair in group.pairs] == [True] * 2 + [False] * 6
        assert len(set(bodies(group))) == 8
        assert len({pair.question for pair in group.pairs}) == 1


def test_no_group_is_wider_than_it_may_be():
    assert {len(group.pairs) for step in range(5) for group in draws(width=3).of_step(step)} == {3}
    few = {"nq": [(Question("nq", "who?", (RIGHT[0],)), NEAR[:2])]}
    assert {len(group.pairs) for group in draws(few).of_step(0)} == {3}


def test_questions_come_with_and_without_their_mark():
    asked = {group.pairs[0].question[-2:] for step in range(20) for group in draws().of_step(step)}
    assert asked > {" ?"}
    assert not any(text.endswith(" ") for text in asked)


def test_the_harder_the_sooner_the_nearest_come():
    few = {"nq": [(Question("nq", "who?", (RIGHT[0],)), NEAR)]}

    def mean_place(hardness):
        drawn = draws(few, width=5, hardness=hardness)
        groups = [group for step in range(100) for group in drawn.of_step(step)]
        return np.mean([int(body.split()[1]) for group in groups for body in bodies(group)[1:]])

    assert mean_place(20) == 1.5
    assert mean_place(0.2) < mean_place(0.05) < mean_place(0)
    assert mean_place(0) == pytest.approx(9.5, abs=0.7)


def test_sources_come_as_often_as_the_mix_says():
    questions = {name: [(Question(name, name, (RIGHT[0], *WRONG)), ())] for name in ("nq", "wiki", "covid")}
    mix = {"nq": 0.75, "wiki": 0.25, "covid": 0.0, "multihop": 9.0}
    drawn = [group.pairs[0].question for step in range(300) for group in draws(questions, mix).of_step(step)]
    assert set(drawn) == {"nq", "wiki"}
    assert drawn.count("nq") / len(drawn) == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize("source", ["labelled", "reddit", "amazon"])
def test_questions_with_one_passage_each_are_not_ranked(source):
    asked = [(Question(source, f"{number}?", (Candidate("", f"body {number}"),)), ()) for number in range(50)]
    (group,) = draws({source: asked}, {source: 1}, groups=1).of_step(0)
    assert not group.ranked
    assert [pair.candidate.body for pair in group.pairs] == [f"body {pair.question[:-1]}" for pair in group.pairs]
    assert len(set(bodies(group))) > 4


def test_titles_are_dropped_now_and_then():
    titled = {"nq": [(Question("nq", "who?", (replace(RIGHT[0], title="T"), *(replace(c, title="T") for c in WRONG))), ())]}
    titles = [pair.candidate.title for step in range(100) for group in draws(titled).of_step(step) for pair in group.pairs]
    assert titles.count("") / len(titles) == pytest.approx(0.1, abs=0.03)
    assert set(titles) == {"", "T"}


def test_right_and_wrong_passages_of_a_group_have_one_length():
    body = " ".join(map(str, range(300)))
    long = {"nq": [(Question("nq", "who?", (answering("", body, ["150"]), Candidate("", body))), [Candidate("", "x " * 300)])]}
    sizes = [{len(text.split()) for text in bodies(group)} for step in range(30) for group in draws(long).of_step(step)]
    assert all(len(size) == 1 for size in sizes)
    found = set().union(*sizes)
    assert 300 in found
    assert min(found) >= 40
    assert len(found) > 20


def test_questions_come_by_the_first_part_of_their_source():
    asked = [Question(source, "q", ()) for source in ("nq", "labelled-nq", "labelled-nq-hard-negative", "nq")]
    assert by_source(asked, [NEAR[:1], [], [], NEAR[1:2]]) == {
        "nq": [(asked[0], NEAR[:1]), (asked[3], NEAR[1:2])], "labelled": [(asked[1], []), (asked[2], [])],
    }  # fmt: skip


def test_the_mix_names_the_sources_and_adds_up():
    assert MIX.keys() == {*SOURCES, "asked"}  # the last: questions of own files
    assert sum(MIX.values()) == pytest.approx(1)


def test_of_spare_wrong_passages_the_most_relevant_stay_in_their_order():
    (group, *_) = draws(width=6, spare=2.5).of_step(0)
    assert (len(group.pairs), group.spare) == (12, 6)
    relevance = [-9.0, -9.0, 3, 1, 4, 1.5, 9, 2, 6, 5, 3.5, 8]  # the right ones stay, whatever they get
    kept = group.hardest(relevance)
    assert bodies(kept) == [bodies(group)[place] for place in (0, 1, 6, 8, 9, 11)]
    assert kept.spare == 0


def test_questions_without_a_needed_sentence_say_nothing_about_what_is_needed():
    told = [Candidate("", "right", True, (Span(0, 5),))]
    for relevant, certain in ((RIGHT, {False}), (told, {True})):
        (group, *_) = draws({"nq": [(Question("nq", "who?", tuple(relevant)), NEAR)]}).of_step(0)
        assert {pair.candidate.certain for pair in group.pairs if not pair.candidate.relevant} == certain


# Cropping


def spans_in(draw, body):
    """Spans that begin with a character that is not blank, as sentences and answers do."""
    ends = sorted(draw(st.lists(st.integers(0, len(body)), max_size=6, unique=True)))
    spans = [(b - len(body[a:b].lstrip()), b) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    return tuple(Span(a, b) for a, b in spans if a < b)


@st.composite
def candidates(draw):
    words = [f"w{number:02d}" + draw(st.text("abé狮👍.", max_size=3)) for number in range(draw(st.integers(1, 25)))]
    body = draw(st.sampled_from(["", " ", "\n"])) + "".join(word + draw(st.sampled_from([" ", "  ", "\n"])) for word in words)
    body = body.rstrip() if draw(st.booleans()) else body
    title, relevant, certain = draw(st.sampled_from(["", "Title"])), draw(st.booleans()), draw(st.booleans())
    return Candidate(title, body, relevant, spans_in(draw, body), spans_in(draw, body), certain)


@settings(max_examples=200)
@given(candidate=candidates(), size=st.integers(1, 10), seed=st.integers(0, 99))
def test_the_text_under_every_span_stays_or_is_clipped(candidate, size, seed):
    found = cropped(candidate, size, random.Random(seed))
    begin = candidate.body.index(found.body)  # words are numbered, so there is one place
    end = begin + len(found.body)
    for name in ("needed", "answers"):
        before = [span for span in getattr(candidate, name) if span.start < end and span.end > begin]
        after = getattr(found, name)
        assert [found.body[a:b] for a, b in after] == [candidate.body[max(a, begin) : min(b, end)] for a, b in before]
        assert all(0 <= a < b <= len(found.body) for a, b in after)
    assert (found.title, found.relevant, found.certain) == (candidate.title, candidate.relevant, candidate.certain)


@given(candidate=candidates(), size=st.integers(1, 30), seed=st.integers(0, 99))
def test_a_crop_has_its_size_in_whole_words_or_is_the_passage(candidate, size, seed):
    found = cropped(candidate, size, random.Random(seed))
    words = candidate.body.split()
    assert found is candidate or len(found.body.split()) == size < len(words)
    assert set(found.body.split()) <= set(words)
    if found is candidate and len(words) > size:
        spots = candidate.answers[:1] or candidate.needed
        assert candidate.relevant or spots
        assert not spots or len(candidate.body[spots[0].start : spots[-1].end].split()) > size


@given(candidate=candidates(), size=st.integers(1, 30), seed=st.integers(0, 99))
def test_a_crop_holds_the_first_answer_or_else_all_that_is_needed(candidate, size, seed):
    found = cropped(candidate, size, random.Random(seed))
    kept, spots = (found.answers, candidate.answers[:1]) if candidate.answers else (found.needed, candidate.needed)
    assert {candidate.body[a:b].strip() for a, b in spots} <= {found.body[a:b].strip() for a, b in kept}


@pytest.mark.parametrize("span", [Span(0, 2), Span(0, 0), Span(11, 11)], ids=["blank", "empty, first", "empty, last"])
def test_a_needed_span_without_a_word_does_not_matter(span):
    found = cropped(Candidate("", "  a b c d e", True, (span,)), 2, random.Random(0))
    assert found.body in "  a b c d e"


def crops(candidate, size):
    return [cropped(candidate, size, random.Random(seed)).body.split() for seed in range(200)]


def test_crops_begin_anywhere():
    words = [str(number) for number in range(10)]
    assert sorted({crop[0] for crop in crops(Candidate("", " ".join(words)), 4)}) == words[:7]


def test_the_answer_stands_anywhere_in_a_crop():
    right = answering("", " ".join(str(number) for number in range(10)), ["5"])
    assert {crop.index("5") for crop in crops(right, 4)} == {0, 1, 2, 3}
    edge = answering("", " ".join(str(number) for number in range(10)), ["1"])
    assert {crop.index("1") for crop in crops(edge, 4)} == {0, 1}


def test_a_relevant_passage_of_which_nobody_knows_why_is_not_cropped():
    passage = Candidate("", "a b c d", True, certain=False)
    assert cropped(passage, 2, random.Random(0)) is passage


# Targets

WORDS = ["river", "castle", "unbelievably", "1,234.5", "Torvik's", "👍", "狮子", "the"]


def tokens_of(tokenizer, words):
    """How many tokens each word has; blanks part words, so each is cut as it would be alone."""
    return [len(tokenizer(word, add_special_tokens=False)["input_ids"]) for word in words]


def runs(flags, words):
    """Spans of the runs of flagged words in a text that a blank joins."""
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    found = []
    for index, flag in enumerate(flags):
        if flag and found and found[-1][1] == index:
            found[-1][1] = index + 1
        elif flag:
            found.append([index, index + 1])
    return tuple(Span(int(starts[a]), int(starts[b - 1]) + len(words[b - 1])) for a, b in found)


@st.composite
def flagged(draw):
    """A pair, the words of its title, and those of its body with what each is worth."""
    title, body = (draw(st.lists(st.sampled_from(WORDS), min_size=least, max_size=8)) for least in (0, 1))
    need, answer = ([draw(st.booleans()) for _ in body] for _ in range(2))
    relevant, certain = draw(st.booleans()), draw(st.booleans())
    candidate = Candidate(" ".join(title), " ".join(body), relevant, runs(need, body), runs(answer, body), certain)
    return Pair(" ".join(draw(st.lists(st.sampled_from(WORDS), max_size=5))), candidate), title, body, need, answer


@given(rows=st.lists(flagged(), min_size=1, max_size=4), ranked=st.booleans())
def test_need_and_answer_lie_on_the_right_tokens(embedded_tokenizer, rows, ranked):
    batch = collate(Group(tuple(row[0] for row in rows), ranked), embedded_tokenizer, 192, "cpu")
    assert batch.ranked == ranked
    assert batch.relevant.tolist() == [row[0].candidate.relevant for row in rows]
    for i, (pair, title, body, need, answer) in enumerate(rows):
        counts, above = tokens_of(embedded_tokenizer, body), sum(tokens_of(embedded_tokenizer, title))

        def spread(flags, counts=counts, above=above):
            return [0] * above + np.repeat(flags, counts).astype(int).tolist()

        inside = batch.inside[i]
        doubt = (0.4 if ranked else 1.0) if pair.candidate.certain else 0.2 * any(need)
        weights = [0.0] * above + np.repeat([1.0 if needed else doubt for needed in need], counts).tolist()
        assert batch.need[i][inside].tolist() == spread(need)
        assert batch.answer[i][inside].int().tolist() == spread(answer)
        assert batch.weight[i][inside].tolist() == pytest.approx(weights)
        for values in (batch.need, batch.weight, batch.answer):
            assert not values[i][~inside].any()


@given(rows=st.lists(flagged(), min_size=1, max_size=4))
def test_a_batch_holds_the_pairs_as_the_tokenizer_frames_them(embedded_tokenizer, rows):
    batch = collate(Group(tuple(row[0] for row in rows), True), embedded_tokenizer, 192, "cpu")
    assert batch.ids.shape[1] % 8 == 0
    for i, (pair, *_) in enumerate(rows):
        alone = embedded_tokenizer(pair.question, pair.candidate.text, return_token_type_ids=True)
        length = len(alone["input_ids"])
        assert batch.ids[i, :length].tolist() == alone["input_ids"]
        assert batch.types[i, :length].tolist() == alone["token_type_ids"]
        assert batch.mask[i].tolist() == [1] * length + [0] * (batch.ids.shape[1] - length)
        assert batch.inside[i].nonzero().flatten().tolist() == [n for n, part in enumerate(alone.sequence_ids(0)) if part == 1]


def test_long_passages_are_cut_and_their_questions_are_not(embedded_tokenizer):
    pair = Pair("river castle", Candidate("", "the " * 99, True, (Span(0, 396),)))
    batch = collate(Group((pair,), True), embedded_tokenizer, 32, "cpu")
    assert batch.ids.shape == (1, 32)
    assert batch.inside.sum() == 32 - 3 - 2 == batch.need.sum()


def test_answers_inside_one_another_are_marked_whole(embedded_tokenizer):
    candidate = answering("", "Born 14 December 1972 UTC.", ["14 December 1972 UTC", "December 1972"])
    batch = collate(Group((Pair("when", candidate),), True), embedded_tokenizer, 64, "cpu")
    marked = embedded_tokenizer.convert_ids_to_tokens(batch.ids[batch.answer].tolist())
    assert marked == ["14", "december", "1972", "utc"]


def test_a_question_longer_than_the_window_can_be_read(embedded_tokenizer):
    batch = collate(Group((Pair("river " * 99, Candidate("", "castle")),), True), embedded_tokenizer, 32, "cpu")
    assert batch.ids.shape == (1, 32)


def test_tensors_have_the_kinds_that_losses_take(embedded_tokenizer):
    batch = collate(Group((Pair("river", Candidate("", "castle")),), True), embedded_tokenizer, 32, "cpu")
    kinds = [getattr(batch, name).dtype for name in ("ids", "mask", "types", "inside", "relevant", "need", "weight", "answer")]
    assert kinds == [torch.int64] * 3 + [torch.bool] * 2 + [torch.float32] * 2 + [torch.bool]
