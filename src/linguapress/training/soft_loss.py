"""The losses of soft compression, each a row of nats, one for a token of what the untouched model should say."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.memory import Memory
from linguapress.soft.places import Layout
from linguapress.soft.prompt import Laid, Prompt, lay_out
from linguapress.soft.questions import Cut
from linguapress.soft.splice import SoftReader
from linguapress.training.soft_material import Item, Piece
from linguapress.training.soft_settings import SoftTraining

Terms = dict[str, Tensor]
_CUE = 4  # tokens of a text behind which it is gone on with


class Losses:
    """Losses of a compressor on items."""

    def __init__(self, press: SoftCompressor, settings: SoftTraining) -> None:
        self._press, self._settings, self._reader = press, settings, SoftReader(press.lm)

    @property
    def weights(self) -> dict[str, float]:
        """Of the losses by name, those that are not taken left out."""
        settings = self._settings
        if settings.stage == "finetune":
            found = {"answer": 1.0, "regeneration": settings.recite, "recall": settings.recite, "distil": settings.distil}
        else:
            found = {"regeneration": 1.0, "continuation": settings.continuation, "distil": settings.distil}
        return {name: weight for name, weight in found.items() if weight}

    def __call__(self, items: Sequence[Item], k: int | None = None) -> Terms:
        """Losses by name, each nats [tokens]; gradients flow into memory tokens and adapter.

        Args:
            items: pieces of texts, or questions.
            k: memory tokens; None = all.
        """
        pieces = [item for item in items if isinstance(item, Piece)]
        return self._of_pieces(pieces, k) if pieces else self._of_questions([item for item in items if isinstance(item, Cut)], k)

    @torch.no_grad()
    def rooms(self) -> list[int]:
        """Tokens of a question with its answer for which the window has room behind 1, 2 ... full chunks.

        Raises:
            InvalidPrompt: there is none behind the most chunks, or none to say a chunk again.
        """
        press, chunk = self._press, [0] * self._settings.longest
        (memory,) = press.encode([Part(chunk)])
        if "recall" in self.weights:
            self._again(memory, chunk)
        found = []
        for count in range(1, self._settings.chunks + 1):
            prompts: list[Prompt] = [[*[memory] * count, [0]]]
            prompts += [[_begun(press, chunk * count), [0]]] if "distil" in self.weights else []
            end = max(self._laid(prompt, ()).following for prompt in prompts)
            found.append(press.lm.window - end + 1 - (press.lm.eos is not None))
        return found

    def _of_pieces(self, pieces: Sequence[Piece], k: int | None) -> Terms:
        """Saying a text again (500xCompressor, section 3.2), and going on with it (ICAE, section 2.2.2)."""
        press = self._press
        memories = press.encode([Part(piece.ids) for piece in pieces], k)
        again = [self._again(memory, piece.ids) for memory, piece in zip(memories, pieces, strict=True)]
        terms = {"regeneration": _surprisals(self._reader.logits(again), again)}
        if "continuation" in self.weights or "distil" in self.weights:
            rests = [piece.following for piece in pieces]
            with_memory = [self._laid([m, rest[:1]], rest[1:]) for m, rest in zip(memories, rests, strict=True)]
            with_text = [[_begun(press, piece.ids), rest[:1]] for piece, rest in zip(pieces, rests, strict=True)]
            terms |= self._compared("continuation", with_memory, with_text)
        return terms

    def _of_questions(self, questions: Sequence[Cut], k: int | None) -> Terms:
        """Answering from memories (500xCompressor, section 3.3)."""
        press = self._press
        encoded = iter(press.encode([Part(chunk) for some in questions for chunk in some.contexts], k))
        memories: list[list[Memory]] = [[next(encoded) for _ in some.contexts] for some in questions]
        pairs = list(zip(memories, questions, strict=True))
        with_memory = [self._laid([*found, some.prompt], [*some.answer, *press.lm.end]) for found, some in pairs]
        with_text = [[_begun(press, [token for chunk in some.contexts for token in chunk]), some.prompt] for some in questions]
        return self._compared("answer", with_memory, with_text) | self._recited(memories, questions)

    def _recited(self, memories: Sequence[Sequence[Memory]], questions: Sequence[Cut]) -> Terms:
        """Saying the chunks again, from their beginnings and from tokens within."""
        if "recall" not in self.weights:
            return {}
        pairs = [pair for found, some in zip(memories, questions, strict=True) for pair in zip(found, some.contexts, strict=True)]
        again = [self._again(memory, chunk) for memory, chunk in pairs]
        within = [self._recalled(memory, chunk) for memory, chunk in pairs if len(chunk) > 1] or again
        return {name: _surprisals(self._reader.logits(laid), laid) for name, laid in (("regeneration", again), ("recall", within))}

    def _again(self, memory: Memory, ids: Sequence[int]) -> Laid:
        return self._laid(self._press.regenerating(memory), [*ids, *self._press.lm.end])

    def _recalled(self, memory: Memory, ids: Sequence[int]) -> Laid:
        """Going on from tokens somewhere within a text, as an answer goes on from words that the question has of it."""
        at = int(torch.randint(max(1, len(ids) - 2 * _CUE), ()))
        cue = min(_CUE, len(ids) - 1)
        return self._laid([memory, ids[at : at + cue]], [*ids[at + cue :], *self._press.lm.end])

    def _compared(self, name: str, with_memory: Sequence[Laid], with_text: Sequence[Prompt]) -> Terms:
        """Surprisals, and the divergence from what the model expects that reads the text itself."""
        logits = self._reader.logits(with_memory)
        terms = {name: _surprisals(logits, with_memory)} if name in self.weights else {}
        if "distil" in self.weights:
            with torch.no_grad():
                pairs = zip(with_text, with_memory, strict=True)
                taught = self._reader.logits([self._laid(prompt, one.scored) for prompt, one in pairs])
            student, teacher = logits.log_softmax(-1), taught.log_softmax(-1)
            terms["distil"] = kl_div(student, teacher, reduction="none", log_target=True).sum(-1)
        return terms

    def _laid(self, prompt: Prompt, target: Sequence[int]) -> Laid:
        layout: Layout = self._settings.layout  # type: ignore[assignment]
        return lay_out(self._press.lm, prompt, layout, target)


def _begun(press: SoftCompressor, ids: Sequence[int]) -> list[int]:
    """A text as it begins a prompt."""
    return [*press.lm.begin, *ids]


def _surprisals(logits: Tensor, laid: Sequence[Laid]) -> Tensor:
    targets = torch.tensor([token for one in laid for token in one.scored], dtype=torch.long, device=logits.device)
    return cross_entropy(logits, targets, reduction="none")
