"""What a step of the keep head's training sees: texts in windows, grouped by length, as tensors.

A text that is longer than the window is cut at sentence ends into parts of like length, as texts for the teacher are (LLMLingua-2,
arXiv 2403.12968, section 3.1): nothing is left out, and no token counts twice.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from linguapress.models.weights import Weights
from linguapress.models.windows import past_blanks
from linguapress.scores import Offsets, unit_of
from linguapress.segment import encodable, sentences
from linguapress.training.corpus import Labelled, drawn, joined, part_of
from linguapress.training.keep_settings import KeepSettings
from linguapress.training.labels import word_spans

IGNORED = -100
_POOLED = 16  # steps whose texts are grouped by length together


@dataclass(frozen=True, slots=True)
class Part:
    """Texts that are read at once: the first ``labelled`` of them with labels."""

    texts: tuple[Labelled, ...]
    labelled: int


Step = list[Part]  # one part for each batch of each process


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of a part, padded: [texts, tokens].

    Attributes:
        ids: token ids.
        mask: 1 for tokens, 0 for padding.
        labels: 1 = keep, 0 = drop, -100 = neither.
        chances: the teacher model's keep probability, -1 = not known.
        sentences: number of the sentence, counted over the batch without gaps, -1 = of none.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor
    chances: Tensor
    sentences: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(item.to(device) for item in (self.ids, self.mask, self.labels, self.chances, self.sentences)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What each epoch sees. It depends on the settings and the number of processes alone, so that a run can go on anywhere.

    Attributes:
        settings: of the run.
        sets: examples of each data set.
        extra: texts without labels, cut to the window.
        reader: whose tokenizer counts.
        processes: that share a step.
    """

    settings: KeepSettings
    sets: Sequence[Sequence[Labelled]]
    extra: Sequence[Labelled]
    reader: Weights
    processes: int = 1

    def epoch(self, number: int) -> list[Step]:
        """Steps of an epoch: labelled texts of like length, and next to them texts without labels."""
        seed, rng = self.settings.seed, random.Random(self.settings.seed * 1000 + number)
        weights = [item.weight for item in self.settings.data]
        texts = [text for one, weight in zip(self.sets, weights, strict=True) for text in drawn(one, weight, number, seed)]
        parts = fitting(joined(texts, rng), self.reader, room_of(self.settings, self.reader))
        count = self.settings.accumulate * self.processes
        size = self.settings.batch * count
        steps = []
        for start in range(0, len(parts), size * _POOLED):
            by_length = sorted(parts[start : start + size * _POOLED], key=lambda part: part[1])
            steps += [[text for text, _ in by_length[at : at + size]] for at in range(0, len(by_length), size)]
        rng.shuffle(steps)
        amount = min(len(self.extra), int(size * self.settings.extra))
        return [_shared(step, rng.sample(self.extra, amount), count) for step in steps]

    def steps(self) -> int:
        """Steps of all epochs."""
        return sum(len(self.epoch(number)) for number in range(self.settings.epochs))


def _shared(labelled: Sequence[Labelled], extra: Sequence[Labelled], count: int) -> Step:
    size = math.ceil(len(labelled) / count)
    parts = [(labelled[at * size : (at + 1) * size], extra[at::count]) for at in range(count)]
    return [Part((*texts, *more), len(texts)) for texts, more in parts]


def room_of(settings: KeepSettings, reader: Weights) -> int:
    """Tokens of a text in a window, without the special ones."""
    return min(settings.window, reader.longest) - reader.special


def fitting(texts: Sequence[Labelled], reader: Weights, room: int) -> list[tuple[Labelled, int]]:
    """Texts with their numbers of tokens; those of more than ``room`` tokens in parts."""
    done: list[tuple[Labelled, int]] = []
    for text, encoding in zip(texts, _encoded(texts, reader), strict=True):
        if len(encoding.ids) <= room or len(text.text) < 2:
            done.append((text, len(encoding.ids)))
        else:
            offsets = past_blanks(text.text, np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2))
            parts = list(_cut(text, offsets, room))
            if len(parts) < 2:  # many tokens begin at one character
                half = len(text.text) // 2
                parts = [part_of(text, 0, half), part_of(text, half, len(text.text))]
            done += fitting(parts, reader, room)  # a part alone may have a token more
    return done


def _cut(example: Labelled, offsets: Offsets, room: int) -> Iterator[Labelled]:
    """Parts of about equal numbers of tokens, cut where a sentence begins, else a word, else anywhere."""
    starts = offsets[:, 0]
    borders = [
        np.unique(np.searchsorted(starts, [span.start for span in spans]))
        for spans in (sentences(example.text), word_spans(example.text))
    ]
    begin, count = 0, math.ceil(len(starts) / room)
    for left in range(count, 0, -1):
        end = len(starts) if left == 1 else _border(borders, begin, begin + math.ceil((len(starts) - begin) / left), room)
        last = len(example.text) if left == 1 else int(starts[end])
        first = int(starts[begin]) if begin else 0
        if last > first:
            yield part_of(example, first, last)
        begin = end


def _border(borders: Sequence[Any], begin: int, aim: int, room: int) -> int:
    """The token that begins a sentence and is nearest to ``aim``, unless that makes a part of less than half the length."""
    for border in borders:
        fits = border[(border > (begin + aim) // 2) & (border <= begin + room)]
        if len(fits):
            return int(fits[np.argmin(np.abs(fits - aim))])
    return aim


def _encoded(texts: Sequence[Labelled], reader: Weights) -> list[Any]:
    return list(reader.tokenizer.encode_batch([encodable(text.text) for text in texts], add_special_tokens=False))


def collate(part: Part, reader: Weights, *, with_sentences: bool = True) -> Batch:
    """Tensors of a part; sentences are looked for only where they are needed."""
    encodings = _encoded(part.texts, reader)
    first = len(reader.prefix)
    shape = len(part.texts), max(len(item.ids) for item in encodings) + reader.special
    ids, mask, labels = np.full(shape, reader.pad), np.zeros(shape, dtype=np.int64), np.full(shape, IGNORED)
    chances, numbers, count = np.full(shape, -1, dtype=np.float32), np.full(shape, -1), 0
    for row, (example, encoding) in enumerate(zip(part.texts, encodings, strict=True)):
        full = np.concatenate([reader.prefix, np.asarray(encoding.ids, dtype=np.int64), reader.suffix])
        ids[row, : len(full)], mask[row, : len(full)] = full, 1
        offsets = past_blanks(example.text, np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2))
        inside = slice(first, first + len(offsets))
        if row < part.labelled:
            real = offsets[:, 1] > offsets[:, 0]
            labels[row, inside] = np.where(real, unit_of(offsets, example.kept) >= 0, IGNORED)
        if example.chances:
            word = unit_of(offsets, word_spans(example.text))
            chances[row, inside] = np.where(word >= 0, np.array(example.chances)[word], -1)
        if with_sentences:
            owner = unit_of(offsets, sentences(example.text))
            present, place = np.unique(owner[owner >= 0], return_inverse=True)
            numbers[row, inside][owner >= 0] = place + count
            count += len(present)
    return Batch(*(torch.from_numpy(np.ascontiguousarray(item)) for item in (ids, mask, labels, chances, numbers)))
