"""What memories are worth: controls, texts said again, answers, and the command."""

import json

import numpy as np
import pytest
import torch
from samples import BRIDGE, OVEN
from typer.testing import CliRunner

from linguapress.evaluation import soft_answers, soft_prompts
from linguapress.evaluation.soft_answers import answers, cuts, side_by_side
from linguapress.evaluation.soft_bench import app, summary
from linguapress.evaluation.soft_prompts import CONTROLS, by_chance, given, pooled
from linguapress.evaluation.soft_regeneration import bleu, regeneration, rouge_l
from linguapress.soft import FrozenLM, Icae, SoftReader, XCompressor
from linguapress.soft.questions import Asked


@pytest.fixture(params=[XCompressor, Icae], ids=["500x", "icae"])
def press(request, causal_folder):
    lm = FrozenLM.load(str(causal_folder("llama", True)), "cpu", exact=True)
    made = request.param.new(lm, k=3, longest=12, rank=4)
    generator = torch.Generator().manual_seed(7)
    for weight in made.adapter.weights.values():
        weight.data = torch.randn(weight.shape, generator=generator) * 0.2
    return made


@pytest.fixture
def rows(press):
    ids = press.lm.tokens(BRIDGE + " " + OVEN)
    return [ids[at : at + 12] for at in (0, 12, 24, 36)]


def test_controls_give_what_they_say(press, rows):
    found = given(press, rows, 2)
    assert tuple(found) == CONTROLS
    assert all(len(prompts) == len(rows) for prompts in found.values())
    right, wrong, chance = (list(found[name][0][0].tensors().values())[-1] for name in ("memory", "wrong", "random"))
    assert torch.equal(wrong, list(found["memory"][1][0].tensors().values())[-1])
    assert right.shape == chance.shape
    assert not torch.equal(right, chance)
    begin = [press.lm.bos]
    assert found["cut"][0] == [[*begin, *rows[0][:2]]]
    assert found["text"][0] == [[*begin, *rows[0]]]
    assert found["none"][0] == []
    assert found["mean"][0][0].shape == (2, press.lm.width)


def test_random_memories_have_the_moments_of_real_ones(press, rows):
    memories = [prompts[0] for prompts in given(press, rows * 8, 3)["memory"]]
    drawn = by_chance(memories, 0)
    for name in memories[0].tensors():
        real, fake = (torch.stack([m.tensors()[name] for m in some]) for some in (memories, drawn))
        assert torch.allclose(real.mean(0).mean(), fake.mean(0).mean(), atol=0.2 * float(real.std()) + 1e-3)
        assert float(fake.std(0).mean()) == pytest.approx(float(real.std(0).mean()), rel=0.25)
    assert not by_chance(memories[:1], 0)[0].tensors()[name].isnan().any()


def test_pooled_states_of_a_short_text_are_fewer(press):
    assert pooled(press, [5, 6], 3).shape == (2, press.lm.width)
    assert not pooled(press, [5], 3).isnan().any()


def test_figures_of_texts_said_again(press, rows):
    one, two = (regeneration(press, rows, 3, batch) for batch in (1, 4))
    assert one["text"]["nats"] == pytest.approx(two["text"]["nats"], rel=1e-4)
    assert one["memory"]["nats"] == pytest.approx(two["memory"]["nats"], rel=1e-4)
    for figures in two.values():
        assert all(0 <= figures[name] <= 1 for name in ("accuracy", "rouge_l", "bleu", "exact"))
    memory = press.compress([press.lm.text(rows[0])])[0]
    direct = SoftReader(press.lm).score([press.regenerating(memory)], [press.lm.tokens(press.lm.text(rows[0]))])[0]
    for batch in (1, 3):  # 4 texts: each alone, or the last one
        found = regeneration(press, rows, 3, batch)
        assert len({round(found[name]["nats"], 6) for name in ("memory", "wrong", "random")}) == 3
    alone = regeneration(press, rows[:1], 3)["memory"]["nats"]
    assert alone == pytest.approx(float(direct.mean()), rel=1e-3)


def test_rouge_and_bleu():
    assert rouge_l("the cat sat", "the cat sat") == 1
    assert rouge_l("the dog sat", "the cat sat") == pytest.approx(2 / 3)
    assert rouge_l("", "the cat") == rouge_l("x", "the cat") == 0
    assert bleu(["the cat sat on the mat"], ["the cat sat on the mat"]) == pytest.approx(1)
    assert bleu(["nothing like it at all"], ["the cat sat on the mat"]) < 0.1


ASKED = [Asked(f"The door of house {n} is green.", f"Colour {n}?", ("green", "the green"), f"The door of house {n} is ".__len__())
         for n in range(30)]  # fmt: skip


def test_answers_are_scored_against_all_right_ones(press, monkeypatch):
    questions = cuts(press, ASKED, 5)
    assert len(questions) == 5
    assert questions == cuts(press, ASKED, 5)
    asked = []

    class Knowing:
        def __init__(self, lm):
            pass

        def generate(self, prompts, **given):
            asked.append(prompts)
            return [" Green.\nQuestion: more" if n else "blue" for n in range(len(prompts))]

    monkeypatch.setattr(soft_answers, "SoftReader", Knowing)
    found = answers(press, questions, 2)
    assert tuple(found) == soft_prompts.CONTROLS
    assert found["memory"]["f1"] == found["text"]["exact"] == [0, 1, 1, 1, 1]
    none = asked[CONTROLS.index("none")][0]
    assert none == [[press.lm.bos], questions[0].prompt]
    out = summary(found)
    assert out["retention"] == 1
    assert out["memory"]["f1"] == 0.8
    assert summary({**found, "text": {"f1": [0.0] * 5, "exact": [0.0] * 5}})["retention"] is None


def test_chunks_side_by_side(press, monkeypatch):
    questions, seen = cuts(press, ASKED, 5), []
    monkeypatch.setattr(
        soft_answers.SoftReader, "generate", lambda self, prompts, **given: (seen.append(prompts), [""] * len(prompts))[1]
    )
    side_by_side(press, questions, 2, 3, "spread")
    assert all(len(prompt) == 4 for prompt in seen[0])
    assert all(len({id(memory) for memory in prompt[:3]}) == 3 for prompt in seen[0])
    firsts = [[id(memory) for memory in prompt[:3]] for prompt in seen[0]]
    assert len({tuple(first) for first in firsts}) == 5


def test_the_command(press, causal_folder, tmp_path):
    folder, out = tmp_path / "press", tmp_path / "found.json"
    press.save_pretrained(folder)
    texts, asked = tmp_path / "texts.jsonl", tmp_path / "asked.jsonl"
    texts.write_text("".join(json.dumps({"text": text}) + "\n" for text in (BRIDGE, OVEN)))
    rows = [
        {"context": a.context, "qas": [{"question": a.question, "answers": list(a.answers), "starts": [a.start]}]} for a in ASKED
    ]
    more = [{**row, "context": row["context"] + f" Really {n}."} for n, row in enumerate(rows * 5)]
    asked.write_text("".join(json.dumps(row) + "\n" for row in more))
    arguments = [str(folder), "--out", str(out), "--lm", str(causal_folder("llama", True)), "--k", "2", "--limit", "4"]
    both = ["--texts", str(texts), "--questions", str(asked), "--chunks", "2"]
    ran = CliRunner().invoke(app, [*arguments, *both])
    assert ran.exit_code == 0, ran.output
    found = json.loads(out.read_text())
    assert found["regeneration"]["2"]["texts"] == 2
    assert set(CONTROLS) <= found["questions"]["seen"]["2"].keys()
    assert found["side_by_side"]["chunks"] == 2
    assert found["bytes"] > 0
    assert np.isfinite(found["seconds"])
    none = CliRunner().invoke(app, [*arguments, "--texts", str(texts), "--k", "9"])
    assert none.exit_code == 2
    assert "1 to 3" in none.output.replace("\n", " ")
    named = CliRunner().invoke(app, [str(folder), "--out", str(out), "--texts", str(texts), "--k", "2"])
    assert named.exit_code == 0, named.output
    again = json.loads(out.read_text())["regeneration"]["2"]
    assert again["memory"]["nats"] == pytest.approx(found["regeneration"]["2"]["memory"]["nats"], rel=1e-5)
    for options, message in (["--texts", str(asked)], "no field text"), ([*both, "--chunks", "9"], "have no 9 chunks"):
        refused = CliRunner().invoke(app, [*arguments, *options])
        assert refused.exit_code == 2
        assert message in " ".join(refused.output.replace("│", " ").split())
