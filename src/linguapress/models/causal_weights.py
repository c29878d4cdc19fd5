"""Weights of a causal language model in memory; imported only when one is first used, since it brings torch."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from linguapress.counters import plain_tokenizer
from linguapress.models.causal_cache import NONE, Feed, Ids, KeyValues
from linguapress.models.causal_probe import carries_on, split
from linguapress.models.causal_windows import batches
from linguapress.models.sound import check_numbers
from linguapress.models.windows import past_blanks
from linguapress.scores import Floats, Offsets
from linguapress.segment import encodable

_MOST = 1e4  # nats; what cannot follow at all has a finite surprisal too, so that means and differences stay numbers
_SMALLEST, _IN_CACHE = 16, 32


class CausalWeights:
    """A causal language model that is ready to read.

    Attributes:
        start: the token that begins every context, shape [1]: BOS, else EOS, else the first special token, else token 0.
        window: most tokens of an input with all that is before it.
        caches: whether what was read need not be read again.
        batch_tokens: tokens in a batch that suit the device.
    """

    def __init__(self, name: str, model: Any, tokenizer: Any, window: int = 0) -> None:
        """Takes the model apart and tries whether it reads from left to right, and on from key-values.

        Raises:
            ModelNotFound: it reads ahead.
            BrokenModel: it answers with NaN.
        """
        self.name, self.device, self.exact = name, model.device, model.dtype == torch.float32
        self.tokenizer = plain_tokenizer(tokenizer.backend_tokenizer)
        self.start = np.array([_first(tokenizer)], dtype=np.int64)
        self.window = window_of(model.config, tokenizer, window)
        self.batch_tokens, self._positions = 2048, 256  # positions whose logits are in memory at a time
        if self.device.type != "cpu":
            self.batch_tokens, self._positions = 32768, 1024
        self._placed = "position_ids" in inspect.signature(model.forward).parameters
        self._trunk, self._head = split(name, model)
        self.caches = carries_on(self, model.config)

    def encode(self, texts: Sequence[str]) -> tuple[list[Ids], list[Offsets]]:
        """Tokens of texts, without special ones, and their characters."""
        encoded = self.tokenizer.encode_batch([encodable(text) for text in texts], add_special_tokens=False)
        offsets = [np.asarray(item.offsets, dtype=np.int64).reshape(-1, 2) for item in encoded]
        spans = [past_blanks(text, row) for text, row in zip(texts, offsets, strict=True)]
        return [np.asarray(item.ids, dtype=np.int64) for item in encoded], spans

    def heads(self, prefixes: Sequence[str]) -> list[Ids]:
        """What every token of a text sees: the starting token and the prefix, or its end where it is longer than half a window."""
        rows, _ = self.encode(prefixes)
        most = self.window // 2 - 1
        return [np.concatenate([self.start, row[max(0, len(row) - most) :]]) for row in rows]

    def score(self, feeds: Sequence[Feed], past: KeyValues | None = None, batch_tokens: int = 0) -> list[Floats]:
        """Surprisals of the targets of any number of feeds, in batches; see :meth:`forward`."""
        found: dict[int, Floats] = {}
        for length, numbers in batches(feeds, batch_tokens or self.batch_tokens, self.window):
            surprisals, _ = self.forward([feeds[number] for number in numbers], past, length)
            found.update(zip(numbers, surprisals, strict=True))
        return [found[number] for number in range(len(feeds))]

    def remember(self, heads: Sequence[Ids]) -> KeyValues:
        """Key-values of all tokens of each head but the last, one row a head, from slot 0 on."""
        feeds = [Feed(head[:-1], NONE, np.arange(len(head) - 1)) for head in heads]
        _, past = self.forward(feeds, keep=True)
        return past

    @torch.inference_mode()
    def forward(
        self, feeds: Sequence[Feed], past: KeyValues | None = None, length: int = 0, keep: bool = False
    ) -> tuple[list[Floats], KeyValues | Any]:
        """One forward pass.

        Args:
            feeds: rows, padded on the right.
            past: where their earlier tokens stand.
            length: what they are padded to; 0 = the longest.
            keep: whether the key-values are wanted.

        Returns:
            Surprisals of the targets of each row, in nats; key-values or None. In these the earlier tokens of all rows end at the
            same slot, max(len(feed.slots)), and the tokens read follow.

        Raises:
            BrokenModel: a logit is NaN.
        """
        held = max(len(feed.slots) for feed in feeds)
        cache = past.select(feeds).cache() if past is not None and held else KeyValues([]).cache() if keep else None
        caching = {"use_cache": False} if cache is None else {"use_cache": True, "past_key_values": cache}
        out = self._trunk(**self._inputs(feeds, held, length or max(len(feed.ids) for feed in feeds)), **caching)
        states = getattr(out, "last_hidden_state", None)
        surprisals = self._surprisals(out.logits if states is None else states, feeds)
        return surprisals, KeyValues.of(cache) if keep else None

    def _inputs(self, feeds: Sequence[Feed], held: int, length: int) -> dict[str, torch.Tensor]:
        """Ids, mask and positions; where all rows have equally many tokens before them, causality alone hides the padding."""
        ids = np.zeros((len(feeds), length), dtype=np.int64)
        positions, mask = np.zeros_like(ids), np.ones((len(feeds), held + length), dtype=np.int64)
        even = all(len(feed.slots) == held for feed in feeds)
        for row, feed in enumerate(feeds):
            ids[row, : len(feed.ids)], positions[row, : len(feed.ids)] = feed.ids, feed.positions
            if not even:
                mask[row, : held - len(feed.slots)] = mask[row, held + len(feed.ids) :] = 0
        inputs = {"input_ids": ids, "attention_mask": mask} | ({"position_ids": positions} if self._placed else {})
        return {name: torch.from_numpy(value).to(self.device) for name, value in inputs.items()}

    def _surprisals(self, states: torch.Tensor, feeds: Sequence[Feed]) -> list[Floats]:
        """-ln p of the targets; logits of a few positions are in memory at a time, and only of those that predict a target."""
        rows = np.repeat(np.arange(len(feeds)), [len(feed.targets) for feed in feeds])
        places = np.concatenate([np.arange(len(feed.ids) - len(feed.targets), len(feed.ids)) for feed in feeds])
        targets = torch.from_numpy(np.concatenate([feed.targets for feed in feeds])).to(self.device)
        wanted = states[torch.from_numpy(rows).to(self.device), torch.from_numpy(places).to(self.device)]
        parts = [self._losses(wanted[chunk], targets[chunk]) for chunk in _slices(len(targets), self._positions)]
        values = torch.cat(parts).cpu().numpy() if parts else np.zeros(0, dtype=np.float32)
        check_numbers(self.name, "language model", [values])
        return np.split(np.minimum(values, _MOST), np.cumsum([len(feed.targets) for feed in feeds])[:-1])

    def _losses(self, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Normalized a few rows at a time on a CPU: what stays in its cache is several times faster there."""
        logits = self._head(states)
        rows = _IN_CACHE if self.device.type == "cpu" else len(targets)
        return torch.cat(
            [cross_entropy(logits[few].float(), targets[few], reduction="none") for few in _slices(len(targets), rows)]
        )


def _slices(total: int, size: int) -> list[slice]:
    return [slice(at, at + size) for at in range(0, total, size)]


def window_of(config: Any, tokenizer: Any, asked: int) -> int:
    """Tokens that the model sees at once: what was asked for, at least 16, and not more than its configuration allows."""
    text = config.get_text_config()
    names = ("max_position_embeddings", "n_positions", "seq_length", "max_seq_len")
    sizes = [getattr(text, name, None) or 0 for name in names] + [tokenizer.model_max_length, asked and max(asked, _SMALLEST)]
    return min((int(size) for size in sizes if 0 < size < 1 << 24), default=2048)


def _first(tokenizer: Any) -> int:
    known = [tokenizer.bos_token_id, tokenizer.eos_token_id, *tokenizer.all_special_ids]
    return next((int(token) for token in known if token is not None), 0)
