"""The optimum against a linear programme, the readers against brute force, and methods under both."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from linguapress.cli import app
from linguapress.evaluation import rate_distortion_markov as markov
from linguapress.evaluation.rate_distortion_markov import (
    MEASURES,
    Optima,
    chances,
    distortions,
    number_of,
    optima,
    posterior,
    strings,
    ways,
)
from linguapress.evaluation.rate_distortion_optimum import Curve, at_equal_rates, hull, merged
from linguapress.evaluation.rate_distortion_page import markdown
from linguapress.evaluation.rate_distortion_questions import compared, tried
from linguapress.evaluation.rate_distortion_selections import KINDS, applies, lost, searched
from linguapress.evaluation.rate_distortion_strings import METHODS, ChainModel, compressed, measured
from linguapress.evaluation.tasks import Example

# ---- the optimum


def programme(points, weights, rate):
    """The least mean distortion by scipy's solver; every compression has a variable."""
    optimize = pytest.importorskip("scipy.optimize")
    rows = [(x, w * r, w * d) for x, (pairs, w) in enumerate(zip(points, weights, strict=True)) for r, d in pairs]
    one_each = np.array([[float(x == row[0]) for row in rows] for x in range(len(points))])
    found = optimize.linprog(
        [row[2] for row in rows], A_ub=[[row[1] for row in rows]], b_ub=[rate], A_eq=one_each, b_eq=np.ones(len(points)),
        bounds=(0, 1), method="highs",
    )  # fmt: skip
    return found.fun if found.success else math.inf


EIGHTHS = st.integers(0, 8).map(lambda n: n / 8)
PAIRS = st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=1, max_size=6)


@given(st.lists(st.tuples(PAIRS, st.integers(1, 5)), min_size=1, max_size=4), st.integers(0, 10))
def test_the_optimum_is_that_of_the_linear_programme(drawn, step):
    points, shares = zip(*drawn, strict=True)
    weights = np.array(shares) / sum(shares)
    curve = merged([hull(*zip(*pairs, strict=True)) for pairs in points], weights)
    rate = curve.rates[0] + (1.05 - curve.rates[0]) * step / 10 + 1e-9
    assert curve.at(rate) == pytest.approx(programme(points, weights, rate), abs=1e-6)
    assert programme(points, weights, curve.rates[0] - 1e-3) == math.inf == curve.at(curve.rates[0] - 1e-3)


@given(st.lists(PAIRS, min_size=1, max_size=5))
def test_a_mean_of_hulls_is_decreasing_and_convex(drawn):
    curve = merged([hull(*zip(*pairs, strict=True)) for pairs in drawn])
    slopes = np.diff(curve.distortions) / np.diff(curve.rates)
    assert (np.diff(curve.rates) > 0).all()
    assert (slopes < 0).all()
    assert (np.diff(slopes) > -1e-9).all()


@given(PAIRS)
def test_a_hull_lies_below_its_points_and_ends_in_them(pairs):
    curve = hull(*zip(*pairs, strict=True))
    assert all(curve.at(rate) <= distortion + 1e-12 for rate, distortion in pairs)
    assert set(zip(curve.rates.tolist(), curve.distortions.tolist(), strict=True)) <= set(pairs)


@pytest.mark.parametrize(
    ("rates", "distortions", "vertices"),
    [
        ([0.5], [0.3], [(0.5, 0.3)]),
        ([0.5, 0.5, 0.5], [0.3, 0.1, 0.2], [(0.5, 0.1)]),
        ([0.2, 0.4], [0.1, 0.1], [(0.2, 0.1)]),
        ([0.0, 0.5, 1.0], [1.0, 0.5, 0.0], [(0.0, 1.0), (1.0, 0.0)]),
        ([1.0, 0.0, 0.5], [0.0, 1.0, 0.9], [(0.0, 1.0), (1.0, 0.0)]),
        ([0.0, 0.5, 1.0], [math.inf, 0.6, 0.2], [(0.5, 0.6), (1.0, 0.2)]),
    ],
)
def test_vertices_of_small_and_degenerate_sets(rates, distortions, vertices):
    curve = hull(rates, distortions)
    assert list(zip(curve.rates, curve.distortions, strict=True)) == vertices


@pytest.mark.parametrize(
    ("rates", "distortions"), [([0.1, math.nan], [1, 2]), ([0.1, 0.2], [1, math.nan]), ([0.1, math.inf], [1, 0])]
)
def test_what_is_no_number_is_refused(rates, distortions):
    with pytest.raises(ValueError, match="no number"):
        hull(rates, distortions)


def test_no_finite_distortion_is_refused():
    with pytest.raises(ValueError, match="no compression has a finite distortion"):
        hull([0.0, 1.0], [math.inf, math.inf])


@pytest.mark.parametrize("weights", [[0.5], [0.4, 0.4], [1.5, -0.5]])
def test_weights_are_probabilities(weights):
    with pytest.raises(ValueError, match="give each its probability"):
        merged([hull([0, 1], [1, 0])] * 2, weights)
    with pytest.raises(ValueError, match="0 examples"):
        merged([])


def test_a_curve_is_read_in_both_directions():
    curve = Curve(np.array([0.1, 0.3, 0.7]), np.array([1.0, 0.4, 0.2]))
    assert [curve.at(rate) for rate in (0.05, 0.1, 0.2, 0.9)] == pytest.approx([math.inf, 1.0, 0.7, 0.2])
    assert [curve.rate_for(d) for d in (1.5, 0.7, 0.2, 0.1)] == pytest.approx([0.1, 0.2, 0.7, math.inf])


def test_equal_rates_leave_no_example_to_pay_for_another():
    points = [(np.array([0.0, 0.1]), np.array([1.0, 0.0])), (np.array([0.0, 0.3]), np.array([1.0, 0.0]))]
    assert at_equal_rates(points, [0.2, 0.2]) == 0.5
    assert merged([hull(*pair) for pair in points]).at(0.2) == 0.0


# ---- the strings and their readers


def rows(length):
    return ["".join(bits) for bits in itertools.product("01", repeat=length)]


def chance(bits):
    return math.prod([0.5, *(0.9 if a == b else 0.1 for a, b in itertools.pairwise(bits))])


def left(bits, kept):
    """Everything that is left of a string when all but so many bits are dropped, as often as it is."""
    return ["".join(some) for some in itertools.combinations(bits, kept)]


PLAIN = {
    "ones": lambda bits: bits.count("1"),
    "zeros": lambda bits: bits.count("0"),
    "parity": lambda bits: bits.count("1") % 2,
    "longest run": lambda bits: max((len(list(run)) for _, run in itertools.groupby(bits)), default=0),
    "palindrome": lambda bits: int(bits == bits[::-1]),
    "transitions": lambda bits: bits.count("01") + bits.count("10"),
}


def belief(length, seen, query):
    """Probability of each answer to a query given what is left, by enumeration of all strings and deletions."""
    found = {}
    for bits in rows(length):
        weight = chance(bits) * left(bits, len(seen)).count(seen)
        found[PLAIN[query](bits)] = found.get(PLAIN[query](bits), 0.0) + weight
    return {answer: weight / sum(found.values()) for answer, weight in found.items() if weight}


def plain_distortion(measure, bits, seen):
    """Mean over the queries."""
    total = 0.0
    for query, answer in PLAIN.items():
        if measure == "literal":
            total += answer(seen) != answer(bits)
            continue
        believed = belief(len(bits), seen, query)
        guess = min(believed, key=lambda a: (-round(believed[a], 12), a))
        total += guess != answer(bits) if measure == "informed" else -math.log2(believed[answer(bits)])
    return total / len(PLAIN)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_strings_and_their_chances(length):
    assert ["".join(map(str, bits)) for bits in strings(length).tolist()] == rows(length)
    assert [number_of(bits) for bits in rows(length)] == list(range(2**length))
    assert chances(length) == pytest.approx([chance(bits) for bits in rows(length)])
    assert chances(length).sum() == pytest.approx(1)


@pytest.mark.parametrize("length", [0, 1, 4, 7])
def test_queries_are_what_they_are_called(length):
    for name, query in markov.QUERIES.items():
        assert query(strings(length)).tolist() == [PLAIN[name](bits) for bits in rows(length)], name


@pytest.mark.parametrize(("length", "kept"), [(1, 0), (3, 3), (5, 2), (6, 4)])
def test_ways_are_counted(length, kept):
    expected = [[left(bits, kept).count(seen) for seen in rows(kept)] for bits in rows(length)]
    assert ways(length, kept).tolist() == expected
    assert ways(length, kept).sum(1).tolist() == [math.comb(length, kept)] * 2**length


@pytest.mark.parametrize("query", PLAIN)
def test_the_informed_reader_answers_by_bayes_rule(query):
    for length, kept in ((4, 2), (5, 0), (5, 3)):
        found = posterior(length, kept, markov.QUERIES[query](strings(length)))
        assert found.sum(1) == pytest.approx(np.ones(2**kept))
        for row, seen in zip(found, rows(kept), strict=True):
            assert {a: p for a, p in enumerate(row) if p > 0} == pytest.approx(belief(length, seen, query))


@pytest.mark.parametrize("measure", MEASURES)
def test_distortions_are_those_of_brute_force(measure):
    for length, kept in ((4, 4), (4, 2), (4, 0), (5, 3)):
        found = distortions(length, kept, measure).mean(0)
        for bits in rows(length):
            for seen in set(left(bits, kept)):
                assert found[number_of(bits), number_of(seen)] == pytest.approx(plain_distortion(measure, bits, seen))
    assert distortions(6, 6, measure)[:, range(64), range(64)] == pytest.approx(np.zeros((6, 64)))


def test_nobody_answers_better_than_the_informed_reader_what_was_dropped_by_chance():
    for kept in range(7):
        dropped = chances(6)[:, None] * ways(6, kept) / math.comb(6, kept)
        wrong = {measure: (distortions(6, kept, measure) * dropped).sum((1, 2)) for measure in ("literal", "informed")}
        assert (wrong["informed"] <= wrong["literal"] + 1e-12).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_the_optimum_of_strings_is_that_of_the_linear_programme(measure):
    every = [bits for length in (2, 3) for bits in rows(length)]
    weights = [chance(bits) / 2 for bits in every]
    points = [
        [
            (kept / len(bits), plain_distortion(measure, bits, seen))
            for kept in range(len(bits) + 1)
            for seen in set(left(bits, kept))
        ]
        for bits in every
    ]
    found = optima(range(2, 4), measure)
    for rate in (0.0, 0.2, 0.45, 0.8, 1.0):
        assert found.blind_pruned.at(rate) == pytest.approx(programme(points, weights, rate), abs=1e-7)


@pytest.mark.parametrize("measure", MEASURES)
def test_whoever_may_do_more_is_no_worse(measure):
    found = optima(range(4, 6), measure)
    rates = np.linspace(0, 1, 21)
    at = {name: np.array([getattr(found, name).at(rate) for rate in rates]) for name in Optima.__slots__}
    for more, less in (("blind", "blind_pruned"), ("aware", "aware_pruned"), ("aware", "blind"), ("aware_pruned", "blind_pruned")):
        assert (at[more] <= at[less] + 1e-9).all(), (more, less)
    assert at["blind"][-1] == pytest.approx(0)
    assert at["blind"][0] == pytest.approx(at["aware_pruned"][0])  # nothing is left, whatever the query


def test_the_chain_is_its_own_language_model():
    (scores,) = ChainModel().surprisals(["o o i"])
    assert scores.values == pytest.approx([-math.log(0.5), -math.log(0.9), -math.log(0.1)])
    assert scores.offsets.tolist() == [[0, 1], [2, 3], [4, 5]]
    (scores,) = ChainModel().surprisals(["o"], ["i i"])
    assert scores.values == pytest.approx([-math.log(0.1)])


def test_a_reader_sees_the_last_bit_that_was_kept():
    reader = ChainModel().reader(["o i i", "i"])
    first, second = reader.read([2, 1])
    assert first == pytest.approx([-math.log(0.5), -math.log(0.1)])
    assert second == pytest.approx([-math.log(0.5)])
    reader.advance([np.array([True, False]), np.array([True])])
    first, second = reader.read([3, 1])
    assert first == pytest.approx([-math.log(0.1)])
    assert not len(second)


@pytest.mark.parametrize("method", METHODS)
def test_methods_drop_bits_and_keep_to_the_budget(method):
    for bits, kept in zip(rows(5), compressed(METHODS[method], 5, 0.6), strict=True):
        assert len(kept) <= 3
        assert kept in left(bits, len(kept))


def test_a_method_is_measured_over_all_strings():
    found = measured("head", range(4, 6), 0.5)
    kept = {4: 2, 5: 2}
    assert found["rate"] == pytest.approx((2 / 4 + 2 / 5) / 2)
    for measure in MEASURES:
        each = [chance(bits) / 2 * plain_distortion(measure, bits, bits[: kept[n]]) for n in (4, 5) for bits in rows(n)]
        assert found[measure] == pytest.approx(sum(each))


@pytest.mark.parametrize("measure", MEASURES)
def test_no_method_is_below_the_optimum(measure):
    best = optima(range(4, 7), measure).blind_pruned
    for method in METHODS:
        for rate in (0.3, 0.6, 0.9):
            found = measured(method, range(4, 7), rate)
            assert found[measure] >= best.at(found["rate"]) - 1e-9


# ---- the questions


def count(text):
    return len(text.split())


@pytest.fixture
def example():
    """Twenty words; the answer stands in a short sentence of the gold passage, and in a longer one of another."""
    documents = ("Old town\nIt rained a lot in 1889 and after that.", "Tower\nIt opened in 1889. Many people visit it now.")
    return Example("q", "when did the tower open", documents, ("1889",), ((1, "It opened in 1889."),), (1,))


def test_what_is_lost(example):
    kept = {0: example.documents[0]}
    assert lost("answer", example, example.documents[0], kept) == 0
    assert lost("evidence", example, example.documents[0], kept) == 1
    assert lost("evidence", example, "opened in", {1: "opened in"}) == 0
    assert lost("answer", example, "", {}) == lost("evidence", example, "", {}) == 1
    assert applies("answer", example)
    assert not applies("evidence", Example("q", "?", ("a b",), ("c",), ()))


@pytest.mark.parametrize(
    ("loss", "kind", "least"),
    [("answer", "sentences", 4), ("answer", "passages", 10), ("answer", "words", 1), ("evidence", "passages", 10)],
)
def test_the_cheapest_selection_is_found(example, loss, kind, least):
    rates, found = searched(example, loss, kind, count)
    whole = count("\n\n".join(example.documents))
    assert min(rates[found == 0]) == pytest.approx(least / whole)
    assert rates[found == 1].tolist() == [0.0]
    assert rates.max() == 1


def test_no_union_of_sentences_is_cheaper(example):
    pieces = {piece for _, piece in KINDS["sentences"](example)}
    unions = ["\n\n".join(some) for size in (1, 2, 3) for some in itertools.combinations(sorted(pieces), size)]
    able = [count(text) for text in unions if not lost("answer", example, text, {})]
    rates, found = searched(example, "answer", "sentences", count)
    assert min(able) / count("\n\n".join(example.documents)) == pytest.approx(min(rates[found == 0]))


def test_methods_stand_beside_the_optimum(example):
    done = []
    trials = tried([example], ["head", "random_words"], [0.1, 0.6], "embedded", lambda: done.append(1))
    assert done == [1]
    assert [(row["method"], row["asked"]) for row in trials] == [(m, r) for m in ("head", "random_words") for r in (0.1, 0.6)]
    found = compared([example], trials, "answer", "embedded")
    assert found["questions"] == 1
    for row in found["methods"]:
        assert row["rate"] <= row["asked"]
        assert row["distortion"] >= row["equal"]["words"] >= row["optimum"]["words"]
        assert row["needed"]["words"] <= row["needed"]["sentences"] <= row["needed"]["passages"]
    assert compared([example], trials, "evidence", "embedded")["curves"].keys() == {"sentences", "passages"}


def test_questions_with_nothing_to_lose_are_left_out(example):
    other = Example("p", "?", example.documents, ("1890",), ())
    trials = tried([example, other], ["head"], [0.5], "embedded")
    assert compared([example, other], trials, "answer", "embedded")["questions"] == 1
    with pytest.raises(ValueError, match="0 examples"):
        compared([other], trials, "answer", "embedded")


def test_the_command_writes_numbers_page_and_pictures(data, tmp_path):
    pytest.importorskip("matplotlib")
    options = ["--method", "head", "--method", "bm25_sentences", "--rate", "0.3", "--counter", "embedded", "--longest", "5"]
    pytest.importorskip("bm25s")
    for name in ("one", "two"):
        told = CliRunner().invoke(app, ["bench-distortion", str(data), *options, "--out", str(tmp_path / name)])
        assert told.exit_code == 0, told.output
    found = json.loads((tmp_path / "one.json").read_text("utf-8"))
    assert [row["method"] for row in found["questions"]["answer"]["methods"]] == ["head", "bm25_sentences"]
    assert (tmp_path / "one.md").read_text("utf-8") == markdown(found)
    assert "nan" not in markdown(found)
    for ending in ("md", "json"):
        assert (tmp_path / f"one.{ending}").read_text("utf-8") == (tmp_path / f"two.{ending}").read_text("utf-8")
    for part in ("questions", "strings"):
        pictures = [(tmp_path / f"{name}_{part}.svg").read_bytes() for name in ("one", "two")]
        assert pictures[0] == pictures[1]
        assert len(pictures[0]) > 5000


@pytest.mark.parametrize("option", ["--method", "--task", "--part"])
def test_the_command_refuses_what_it_does_not_know(data, tmp_path, option):
    told = CliRunner().invoke(app, ["bench-distortion", str(data), option, "nonsense", "--out", str(tmp_path / "x")])
    assert told.exit_code == 2
    assert "nonsense" in told.output
