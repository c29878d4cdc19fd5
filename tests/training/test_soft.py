"""Training of soft compressors, on a few texts and a tiny random model."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock, current_thread

import pytest
import torch
from typer.testing import CliRunner

from linguapress.errors import InvalidPrompt, UnknownName, WrongModel
from linguapress.soft import FrozenLM, Icae, XCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.loading import load_compressor
from linguapress.soft.questions import Cut
from linguapress.training.cli import app
from linguapress.training.soft import train
from linguapress.training.soft_loss import Losses
from linguapress.training.soft_material import Piece, Questions, Texts
from linguapress.training.soft_measure import measured
from linguapress.training.soft_settings import SoftTraining

WORDS = [
    "bridge",
    "river",
    "green",
    "opened",
    "stone",
    "tower",
    "market",
    "bread",
    "oven",
    "water",
    "mill",
    "road",
    "north",
    "south",
    "king",
    "queen",
    "letter",
    "ship",
]


def sentence(number, length=40):
    rng = random.Random(number)
    return " ".join(rng.choice(WORDS) for _ in range(length)) + "."


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soft")
    texts = [{"text": sentence(number)} for number in range(200)]
    paragraphs = [{"title": "t", "context": (text := sentence(number, 12)),
                   "qas": [{"question": f"Third {number}?", "answers": [text.split()[2]],
                            "starts": [text.index(text.split()[2])]}]} for number in range(200)]  # fmt: skip
    for name, rows in (("texts", texts), ("asked", paragraphs)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture
def settings(files, causal_folder, tmp_path):
    def make(stage="pretrain", name="run", **changes):
        data = files / ("texts.jsonl" if stage == "pretrain" else "asked.jsonl")
        usual = {"lm": str(causal_folder("llama", True)), "k": 2, "longest": 12, "rank": 4, "steps": 4, "batch": 4, "micro": 4,
                 "following": 6, "held": 4, "precision": "fp32", "device": "cpu", "rate": 1e-2}  # fmt: skip
        return SoftTraining(stage, (data,), tmp_path / name, **{**usual, **changes})

    return make


def weights(out, lm):
    return {
        name: weight.detach().clone()
        for name, weight in load_compressor(out, FrozenLM.load(lm, "cpu", exact=True)).parameters().items()
    }


def test_a_run_leaves_a_compressor_metrics_a_card_and_a_log(settings):
    run = settings(measure_every=2)
    metrics = train(run)
    press = XCompressor.from_pretrained(run.out, FrozenLM.load(run.lm, "cpu", exact=True))
    assert press.settings.k == 2
    assert metrics["steps"] == 4
    assert metrics["of_model"] == sum(w.numel() for n, w in press.lm.model.named_parameters() if "lora_" not in n)
    assert {"nats_right", "nats_wrong", "nats_none", "accuracy_right"} <= metrics["held_out"]["k"]["2"].keys()
    rows = [json.loads(line) for line in (run.out / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    assert "500xCompressor" in (run.out / "README.md").read_text()


@pytest.mark.parametrize("method", ["500x", "icae"])
def test_the_loss_falls_and_the_model_stays_as_it_was(settings, method):
    run = settings(method=method, steps=30, longest=6, k=6, rate=2e-2)
    before = FrozenLM.load(run.lm, "cpu", exact=True).fingerprint
    train(run)
    rows = [json.loads(line) for line in (run.out / "log.jsonl").read_text().splitlines()]
    press = load_compressor(run.out, FrozenLM.load(run.lm, "cpu", exact=True))
    assert isinstance(press, XCompressor if method == "500x" else Icae)
    assert press.lm.fingerprint == before
    found = rows[-1]["held_out"]
    assert found["nats_right"] < found["nats_none"] - 0.3


def test_the_same_run_twice_and_a_run_that_was_stopped_come_to_the_same_end(settings):
    whole, stopped, other = settings(name="whole"), settings(name="stopped", measure_every=0), settings(name="other", seed=1)
    train(whole)
    from linguapress.training import soft

    def stop(task, step, total, figures):
        if step == 2:
            raise KeyboardInterrupt

    every, soft._SAVE_EVERY = soft._SAVE_EVERY, 1
    try:
        with pytest.raises(KeyboardInterrupt):
            train(stopped, stop)
        assert not (stopped.out / "metrics.json").exists()
        train(stopped)
    finally:
        soft._SAVE_EVERY = every
    train(other)
    first, second, third = (weights(run.out, run.lm) for run in (whole, stopped, other))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


def test_a_folder_of_another_run_is_refused(settings):
    train(settings())
    with pytest.raises(ValueError, match="other settings"):
        train(settings(rate=1e-3))


def test_parts_of_a_step_are_summed(settings):
    whole, parts = settings(name="whole", micro=4, optimizer="adamw"), settings(name="parts", micro=1, optimizer="adamw")
    train(whole)
    train(parts)
    first, second = (weights(run.out, run.lm) for run in (whole, parts))
    assert all(torch.allclose(first[name], second[name], atol=2e-4) for name in first)


def test_finetuning_goes_on_from_a_pretrained_compressor(settings, causal_folder):
    start = settings(name="start")
    train(start)
    run = settings("finetune", start=start.out, k=7, method="icae", chunks=3, distil=0.5)
    metrics = train(run)
    assert metrics["compressor"]["k"] == 2
    assert metrics["settings"]["method"] == "500x"
    assert metrics["losses"] == {"answer": 1.0, "regeneration": 1.0, "recall": 1.0, "distil": 0.5}
    with pytest.raises(WrongModel, match="another model"):
        train(settings("finetune", name="wrong", start=start.out, lm=str(causal_folder("mistral", True))))


def test_every_loss_has_a_gradient_in_memory_tokens_and_adapter(settings):
    run = settings(continuation=0.5, distil=0.5, k=3)
    press = XCompressor.new(FrozenLM.load(run.lm, "cpu", exact=True), k=3, longest=12, rank=4)
    items = Texts(press.lm, run).of_step(0, 0.0)
    for name in ("regeneration", "continuation", "distil"):
        for weight in press.parameters().values():
            weight.grad = None
        Losses(press, run)(items)[name].mean().backward()
        assert press.tokens.grad.abs().sum() > 0, name
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in press.adapter.weights.values()), name
        assert all(weight.grad is None for name, weight in press.lm.model.named_parameters() if "lora_" not in name)


def test_the_divergence_is_nothing_where_the_memory_is_the_text(settings, monkeypatch):
    """A memory of a whole text's own key-values answers as the text does."""
    run = settings("finetune", distil=1.0)
    press = XCompressor.new(FrozenLM.load(run.lm, "cpu", exact=True), k=2, longest=12, rank=4)
    monkeypatch.setattr(press, "encode", lambda parts, k=None: [[press.lm.bos, *part.ids] for part in parts])
    terms = Losses(press, run)([Cut([[5, 6, 7]], [8, 9], [10, 11], ("x",))])
    assert terms["distil"].abs().max() < 1e-5
    assert terms["answer"].shape == terms["distil"].shape == (3,)


def test_finetuning_can_go_on_saying_the_chunks_again(settings, monkeypatch):
    run = settings("finetune", recite=0.5, chunks=2)
    press = XCompressor.new(FrozenLM.load(run.lm, "cpu", exact=True), k=2, longest=12, rank=4)
    losses, chunks = Losses(press, run), [list(range(5, 17)), [9]]
    assert losses.weights == {"answer": 1.0, "regeneration": 0.5, "recall": 0.5}
    terms = losses([Cut(chunks, [8, 9], [10, 11], ("x",))])
    ends = 2 * len(press.lm.end)
    assert terms["regeneration"].shape == (13 + ends,)
    first, end = losses._recalled(press.encode([Part(chunks[0])])[0], chunks[0]).scored, press.lm.end
    assert chunks[0][-len(first) + len(end) :] == first[: len(first) - len(end)]  # the text to its end, but for what led there
    assert 4 <= len(first) - len(end) <= 8
    assert losses([Cut([[9]], [8, 9], [10, 11], ("x",))])["recall"].isfinite().all()  # nothing lies behind a single token
    for name in ("regeneration", "recall"):
        for weight in press.parameters().values():
            weight.grad = None
        losses([Cut(chunks, [8, 9], [10, 11], ("x",))])[name].mean().backward()
        assert press.tokens.grad.abs().sum() > 0, name
    assert "regeneration" not in Losses(press, settings("finetune", recite=0))([Cut(chunks, [8], [10], ("x",))])


def test_nested_runs_learn_powers_of_two_and_can_be_cut(settings):
    run = settings(nested=True, k=6, steps=8)
    assert run.counts == (1, 2, 4, 6)
    metrics = train(run)
    assert list(metrics["held_out"]["k"]) == ["1", "2", "4", "6"]
    press = load_compressor(run.out, FrozenLM.load(run.lm, "cpu", exact=True))
    assert [press.compress(["bridge river"], k=k)[0].k for k in (1, 4, None)] == [1, 4, 6]
    for wrong in (0, 7):
        with pytest.raises(ValueError, match="1 to 6"):
            press.compress(["bridge"], k=wrong)


def test_pieces_are_drawn_by_seed_and_step_and_grow(settings):
    lm = FrozenLM.load(settings().lm, "cpu", exact=True)
    texts = Texts(lm, settings(shortest=6, growing=0.5, batch=64))
    sizes = {share: {len(piece.ids) for piece in texts.of_step(3, share)} for share in (0.0, 0.25, 0.5, 1.0)}
    assert sizes == {0.0: {2}, 0.25: {6, 7}, 0.5: set(range(6, 13)), 1.0: set(range(6, 13))}
    assert texts.of_step(3, 1.0) == texts.of_step(3, 1.0) != texts.of_step(4, 1.0)
    assert all(isinstance(piece, Piece) and len(piece.following) == 6 for piece in texts.held())
    learnt = {tuple(piece.ids) for step in range(20) for piece in texts.of_step(step, 1.0)}
    assert not learnt & {tuple(piece.ids) for piece in texts.held()}


def test_the_right_chunk_is_among_the_others(settings):
    run = settings("finetune", chunks=3, longest=40, batch=32)
    lm = FrozenLM.load(run.lm, "cpu", exact=True)
    items = Questions(lm, run, [99, 99, 99]).of_step(0, 0.0)
    assert {len(item.contexts) for item in items} == {1, 2, 3}
    assert all(any(item.answers[0] in lm.text(chunk) for chunk in item.contexts) for item in items)


def test_measuring_tells_the_memory_from_another(settings):
    run = settings()
    press = XCompressor.new(FrozenLM.load(run.lm, "cpu", exact=True), k=2, longest=12, rank=4)
    items = Texts(press.lm, run).held()
    one, two = (measured(press, items, batch, "spread") for batch in (1, 4))
    assert one["nats_right"] == pytest.approx(two["nats_right"], rel=1e-4)
    assert one["nats_none"] == pytest.approx(two["nats_none"], rel=1e-4)
    for batch in (1, 3):  # 4 items: each alone, or the last one
        found = measured(press, items, batch, "spread")
        assert found["nats_wrong"] != pytest.approx(found["nats_right"], rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"steps": 0}, "give one of them"), ({"minutes": 1.0}, "give one of them"), ({"k": 0}, "k is 0"), ({"batch": 0}, "batch is 0"),
     ({"shortest": 13}, "shortest is 13"), ({"data": ()}, "no data"), ({"rate": 2.0}, "rate is 2"), ({"growing": 2}, "growing is 2"),
     ({"held": 1}, "held is 1"), ({"seed": -1}, "seed is -1")],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(settings, changes, message):
    base = settings()
    given = {name: getattr(base, name) for name in ("lm", "k", "longest", "steps", "batch")} | changes
    with pytest.raises(ValueError, match=message):
        SoftTraining("pretrain", given.pop("data", base.data), base.out, **given)


def test_a_run_writes_over_no_model(settings):
    with pytest.raises(ValueError, match="over the model in"):
        settings(name=settings().lm)


@pytest.mark.parametrize("field", ["method", "preset", "optimizer", "schedule", "precision", "layout"])
def test_unknown_names_are_refused(settings, field):
    with pytest.raises(UnknownName, match=field):
        settings(**{field: "nonsense"})


def test_data_that_cannot_be_learnt_from_are_refused(settings, tmp_path):
    lm = FrozenLM.load(settings().lm, "cpu", exact=True)
    short = tmp_path / "short.jsonl"
    short.write_text(json.dumps({"text": "bridge"}) + "\n")
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(json.dumps({"content": "bridge"}) + "\n")
    base = settings()
    for file, message in ((short, "hold no piece"), (wrong, "no field text")):
        with pytest.raises(ValueError, match=message):
            Texts(lm, SoftTraining("pretrain", (file,), base.out, base.lm, steps=1, longest=12))
    with pytest.raises(ValueError, match="no context with qas"):
        Questions(lm, SoftTraining("finetune", (wrong,), base.out, base.lm, steps=1), [99])


def test_the_commands(settings, files, tmp_path):
    start, out = tmp_path / "pre", tmp_path / "fine"
    common = ["--lm", settings().lm, "--steps", "2", "--batch", "2", "--held", "2", "--precision", "fp32", "--device", "cpu"]
    first = CliRunner().invoke(app, ["soft", "pretrain", "--data", str(files / "texts.jsonl"), "--out", str(start), "--k", "2",
                                     "--longest", "12", "--rank", "2", "--preset", "paper", "--following", "4", *common])  # fmt: skip
    assert first.exit_code == 0, first.output
    second = CliRunner().invoke(
        app, ["soft", "finetune", "--data", str(files / "asked.jsonl"), "--out", str(out), "--start", str(start), *common]
    )
    assert second.exit_code == 0, second.output
    assert json.loads((out / "metrics.json").read_text())["compressor"]["targets"] == "attention"
    broken = CliRunner().invoke(
        app,
        ["soft", "pretrain", "--data", str(files / "texts.jsonl"), "--out", str(tmp_path / "x"), "--lm", "nowhere", "--steps", "1"],
    )
    assert broken.exit_code == 1
    assert "error:" in broken.output
    assert "Traceback" not in broken.output


def test_texts_that_grow_beyond_the_window_are_refused_before_the_first_step(settings):
    steps = []
    with pytest.raises(InvalidPrompt, match="reads"):
        train(settings(longest=40, growing=1.0, following=2), lambda task, step, total, figures: steps.append(step))
    assert steps == []


def test_questions_and_chunks_that_the_window_cannot_hold_are_left_out(settings):
    run = settings("finetune", chunks=3, longest=12, layout="contiguous", batch=64)
    press = XCompressor.new(FrozenLM.load(run.lm, "cpu", exact=True), k=2, longest=12, rank=4)
    window, asked = press.lm.window, Questions(press.lm, run, [99, 99, 99]).of_step(0, 0.0)
    assert Losses(press, run).rooms() == [window - 3, window - 5, window - 7]
    assert Losses(press, settings("finetune", chunks=3, longest=12, distil=1.0)).rooms() == [window - 2 - 12 * n for n in (1, 2, 3)]
    size = max(len(one.prompt) + len(one.answer) for one in asked)
    few = Questions(press.lm, run, [size, size - 1, 0]).of_step(0, 0.0)
    assert len(few) == 64
    assert {len(one.contexts) for one in few} == {1, 2}
    assert all(len(one.prompt) + len(one.answer) < size for one in few if len(one.contexts) == 2)
    with pytest.raises(ValueError, match="no question of the train part"):
        Questions(press.lm, run, [1, 1, 1])


def test_a_question_as_long_as_there_is_room_for_is_read(settings):
    run = settings("finetune", chunks=2, longest=12, distil=0.5)
    press = XCompressor.new(FrozenLM.load(run.lm, "cpu", exact=True), k=2, longest=12, rank=4)
    losses, chunk = Losses(press, run), list(range(5, 17))
    for count, room in enumerate(losses.rooms(), 1):
        losses([Cut([chunk] * count, [7] * (room - 1), [8], ("x",))])
        with pytest.raises(InvalidPrompt):
            losses([Cut([chunk] * count, [7] * room, [8], ("x",))])


class Shared:
    """Processes that are threads: sums and values meet at a barrier."""

    def __init__(self, index, barrier, board):
        self.index, self.count, self.device = index, len(board), torch.device("cpu")
        self._barrier, self._board = barrier, board

    def totals(self, tensors):
        self._board[self.index] = [tensor.clone() for tensor in tensors]
        self._barrier.wait()
        for tensor, *parts in zip(tensors, *self._board, strict=True):
            tensor.copy_(sum(parts))
        self._barrier.wait()

    def first(self, value):
        self._board[self.index] = value
        self._barrier.wait()
        found = self._board[0]
        self._barrier.wait()
        return found


def together(monkeypatch, runs, speeds=(1, 1)):
    """Trains in two threads that take each other for processes, and whose clocks differ; the figures of each step."""
    from linguapress.training import soft, soft_run

    barrier, board, lock = Barrier(2, timeout=120), [None, None], Lock()
    mine, compressor = {}, soft._compressor

    def one_after_the_other(*given):  # since threads, unlike processes, share torch's random numbers
        with lock:
            return compressor(*given)

    monkeypatch.setattr(soft, "_compressor", one_after_the_other)
    monkeypatch.setattr(soft, "processes_of", lambda device: Shared(mine[current_thread()], barrier, board))
    ticking = soft_run.Clock

    def clock(*given):
        speed = speeds[mine[current_thread()]]
        return ticking(*given, now=lambda: time.monotonic() * speed)

    monkeypatch.setattr(soft_run, "Clock", clock)

    def one(index):
        mine[current_thread()] = index
        found = []
        try:
            train(runs[index], lambda task, step, total, figures: found.append(figures))
        finally:
            barrier.abort()  # whoever still waits would wait for ever
        return found

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(2)))


def test_two_processes_learn_what_one_does(settings, monkeypatch):
    alone, shared = (settings(name=name, micro=2, batch=6, rate=1e-3) for name in ("alone", "shared"))
    found = []
    train(alone, lambda task, step, total, figures: found.append(figures))
    first, second = together(monkeypatch, [shared, shared])
    assert first == second
    assert [one["regeneration"] for one in first] == pytest.approx([one["regeneration"] for one in found], rel=1e-4)


def test_processes_whose_clocks_differ_end_with_the_same_step(settings, monkeypatch):
    run = settings(steps=0, minutes=0.1)
    first, second = together(monkeypatch, [run, run], speeds=(1, 3))
    assert first == second
    assert len(first) > 1


def test_the_card_names_no_preset_that_it_does_not_know(settings):
    start = settings(name="start", preset="paper")
    train(start)
    run = settings("finetune", start=start.out)
    train(run)
    assert "preset paper" in (start.out / "README.md").read_text()
    assert "preset" not in (run.out / "README.md").read_text()
