"""Training of soft compressors: they learn to let a model say texts again, then answer questions (500xCompressor, section 3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch

from linguapress.models.causal_loading import causal_model, causal_tokenizer
from linguapress.models.devices import attention_of
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.loading import KINDS, load_compressor
from linguapress.soft.places import Layout
from linguapress.training.checkpoint import plain
from linguapress.training.copies import precision_named
from linguapress.training.processes import Processes, processes_of
from linguapress.training.soft_card import card
from linguapress.training.soft_loss import Losses
from linguapress.training.soft_material import Item, Material, Questions, Texts
from linguapress.training.soft_measure import measured
from linguapress.training.soft_run import Run
from linguapress.training.soft_settings import SoftTraining

__all__ = ["SoftTraining", "train"]
Progress = Callable[[str, int, int, dict[str, float]], None]
_SAVE_EVERY = 100  # steps


def train(settings: SoftTraining, progress: Progress = lambda task, step, total, figures: None) -> dict[str, Any]:
    """Trains, measures, and writes the compressor, ``metrics.json`` and ``README.md``; returns the metrics.

    An interrupted run goes on where it was saved last (every 100 steps) when it is started again with the same settings; with a
    budget of steps it comes to the very same end. Under ``accelerate launch`` or ``torchrun`` the items of a step are shared out.

    Raises:
        FileNotFoundError: a file of data is missing.
        ModelNotFound: the language model or the compressor to start from cannot be loaded.
        WrongModel: the compressor to start from is of another model.
        ValueError: the data cannot be read or are too few, or ``out`` holds a run of other settings.
        InvalidPrompt: texts or chunks that are too long for the window of the language model.
    """
    processes = processes_of(settings.device)
    press, settings = _compressor(settings, processes)
    material = _material(press, settings)
    run = Run(press, settings, processes)
    run.resume()
    held = material.held()
    while not run.clock.over:
        found = run.update(material.of_step(run.clock.step, run.clock.share()))
        progress(settings.stage, run.clock.step, run.clock.expected, found)
        every, step = settings.measure_every, run.clock.step
        if every and step % every == 0 and not run.clock.over:
            run.note(_figures(run, held))
        if step % _SAVE_EVERY == 0 or (every and step % every == 0):
            run.save()  # after the log, so that a run that goes on logs nothing twice
    if not run.history or run.history[-1]["step"] != run.clock.step:
        run.note(_figures(run, held))
        run.save()
    return _finish(run, held)


def _compressor(settings: SoftTraining, processes: Processes) -> tuple[SoftCompressor, SoftTraining]:
    """The compressor, new or loaded, and the settings as they are with it."""
    lm = _frozen(settings, processes.device)
    if settings.start is None:
        changes: dict[str, Any] = {"rank": settings.rank} if settings.rank else {}
        kind = KINDS[settings.method]
        changes |= {} if settings.anchored is None else {"anchored": settings.anchored}
        changes |= {"k": settings.k, "longest": settings.longest, "seed": settings.seed}
        return kind.new(lm, preset=settings.preset, **changes), settings
    press = load_compressor(settings.start, lm)
    made = press.settings
    return press, replace(settings, method=press.method, k=made.k, longest=min(settings.longest, made.longest), rank=made.rank)


@torch.no_grad()
def _material(press: SoftCompressor, settings: SoftTraining) -> Material:
    """What is learnt from; what is too long for the window is found now, and not once texts have grown."""
    losses = Losses(press, settings)
    if settings.stage == "finetune":
        return Questions(press.lm, settings, losses.rooms())
    texts = Texts(press.lm, settings)
    losses(texts.held()[:1])  # of full length
    return texts


def _frozen(settings: SoftTraining, device: torch.device) -> FrozenLM:
    """The language model that is trained for, in the precision of training."""
    wanted = precision_named(settings.precision, device)
    model = causal_model(settings.lm, device, wanted)
    if attention := attention_of(device, wanted):
        model.set_attn_implementation(attention)
    return FrozenLM(model, causal_tokenizer(settings.lm), settings.lm)


def _figures(run: Run, held: list[Item]) -> dict[str, float]:
    """Losses on held-out items, and how much of it the memory does."""
    layout: Layout = run.settings.layout  # type: ignore[assignment]
    return measured(run.press, held, run.settings.micro, layout)


def _finish(run: Run, held: list[Item]) -> dict[str, Any]:
    """Writes what was trained and tells of it."""
    settings, clock, press = run.settings, run.clock, run.press
    layout: Layout = settings.layout  # type: ignore[assignment]
    counts = {str(k): measured(press, held, settings.micro, layout, k) for k in settings.counts}
    metrics = {
        "settings": plain(settings),
        "compressor": plain(press.settings),
        "parameters": _size(run.weights),
        "of_model": _size(press.lm.model.parameters()) - _size(press.adapter.weights.values()),
        "losses": Losses(press, settings).weights,
        "steps": clock.step,
        "items": clock.step * settings.batch,
        "seconds": clock.seconds,
        "held_out": {"items": len(held), "k": counts},
        "history": run.history,
    }
    if run.processes.index == 0:
        press.save_pretrained(settings.out)
        (settings.out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
        (settings.out / "README.md").write_text(card(settings, metrics), encoding="utf-8")
    return metrics


def _size(weights: Iterable[torch.Tensor]) -> int:
    """How many numbers."""
    return sum(weight.numel() for weight in weights)
