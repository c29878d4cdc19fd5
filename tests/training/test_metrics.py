"""Agreement with a teacher, word by word and passage by passage."""

import json
import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from linguapress.training.corpus import Labelled
from linguapress.training.keep_card import report
from linguapress.training.keep_measure import measure
from linguapress.training.labels import align, word_spans
from linguapress.training.metrics import auc, keep_report, kept_share, random_words, rank_correlation, rates_report, word_table

DENSE = [
    Labelled("dense", text, tuple(align(text, "river castle engine")))
    for text in ("river castle engine the", "river of castle engine")
]
CHATTER = [Labelled("chatter", text, tuple(align(text, "river"))) for text in ("the of very river", "very the the river")]


def like_the_teacher(example, words):
    return np.array([0.9 if word in example.kept else 0.1 for word in words])


def the_other_way(example, words):
    return 1 - like_the_teacher(example, words)


def test_the_word_table_learns_the_rule_and_chance_does_not():
    examples = [*DENSE, *CHATTER] * 10
    assert keep_report(examples, word_table(examples))["all"]["f1"] == 1
    assert keep_report(examples, random_words())["chatter"]["f1"] < 0.75


def test_auc_counts_ties_half():
    assert auc(np.array([True, False, True, False]), np.array([0.9, 0.1, 0.5, 0.5])) == pytest.approx(0.875)


@pytest.mark.parametrize("seed", range(3))
def test_rank_correlation_is_spearmans(seed):
    first, second = np.random.default_rng(seed).integers(0, 6, (2, 30)) / 6
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_rank_correlation_of_what_does_not_vary_is_unknown():
    assert math.isnan(rank_correlation(np.ones(4), np.arange(4.0)))
    assert math.isnan(rank_correlation(np.ones(1), np.ones(1)))


def test_one_threshold_keeps_more_of_dense_texts():
    examples = [*DENSE, *CHATTER]
    assert kept_share(examples) == 0.5
    found = rates_report(examples, like_the_teacher, 0.5)
    assert found["threshold"] == 0.9
    assert found["correlation"] == pytest.approx(1)
    assert {name: (row["kept"], row["teacher"], row["passages"]) for name, row in found["sources"].items()} == {
        "all": (0.5, 0.5, 4), "chatter": (0.25, 0.25, 2), "dense": (0.75, 0.75, 2),
    }  # fmt: skip
    assert found["sources"]["all"]["spread"] == pytest.approx(0.25)
    assert found["sources"]["dense"]["spread"] == 0
    assert rates_report(examples, the_other_way, 0.5)["correlation"] == pytest.approx(-1)


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 0), (0.25, 4), (0.3, 5), (1.0, 16)])
def test_the_rate_is_that_of_all_words_even_among_ties(rate, kept):
    examples = [*DENSE, *CHATTER]
    found = rates_report(examples, lambda example, words: np.full(len(words), 0.5), rate)
    assert found["sources"]["all"]["kept"] == kept / 16


def test_no_examples_have_no_rates():
    found = rates_report([], like_the_teacher, 0.5)
    assert found["sources"]["all"]["passages"] == 0


def test_sets_are_measured_together_and_alone():
    found = measure({"one": DENSE, "two": CHATTER}, like_the_teacher)
    assert found["dev"]["all"]["passages"] == 4
    assert [list(report) for report in found["sets"].values()] == [["all", "dense"], ["all", "chatter"]]
    assert found["rates"]["rate"] == 0.5
    assert measure({"one": DENSE}, like_the_teacher, 0.25)["rates"]["rate"] == 0.25
    assert all(len(word_spans(example.text)) == 4 for example in DENSE)


def test_what_cannot_be_known_is_null_in_json_and_told_in_words():
    one = Labelled("s", "river castle", tuple(align("river castle", "river castle")))
    found = measure({"one": [one]}, like_the_teacher)
    assert found["dev"]["all"]["auc"] is None
    assert found["rates"]["correlation"] is None
    json.dumps(found, allow_nan=False)
    assert "and the teacher's: unknown." in report(found)


def test_a_source_that_is_called_all_is_counted_once():
    examples = [Labelled("all", one.text, one.kept) for one in DENSE]
    found = measure({"one": examples}, like_the_teacher)
    assert found["dev"]["all"]["passages"] == found["rates"]["sources"]["all"]["passages"] == 2
