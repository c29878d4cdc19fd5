"""Distribution alignment of LLMLingua (arXiv 2310.05736, section 4.4): a small causal language model learns how the target writes.

Instruction tuning on pairs of an instruction and what the target LLM answers to it (equation 8), so that what the small model
finds surprising comes nearer to what the target does. The loss is the cross entropy of the output and its end; the prompt is
read, not learnt. Measured on held-out pairs: perplexity of the outputs, and the divergence from a target that has the same tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from linguapress.models.causal_loading import causal_model, causal_tokenizer, load_causal
from linguapress.models.devices import device_of
from linguapress.training.align_card import card
from linguapress.training.align_loss import Predictor
from linguapress.training.align_measure import measured
from linguapress.training.align_model import check_same_tokens, window_for
from linguapress.training.align_pairs import parted, read_pairs
from linguapress.training.align_questions import question_pairs
from linguapress.training.align_run import Run
from linguapress.training.align_settings import AlignSettings
from linguapress.training.align_tokens import Batches, Row, digest, rows_of
from linguapress.training.checkpoint import plain

__all__ = ["AlignSettings", "train"]
Progress = Callable[[str, int, int, dict[str, float]], None]
_SAVE_EVERY = 100  # steps


@dataclass(frozen=True, slots=True)
class Data:
    """Rows to learn from and to measure on, and how many pairs are not, or not wholly, among them."""

    train: list[Row]
    held: list[Row]
    left_out: int

    def counts(self) -> dict[str, Any]:
        """As the metrics tell them."""
        sides = {"train": self.train, "held_out": self.held}
        told = {name: {"pairs": len(rows), "tokens": sum(row.tokens for row in rows)} for name, rows in sides.items()}
        return {**told, "left_out": self.left_out, "cut": sum(row.cut for row in (*self.train, *self.held))}


def train(settings: AlignSettings, progress: Progress = lambda task, step, total, figures: None) -> dict[str, Any]:
    """Trains, measures before and after, and writes the model, ``metrics.json`` and ``README.md``; returns the metrics.

    An interrupted run goes on where it was saved last (every 100 steps, and at each measurement) when it is started again with
    the same settings and pairs, and comes to the very same end.

    Raises:
        FileNotFoundError: a file of pairs is missing.
        ValueError: the pairs cannot be read or are too few, or ``out`` holds a run of other settings or pairs.
        ModelNotFound: the model or the target cannot be loaded, or they have different tokenizers.
        MissingExtra: adapters are wanted, but peft is not installed.
    """
    data = _data(settings)
    batches = Batches(data.train, settings.batch, settings.seed)
    run = Run(settings, batches.steps * settings.epochs, digest([*data.train, *data.held]))
    run.resume()
    if not run.history:
        run.measure(data.held)
        run.save()
    while not run.over:
        found = run.update(batches.of_step(run.clock.step))
        progress("align", run.clock.step, run.clock.total, found)
        _note(run, batches.steps, data.held)
    run.settle()
    run.learner.write(causal_tokenizer(settings.base))
    return _finish(run, data, progress)


def _data(settings: AlignSettings) -> Data:
    """The pairs as the model reads them; what the target needs is checked before anything is trained.

    Raises:
        ValueError: too few pairs fit the window.
    """
    pairs = [*read_pairs(settings.data), *question_pairs(settings.questions)]
    parts = parted(pairs, settings.dev_share)
    window = window_for(settings.target, settings.window) if settings.target else settings.window
    reader = load_causal(settings.base, settings.device, window, exact=True)
    end: int | None = causal_tokenizer(settings.base).eos_token_id
    if settings.target:
        check_same_tokens(settings.base, settings.target, [text for pair in pairs[:1000] for text in (pair.prompt, pair.output)])
    learnt, held = (rows_of(side, reader, end) for side in parts)
    if not (learnt and held):
        raise ValueError(
            f"of {len(pairs)} pairs {len(learnt)} to learn from and {len(held)} to measure on fit a window of {reader.window} "
            "tokens; give shorter instructions, more of them, or a larger --window"
        )
    return Data(learnt, held, len(pairs) - len(learnt) - len(held))


def _note(run: Run, epoch: int, held: list[Row]) -> None:
    """Measures and saves where it is time to."""
    step = run.clock.step
    due = step % (run.settings.measure_every or epoch) == 0 or step == run.clock.total
    if due:
        run.measure(held)
    if due or step % _SAVE_EVERY == 0:
        run.save()  # after the log, so that a run that goes on logs nothing twice


def _finish(run: Run, data: Data, progress: Progress) -> dict[str, Any]:
    """Measures what was there and what was written, in float32, and tells of it."""
    settings, clock = run.settings, run.clock
    metrics = {
        "settings": plain(settings),
        "parameters": sum(weight.numel() for weight in run.learner.model.parameters()),
        "trained": sum(weight.numel() for weight in run.learner.copies.weights),
        "steps": clock.step,
        "chosen_step": run.chosen,
        "seconds": clock.seconds,
        "pairs": data.counts(),
        "history": run.history,
        "held_out": _measured(settings, data.held, progress),
    }
    (settings.out / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False), encoding="utf-8")
    (settings.out / "README.md").write_text(card(settings, metrics), encoding="utf-8")
    return metrics


def _measured(settings: AlignSettings, held: list[Row], progress: Progress) -> dict[str, dict[str, float]]:
    """Figures of the model before and after, and of the target, whose own are the least that can be reached."""
    device = device_of(settings.device)
    names = {
        "before": settings.base,
        "after": str(settings.out.resolve()),
        **({"target": settings.target} if settings.target else {}),
    }
    target = _predictor(settings.target, device) if settings.target else None
    found = {}
    for done, (name, folder) in enumerate(names.items()):
        progress("measure", done, len(names), {})
        model = target if name == "target" and target is not None else _predictor(folder, device)
        found[name] = measured(model, held, settings.micro, target)
    progress("measure", len(names), len(names), {})
    return found


def _predictor(name: str, device: torch.device) -> Predictor:
    return Predictor(name, causal_model(name, device, torch.float32))
