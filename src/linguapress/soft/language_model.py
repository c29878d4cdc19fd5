"""The language model that memories are made for: frozen, taken apart, and tried out once."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from linguapress.counters import plain_tokenizer
from linguapress.errors import UnsupportedModel
from linguapress.models.causal_loading import causal_model, causal_tokenizer
from linguapress.models.causal_probe import split
from linguapress.models.causal_weights import window_of
from linguapress.models.devices import device_of, precision_of
from linguapress.segment import encodable
from linguapress.soft.control import control_ids, controlled
from linguapress.soft.fingerprints import of_model, of_tokenizer
from linguapress.soft.memory import Layers
from linguapress.soft.rotation import Rotation


class FrozenLM:
    """A causal language model whose weights do not change, and its tokenizer.

    Attributes:
        name: for messages, and what a saved compressor looks for.
        model: the model of transformers.
        tokenizer: of the ``tokenizers`` library; to it, a text that spells out a control token holds text.
        fast_tokenizer: of transformers, which has the chat template.
        window: most positions of a prompt.
        reach: most positions that can be read at all, whatever comes of it; None = any number.
        start: what the tokenizer puts before every text: BOS, or nothing.
        bos: the token that begins a text; None where the tokenizer has none.
        ends: tokens that end a generation.
        placed: whether the model takes position ids; one that does not (ALiBi) counts slots.
        rotations: how the keys of each layer are moved; None where they cannot be.
        fingerprint: of the model.
        tokenizer_fingerprint: of the tokenizer.
        lock: held during a forward pass, since an adapter is on or off for all threads.
    """

    def __init__(self, model: Any, tokenizer: Any, name: str = "the model") -> None:
        """Freezes a model and tries whether it reads on from key-values.

        Args:
            model: ``AutoModelForCausalLM``; its parameters no longer ask for gradients.
            tokenizer: a fast tokenizer of transformers.
            name: for messages.

        Raises:
            UnsupportedModel: what it has read is not all in key-values.
            ModelNotFound: it reads ahead.
            BrokenModel: it answers with NaN.
        """
        from linguapress.soft.probe import carries_on, reach_of, rotations_of

        self.name, self.model = name, model.eval().requires_grad_(False)
        self.device, self.dtype = model.device, model.dtype
        self._plain, self.fast_tokenizer = plain_tokenizer(tokenizer.backend_tokenizer), tokenizer
        self.tokenizer = controlled(self._plain, control_ids(tokenizer))
        self._behind = _behind(self.tokenizer)
        self.window = window_of(model.config, tokenizer, 0)
        self.start = _start(tokenizer)
        self.bos: int | None = tokenizer.bos_token_id
        self.eos: int | None = tokenizer.eos_token_id
        self.ends = _ends(model, tokenizer)
        self.lock = threading.RLock()
        self.fingerprint, self.tokenizer_fingerprint = of_model(model), of_tokenizer(self._plain)
        self._states, self._head = split(name, model)
        self.placed = "position_ids" in inspect.signature(model.base_model.forward).parameters
        if not carries_on(self):
            raise UnsupportedModel(
                f"{name!r} ({model.config.model_type}) does not keep what it reads in key-values; use an attention model"
            )
        self.reach = reach_of(self)
        self.rotations: tuple[Rotation | None, ...] = rotations_of(self)

    @classmethod
    def load(cls, name: str, device: str = "auto", exact: bool = False) -> FrozenLM:
        """The model of a folder or a hub name.

        Args:
            name: embedded model, folder or hub name.
            device: ``"auto"`` or a torch device.
            exact: float32, whatever the device multiplies fastest.

        Raises:
            ModelNotFound: nothing of that name can be loaded.
            UnsupportedModel: what it has read is not all in key-values.
        """
        where = device_of(device)
        tokenizer = causal_tokenizer(name)
        return cls(causal_model(name, where, torch.float32 if exact else precision_of(where)), tokenizer, name)

    @property
    def begin(self) -> list[int]:
        """The token that begins a text, where there is one."""
        return [] if self.bos is None else [self.bos]

    @property
    def end(self) -> list[int]:
        """The token that ends a text, where there is one."""
        return [] if self.eos is None else [self.eos]

    @property
    def movable(self) -> bool:
        """Whether the keys of all layers can be moved to other positions."""
        return not self.placed or None not in self.rotations

    @property
    def width(self) -> int:
        """Numbers of an input embedding."""
        return int(self.model.get_input_embeddings().weight.shape[1])

    def tokens(self, text: str) -> list[int]:
        """Tokens of a text, none of them a control token."""
        return list(self.tokenizer.encode(encodable(text), add_special_tokens=False).ids)

    def continued(self, text: str) -> list[int] | None:
        """Tokens of a text behind a control token, where no mark of a word goes before it; None: those of :meth:`tokens`."""
        return None if self._behind is None else list(self._behind.encode(encodable(text), add_special_tokens=False).ids)

    def text(self, ids: Sequence[int]) -> str:
        """The text of tokens, without special ones; other control tokens are spelled out."""
        return str(self._plain.decode(list(ids), skip_special_tokens=True))

    def embed(self, ids: Sequence[int]) -> Tensor:
        """Input embeddings [tokens, width]."""
        found: Tensor = self.model.get_input_embeddings()(torch.tensor(ids, dtype=torch.long, device=self.device))
        return found

    def read(self, inputs: Tensor, positions: Tensor, mask: Tensor, past: Layers = ()) -> tuple[Tensor, Layers]:
        """One forward pass through all layers; no logits.

        Args:
            inputs: embeddings [rows, tokens, width].
            positions: of them [rows, tokens].
            mask: 1 for slots that are seen, earlier ones first [rows, slots + tokens].
            past: key-values of earlier slots, each [rows, heads, slots, head width].

        Returns:
            States [rows, tokens, width], and the key-values of all slots, earlier and new ones.
        """
        cache = self.cache(past)
        states = self.run(inputs, positions, mask, cache)
        return states, tuple((layer.keys, layer.values) for layer in cache.layers)

    def cache(self, layers: Layers) -> Any:
        """A fresh cache of transformers with key-values in it, without the config, so that sliding layers keep all slots too."""
        from transformers import DynamicCache

        cache = DynamicCache()
        for number, (keys, values) in enumerate(layers):
            cache.update(keys, values, number)
        return cache

    def run(self, inputs: Tensor, positions: Tensor, mask: Tensor, cache: Any) -> Tensor:
        """:meth:`read` on a cache, which grows: states [rows, tokens, width]."""
        places = {"position_ids": positions} if self.placed else {}
        with self.lock:
            out = self._states(inputs_embeds=inputs, attention_mask=mask, past_key_values=cache, use_cache=True, **places)
        states: Tensor = out.last_hidden_state if hasattr(out, "last_hidden_state") else out.logits
        return states

    def logits(self, states: Tensor) -> Tensor:
        """Logits [tokens, vocabulary] of states [tokens, width], in float32."""
        return self._head(states).float()


def _behind(tokenizer: Any) -> Any:
    """The tokenizer for texts that begin no prompt; None where it is the same."""
    told = tokenizer.to_str()
    other = told.replace('"prepend_scheme":"first"', '"prepend_scheme":"never"')
    return None if other == told else plain_tokenizer(type(tokenizer).from_str(other))


def _start(tokenizer: Any) -> tuple[int, ...]:
    encoded = tokenizer.backend_tokenizer.encode("a", add_special_tokens=True)
    count = next((n for n, special in enumerate(encoded.special_tokens_mask) if not special), 0)
    return tuple(encoded.ids[:count])


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokenizer's EOS, and what the model's generation settings name; one token or several."""
    named = getattr(model.generation_config, "eos_token_id", None)
    listed = named if isinstance(named, list | tuple) else [named]
    return frozenset(int(token) for token in (*listed, tokenizer.eos_token_id) if token is not None)
