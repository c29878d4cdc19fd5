"""The bench on a small data folder of its own."""

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest
from typer.testing import CliRunner

from linguapress import Budget, Compressor, InvalidBudget, Rating
from linguapress.evaluation import bench, contenders, ranking, tables
from linguapress.evaluation.cli import app
from linguapress.evaluation.metrics import answer_survives, interval, normal, share_kept
from linguapress.evaluation.tasks import Example, examples
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.models.encoder import shared_encoder
from linguapress.models.selected import SelectedRelevance


@dataclass(frozen=True)
class Adaptive(Compressor):
    """Keeps the documents that have a year, whatever the budget."""

    name: ClassVar[str] = "adaptive"

    @property
    def always(self):
        return True

    def unbudgeted(self):
        return self

    def reduce(self, draft):
        return draft.having(passage for passage in draft.passages if "1889" in passage.text)


@dataclass(frozen=True)
class Lengths:
    """The longer a document, the more relevant; empty ones are unknown."""

    def rate(self, query, passages, units):
        sizes = [len(passage.text) or float("nan") for passage in passages]
        return Rating([[0.0] * len(item.spans) for item in units], sizes)


@pytest.fixture
def adaptive(monkeypatch):
    monkeypatch.setitem(contenders.BASELINES, "adaptive", Adaptive)


def test_a_query_aware_method_beats_the_head(data):
    rows = list(bench.run(examples("nq", data), ["lexical_sentences", "head"], [Budget(tokens=25)]))
    means = {row["method"]: row for row in tables.summary(rows)}
    assert means["lexical_sentences"]["answer"] == 1 > means["head"]["answer"]
    assert means["lexical_sentences"]["over"] == 0
    assert "| lexical_sentences | 25 | 1.000 |" in tables.markdown(list(means.values()), "t")
    assert all(row["all_evidence"] is None and "gold_place" not in row for row in rows)


def test_all_evidence_needs_the_sentence_of_every_gold_passage(multihop):
    asked = examples("multihop", multihop, part="test")
    rows = list(bench.run(asked, ["lexical_sentences"], [Budget(rate=1.0), Budget(tokens=10)]))
    means = tables.summary(rows)
    assert [mean["all_evidence"] for mean in means] == [1, 0]
    assert [row["all_evidence"] for row in rows] == [True, False] * 3


def test_without_a_budget_only_methods_run_that_can(data, adaptive):
    asked = examples("nq", data)
    rows = list(bench.run(asked, ["head", "adaptive"], [Budget(tokens=25, count=len), Budget(count=len)]))
    assert {(row["method"], row["budget"]) for row in rows} == {("head", 25), ("adaptive", 25), ("adaptive", "adaptive")}
    open_rows = [row for row in rows if row["budget"] == "adaptive"]
    assert all(row["answer"] and row["tokens_after"] < row["tokens_before"] == row["limit"] for row in open_rows)
    assert {row["tokens_after"] for row in open_rows} == {len("Tower\nThe tower opened in 1889. Many people visit it.")}
    with pytest.raises(InvalidBudget, match="none of head"):
        list(bench.run(asked, ["head"], [Budget()]))


def test_every_model_that_reads_is_timed_and_forgets():
    pairs = SelectedRelevance()
    readers = bench._readers([SentenceFilter(pairs), SentenceFilter(pairs, 0.1), contenders.contender("head")])
    assert readers == [shared_encoder("mini"), pairs.selector.reader]


def test_the_place_of_the_best_gold_document():
    def place(*documents, gold=(0,)):
        return ranking.place(SentenceFilter(Lengths()), Example("1", "who", documents, ("x",), (), gold))

    assert place("long document", "short") == 1
    assert place("short", "long document", "longer document") == 3
    assert place("short", "equal", "tiny") == 2
    assert place("a", "long document", "longer document", gold=(0, 2)) == 1
    assert place("", "a") == 2
    assert place("a", "b", gold=()) is None
    assert ranking.place(contenders.contender("head"), Example("1", "who", ("a",), ("x",), (), (0,))) is None


@pytest.mark.parametrize("method", ["lexical_sentences", "bm25_sentences", "lingua", "document_ranking"])
def test_methods_rank_by_their_own_rating(data, method):
    rows = list(bench.run(examples("nq", data)[:1], [method, "head"], [Budget(tokens=25)], ranking=True))
    assert [row["gold_place"] for row in rows] == [1, None]


def run(data, out, *options):
    result = CliRunner().invoke(app, [str(data), "--part", "all", "--counter", "embedded", "--out", str(out), *options])
    return result


def test_the_command_writes_what_was_asked_for(data, tmp_path, adaptive):
    out = tmp_path / "result"
    methods = ("--method", "lexical_sentences", "--method", "adaptive")
    result = run(data, out, *methods, "--against", "head", "--ranking", "--adaptive", "--tokens", "25")
    assert result.exit_code == 0, result.output
    found = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert [(m["method"], m["budget"]) for m in found["means"]] == [
        ("lexical_sentences", 25), ("adaptive", 25), ("adaptive", "adaptive"), ("head", 25),
    ]  # fmt: skip
    assert found["against"]["method"] == "head"
    assert {d["method"] for d in found["against"]["differences"]} == {"lexical_sentences", "adaptive"}
    assert [(r["method"], r["first"]) for r in found["ranking"]] == [("lexical_sentences", 1.0)]
    page = out.with_suffix(".md").read_text("utf-8")
    assert page.count("\n## ") == 2
    assert "## Difference in answer survival to head" in page
    assert "not run without a budget: lexical_sentences, head" in result.output
    assert len(out.with_suffix(".jsonl").read_text("utf-8").splitlines()) == 16


def test_the_command_adds_nothing_by_itself(data, tmp_path):
    out = tmp_path / "result"
    assert run(data, out, "--method", "head", "--tokens", "25").exit_code == 0
    assert set(json.loads(out.with_suffix(".json").read_text("utf-8"))) == {"about", "means"}
    assert out.with_suffix(".md").read_text("utf-8").count("## ") == 1


@pytest.mark.parametrize("wrong", [("--method", "head", "--adaptive"), ("--method", "nothing"), ("--task", "nothing")])
def test_the_command_refuses_what_cannot_be_run(data, tmp_path, wrong):
    result = run(data, tmp_path / "result", *wrong)
    assert result.exit_code == 2
    assert not (tmp_path / "result.jsonl").exists()


def test_answers_survive_as_whole_words():
    assert normal("The  U.S.A.!") == "u s"
    assert answer_survives("It opened in 1889.", ["1889"])
    assert not answer_survives("It opened in 18891.", ["1889"])
    assert not answer_survives("anything", ["the"])


def test_share_of_a_sentence():
    assert share_kept("Many people visit the tower", "people tower") == pytest.approx(0.5)
    assert share_kept("...", "x") == 1


def test_the_interval_holds_the_mean():
    low, high = interval([0.0, 1.0] * 50)
    assert low < 0.5 < high


def test_answers_in_scripts_without_blanks_need_none():
    assert answer_survives("桥建于1939年，长三公里。", ["1939年"])
    assert not answer_survives("桥建于1940年。", ["1939年"])


def test_variants_of_lingua_have_their_settings():
    from linguapress import UnknownName

    variant = contenders.contender("lingua_low:slack=1,lexical_weight=0.75,guard=0")
    assert (variant.slack, variant.relevance.lexical_weight, variant.guard.numbers) == (1, 0.75, False)
    for wrong in ("lingua:slack", "lingua:nothing=1", "head:slack=1"):
        with pytest.raises(UnknownName):
            contenders.contender(wrong)
