"""The model card of a keep model: what it is, what it learnt from, how well it keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linguapress.training.corpus import named
from linguapress.training.keep_settings import KeepSettings
from linguapress.training.licences import licence_of

_TEMPLATE = """---
{front}
---

# {name}

A keep model for context compression: for every token the probability that an extractive compression keeps it (LLMLingua-2,
[2403.12968](https://arxiv.org/abs/2403.12968)). Trained by `linguapress train keep`. Labels: 0 = drop, 1 = keep.

```python
from linguapress import Budget, load

press = load("llmlingua2", model="{name}")  # the path of this folder
print(press.compress(["..."], budget=Budget(rate=0.5)))
```

## Training

Start: `{base}`. {epochs} epochs, {steps} steps. Loss: the sum of

{losses}

{sets}

Licences, as the data sets state them:

{licences}

<details><summary>Settings</summary>

```json
{settings}
```

</details>

## Evaluation

On the dev splits:

{baselines}

{report}

## Limits

It has learnt its teacher's habits on the texts above; before you rely on it elsewhere, above all in other languages and on other
kinds of text, measure it there with `linguapress train keep-report`. It does not know the question.
{optimism}"""


def card(settings: KeepSettings, metrics: Mapping[str, Any], sizes: Mapping[str, tuple[int, int]]) -> str:
    """The card in Markdown.

    Args:
        settings: of the run.
        metrics: what :func:`~linguapress.training.keep.train` returns.
        sizes: passages to learn from and to measure on, by the name of the data set.
    """
    front = [*([f"license: {json.dumps(settings.licence)}"] if settings.licence else []), *_FRONT]
    base = _told(settings.base)
    sets = named(settings.data)
    rows = [[name, item.weight, *sizes[name]] for name, item in sets.items()]
    stated = [f"- {name}: {licence_of(item.folder)}" for name, item in sets.items()]
    found = metrics["baselines"].items()
    scores = [[name, row.get("f1"), row.get("auc")] for name, row in found] + [["**this model**", *_f1(metrics["dev"]["all"])]]
    optimism = "The dev splits also chose the epoch, so the figures are slightly optimistic.\n" if settings.patience else ""
    told = {key: _told(value) for key, value in metrics["settings"].items() if key not in ("out", "data", "device")}
    return _TEMPLATE.format(
        front="\n".join(front), name=settings.out.resolve().name, base=base, losses=_losses(settings), epochs=metrics["epochs"],
        steps=metrics["steps"], sets=table(("data set", "weight", "training passages", "dev passages"), rows),
        licences="\n".join(stated), settings=json.dumps(told, indent=1), baselines=table(("", "F1", "AUC"), scores),
        report=report(metrics), optimism=optimism,
    )  # fmt: skip


_FRONT = ("pipeline_tag: token-classification", "library_name: transformers", "tags: [prompt-compression, context-compression]")


def _told(value: Any) -> Any:
    """A setting as others may read it: of a local path the last part alone."""
    if isinstance(value, list):
        return [_told(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _losses(settings: KeepSettings) -> str:
    parts = [f"cross entropy on keep / drop, label smoothing {settings.smoothing:g}"]
    if settings.hold_weight:
        parts.append(f"{settings.hold_weight:g} x (1 - cosine) between pooled vectors and those of the frozen start")
    if settings.teachers:
        names = ", ".join(f"`{_told(name)}`" for name in settings.teachers)
        parts.append(f"{settings.teacher_weight:g} x KL divergence from the mean keep probabilities of {names} (arXiv 1503.02531)")
    return "\n".join(f"- {part}" for part in parts)


def _f1(row: Mapping[str, Any]) -> tuple[float, float | None]:
    return row["f1"], row["auc"]


_REPORT = """As many words are kept as the teacher kept in each passage, so F1 compares rankings.

{sources}

One threshold for all passages, {threshold:.3f}, that keeps {rate:.1%} of all words, keeps of each source (in brackets: standard
deviation over passages); rank correlation over passages between the share that is kept and the teacher's: {correlation}.

{shares}"""


def report(metrics: Mapping[str, Any]) -> str:
    """What :func:`~linguapress.training.keep_measure.measure` found, in Markdown."""
    rates = metrics["rates"]
    correlation = "unknown" if rates["correlation"] is None else f"{rates['correlation']:.2f}"
    return _REPORT.format(
        sources=_sources_table(metrics), threshold=rates["threshold"], rate=rates["rate"], correlation=correlation,
        shares=_rates_table(rates),
    )  # fmt: skip


def _sources_table(metrics: Mapping[str, Any]) -> str:
    """F1 and AUC of each source of each set."""
    several = len(metrics["sets"]) > 1
    rows = [
        [f"{name}: {source}" if several else source, found["passages"], *_f1(found)]
        for name, reports in metrics["sets"].items()
        for source, found in reports.items()
    ]
    every = metrics["dev"]["all"]
    return table(("source", "passages", "F1", "AUC"), [*([["all", every["passages"], *_f1(every)]] if several else []), *rows])


def _rates_table(rates: Mapping[str, Any]) -> str:
    """What one threshold keeps of each source, next to the teacher's share; the densest source first."""
    found = sorted(rates["sources"].items(), key=lambda item: (item[0] != "all", -item[1]["teacher"]))
    rows = [
        [name, row["passages"], f"{row['kept']:.1%} (±{row['spread']:.1%})", f"{row['teacher']:.1%} (±{row['teacher_spread']:.1%})"]
        for name, row in found
    ]
    return table(("source", "passages", "kept", "kept by the teacher"), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; fractions with three digits."""
    lines = [head, ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}" if value.is_integer() else f"{value:.3f}"
    return "" if value is None else str(value).replace("|", "\\|")
