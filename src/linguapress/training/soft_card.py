"""The card of a soft compressor: what it is for, how it was made, how well it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linguapress.training.soft_settings import SoftTraining

_NAMES = {"500x": "500xCompressor (arXiv 2408.03094)", "icae": "ICAE (arXiv 2307.06945)"}
_CLASSES = {"500x": "XCompressor", "icae": "Icae"}
_KINDS = {"right": "with its memory", "wrong": "with another's memory", "none": "with none"}


def card(settings: SoftTraining, metrics: Mapping[str, Any]) -> str:
    """Markdown with front matter."""
    kind = _CLASSES[settings.method]
    said = "texts said again" if settings.stage == "pretrain" else "answers"
    facts = metrics["compressor"]
    preset = "" if settings.start else f"preset {settings.preset}; "  # that of the compressor it goes on from is not known
    licence = [f"license: {settings.licence}"] if settings.licence else []
    lines = [
        "---", "library_name: linguapress", *licence, "---", "",
        f"# {_NAMES[settings.method]} for {settings.lm}", "",
        f"Turns a text of up to {facts['longest']} tokens into {_counts(settings)} memory tokens, which this one language model "
        "reads in its place. For local models and contexts that are read again and again; a text API cannot read memories.", "",
        "```python",
        f"from linguapress.soft import FrozenLM, SoftReader, {kind}", "",
        f'lm = FrozenLM.load("{settings.lm}")',
        f'press = {kind}.from_pretrained("THIS FOLDER", lm)',
        'memory, = press.compress(["..."])',
        'SoftReader(lm).generate([[memory, "\\nQuestion: ...\\nAnswer:"]])',
        "```", "", "## Training", "",
        f"- stage: {settings.stage}; {preset}losses and their weights: {_pairs(metrics['losses'])}",
        f"- data: {', '.join(path.name for path in settings.data)}; seed {settings.seed}",
        f"- {metrics['parameters']:,} trained numbers (the model has {metrics['of_model']:,}, unchanged); rank {facts['rank']}, "
        f"{facts['targets']}, positions {facts['positions']}",
        f"- {metrics['steps']:,} steps of {settings.batch}, {metrics['seconds']:,.0f} s; learning rate {settings.rate:g}, "
        f"{settings.schedule}",
        *([f"- goes on from {settings.start.name}"] if settings.start else []), "",
        f"## Held out: {said}", "",
        f"{metrics['held_out']['items']} items, teacher-forced; a memory of another item should help no more than none.", "",
        "| k | | nats per token | likeliest token is right |", "| ---: | --- | ---: | ---: |",
        *_rows(metrics["held_out"]["k"]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _counts(settings: SoftTraining) -> str:
    return " or ".join(map(str, settings.counts))


def _pairs(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())


def _rows(counts: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [
        f"| {k} | {label} | {found[f'nats_{kind}']:.3f} | {found[f'accuracy_{kind}']:.1%} |"
        for k, found in counts.items()
        for kind, label in _KINDS.items()
    ]
