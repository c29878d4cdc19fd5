"""The model card of an aligned language model: what it started from, what it learnt, how much nearer it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linguapress.models.embedded import model_folder
from linguapress.training.align_settings import AlignSettings
from linguapress.training.keep_card import table
from linguapress.training.licences import licence_of

_TEMPLATE = """---
{front}
---

# {name}

A small causal language model for context compression, aligned with a target LLM: instruction-tuned on the target's answers by
`linguapress train align` (LLMLingua, [2310.05736](https://arxiv.org/abs/2310.05736), section 4.4), so that what it finds surprising
comes nearer to what the target does.

```python
from linguapress import Budget, load

press = load("llmlingua", model="{name}")  # the path of this folder
print(press.compress(["..."], budget=Budget(rate=0.5)))
```

## Training

Start: `{base}`. {how} {steps} steps on {pairs} pairs ({tokens} tokens of output), in {minutes:.1f} minutes; the weights after step
{chosen} are these. {left_out} pairs were left out, since their instructions filled the window; {cut} outputs were cut at its end.

A pair reads: start token, instruction, blank line, input (where there is one), blank line, output, end token. Loss: cross entropy
of the output and its end.

Licences, as the folders state them:

{licences}

The outputs are the target's: its terms of use may limit what a model that has learnt from them may be used for.

<details><summary>Settings</summary>

```json
{settings}
```

</details>

## Evaluation

On {held} held-out pairs ({held_tokens} tokens of output), given the instruction, as float32:

{scores}

Ends of outputs are not scored.{divergence}{optimism}

## Limits

It has learnt how one target answers. It is no chat model, and its answers are not to be relied on. The paper measured a small gain
from alignment (79.08 for 78.62 exact match on GSM8K): measure it on your own task before you rely on it.
"""

_FRONT = ("pipeline_tag: text-generation", "library_name: transformers", "tags: [prompt-compression, context-compression]")
_HIDDEN = ("out", "device")
_HEAD = ("", "nats per token", "perplexity", "bits per byte")


def card(settings: AlignSettings, metrics: Mapping[str, Any]) -> str:
    """The card in Markdown.

    Args:
        settings: of the run.
        metrics: what :func:`~linguapress.training.align.train` returns.
    """
    front = [*([f"license: {json.dumps(settings.licence)}"] if settings.licence else []), *_FRONT]
    told = {key: _told(value) for key, value in metrics["settings"].items() if key not in _HIDDEN}
    pairs = metrics["pairs"]
    return _TEMPLATE.format(
        front="\n".join(front), name=settings.out.resolve().name, base=_told(settings.base), how=_how(settings, metrics),
        steps=metrics["steps"], pairs=pairs["train"]["pairs"], tokens=pairs["train"]["tokens"], minutes=metrics["seconds"] / 60,
        chosen=metrics["chosen_step"], left_out=pairs["left_out"], cut=pairs["cut"], licences=_licences(settings),
        settings=json.dumps(told, indent=1), held=pairs["held_out"]["pairs"], held_tokens=pairs["held_out"]["tokens"],
        scores=_scores(metrics["held_out"]), divergence=_DIVERGENCE if settings.target else "",
        optimism=_OPTIMISM if settings.patience else "",
    )  # fmt: skip


_DIVERGENCE = " KL: divergence of the model from the target, KL(target || model), in nats per token of output."
_OPTIMISM = " The same pairs also chose the weights, so the figures after training are slightly optimistic."


def _how(settings: AlignSettings, metrics: Mapping[str, Any]) -> str:
    trained, all_weights = metrics["trained"] / 1e6, metrics["parameters"] / 1e6
    if not settings.lora_rank:
        return f"All {all_weights:.1f} M weights were tuned."
    return f"Adapters of rank {settings.lora_rank} ({trained:.2f} M weights) were tuned, and added to the weights below them."


def _licences(settings: AlignSettings) -> str:
    folders = {path.resolve().parent for path in (*settings.data, *settings.questions)}
    stated = [(f"data `{folder.name}`", folder) for folder in sorted(folders)]
    stated.append((f"start `{_told(settings.base)}`", Path(model_folder(settings.base))))
    return "\n".join(f"- {name}: {licence_of(folder)}" for name, folder in stated)


def _scores(found: Mapping[str, Mapping[str, float]]) -> str:
    with_target = "target" in found
    rows = [
        [f"**{name}**" if name == "after" else name, row["nats_per_token"], row["perplexity"], row["bits_per_byte"]]
        + ([row["divergence"]] if with_target else [])
        for name, row in found.items()
    ]
    return table((*_HEAD, "KL") if with_target else _HEAD, rows)


def _told(value: Any) -> Any:
    """A setting as others may read it: of a path the last part alone."""
    if isinstance(value, list):
        return [_told(item) for item in value]
    return Path(value).name if isinstance(value, str) and "/" in value and Path(value).exists() else value
