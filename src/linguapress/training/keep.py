"""Training of a keep head on teachers' compressions, with the encoder's embeddings held where they were.

The token classifier of LLMLingua-2 (arXiv 2403.12968, section 4.1): a linear head on a bidirectional encoder, cross entropy on
keep / drop. Departures: a second loss keeps mean-pooled sentence and passage vectors close to those of the frozen original,
so that one checkpoint serves as token classifier and as embedder; a third one, optional, learns the mean soft probabilities of keep
models; passages are joined at random, so that long contexts occur; the weights that are saved are an exponential average.
"""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from linguapress.models.stored import without_rows
from linguapress.training.checkpoint import digest, plain
from linguapress.training.corpus import DataSet, Labelled, named, read_plain
from linguapress.training.keep_card import card
from linguapress.training.keep_data import Plan, fitting, room_of
from linguapress.training.keep_measure import measure, scorer, word_chances
from linguapress.training.keep_run import Run
from linguapress.training.keep_settings import KeepSettings
from linguapress.training.metrics import always_keep_f1, keep_report, random_words, word_table
from linguapress.training.processes import processes_of

__all__ = ["DataSet", "KeepSettings", "train"]
Progress = Callable[[int, int, dict[str, float]], None]
_SAVE_EVERY = 200  # steps


def train(settings: KeepSettings, progress: Progress = lambda step, total, figures: None) -> dict[str, Any]:
    """Trains, measures on the dev sets, and writes the model, ``metrics.json`` and ``README.md``; returns the metrics.

    An interrupted run goes on where it was saved last (every 200 steps, and after each epoch) when it is started again with the
    same settings and data, and comes to the same end. Under ``accelerate launch`` or ``torchrun`` the processes share each step.

    Raises:
        FileNotFoundError: a data set lacks a file.
        ValueError: a data set is empty, or ``out`` holds a run of other settings or data.
        ModelNotFound: the encoder or a teacher cannot be loaded.
    """
    learnt = [item.read("train") for item in settings.data]
    dev = {name: item.read("dev") for name, item in named(settings.data).items()}
    extra = [Labelled("", text, ()) for path in (*settings.hold, *settings.unlabelled) for text in read_plain(path) if text.strip()]
    settings.out.mkdir(parents=True, exist_ok=True)  # where nothing can be written, nothing need be learnt
    processes = processes_of(settings.device)
    run = Run(settings, processes, digest(repr(text).encode() for texts in (*learnt, extra) for text in texts))
    plan = _plan(settings, learnt, extra, run)
    run.prepare(plan.steps())
    while run.epoch < settings.epochs and not _ended(run.history, settings.patience):
        for step in plan.epoch(run.epoch)[run.within :]:
            figures = run.update(step)
            progress(run.step, run.total, figures)
            if run.step % _SAVE_EVERY == 0:
                run.save()
        run.end_epoch((lambda: _candidate(run, dev)) if settings.patience else None)
    return processes.first(_finish(run, learnt, dev) if processes.index == 0 else None)  # type: ignore[no-any-return]


def _plan(settings: KeepSettings, learnt: Sequence[Sequence[Labelled]], extra: Sequence[Labelled], run: Run) -> Plan:
    """Gives the texts their teacher's probabilities, and those without labels windows, no more of them than can be drawn."""
    windows = [text for text, _ in fitting(extra, run.reader, room_of(settings, run.reader))]
    texts = sum(item.weight * len(examples) for item, examples in zip(settings.data, learnt, strict=True))
    most = math.ceil(settings.epochs * settings.extra * texts)
    if len(windows) > most:
        windows = random.Random(settings.seed).sample(windows, most)
    if settings.teachers:
        learnt = [_taught(examples, settings.teachers, str(run.device)) for examples in learnt]
        windows = _taught(windows, settings.teachers, str(run.device))
    return Plan(settings, learnt, windows, run.reader, run.processes.count)


def _taught(examples: Sequence[Labelled], teachers: Sequence[str], device: str) -> list[Labelled]:
    """The examples with the mean of the teachers' probabilities, -1 for a word that one of them cannot read."""
    texts = [example.text for example in examples]
    each = zip(*(word_chances(teacher, texts, device, empty=-1.0) for teacher in teachers), strict=True)
    means = (np.where(np.min(rows, axis=0) < 0, -1.0, np.mean(rows, axis=0)) for rows in each)
    return [replace(example, chances=tuple(row.tolist())) for example, row in zip(examples, means, strict=True)]


def _ended(history: Sequence[float], patience: int) -> bool:
    """Whether the last ``patience`` epochs brought nothing."""
    return bool(patience and history) and len(history) - 1 - history.index(max(history)) >= patience


def _candidate(run: Run, dev: Mapping[str, Sequence[Labelled]]) -> float:
    """F1 on dev of what would be written now; the best stays in the folder ``best``."""
    new, best = run.settings.out / "epoch", run.settings.out / "best"
    run.write(new)
    every = [example for examples in dev.values() for example in examples]
    f1 = keep_report(every, scorer(str(new), every, str(run.device)))["all"]["f1"]
    if f1 > max(run.history, default=-1.0):
        shutil.rmtree(best, ignore_errors=True)
        new.replace(best)
    else:
        shutil.rmtree(new)
    return f1


def _finish(run: Run, learnt: Sequence[Sequence[Labelled]], dev: Mapping[str, Sequence[Labelled]]) -> dict[str, Any]:
    """Writes the model and measures what was written."""
    settings = run.settings
    _settle(run, settings.out)
    every = [example for examples in dev.values() for example in examples]
    metrics = {
        "settings": plain(settings),
        "steps": run.step,
        "epochs": run.epoch,
        "history": run.history,
        **measure(dev, scorer(str(settings.out), every, str(run.device))),
        "baselines": {
            "always keep": {"f1": always_keep_f1(every)},
            "random words": keep_report(every, random_words(settings.seed))["all"],
            "word table": keep_report(every, word_table([example for examples in learnt for example in examples]))["all"],
        },
    }
    (settings.out / "metrics.json").write_text(json.dumps(metrics, indent=2), encoding="utf-8")
    sizes = {name: (len(mine), len(examples)) for mine, (name, examples) in zip(learnt, dev.items(), strict=True)}
    (settings.out / "README.md").write_text(card(settings, metrics, sizes), encoding="utf-8")
    return metrics


def _settle(run: Run, out: Path) -> None:
    """Puts the model in its place: the best one where epochs are compared, else the last."""
    best = out / "best"
    if not run.settings.patience:
        run.write(out)
    elif best.exists():  # else an earlier call has settled it
        shutil.copytree(best, out, dirs_exist_ok=True)
        shutil.rmtree(best)
    without_rows(out)
