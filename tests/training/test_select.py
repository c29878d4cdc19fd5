"""Training of a selector, on a tiny encoder and a rule that it can learn: who was it, or where?"""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import regex
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from linguapress.errors import UnknownName
from linguapress.models.pair_model import PairModel, PairOutput
from linguapress.models.pair_reader import PairReader, PairReading
from linguapress.models.pair_weights import load_pair_weights
from linguapress.models.sentence_odds import PLAIN
from linguapress.scores import TokenScores
from linguapress.splits import held_out
from linguapress.text import Span
from linguapress.training import select
from linguapress.training.cli import app
from linguapress.training.groups import Batch, Draws
from linguapress.training.questions import Candidate, Question
from linguapress.training.select import SelectSettings, losses, train
from linguapress.training.select_metrics import ranking_report, selection_report

ANSWERS = {"who": ["doctor", "baker"], "where": ["harbour", "castle"]}
OTHER = {"who": "where", "where": "who"}
FILLERS = ["the", "of", "and", "very", "old", "green"]


def passage(kind, rng, size=6):
    words = [rng.choice(FILLERS) for _ in range(size)]
    words.insert(rng.randint(0, size), rng.choice(ANSWERS[kind]))
    return " ".join(words)


def asked(number, rng):
    kind = rng.choice(sorted(ANSWERS))
    return kind, f"{kind} number {number}"


def web(number, rng):
    kind, question = asked(number, rng)
    return {"question": question, "title": "", "passage": passage(kind, rng), "answers": ANSWERS[kind]}


def retrieved(number, rng):
    kind, question = asked(number, rng)
    docs = [{"title": "T", "text": passage(OTHER[kind], rng)} for _ in range(20)]
    gold = rng.randrange(20)
    docs[gold]["text"] = passage(kind, rng)
    return {"question": question, "docs": docs, "gold_index": gold}


def labelled(number, rng):
    kind, question = asked(number, rng)
    kinds = [OTHER[kind], OTHER[kind] if rng.random() < 0.2 else kind]
    rng.shuffle(kinds)
    sentences = [passage(one, rng, 2).capitalize() + "." for one in kinds]
    needed = [number for number, one in enumerate(kinds) if one == kind]
    return {"question": question, "sentences": sentences, "needed": needed, "source": "rule"}


def records(**counts):
    rng, makers = random.Random(0), {"nq": web, "dev": retrieved, "labelled": labelled}
    return {name: [makers[name](number, rng) for number in range(count)] for name, count in counts.items()}


@pytest.fixture
def data(data_sets):
    return data_sets(**records(nq=12, dev=4, labelled=30))


@pytest.fixture
def base(tmp_path, embedded_tokenizer):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30522, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, initializer_range=0.1
    )
    BertModel(config).save_pretrained(tmp_path / "base")
    embedded_tokenizer.save_pretrained(tmp_path / "base")
    return str(tmp_path / "base")


@pytest.fixture
def settings(data, base, tmp_path):
    """A function that makes settings of a short run."""

    def make(name="run", **changes):
        short = {"steps": 4, "groups": 2, "width": 6, "articles": 0, "measure_every": 0, "mix": {"nq": 0.6, "labelled": 0.4}}
        return SelectSettings(data, tmp_path / name, **{"base": base, **short, **changes})

    return make


def weights(folder):
    return (Path(folder) / "model.safetensors").read_bytes()


# Runs


def test_a_rule_is_learnt_and_the_selector_can_be_used(settings, data_sets):
    data_sets(**records(nq=80, dev=40, labelled=300))
    run = settings(steps=300, rate=2e-3, average=0.9, measure_every=300)
    metrics = train(run)
    assert metrics["ranking"]["first"] > 0.9
    assert metrics["ranking"]["surprise"] < 0.3
    assert max(figures["f1"] for figures in metrics["selection"]["thresholds"].values()) > 0.9
    assert json.loads((run.out / "metrics.json").read_text()) == metrics
    (logged,) = [json.loads(line) for line in (run.out / "log.jsonl").read_text().splitlines()]
    assert (logged["step"], logged["first"]) == (300, metrics["ranking"]["first"])
    assert logged["losses"].keys() == {"need", "relevant", "rank", "answer"}
    (reading,) = PairReader(str(run.out), "cpu").read("who number 7", ["The old baker. The old harbour."])
    assert TokenScores(reading.offsets, reading.need).pool([(0, 14), (15, 31)]) == pytest.approx([1, 0], abs=0.4)


class Stop(Exception):
    pass


def stop_at(update):
    """Stops a run in the given update."""
    seen = []

    def progress(task, step, total, figures):
        seen.append(task)
        if seen.count("select") == update:
            raise Stop

    return progress


def test_an_interrupted_run_goes_on_to_the_same_end(settings, monkeypatch):
    monkeypatch.setattr(select, "_SAVE_EVERY", 2)
    whole, broken = (settings(name, steps=8, rate=1e-3, dropout=0.2, measure_every=4) for name in ("whole", "broken"))
    expected = train(whole)
    with pytest.raises(Stop):
        train(broken, stop_at(7))
    torch.manual_seed(99)
    updates = []
    found = train(broken, lambda task, step, total, figures: updates.append(task))
    assert updates == ["select"] * 2
    assert weights(broken.out) == weights(whole.out)
    assert found["ranking"] == expected["ranking"]
    assert found["selection"] == expected["selection"]


def test_a_finished_run_is_not_trained_again(settings):
    train(settings())
    before, updates = weights(settings().out), []
    train(settings(), lambda task, step, total, figures: updates.append(task))
    assert updates == []
    assert weights(settings().out) == before


def test_a_run_of_other_settings_is_not_continued(settings):
    train(settings())
    with pytest.raises(ValueError, match=r"checkpoint\.pt was written with other settings; remove it or choose another --out"):
        train(settings(rate=2e-4))


def test_a_setting_that_is_none_any_more_does_not_keep_a_run_from_going_on(settings):
    train(settings())
    file = settings().out / "checkpoint.pt"
    state = torch.load(file)
    torch.save(state | {"settings": state["settings"] | {"window": 192}}, file)
    assert train(settings())["settings"]["steps"] == 4


def test_a_run_that_is_refused_leaves_the_folder_as_it_was(settings, monkeypatch):
    train(settings())
    before = (settings().out / "negatives.json").read_bytes()
    monkeypatch.setattr(select, "_NEGATIVES", 3)
    with pytest.raises(ValueError, match="other settings"):
        train(settings(rate=2e-4))
    assert (settings().out / "negatives.json").read_bytes() == before


def test_negatives_are_mined_once_for_the_same_data(settings, data, monkeypatch):
    tasks = []

    def run(steps):
        tasks.clear()
        train(settings("run", steps=steps), lambda task, step, total, figures: tasks.append(task))
        (settings().out / "checkpoint.pt").unlink()
        return "passages" in tasks

    assert run(1)
    assert not run(2)
    monkeypatch.setattr(select, "_NEGATIVES", 3)
    assert run(2)
    labels = data / "query_sentences/train.jsonl"
    labels.write_text("".join(labels.read_text().splitlines(keepends=True)[1:]))
    assert run(2)


def test_the_seed_decides_what_is_learnt(settings):
    first, again, other = (settings(name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    for run in (first, again, other):
        train(run)
    assert weights(first.out) == weights(again.out) != weights(other.out)


@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_precision_decides_in_what_a_step_is_computed(settings, monkeypatch, name, dtype):
    seen = set()

    def watched(self, *arrays):
        if self.training:
            seen.add(self.encoder.get_input_embeddings().weight.dtype)
        return forward(self, *arrays)

    forward = PairModel.forward
    monkeypatch.setattr(PairModel, "forward", watched)
    train(settings(precision=name))
    assert seen == {dtype}


def test_an_unknown_precision_is_refused(settings):
    with pytest.raises(UnknownName, match="'fp8'; choose one of auto, bf16, fp32"):
        settings(precision="fp8")


def test_word_embeddings_stay_as_they_were_and_all_else_moves(settings, base):
    run = settings(rate=1e-2, steps=12, average=0.5)
    train(run)
    before = load_file(Path(base) / "model.safetensors")
    after = {name.removeprefix("encoder."): value for name, value in load_file(run.out / "model.safetensors").items()}
    same = {name for name, value in before.items() if name in after and torch.equal(after[name], value.half())}
    assert same == {"embeddings.word_embeddings.weight"}
    assert not [name for name in before if name not in after and "pooler" not in name]


def test_a_selector_that_starts_from_the_embedded_model_shares_its_words(settings):
    run = settings(base="mini", steps=1, groups=1, width=2)
    train(run)
    assert json.loads((run.out / "config.json").read_text())["words_of"] == "mini"
    assert load_pair_weights(str(run.out), "cpu").model.encoder.config.num_hidden_layers == 6


def test_a_run_starts_where_another_ended(settings):
    first = settings("first", steps=6, rate=1e-2, average=0.0)
    train(first)
    later = settings("later", steps=1, rate=0.0, start=str(first.out), average=0.0)
    train(later)
    ended, begun = (load_file(run.out / "model.safetensors") for run in (first, later))
    assert all(torch.equal(begun[name], value) for name, value in ended.items())


def test_a_run_keeps_the_words_and_the_tokenizer_of_its_start(settings):
    first = settings("first", steps=1, average=0.0)
    train(first)
    later = settings("later", base="mini", steps=1, rate=0.0, start=str(first.out), average=0.0)
    train(later)
    begun, ended = (load_file(run.out / "model.safetensors") for run in (later, first))
    assert begun.keys() == ended.keys()
    assert all(torch.equal(begun[name], value) for name, value in ended.items())
    assert (later.out / "tokenizer.json").read_bytes() == (first.out / "tokenizer.json").read_bytes()


def test_a_run_on_other_data_is_not_continued(settings, data):
    train(settings())
    file = data / "query_sentences/train.jsonl"
    file.write_text(file.read_text().replace("number 7", "number 8"))
    with pytest.raises(ValueError, match=r"checkpoint\.pt was written by a run on other data; remove it"):
        train(settings())


@pytest.mark.parametrize("name", ["base", "start"])
def test_a_selector_is_not_written_over_what_it_starts_from(name, tmp_path):
    with pytest.raises(ValueError, match="would be written over"):
        SelectSettings(tmp_path, tmp_path / "run", **{name: str(tmp_path / "run")})


def test_a_loss_that_is_no_number_ends_training_and_spoils_nothing(settings, monkeypatch):
    real, seen = select.losses, []

    def broken(*given):
        seen.append(given)
        return {name: value * float("nan") if len(seen) > 2 else value for name, value in real(*given).items()}

    monkeypatch.setattr(select, "losses", broken)
    monkeypatch.setattr(select, "_SAVE_EVERY", 1)
    with pytest.raises(ValueError, match="the loss is nan at step 2; choose a lower --learning-rate"):
        train(settings())
    state = torch.load(settings().out / "checkpoint.pt")
    assert state["step"] == 1
    assert all(value.isfinite().all() for value in state["model"].values())


def test_spare_negatives_are_thinned_by_what_the_model_finds(settings, monkeypatch):
    seen = []
    collated = select.collate
    monkeypatch.setattr(select, "collate", lambda group, *rest: (seen.append(len(group.pairs)), collated(group, *rest))[1])
    train(settings(steps=3, width=4, spare=2.0, mix={"nq": 1.0}, measure_every=0))
    assert max(seen[::2]) == 7  # one right one, 3 * 2 wrong ones where there are as many
    assert set(seen[1::2]) == {4}


def test_progress_reaches_the_last_step(settings):
    told = []
    train(settings(), lambda task, step, total, figures: told.append((step, total)) if task == "select" else None)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def own(kind, rng, text):
    """A question whose passage has a sentence that is needed and one that is not."""
    parts = [passage(one, rng, 2).capitalize() + "." for one in (OTHER[kind], kind)]
    needed = Span(len(parts[0]) + 1, len(parts[0]) + 1 + len(parts[1]))
    return Question("asked", text, (Candidate("", " ".join(parts), True, (needed,)),), mined=True)


def written(path, questions):
    passages = [[{"text": it.body, "needed": [list(span) for span in it.needed]} for it in one.candidates] for one in questions]
    rows = [{"question": one.text, "passages": parts} for one, parts in zip(questions, passages, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_own_questions_are_learnt_and_the_odds_of_sentences_fitted_on_others(settings, tmp_path, monkeypatch):
    rng, drawn = random.Random(3), []
    kinds = sorted(ANSWERS)
    learnt = [own(kinds[n % 2], rng, f"{kinds[n % 2]} own {n}") for n in range(40)]
    apart = [own(kinds[n % 2], rng, f"{kinds[n % 2]} apart {n}") for n in range(40)]
    read = Draws.of_step
    monkeypatch.setattr(Draws, "of_step", lambda self, step: drawn.extend(groups := read(self, step)) or groups)
    files = {"questions": (written(tmp_path / "own.jsonl", learnt),), "calibrate": (written(tmp_path / "apart.jsonl", apart),)}
    run = settings(steps=6, mix={"asked": 1.0}, **files)
    metrics = train(run)
    asked = {pair.question for group in drawn for pair in group.pairs}
    assert asked
    assert asked <= {question.text for question in learnt}
    odds = json.loads((run.out / "config.json").read_text())["sentence_odds"]
    assert odds == metrics["sentence odds"] == PairReader(str(run.out), "cpu").odds._asdict()
    assert odds != PLAIN._asdict()
    later = settings("later", steps=1, start=str(run.out))
    train(later)
    assert PairReader(str(later.out), "cpu").odds._asdict() == odds  # nothing to fit on: those of the start stay


def test_a_mix_without_questions_is_refused(settings):
    with pytest.raises(ValueError, match="no questions of asked"):
        train(settings(mix={"asked": 1.0}))


def test_the_command_takes_files_of_questions(data, base, tmp_path):
    rng = random.Random(3)
    file = written(tmp_path / "own.jsonl", [own(sorted(ANSWERS)[0], rng, f"own {n}") for n in range(9)])
    arguments = ["select", "--data", str(data), "--out", str(tmp_path / "run"), "--base", base, "--device", "cpu", "--steps", "1"]
    more = ["--articles", "0", "--blocks", "3", "--questions", str(file), "--calibrate", str(file), "--mix", "asked=1"]
    result = CliRunner().invoke(app, [*arguments, *more])
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "run/metrics.json").read_text())["settings"]
    assert (settings["blocks"], settings["questions"], settings["calibrate"]) == (3, [str(file)], [str(file)])


def test_the_command_trains_and_tells_what_came_of_it(data, base, tmp_path):
    arguments = ["select", "--data", str(data), "--out", str(tmp_path / "run"), "--base", base, "--device", "cpu"]
    short = ["--steps", "2", "--width", "3", "--articles", "0", "--learning-rate", "0.01", "--seed", "5"]
    result = CliRunner().invoke(app, [*arguments, *short])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output[result.output.index("{") :])
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert told["ranking"] == metrics["ranking"]
    assert told["f1"] == max(figures["f1"] for figures in metrics["selection"]["thresholds"].values())
    assert metrics["selection"]["thresholds"][told["threshold"]]["f1"] == told["f1"]
    written = metrics["settings"]
    assert [written[key] for key in ("steps", "width", "articles", "rate", "seed", "base")] == [2, 3, 0, 0.01, 5, base]


def test_the_command_takes_shares_of_sources(data, base, tmp_path):
    arguments = [
        "select",
        "--data",
        str(data),
        "--out",
        str(tmp_path / "run"),
        "--base",
        base,
        "--device",
        "cpu",
        "--articles",
        "0",
    ]
    taken = CliRunner().invoke(app, [*arguments, "--steps", "1", "--mix", "nq=0.7", "--mix", "labelled=0.3"])
    assert taken.exit_code == 0, taken.output
    assert json.loads((tmp_path / "run/metrics.json").read_text())["settings"]["mix"] == {"nq": 0.7, "labelled": 0.3}
    for wrong in ("nq", "nq=much", "news=1"):
        assert CliRunner().invoke(app, [*arguments, "--mix", wrong]).exit_code == 2


# Losses


def batch(relevant, answer=(), weight=(), ranked=True):
    """Pairs of three tokens, the first of which is no part of the passage."""
    shape = (len(relevant), 3)
    inside = torch.tensor([[False, True, True]] * len(relevant))
    answers, weights = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape)
    for place in answer:
        answers[place] = True
    for place in weight:
        weights[place] = 0.5
    ones = torch.ones(shape, dtype=torch.int64)
    return Batch(
        ids=ones, mask=ones, types=ones, inside=inside, relevant=torch.tensor(relevant), need=answers.float(), weight=weights,
        answer=answers, ranked=ranked,
    )  # fmt: skip


def output(relevance):
    shape = (len(relevance), 3)
    torch.manual_seed(0)
    answer = torch.randn(shape)
    answer[:, 0] = -1e4
    return PairOutput(torch.tensor(relevance), torch.randn(shape), answer)


def test_the_ranking_loss_is_the_surprise_at_the_relevant_passage():
    out = output([1.0, 2.0, -1.0])
    assert losses(out, batch([True, False, False]))["rank"] == pytest.approx(-out.relevance.log_softmax(0)[0].item())


def test_relevant_passages_do_not_compete_with_one_another():
    one, two = (losses(output([1.0, better, -1.0]), batch([True, True, False]))["rank"] for better in (1.0, 5.0))
    assert two < one
    alone = losses(output([1.0, -1.0]), batch([True, False]))["rank"]
    assert one == pytest.approx(alone.item())


def test_the_answer_loss_is_the_surprise_at_its_tokens_among_all_of_the_group():
    out = output([1.0, 2.0])
    found = losses(out, batch([True, False], answer=[(0, 1), (0, 2)]))["answer"]
    share = out.answer.flatten().softmax(0).reshape(2, 3)[0, 1:].sum()
    assert found == pytest.approx(-0.5 * torch.log(share).item(), rel=1e-5)


def test_the_need_loss_counts_tokens_by_their_weight():
    out = output([1.0, 2.0])
    made = batch([True, False], answer=[(0, 1)], weight=[(0, 1), (1, 2)])
    found = losses(out, made)["need"]
    pair = functional.binary_cross_entropy_with_logits(out.need[[0, 1], [1, 2]], torch.tensor([1.0, 0.0]))
    assert found == pytest.approx(pair.item())


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (batch([True, False], weight=[(0, 1)]), {"need", "rank"}),
        (batch([True, False], answer=[(0, 1)]), {"rank", "answer"}),
        (batch([True, True], answer=[(0, 1)]), set()),
        (batch([False, False]), set()),
        (batch([True, True], ranked=False), {"relevant"}),
        (batch([True, False], answer=[(0, 1)], weight=[(0, 1)], ranked=False), {"need", "relevant"}),
    ],
    ids=["no answers", "no weight", "no wrong passage", "no right passage", "alone", "alone with labels"],
)
def test_only_losses_that_mean_something_count(made, names):
    assert losses(output([1.0, 2.0]), made).keys() == names


# Measuring


class Told:
    """A reader whose opinion stands in the passage: ``relevance|probability``."""

    odds = PLAIN

    def read(self, question, passages):
        return [self._reading(text) for text in passages]

    def _reading(self, text):
        found = [(match.span(), match.group().split("|")) for match in regex.finditer(r"\S+\|\S+", text)]
        values = [float(chance) for _, (_, chance) in found]
        return PairReading(
            np.array([span for span, _ in found]), np.array(values), np.zeros(len(found)), float(found[0][1][0]), 0.0
        )


def told(gold, *others):
    return {"question": "q", "docs": [{"title": "T", "text": f"{logit}|0"} for logit in (*others, gold)], "gold_index": len(others)}


def test_the_ranking_report_counts_places_of_every_other_question(data_sets):
    rows = [told(3.0, 1.0, 2.0), told(0.0, 9.0), told(2.0, 1.0, 3.0), told(9.0, 0.0), told(0.0, 1.0, 2.0, 3.0), told(9.0, 0.0)]
    found = ranking_report(data_sets(dev=rows), Told())
    assert (found["first"], found["third"]) == pytest.approx((1 / 3, 2 / 3))
    surprises = [-functional.log_softmax(torch.tensor(row), 0)[0].item() for row in ([3.0, 1, 2], [2.0, 1, 3], [0.0, 1, 2, 3])]
    assert found["surprise"] == pytest.approx(np.mean(surprises))


@pytest.mark.parametrize("logit", [1.0, float("nan")])
def test_a_reader_without_an_opinion_is_not_right(logit, data_sets):
    assert ranking_report(data_sets(dev=[told(logit, logit, logit, logit)]), Told())["first"] < 0.5


def test_the_selection_report_counts_sentences_and_words(data_sets):
    asked = [f"q{n}" for n in range(60) if held_out(f"q{n}")][:2]
    rows = [
        {"question": asked[0], "sentences": ["0|0.9 0|0.7", "0|0.3 0|0.3"], "needed": [0], "source": "x"},
        {"question": asked[1], "sentences": ["0|0.6 0|0.6 0|0.6", "0|0.1"], "needed": [], "source": "x"},
        {"question": next(f"q{n}" for n in range(60) if not held_out(f"q{n}")), "sentences": ["0|1"], "needed": [], "source": "x"},
    ]
    found = selection_report(data_sets(labelled=rows), Told())
    assert found["sentences"] == 4
    assert found["thresholds"]["0.5"] == pytest.approx({"precision": 1 / 2, "recall": 1, "f1": 2 / 3, "junk": 3 / 4})
    assert found["thresholds"]["0.7"] == pytest.approx({"precision": 1, "recall": 1, "f1": 1, "junk": 0})
    assert found["thresholds"]["0.95"] == {"precision": 0, "recall": 0, "f1": 0, "junk": 0}
    bins = [(round(row["probability"], 3), row["needed"], row["count"]) for row in found["reliability"]]
    assert bins == [(0.1, 0, 1), (0.3, 0, 1), (0.6, 0, 1), (0.8, 1, 1)]


def test_the_title_of_a_labelled_passage_shifts_no_sentence(data_sets):
    question = next(f"q{n}" for n in range(60) if held_out(f"q{n}"))
    row = {"question": question, "sentences": ["Title: 0|0.9", "0|0.1"], "needed": [0], "source": "nq"}
    assert selection_report(data_sets(labelled=[row]), Told())["thresholds"]["0.5"]["f1"] == 1
