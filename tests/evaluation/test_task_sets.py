"""Every task of the bench on a small data folder: what is asked, what is measured, and that dev and test are apart."""

import json

import pytest
from small_data import REQUEST, write, write_all

from linguapress import Budget, load
from linguapress.evaluation.measure import figures
from linguapress.evaluation.metrics import answer_survives
from linguapress.evaluation.quality import QUALITIES
from linguapress.evaluation.tasks import TASKS, examples
from linguapress.evaluation.tasks.task import Split, about
from linguapress.splits import held_out

SMALL = [name for name in TASKS if name not in ("multihop", "squadshifts")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("data"))


def everything(example):
    """A result that keeps all."""
    return load("head").compress(example.documents, example.question, budget=Budget(rate=1))


def nothing(example):
    return load("head").compress(example.documents, example.question, budget=Budget(tokens=0))


@pytest.mark.parametrize("task", SMALL)
def test_dev_and_test_are_apart_and_nothing_is_lost(folder, task):
    dev, test = examples(task, folder, 0, "dev"), examples(task, folder, 0, "test")
    assert dev
    assert test
    assert {item.id for item in dev}.isdisjoint(item.id for item in test)
    assert sorted(item.id for item in (*dev, *test)) == sorted(item.id for item in examples(task, folder))
    assert TASKS[task].split is Split.turns or {item.group for item in dev}.isdisjoint(item.group for item in test)


@pytest.mark.parametrize("task", SMALL)
def test_a_seed_gives_the_same_examples_again(folder, task):
    assert examples(task, folder, 3) == examples(task, folder, 3)


@pytest.mark.parametrize("task", SMALL)
def test_the_figure_of_a_task_is_at_its_best_when_all_is_kept_and_not_when_nothing_is(folder, task):
    quality = TASKS[task].quality
    assert QUALITIES[quality.key] == quality
    scored = [item for item in examples(task, folder)[:20] if figures(item, everything(item))[quality.key] is not None]
    assert scored
    for item in scored:
        whole, empty = (figures(item, out)[quality.key] for out in (everything(item), nothing(item)))
        assert whole == (pytest.approx(0.6) if task == "distilled" else 1)
        assert empty in (None, 0)


def test_every_task_says_what_it_measures_and_under_which_licence():
    text = about(TASKS.items())
    assert all(f"- **{name}**: " in text and task.measures.endswith(".") for name, task in TASKS.items())
    assert text.count("Licence: ") == len(TASKS)
    assert "No shipped model was trained on it." in text
    assert "select was trained on the dev half" in text


@pytest.mark.parametrize("place", [0, 9, 19])
def test_the_gold_passage_stands_where_the_task_says(folder, place):
    assert {item.gold for item in examples(f"nq-gold-{place}", folder)} == {(place,)}
    assert len({item.gold for item in examples("nq", folder)}) > 1


def test_a_hundred_passages_are_the_twenty_and_those_of_other_questions_that_are_most_like_it(tmp_path):
    towns = [f"Town {number}" for number in range(160)]
    docs = [{"title": town, "text": f"{town} has a market{' and a ferry' if n % 2 else ''}."} for n, town in enumerate(towns)]
    rows = [
        {
            "id": str(at),
            "question": "which town has a ferry",
            "answers": [towns[at + 1]],
            "gold_index": 1,
            "docs": docs[at : at + 20],
        }
        for at in range(0, 160, 20)
    ]
    write(tmp_path / "nq_multidoc" / "nq_20docs_gold_at_9_dev.jsonl.gz", rows)
    for many, few in zip(examples("nq-many", tmp_path), examples("nq", tmp_path), strict=True):
        more = set(many.documents) - set(few.documents)
        assert len(many.documents) == len(set(many.documents)) == 100
        assert set(few.documents) < set(many.documents)
        assert not any(answer_survives(text, many.answers) for text in more)
        assert sum("ferry" in text for text in more) == 70  # all there are
        assert [many.documents[gold] for gold in many.gold] == [few.documents[gold] for gold in few.gold]
        assert [text for _, text in many.evidence] == [text for _, text in few.evidence]


def test_one_document_holds_what_all_passages_say(folder):
    for one, many in zip(examples("nq-document", folder), examples("nq", folder), strict=True):
        assert one.documents == ("\n\n".join(many.documents),)
        assert [text for _, text in one.evidence] == [text for _, text in many.evidence]
        assert figures(one, everything(one))["evidence"]


def test_no_passage_answers_where_none_should(folder):
    for item in examples("no-answer", folder):
        assert len(item.documents) == 18
        assert not any("1889" in document for document in item.documents)
        assert figures(item, everything(item))["junk"] == 1


def test_questions_that_a_selector_learnt_from_are_not_asked(folder):
    for task in ("covidqa", "pubmedqa", "needed"):
        assert all(held_out(item.question) for item in examples(task, folder))


def test_a_meeting_keeps_its_order_and_its_marked_turn(folder):
    item = examples("qmsum", folder)[0]
    assert item.evidence == ((item.gold[0], "Bob: We bought 12 remote controls from Oslo."),)
    words = " ".join(item.documents).split("Word ")[1:]
    assert [int(word.split()[0]) for word in words] == [turn for turn in range(60) if turn != 20]
    assert "{vocalsound}" not in "".join(item.documents)
    found = figures(item, everything(item))
    assert (found["numbers"], found["entities"], found["evidence_share"]) == (1, 1, 1)


def test_the_wanted_function_is_one_of_ten_and_its_names_are_looked_for(folder):
    for item in examples("api-docs", folder):
        assert len(item.documents) == 10
        assert item.question.startswith(REQUEST)
        wanted = json.loads(item.documents[item.gold[0]])
        assert item.checks[0].names == (wanted["name"], "city", "people")


def test_the_asked_cell_stands_in_one_row_and_other_rows_share_each_of_its_names(folder):
    asked = examples("rows", folder)
    assert {item.id.split("-")[1] for item in examples("rows", folder, 0, "dev")} == {"markdown", "chunks", "csv", "log"}
    assert examples("rows", folder) == asked
    for item in asked[:32]:
        ((gold, row),) = item.evidence
        assert row in item.documents[gold].splitlines()
        assert sum(text.count(item.answers[0]) for text in item.documents) == 1
        assert item.answers[0] in row
        assert figures(item, everything(item))["answer"] == 1


def test_structured_contexts_are_json_a_table_and_code(folder):
    for item in examples("structured", folder)[:6]:
        (check,) = item.checks
        assert sorted(check.kinds) == ["code", "json", "table"]
        guarded = load("sentence_filter").compress(item.documents, item.question, budget=Budget(rate=0.4))
        assert figures(item, guarded)["valid"] == 1
        torn = load("random_words").compress(item.documents, item.question, budget=Budget(rate=0.4))
        assert figures(item, torn)["valid"] < 1


def test_a_few_shot_prompt_is_shortened_as_one(folder):
    from linguapress.evaluation.bench import trials
    from linguapress.evaluation.sizes import sizes

    (trial,) = trials(["llmlingua2"], sizes("embedded", rates=[0.6]))["llmlingua2"]
    item = examples("gsm8k", folder)[0]
    found = figures(item, trial.compress(item))
    assert found["frame"] == 1
    assert 0 < found["shot_numbers"] <= 1
    cut = load("head").compress(item.documents, budget=Budget(rate=0.6))
    assert figures(item, cut)["frame"] == 0
