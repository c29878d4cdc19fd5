"""The model card of a small causal language model: what it is, how it was trained, how well it predicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import regex

from linguapress.training.keep_card import table
from linguapress.training.licences import licence_of
from linguapress.training.lm_settings import LmSettings

_TEMPLATE = """---
{front}
---

# {name}

A small causal language model, trained from scratch by `linguapress train lm`: {parameters:.1f} M parameters, Llama's shape
({layers} layers, width {width}, window {window}), byte-level BPE of {vocabulary} tokens. It is a stand-in for tests, demos and
comparisons of methods that need surprisals; it writes fluent nonsense, knows no facts, and is no replacement for a real model.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("{name}")  # the path of this folder
tokenizer = AutoTokenizer.from_pretrained("{name}")
```

Texts begin with `<|endoftext|>` and end with it; the tokenizer does not add it.

## Training

{steps} steps on {tokens:.1f} M tokens, {rounds:.2f} rounds over `{data}`, in {minutes:.0f} minutes of training.

Licence of the data, as its README states it: {licence}

<details><summary>Settings</summary>

```json
{settings}
```

</details>

## Evaluation

On {texts} test articles ({test_tokens} tokens, {test_bytes} bytes of UTF-8):

{scores}

The model reads each article on its own, in windows that overlap by half, as float32. The 5-gram model has interpolated, modified
Kneser-Ney smoothing, the same tokens and the same training text. Ends of articles are read but not scored. gzip: level 9, all
articles in one file.

## Samples

Temperature 0.8, top-p 0.95. In bold the opening of a test article, then the model.

{samples}
"""

_FRONT = ("pipeline_tag: text-generation", "library_name: transformers", "language: en", "tags: [context-compression]")
_HIDDEN = ("out", "data", "device")


def card(settings: LmSettings, metrics: Mapping[str, Any]) -> str:
    """The card in Markdown.

    Args:
        settings: of the run.
        metrics: what :func:`~linguapress.training.lm.train` returns.
    """
    front = [*([f"license: {json.dumps(settings.licence)}"] if settings.licence else []), *_FRONT]
    test = metrics["test"]
    rows = [[f"**{name}**" if name == "model" else name, test[name].get("perplexity"), test[name]["bits_per_byte"]]
            for name in test if isinstance(test[name], Mapping)]  # fmt: skip
    told = {key: value for key, value in metrics["settings"].items() if key not in _HIDDEN}
    return _TEMPLATE.format(
        front="\n".join(front), name=settings.out.resolve().name, parameters=metrics["parameters"] / 1e6, layers=settings.layers,
        width=settings.width, window=settings.window, vocabulary=settings.vocabulary, steps=metrics["steps"],
        tokens=metrics["tokens"] / 1e6, rounds=metrics["rounds"], data=settings.data.resolve().name,
        minutes=metrics["seconds"] / 60, licence=licence_of(settings.data), settings=json.dumps(told, indent=1),
        texts=test["texts"],
        test_tokens=test["tokens"], test_bytes=test["bytes"], scores=table(("", "perplexity per token", "bits per byte"), rows),
        samples="\n".join(map(_sample, metrics["samples"])),
    )  # fmt: skip


def _sample(found: Mapping[str, str]) -> str:
    """One list item; line breaks are shown as slashes, so that headings in the text stay text."""
    start, continued = (" / ".join(regex.split(r"\s*\n\s*", found[key].strip())) for key in ("start", "continued"))
    return f"- **{start}** {continued}"
