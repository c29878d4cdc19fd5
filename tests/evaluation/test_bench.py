"""The bench on a small data folder of its own."""

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest
from small_data import write_all
from typer.testing import CliRunner

from linguapress import Budget, Compressor, InvalidBudget, Rating, UnknownName, load
from linguapress.evaluation import bench, clock, contenders, ranking, tables
from linguapress.evaluation.cli import app
from linguapress.evaluation.metrics import answer_survives, interval, normal, share_kept
from linguapress.evaluation.sizes import sizes
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
    rows = list(bench.run(examples("nq", data), ["lexical_sentences", "head"], sizes("embedded", tokens=[25])))
    means = {row["method"]: row for row in tables.summary(rows)}
    assert means["lexical_sentences"]["answer"] == 1 > means["head"]["answer"]
    assert means["lexical_sentences"]["over"] == 0
    assert "| lexical_sentences | 25 | 1.000 |" in tables.markdown(list(means.values()), "t")
    assert all(row["all_evidence"] is None and "gold_place" not in row for row in rows)


def test_all_evidence_needs_the_sentence_of_every_gold_passage(multihop):
    asked = examples("multihop", multihop, part="test")
    rows = list(bench.run(asked, ["lexical_sentences"], sizes("embedded", tokens=[10], rates=[1.0])))
    means = tables.summary(rows)
    assert [mean["all_evidence"] for mean in means] == [0, 1]
    assert [row["all_evidence"] for row in rows] == [False, True] * 3


def test_without_a_budget_only_methods_run_that_can(data, adaptive):
    asked = examples("nq", data)
    rows = list(bench.run(asked, ["head", "adaptive"], sizes(len, tokens=[25], adaptive=True)))
    assert {(row["method"], row["budget"]) for row in rows} == {("head", 25), ("adaptive", 25), ("adaptive", "adaptive")}
    open_rows = [row for row in rows if row["budget"] == "adaptive"]
    assert all(row["answer"] and row["tokens_after"] < row["tokens_before"] == row["limit"] for row in open_rows)
    assert {row["tokens_after"] for row in open_rows} == {len("Tower\nThe tower opened in 1889. Many people visit it.")}
    with pytest.raises(InvalidBudget, match="none of head"):
        list(bench.run(asked, ["head"], sizes(len, adaptive=True)))


def test_every_model_that_reads_is_timed_and_forgets():
    pairs = SelectedRelevance()
    readers = clock.readers([SentenceFilter(pairs), SentenceFilter(pairs, 0.1), contenders.contender("head")])
    assert set(readers) == {shared_encoder("mini"), pairs.selector.reader}
    assert len(readers) == 2


def test_models_in_the_steps_of_a_chain_are_found():
    assert clock.readers([load("llmlingua2", documents=2.0)]) == [shared_encoder("mini")]
    assert clock.readers([contenders.contender("lexical_sentences")]) == []


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
    rows = list(bench.run(examples("nq", data)[:1], [method, "head"], sizes("embedded", tokens=[25]), ranking=True))
    assert [row["gold_place"] for row in rows] == [1, None]


def test_a_ratio_is_labelled_and_leaves_that_share(data):
    rows = list(bench.run(examples("nq", data), ["head"], sizes(len, ratios=[2, 2.5], rates=[0.5])))
    assert [row["budget"] for row in rows[:3]] == [0.5, "2x", "2.5x"]
    assert [row["limit"] for row in rows[:3]] == [int(rows[0]["tokens_before"] * rate) for rate in (0.5, 0.5, 0.4)]
    assert [size.budget.limit(600) for size in sizes(len, ratios=[1, 2, 3, 6, 7])] == [600, 300, 200, 100, 85]


@pytest.mark.parametrize("wrong", [0.5, 0, -2, float("nan")])
def test_a_ratio_below_one_is_refused(wrong):
    with pytest.raises(InvalidBudget, match="1 or more, got"):
        sizes(len, ratios=[wrong])


@pytest.mark.parametrize("timed", [0, 1, None])
def test_only_the_first_examples_are_timed(data, timed):
    count = 3 if timed is None else timed
    rows = list(bench.run(examples("nq", data)[:3], ["head", "random_words"], sizes(len, ratios=[2, 4]), timed=timed))
    assert [row["ms"] is not None for row in rows] == [True] * 4 * count + [False] * 4 * (3 - count)
    assert all((row["ms"] is None) == (row["forward_ms"] is None) for row in rows)
    assert all((mean["ms"] is None) == (not count) for mean in tables.summary(rows))


def test_what_is_timed_was_not_read_before_and_the_rest_was(data, monkeypatch):
    read = []
    encoder = shared_encoder("mini")
    inner = type(encoder)._read
    monkeypatch.setattr(type(encoder), "_read", lambda self, texts: read.append(len(texts)) or inner(self, texts))
    asked, two = examples("nq", data)[:1], sizes("embedded", tokens=[20, 30])
    cold = list(bench.run(asked, ["document_ranking"], two, timed=1))
    assert sum(read) == 2 * 8  # seven passages and the question, at each budget
    read.clear()
    encoder.forget()
    warm = list(bench.run(asked, ["document_ranking"], two, timed=0))
    assert sum(read) == 8
    times = {"ms": None, "forward_ms": None}
    assert [row | times for row in cold] == warm
    assert all(0 < row["forward_ms"] < row["ms"] for row in cold)


def test_time_that_is_up_ends_after_the_first_example():
    assert list(bench.within(0, "abc")) == ["a"]
    assert list(bench.within(60, "abc")) == ["a", "b", "c"]


@pytest.fixture
def lm(causal_folder, exact):
    """A tiny causal language model; what earlier tests loaded under its name is dropped."""
    contenders._language_model.cache_clear()
    return causal_folder("llama")


@pytest.mark.parametrize("name", contenders.PERPLEXITY)
def test_perplexity_methods_do_what_the_presets_do(data, lm, name):
    example, budget = examples("nq", data)[0], Budget(rate=1 / 3)
    preset, settings = contenders.PERPLEXITY[name]
    outs = [
        press.compress(example.documents, example.question, budget=budget)
        for press in (contenders.contender(name, lm), contenders.contender(name, lm), load(preset, model=lm, **settings))
    ]
    assert outs[0].text == outs[1].text == outs[2].text  # cold, warm, alone
    assert 0 < outs[0].tokens_after <= outs[0].limit


def test_perplexity_methods_share_one_model_which_is_timed(data, lm):
    names = ["llmlingua", "longllmlingua", "selective_context_words"]
    known = clock.readers(contenders.contender(name, lm) for name in names)
    assert [type(reader).__name__ for reader in known] == ["RememberedLM"]
    rows = list(bench.run(examples("nq", data)[:1], names, sizes("embedded", ratios=[2]), lm=lm, ranking=True))
    assert all(0 < row["forward_ms"] < row["ms"] and row["tokens_after"] <= row["limit"] for row in rows)
    assert [row["gold_place"] is not None for row in rows] == [True, True, False]  # their own rankings are named


def test_any_ranking_goes_into_any_method_that_ranks(data, lm):
    example = examples("nq", data)[0]
    for name in (
        "longllmlingua@select",
        "llmlingua@bm25",
        "longllmlingua@lexical",
        "document_ranking@mini",
        "sentence_filter@embeddings",
    ):
        press = contenders.contender(name, lm)
        out = press.compress(example.documents, example.question, budget=Budget(rate=1 / 3))
        assert max(out.passages, key=lambda passage: passage.score).source.startswith("Tower"), name
    by_lm = [contenders.contender(f"document_ranking@{name}", lm) for name in ("perplexity", "likelihood")]
    own = [contenders.contender(name, lm) for name in ("llmlingua", "longllmlingua")]
    for press, other in zip(by_lm, own, strict=True):
        assert ranking.ratings(press, example).tolist() == ranking.ratings(other, example).tolist()
    assert ranking.ratings(by_lm[0], example).tolist() != ranking.ratings(by_lm[1], example).tolist()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("head@bm25", "head ranks nothing"), ("lingua@guess", "unknown ranking 'guess'"), ("guess", "unknown method")],
)
def test_a_contender_that_does_not_exist_is_refused(name, reason):
    with pytest.raises(UnknownName, match=reason):
        contenders.contender(name)


def test_a_cross_encoder_ranks_by_its_name():
    press = contenders.contender("document_ranking@cross-encoder:some/name@main")
    assert press.relevance.inner.model == "some/name@main"


def test_all_that_is_compared_by_default_can_be_made(monkeypatch):
    monkeypatch.setattr(contenders, "original", lambda: "folder")  # which an extra brings
    monkeypatch.setattr(contenders, "_minilm", contenders._minilm.__wrapped__)
    found = bench.trials(contenders.names(), sizes(len, ratios=[2, 4, 6]))
    assert all(len(group) == 3 for group in found.values())
    assert {"llmlingua", "longllmlingua", "longllmlingua@select", "selective_context_sentences", "bm25_sentences"} <= set(found)


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


def test_the_command_takes_ratios_times_a_few_and_draws(data, tmp_path, lm):
    pytest.importorskip("matplotlib")
    out = tmp_path / "result"
    methods = ("--method", "head", "--method", "llmlingua")
    result = run(data, out, *methods, "--ratio", "2", "--ratio", "4", "--timed", "1", "--lm", lm, "--plot", "png")
    assert result.exit_code == 0, result.output
    found = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert [(m["method"], m["budget"]) for m in found["means"]] == [
        ("head", "2x"), ("head", "4x"), ("llmlingua", "2x"), ("llmlingua", "4x"),
    ]  # fmt: skip
    assert (found["about"]["timed"], found["about"]["examples"], found["about"]["lm"]) == (1, 4, "llama-True")
    assert "1 of them timed" in out.with_suffix(".md").read_text("utf-8")
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path.parent) not in out.with_suffix(".json").read_text("utf-8")


@pytest.mark.parametrize(("option", "timed"), [(("--warm",), 0), (("--minutes", "0"), 1)])
def test_the_command_counts_what_was_run(data, tmp_path, option, timed):
    out = tmp_path / "result"
    assert run(data, out, "--method", "head", "--ratio", "2", *option).exit_code == 0
    found = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert (found["about"]["timed"], found["about"]["examples"]) == (timed, 4 if option == ("--warm",) else 1)
    cells = out.with_suffix(".md").read_text("utf-8").splitlines()[4].split("|")
    assert (cells[-3].strip() != "") == (timed > 0)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--method", "head", "--ratio", "0.5"),
        ("--method", "head@bm25"),
        ("--method", "head", "--adaptive"),
        ("--method", "nothing"),
        ("--task", "nothing"),
    ],
)
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
    variant = contenders.contender("lingua_low:slack=1,lexical_weight=0.75,guard=0")
    assert (variant.slack, variant.relevance.lexical_weight, variant.guard.numbers) == (1, 0.75, False)
    nested = contenders.contender("lingua:share=1,first_weight=4,slack=1.5")
    assert (nested.slack, nested.relevance.first_weight, nested.relevance.first.share) == (1.5, 4, 1)
    assert nested.relevance.first.lexical_weight == load("lingua").relevance.first.lexical_weight
    for wrong in ("lingua:slack", "lingua:nothing=1", "head:slack=1"):
        with pytest.raises(UnknownName):
            contenders.contender(wrong)


def test_the_command_draws_and_compares_what_its_task_measures(tmp_path):
    pytest.importorskip("matplotlib")
    write_all(tmp_path / "data")
    out = tmp_path / "result"
    options = (
        "--task",
        "api-docs",
        "--method",
        "lexical_sentences",
        "--rate",
        "0.3",
        "--limit",
        "2",
        "--against",
        "head",
        "--plot",
        "svg",
    )
    result = run(tmp_path / "data", out, *options)
    assert result.exit_code == 0, result.output
    found = json.loads(out.with_suffix(".json").read_text("utf-8"))
    best, worst = found["means"]
    assert best["names"] > worst["names"]
    assert found["against"]["differences"][0]["difference"] == pytest.approx(best["names"] - worst["names"])
    page = out.with_suffix(".md").read_text("utf-8")
    assert "Difference in names kept to head" in page
    assert out.with_suffix(".svg").exists()
