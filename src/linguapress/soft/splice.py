"""The engine that reads texts and memories in any order with the frozen model, and then generates or scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from linguapress.errors import InvalidPrompt
from linguapress.soft.batches import batches
from linguapress.soft.decoding import Decoding, decoded
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.places import Layout
from linguapress.soft.prompt import Laid, Prompt, Stage, Target, lay_out
from linguapress.soft.sampling import Sampling, pick
from linguapress.soft.slots import Slots, stacked

_NOTHING = Stage()


class SoftReader:
    """Reads prompts of texts and memories; the model is the untouched one, any adapter on it is off."""

    def __init__(self, lm: FrozenLM) -> None:
        """A reader of memories that were made for ``lm``."""
        self.lm = lm

    def generate(
        self,
        prompts: Sequence[Prompt],
        *,
        most: int = 64,
        layout: Layout = "spread",
        sampling: Sampling | None = None,
        batch_size: int = 8,
    ) -> list[str]:
        """What the model says after each prompt.

        Args:
            prompts: each a text, or segments in order: texts, memories, token ids, embeddings.
            most: tokens of an answer; it ends earlier at an end token, and at the model's window.
            layout: where memories of key-values stand: ``"spread"``: at the positions that they were made with, moved on by what
                is before them; ``"contiguous"``: one slot behind the other; ``"parallel"``: at the positions that they were made
                with, all side by side.
            sampling: None = the likeliest tokens.
            batch_size: prompts read at once; changes nothing but speed and memory.

        Raises:
            InvalidPrompt: a prompt that cannot be read.
            WrongModel: a memory of another model.
            UnsupportedModel: a memory would have to be moved, and cannot be.
        """
        laid = [lay_out(self.lm, prompt, layout) for prompt in _listed(prompts)]
        answers: list[str] = []
        for batch in batches(laid, batch_size):
            steps = list(self.decode(batch, most, sampling))
            answers += [decoded(self.lm, (t for step in steps if (t := step[row]) is not None)) for row in range(len(batch))]
        return answers

    def stream(
        self, prompt: Prompt, *, most: int = 64, layout: Layout = "spread", sampling: Sampling | None = None
    ) -> Iterator[str]:
        """The text of :meth:`generate` for one prompt, piece by piece; a character comes when all of its tokens are there."""
        decoding = Decoding(self.lm)
        for (token,) in self.decode([lay_out(self.lm, prompt, layout)], most, sampling):
            if token is not None and (text := decoding.add(token)):
                yield text
        if rest := decoding.rest():
            yield rest

    @torch.no_grad()
    def score(
        self, prompts: Sequence[Prompt], targets: Sequence[Target], *, layout: Layout = "spread", batch_size: int = 8
    ) -> list[NDArray[np.float32]]:
        """Surprisals of the tokens of each target behind its prompt, in nats; their sum is the negative log-likelihood.

        Args:
            prompts: as for :meth:`generate`.
            targets: one for each prompt, a text or token ids; a text is tokenized together with a text that it follows.
            layout: as for :meth:`generate`.
            batch_size: prompts read at once.

        Raises:
            InvalidPrompt: a prompt that cannot be read, or not one target for each.
            WrongModel: a memory of another model.
            UnsupportedModel: a memory would have to be moved, and cannot be.
        """
        if len(_listed(prompts)) != len(targets):
            raise InvalidPrompt(f"{len(prompts)} prompts and {len(targets)} targets; give one target for each prompt")
        pairs = zip(prompts, targets, strict=True)
        laid = [lay_out(self.lm, prompt, layout, target) for prompt, target in pairs]
        found = [row for batch in batches(laid, batch_size) for row in self.surprisals(batch)]
        return [row.cpu().numpy() for row in found]

    def surprisals(self, laid: Sequence[Laid]) -> list[Tensor]:
        """Surprisals of the targets of one batch in nats, each [tokens]; gradients flow back into memories and embeddings."""
        targets = torch.tensor([token for one in laid for token in one.scored], dtype=torch.long, device=self.lm.device)
        losses = cross_entropy(self.logits(laid), targets, reduction="none")
        return list(torch.split(losses, [len(one.scored) for one in laid]))

    def logits(self, laid: Sequence[Laid]) -> Tensor:
        """What the model expects at the target tokens of a batch, one after the other [tokens, vocabulary]; gradients flow back."""
        states, _ = self._read(laid)
        sizes = [len(one.scored) for one in laid]
        before = [row[len(row) - size - 1 : len(row) - 1] for row, size in zip(states, sizes, strict=True)]
        return self.lm.logits(torch.cat(before))

    def _read(self, laid: Sequence[Laid]) -> tuple[list[Tensor], Slots]:
        """Reads a batch of prompts: states of the last inputs of each [tokens, width], and the slots of all."""
        slots = Slots.none(len(laid), self.lm.device)
        last: list[Tensor] = [torch.empty(0)] * len(laid)
        for depth in range(max(len(one.stages) for one in laid)):
            stages = [one.stages[depth] if depth < len(one.stages) else _NOTHING for one in laid]
            states, slots = self._read_stage(stages, slots.put([stage.memories for stage in stages]))
            for row, stage in enumerate(stages):
                last[row] = states[row, : len(stage.positions)] if stage.positions else last[row]
        return last, slots

    def _read_stage(self, stages: Sequence[Stage], slots: Slots) -> tuple[Tensor, Slots]:
        """Reads the inputs of one stage of each row, padded on the right, behind the slots."""
        lm = self.lm
        none = torch.zeros(0, lm.width, device=lm.device, dtype=lm.dtype)
        inputs = stacked([torch.cat([none, *stage.inputs]) for stage in stages])
        positions = stacked([torch.tensor(stage.positions, dtype=torch.long) for stage in stages]).to(lm.device)
        mask = stacked([torch.ones(len(stage.positions), dtype=torch.long) for stage in stages]).to(lm.device)
        seen = torch.cat([slots.mask, mask], 1)
        states, layers = lm.read(inputs, positions, seen, slots.layers)
        return states, Slots(layers, seen).aligned()

    @torch.no_grad()
    def decode(self, laid: Sequence[Laid], most: int, sampling: Sampling | None) -> Iterator[list[int | None]]:
        """Tokens step by step, one a row; None where a row has ended.

        Args:
            laid: prompts, read as one batch.
            most: steps.
            sampling: None = the likeliest tokens.
        """
        lm, generators = self.lm, sampling.generators(len(laid)) if sampling else []
        states, slots = self._read(laid)
        cache, mask = lm.cache(slots.layers), slots.mask
        at = torch.tensor([one.following for one in laid], device=lm.device)
        latest, ended = torch.stack([row[-1] for row in states]), [False] * len(laid)
        for left in range(most, 0, -1):
            tokens = pick(lm.logits(latest), sampling, generators)
            ended = [
                end or token in lm.ends or place >= lm.window for end, token, place in zip(ended, tokens, at.tolist(), strict=True)
            ]
            if all(ended):
                return
            yield [None if end else token for end, token in zip(ended, tokens, strict=True)]
            if left == 1:
                return
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
            places = at.clamp(max=lm.window - 1)[:, None]
            latest, at = lm.run(lm.embed(tokens)[:, None], places, mask, cache)[:, -1], at + 1


def _listed(prompts: Sequence[Prompt]) -> Sequence[Prompt]:
    if isinstance(prompts, str):
        raise InvalidPrompt("prompts are a list, not one text; put it in a list")
    return prompts
