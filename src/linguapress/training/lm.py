"""Training of a small causal language model from scratch: a stand-in for tests, demos and comparisons of methods.

A byte-level BPE and a decoder of Llama's shape (arXiv 2302.13971, section 2.2) with tied embeddings. Documents lie on end with an
end token between them, cut into windows without padding. Perplexity and bits per byte are measured on test articles, next to a
5-gram model and gzip.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from linguapress.training.checkpoint import check_state, digest, plain
from linguapress.training.lm_asking import AskingWindows
from linguapress.training.lm_card import card
from linguapress.training.lm_copying import CopyingWindows, copy_accuracy
from linguapress.training.lm_measure import byte_count, figures, gzip_bits_per_byte, model_nats, ngram_nats
from linguapress.training.lm_model import read_model, size_of, write_model
from linguapress.training.lm_run import Run
from linguapress.training.lm_settings import LmSettings
from linguapress.training.lm_tokens import Tokens, Windows, encode, prepared, read_texts, shards
from linguapress.training.ngram import NGram

__all__ = ["LmSettings", "train"]
Progress = Callable[[str, int, int, dict[str, float]], None]
_SAVE_EVERY = 100  # steps
_VALID = 20  # articles that are measured on the way
_ORDER = 5  # of the n-gram model
_COPIED = (32, 64, 96, 192)  # tokens of texts that a model with ``copying`` is asked to say again
_PROMPT, _NEW = 16, 60  # tokens of a sample


@dataclass(frozen=True, slots=True)
class Held:
    """Texts that are not learnt from, with their tokens."""

    texts: Sequence[str]
    documents: Sequence[Tokens]

    def figures(self, nats: float) -> dict[str, float]:
        """Perplexity and bits per byte of a model that gives the texts this negative log-likelihood."""
        return figures(nats, sum(map(len, self.documents)), byte_count(self.texts))


def train(settings: LmSettings, progress: Progress = lambda task, step, total, figures: None) -> dict[str, Any]:
    """Trains, measures, and writes the model, ``metrics.json`` and ``README.md``; returns the metrics.

    An interrupted run goes on where it was saved last (every 100 steps) when it is started again with the same settings and texts.
    With a budget of tokens it comes to the very same end; with one of time the time that is left is used.

    Raises:
        FileNotFoundError: a split is missing.
        ValueError: the texts cannot be read or are too few, or ``out`` holds a run of other settings or texts.
    """
    valid, test = (_texts(settings.data, split) for split in ("valid", "test"))
    data = digest(path.read_bytes() for path in (*shards(settings.data, "train"), *settings.questions))
    check_state(settings.out / "checkpoint.pt", settings, data)  # before the tokens of its texts are replaced
    tokenizer, tokens = prepared(settings.data, settings.out, settings.vocabulary, lambda done: progress("texts", done, 0, {}))
    plain_windows = Windows(tokens, settings.window, settings.batch, settings.seed)
    copying = CopyingWindows(plain_windows, tokens, settings.copying, settings.chunk, settings.seed)
    windows = AskingWindows(copying, tokenizer, settings.questions, settings.asking, settings.chunk, settings.seed)
    run = Run(settings, tokenizer.get_vocab_size(), data)
    run.resume()
    few = Held(valid[:_VALID], list(encode(tokenizer, valid[:_VALID])))
    while not run.clock.over:
        found = run.update(windows.of_step(run.clock.step))
        progress("lm", run.clock.step, run.clock.expected, found)
        _note(run, few)
    run.save()
    write_model(run.master, tokenizer, settings)
    return _finish(run, tokens, Held(test, list(encode(tokenizer, test))), progress)


def _texts(data: Path, split: str) -> list[str]:
    """Texts to measure on.

    Raises:
        ValueError: all of them are empty.
    """
    found = [text for text in read_texts(data, split) if text]
    if not found:
        raise ValueError(f"the files {split}* of {data} hold no text; give at least one record with a text")
    return found


def _note(run: Run, few: Held) -> None:
    """Logs, measures and saves where it is time to."""
    every, step = run.settings.measure_every, run.clock.step
    measured = every and step % every == 0
    if measured:
        run.log({"valid": few.figures(model_nats(run.model, few.documents, run.settings.window))})
    elif step % _SAVE_EVERY == 0:
        run.log({})
    if measured or step % _SAVE_EVERY == 0:
        run.save()  # after the log, so that a run that goes on logs nothing twice


def _finish(run: Run, tokens: Tokens, test: Held, progress: Progress) -> dict[str, Any]:
    """Measures what was written, in float32, and tells of it."""
    settings, clock = run.settings, run.clock
    model = read_model(settings.out, run.device)
    progress("test", 0, 2, {})
    measured = {"model": test.figures(model_nats(model, test.documents, settings.window))}
    progress("5-gram", 1, 2, {})
    baseline = NGram(tokens, run.master.config.vocab_size, _ORDER)
    measured[f"{_ORDER}-gram"] = test.figures(ngram_nats(baseline, test.documents))
    sizes = sorted({min(size, settings.chunk) for size in _COPIED}) if settings.copying else []
    copied = {str(size): copy_accuracy(model, test.documents, size) for size in sizes}
    measured["gzip"] = {"bits_per_byte": gzip_bits_per_byte(test.texts)}
    seen = clock.step * settings.batch * settings.window
    metrics = {
        "settings": plain(settings),
        "parameters": sum(weight.numel() for weight in run.copies.weights),
        "file_bytes": size_of(settings.out),
        "steps": clock.step,
        "tokens": seen,
        "rounds": seen / len(tokens),
        "seconds": clock.seconds,
        "tokens_per_second": seen / clock.seconds if clock.seconds else math.nan,
        "train": {"tokens": len(tokens)},
        "test": {"texts": len(test.texts), "tokens": sum(map(len, test.documents)), "bytes": byte_count(test.texts), **measured},
        "copying": copied,
        "samples": [_continued(model, settings.out, text, settings.seed) for text in test.texts[:3]],
    }
    (settings.out / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False), encoding="utf-8")
    (settings.out / "README.md").write_text(card(settings, metrics), encoding="utf-8")
    progress("done", 2, 2, {})
    return metrics


def _continued(model: Any, folder: Path, text: str, seed: int) -> dict[str, str]:
    """The opening of a text and how the model goes on."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    start = tokenizer(text[:400], add_special_tokens=False, truncation=True, max_length=_PROMPT, return_tensors="pt").input_ids
    read = torch.cat([torch.tensor([[tokenizer.bos_token_id]]), start], dim=1).to(model.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        out = model.generate(
            input_ids=read, attention_mask=torch.ones_like(read), max_new_tokens=_NEW, do_sample=True, temperature=0.8, top_k=0,
            top_p=0.95, pad_token_id=tokenizer.pad_token_id,
        )  # fmt: skip
    new = out[0, read.shape[1] :]
    return {"start": tokenizer.decode(start[0]), "continued": tokenizer.decode(new, skip_special_tokens=True)}
