"""The bench on a small data folder of its own."""

import gzip
import json

import pytest

from linguapress.evaluation import bench
from linguapress.evaluation.metrics import answer_survives, interval, normal, share_kept
from linguapress.evaluation.tasks import examples


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "nq_multidoc"
    folder.mkdir()
    docs = [{"title": f"Topic {i}", "text": f"Number {i} is here. It rained a lot in town {i}."} for i in range(6)]
    docs.append({"title": "Tower", "text": "The tower opened in 1889. Many people visit it."})
    rows = [
        {"id": str(i), "question": "when did the tower open", "answers": ["1889"], "gold_index": 6, "docs": docs} for i in range(4)
    ]
    with gzip.open(folder / "nq_20docs_gold_at_9_dev.jsonl.gz", "wt") as handle:
        handle.writelines(json.dumps(row) + "\n" for row in rows)
    return tmp_path


def test_dev_and_test_are_disjoint_and_the_order_is_seeded(data):
    dev, test = examples("nq", data, 0, "dev"), examples("nq", data, 0, "test")
    assert {e.id for e in dev}.isdisjoint(e.id for e in test)
    assert examples("nq", data, 0)[0] == examples("nq", data, 0)[0]
    assert [e.documents for e in examples("nq", data, 0)] != [e.documents for e in examples("nq", data, 1)]
    assert all(sentence.startswith("The tower") for e in dev for _, sentence in e.evidence)


def test_a_query_aware_method_beats_the_head(data):
    from linguapress import Budget

    rows = list(bench.run(examples("nq", data), ["lexical_sentences", "head"], [Budget(tokens=25)]))
    means = {row["method"]: row for row in bench.summary(rows)}
    assert means["lexical_sentences"]["answer"] == 1 > means["head"]["answer"]
    assert means["lexical_sentences"]["over"] == 0
    assert "| lexical_sentences | 25 | 1.000 |" in bench.markdown(list(means.values()), "t")


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
    from linguapress.evaluation.contenders import contender

    variant = contender("lingua:slack=1,lexical_weight=0.75,guard=0")
    assert (variant.slack, variant.relevance.lexical_weight, variant.guard.numbers) == (1, 0.75, False)
    for wrong in ("lingua:slack", "lingua:nothing=1", "head:slack=1"):
        with pytest.raises(UnknownName):
            contender(wrong)
