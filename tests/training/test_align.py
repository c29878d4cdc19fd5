"""Distribution alignment of tiny models with a target whose distribution is skewed."""

import gzip
import json
import math
import sys

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner

from linguapress import Budget, load
from linguapress.errors import MissingExtra, ModelNotFound, UnknownName
from linguapress.training import align
from linguapress.training.align import AlignSettings, train
from linguapress.training.cli import app

ASKED = "the bridge over the river"
FULL, LORA = {"rate": 1e-2}, {"lora_rank": 4, "rate": 3e-2}


@pytest.fixture(scope="module")
def target(causal_folder, tmp_path_factory):
    """Folder of a tiny Phi that mostly says a few words, whatever it is asked."""
    folder = tmp_path_factory.mktemp("align") / "target"
    source = causal_folder("phi")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(source), AutoTokenizer.from_pretrained(source)
    likely = sorted(token for token in tokenizer.get_vocab() if token.startswith("Ġ") and len(token) > 4)[:12]
    with torch.no_grad():
        model.lm_head.weight.mul_(0.2)
        model.lm_head.bias.zero_()
        model.lm_head.bias[tokenizer.convert_tokens_to_ids(likely)] = torch.linspace(6, 9, len(likely))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def pairs(target, tmp_path_factory):
    """File of forty pairs: every other instruction has an input, the outputs are sampled from the target."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(target), AutoTokenizer.from_pretrained(target)
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as handle:
        for number in range(40):
            row = {"instruction": f"Tell {number}", **({"input": "café"} if number % 2 else {})}
            ids = tokenizer("\n\n".join([*row.values(), ""]), return_tensors="pt").input_ids
            out = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=True,
                top_k=0,
                max_new_tokens=12,
                pad_token_id=1,
                eos_token_id=None,
            )
            row["output"] = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
            handle.write(json.dumps(row) + "\n")
    (path.parent / "README.md").write_text("# Pairs\n\n## License\n\nCC0, by nobody.\n")
    return path


@pytest.fixture
def settings(pairs, causal_folder, tmp_path):
    """A function that makes settings into a folder of that name."""

    def make(name="run", kind="llama", **given):
        usual = {"base": causal_folder(kind), "epochs": 4, "batch": 8, "dev_share": 0.2, "precision": "fp32", "rate": 1e-2}
        return AlignSettings((pairs,), tmp_path / name, **{**usual, **given})

    return make


def weights(out):
    return load_file(out / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def log(out):
    return [{**json.loads(line), "seconds": 0} for line in (out / "log.jsonl").read_text().splitlines()]


def stop_after(limit):
    def progress(task, step, total, figures):
        if task == "align" and step >= limit:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("given", [FULL, LORA, {**FULL, "precision": "bf16"}, {**LORA, "precision": "bf16"}])
def test_the_small_model_comes_nearer_to_the_target(settings, target, given):
    made = settings(target=target, **given)
    found = train(made)["held_out"]
    before, after = found["before"], found["after"]
    assert after["nats_per_token"] < 0.75 * before["nats_per_token"]
    assert after["bits_per_byte"] < 0.75 * before["bits_per_byte"]
    assert after["perplexity"] == pytest.approx(math.exp(after["nats_per_token"]))
    assert after["divergence"] < 0.75 * before["divergence"]
    assert found["target"]["divergence"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("kind", "given"), [("llama", FULL), ("llama", LORA), ("gpt2", LORA)])
def test_what_is_written_loads_as_a_compressor_and_anywhere(settings, kind, given):
    made = settings(kind=kind, **given)
    metrics = train(made)
    before, after = load_file(f"{made.base}/model.safetensors"), weights(made.out)
    assert before.keys() == after.keys()
    assert all(weight.dtype == torch.float16 for weight in after.values())
    assert sum(weight.numel() for weight in after.values()) == metrics["parameters"] - metrics["trained"] * bool(made.lora_rank)
    assert not list(made.out.glob("adapter*"))
    assert AutoTokenizer.from_pretrained(made.out)(ASKED).input_ids == AutoTokenizer.from_pretrained(made.base)(ASKED).input_ids
    press = load("llmlingua", model=str(made.out), device="cpu", documents=None)
    assert press.compress([ASKED * 3], budget=Budget(rate=0.5)).text


def test_adapters_move_what_is_below_them_by_their_rank_at_most(settings):
    made = settings(lora_rank=2, model_dtype="float32")
    train(made)
    before, after = load_file(f"{made.base}/model.safetensors"), weights(made.out)
    moved = {name: after[name] - before[name] for name in before}
    assert all(not change.any() for name, change in moved.items() if "_proj" not in name)
    ranks = {name: int(torch.linalg.matrix_rank(change, rtol=1e-3)) for name, change in moved.items() if "_proj" in name}
    assert set(ranks.values()) == {2}


def test_the_figures_are_those_that_transformers_computes(settings, pairs, target):
    """Against losses and whole logits, pair by pair, of the model as written."""
    made = settings(target=target, model_dtype="float32")
    metrics = train(made)
    tokenizer = AutoTokenizer.from_pretrained(made.out)
    small, large = (AutoModelForCausalLM.from_pretrained(folder) for folder in (made.out, target))
    held = align.parted(align.read_pairs([pairs]), 0.2)[1]
    assert 0 < len(held) < 20
    nats = size = tokens = apart = 0
    for pair in held:
        prompt = [0, *tokenizer(pair.instruction + "\n\n" + (pair.input + "\n\n" if pair.input else "")).input_ids]
        output = tokenizer(pair.output).input_ids
        ids, labels = torch.tensor([prompt + output]), torch.tensor([[-100] * len(prompt) + output])
        with torch.no_grad():
            nats += small(input_ids=ids, labels=labels).loss.item() * len(output)
            p, q = (model(input_ids=ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1) for model in (large, small))
        apart += (p.exp() * (p - q)).sum().item()
        size, tokens = size + len(pair.output.encode()), tokens + len(output)
    found = metrics["held_out"]["after"]
    assert metrics["pairs"]["held_out"] == {"pairs": len(held), "tokens": tokens}
    assert found["nats_per_token"] == pytest.approx(nats / tokens, rel=1e-4)
    assert found["bits_per_byte"] == pytest.approx(nats / math.log(2) / size, rel=1e-4)
    assert found["divergence"] == pytest.approx(apart / tokens, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "given", "stop"),
    [
        ("llama", {"precision": "bf16"}, 2),
        ("llama", {}, 11),
        ("llama", LORA, 7),
        ("gpt2", {**LORA, "precision": "bf16"}, 16),  # has dropout
    ],
)
def test_an_interrupted_run_goes_on_to_the_very_same_weights(settings, monkeypatch, kind, given, stop):
    monkeypatch.setattr(align, "_SAVE_EVERY", 3)
    whole, broken = settings("whole", kind, **given), settings("broken", kind, **given)
    expected = train(whole)
    assert expected["steps"] >= 16
    with pytest.raises(KeyboardInterrupt):
        train(broken, stop_after(stop))
    steps = []
    found = train(broken, lambda task, step, total, figures: steps.append(step) if task == "align" else None)
    assert steps[0] <= stop
    assert same(weights(broken.out), weights(whole.out))
    assert (found["held_out"], found["history"]) == (expected["held_out"], expected["history"])
    assert log(broken.out) == log(whole.out)


def test_a_finished_run_is_not_run_again(settings):
    made = settings(epochs=1)
    first, steps = train(made), []
    again = train(made, lambda task, step, total, figures: steps.append(step) if task == "align" else None)
    assert (again["held_out"], steps) == (first["held_out"], [])


def test_training_ends_when_it_makes_nothing_better_and_the_best_weights_are_taken(settings):
    made = settings(rate=1.0, epochs=9, patience=2, model_dtype="float32")
    metrics = train(made)
    assert metrics["steps"] < 9 * 4
    nats = [value for _, value in metrics["history"]]
    best = nats.index(min(nats))
    assert (metrics["chosen_step"], len(nats) - 1 - best) == (metrics["history"][best][0], 2)
    assert metrics["held_out"]["after"]["nats_per_token"] == pytest.approx(min(nats), rel=1e-4)


def test_without_patience_the_last_weights_are_taken(settings):
    metrics = train(settings(rate=1.0, epochs=2, patience=0))
    assert metrics["chosen_step"] == metrics["steps"] == metrics["history"][-1][0]
    assert metrics["held_out"]["after"]["nats_per_token"] == pytest.approx(metrics["history"][-1][1], rel=1e-2)


def test_parts_of_a_step_are_one_step(settings):
    found = []
    for name, micro in (("one", 8), ("four", 3)):
        train(settings(name, micro=micro, epochs=1), lambda *given: found.append(given))
    losses = [figures["loss"] for task, _, _, figures in found if task == "align"]
    half = len(losses) // 2
    assert losses[:half] == pytest.approx(losses[half:], rel=1e-4)


def test_another_seed_is_another_order(settings):
    for name, seed in (("one", 0), ("two", 1)):
        train(settings(name, seed=seed, epochs=1))
    assert not same(weights(settings("one").out), weights(settings("two").out))


def test_a_run_of_other_settings_or_pairs_is_not_continued(settings, pairs, tmp_path):
    copied = tmp_path / "copied.jsonl.gz"
    copied.write_bytes(pairs.read_bytes())
    made = settings(epochs=1)
    changing = AlignSettings((copied,), made.out, made.base, epochs=1)
    train(changing)
    with pytest.raises(ValueError, match="other settings"):
        train(made)
    copied.write_bytes(gzip.compress(gzip.decompress(pairs.read_bytes()).replace(b"Tell 7", b"Tell 77")))
    with pytest.raises(ValueError, match="other pairs"):
        train(changing)


def test_outputs_beyond_the_window_are_cut_and_instructions_beyond_it_left_out(settings, tmp_path):
    path = tmp_path / "long.jsonl"
    rows = [{"instruction": f"Tell {number}", "output": "the bridge " * 40} for number in range(10)]
    rows += [{"instruction": f"{number} the bridge" * 40, "output": "the"} for number in range(5)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = AlignSettings((path,), tmp_path / "out", settings().base, epochs=1, dev_share=0.3)
    pairs = train(made)["pairs"]
    assert (pairs["train"]["pairs"] + pairs["held_out"]["pairs"], pairs["left_out"], pairs["cut"]) == (10, 5, 10)
    assert "5 pairs were left out" in (made.out / "README.md").read_text()


def test_the_card_tells_what_it_is_and_how_much_nearer(settings, target):
    made = settings(target=target, licence="mit", **LORA)
    metrics = train(made)
    card = (made.out / "README.md").read_text()
    found = metrics["held_out"]["after"]
    assert f"| **after** | {found['nats_per_token']:.3f} | {found['perplexity']:.3f} |" in card
    assert f"{found['divergence']:.3f} |" in card
    assert all(part in card for part in ('license: "mit"', "CC0, by nobody.", "rank 4", "2310.05736", "terms of use"))
    assert str(made.out.parent) not in card
    assert made.base not in card


def test_the_command_trains(pairs, causal_folder, tmp_path):
    words = ["align", "--pairs", str(pairs), "--base", causal_folder("llama"), "--out", str(tmp_path / "out"), "--epochs", "1"]
    result = CliRunner().invoke(app, [*words, "--device", "cpu", "--lora-rank", "2"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout[result.stdout.index("{") :])
    assert told["held_out"].keys() == {"before", "after"}
    assert told["trained"] < told["parameters"]


def test_the_command_learns_from_questions(causal_folder, tmp_path):
    lines = [
        {"question": f"who wrote {n}", "passages": [{"text": f"Writer {n} wrote {n}.", "needed": [[0, 8]]}]} for n in range(12)
    ]
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    words = ["align", "--questions", str(file), "--base", causal_folder("llama"), "--out", str(tmp_path / "out"), "--epochs", "1"]
    result = CliRunner().invoke(app, [*words, "--device", "cpu"])
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert told["pairs"]["train"]["pairs"] + told["pairs"]["held_out"]["pairs"] == 24
    assert told["settings"]["questions"] == [str(file)]


def test_no_pairs_and_no_questions_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no pairs to learn from; give a file of them, questions, or instructions"):
        align.AlignSettings((), tmp_path)


GOOD = '{"instruction": "Tell 1", "output": "a"}\n{"instruction": "Tell 2", "output": "b"}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 pairs; give at least two"),
        (GOOD.split("\n")[0], "1 pairs; give at least two"),
        (GOOD + '{"instruction": "a", "output": " \\n"}', "line 3 of PATH has a blank output"),
        (GOOD + '{"instruction": "", "output": "a"}', "line 3 of PATH has a blank instruction"),
        (GOOD + '{"instruction": "a"}', "line 3 of PATH has no field output"),
        (GOOD + '{"output": "a"}', "line 3 of PATH has no field instruction"),
        (GOOD + '{"instruction": "a", "input": 3, "output": "a"}', "line 3 of PATH has no field input"),
        (GOOD + "[1]", "line 3 of PATH has no field instruction"),
        (GOOD + "{", "line 3: no JSON (Expecting property name enclosed in double quotes at character 2)"),
        (GOOD.replace("Tell", "Tell me all " * 99), "0 to learn from and 0 to measure on fit a window of 64 tokens"),
        (None, "does not exist; give a file"),
    ],
)
def test_pairs_that_cannot_be_used_are_named_in_one_line(tmp_path, causal_folder, text, message):
    path = tmp_path / "pairs.jsonl"
    if text is not None:
        path.write_text(text)
    words = ["align", "--pairs", str(path), "--base", causal_folder("llama"), "--out", str(tmp_path / "out"), "--device", "cpu"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert message.replace("PATH", str(path)) in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"precision": "int8"}, UnknownName, "auto, bf16, fp32"),
        ({"lora_rank": -1}, ValueError, "lora_rank is -1"),
        ({"dev_share": 0.0}, ValueError, "dev_share is 0"),
        ({"dev_share": 1.0}, ValueError, "dev_share is 1"),
        ({"epochs": 0}, ValueError, "epochs is 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, given, kind, message):
    with pytest.raises(kind, match=message):
        settings(**given)


def test_no_data_and_a_model_over_its_own_start_are_refused(pairs, tmp_path):
    with pytest.raises(ValueError, match="no pairs to learn from"):
        AlignSettings((), tmp_path)
    with pytest.raises(ValueError, match="written over the one"):
        AlignSettings((pairs,), tmp_path, str(tmp_path))


def test_a_rank_above_that_of_a_layer_is_refused(settings):
    with pytest.raises(ValueError, match=r"lora_rank is 17, above the rank 16 of the layer model\.layers\.0\.self_attn\.k_proj"):
        train(settings(lora_rank=17))


def test_an_architecture_without_adapters_is_told(settings):
    with pytest.raises(ValueError, match=r"cannot put adapters on .* --lora-rank 0"):
        train(settings(kind="mamba", lora_rank=2))


def test_adapters_without_their_extra(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"peft is not installed; run: pip install 'linguapress\[train\]'"):
        train(settings(lora_rank=2))
    train(settings(epochs=1))  # who tunes all weights needs none


def test_a_target_with_other_tokens_is_refused_before_training(settings, tmp_path, target):
    other = tmp_path / "other"
    AutoModelForCausalLM.from_pretrained(target).save_pretrained(other)
    tokenizer = AutoTokenizer.from_pretrained(target)
    tokenizer.add_tokens(["bridge"])
    tokenizer.save_pretrained(other)
    made = settings(target=str(other))
    with pytest.raises(ModelNotFound, match="has another tokenizer"):
        train(made)
    assert not made.out.exists()


def test_a_target_with_a_smaller_window_sets_it(settings, tmp_path, target):
    small = tmp_path / "small"
    AutoModelForCausalLM.from_pretrained(target).save_pretrained(small)
    AutoTokenizer.from_pretrained(target, model_max_length=16).save_pretrained(small)
    wide, narrow = (train(settings(str(at), target=name, epochs=1))["pairs"] for at, name in enumerate((target, str(small))))
    assert wide["cut"] < narrow["cut"]


def test_a_loss_that_is_no_number_ends_the_run(settings, monkeypatch):
    monkeypatch.setattr(
        "linguapress.training.align_loss.Predictor.nll", lambda self, batch: torch.tensor(math.nan, requires_grad=True)
    )
    with pytest.raises(ValueError, match="the loss is nan at step 1; choose a lower --learning-rate"):
        train(settings())
