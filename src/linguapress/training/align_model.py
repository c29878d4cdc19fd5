"""The model that is aligned: all its weights, or low-rank adapters on it; and how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig
from transformers.pytorch_utils import Conv1D

from linguapress.counters import plain_tokenizer
from linguapress.errors import MissingExtra, ModelNotFound
from linguapress.models.causal_loading import causal_model, causal_tokenizer
from linguapress.models.causal_weights import window_of
from linguapress.models.embedded import model_folder
from linguapress.models.weights import quietly, told
from linguapress.training.align_settings import AlignSettings
from linguapress.training.copies import Copies
from linguapress.training.keep_model import in_precision, write_model


def window_for(name: str, asked: int) -> int:
    """Tokens that a model reads at once, no more than were asked for; 0 asks for all.

    Raises:
        ModelNotFound: it has no configuration or no tokenizer.
    """
    with quietly(), told(name, "causal language model"):
        config = AutoConfig.from_pretrained(model_folder(name))
    return window_of(config, causal_tokenizer(name), asked)


def check_same_tokens(name: str, other: str, texts: Sequence[str]) -> None:
    """Refuses two models whose distributions are not over the same tokens.

    Raises:
        ModelNotFound: they know other tokens, or cut one of the texts elsewhere.
    """
    one, two = (plain_tokenizer(causal_tokenizer(each).backend_tokenizer) for each in (name, other))
    cuts = ([item.ids for item in each.encode_batch(list(texts), add_special_tokens=False)] for each in (one, two))
    if one.get_vocab() != two.get_vocab() or next(cuts) != next(cuts):
        raise ModelNotFound(
            f"{other!r} has another tokenizer than {name!r}, so nothing can be compared token by token; leave it out"
        )


class Learner:
    """Weights in float32 that an optimizer changes, and the model that computes: with them, or with copies in bfloat16.

    Of low-rank adapters the weights are few, in float32 always; the model below them is frozen, in the precision that computes.

    Attributes:
        model: what computes.
        copies: what is trained.
    """

    def __init__(self, settings: AlignSettings, device: torch.device, dtype: torch.dtype) -> None:
        self._settings = settings
        torch.manual_seed(settings.seed)
        if settings.lora_rank:
            self._master = self.model = causal_model(settings.base, device, dtype)
            _adapt(self.model, settings)
        else:
            self._master = causal_model(settings.base, device, torch.float32)
            self.model = self._master if dtype == torch.float32 else in_precision(self._master, dtype)
        self.copies = Copies(self._master, self.model)

    def state(self) -> dict[str, Tensor]:
        """The weights by name, in main memory, as they are now."""
        rows = zip(self.copies.names, self.copies.weights, strict=True)
        return {name: weight.detach().to("cpu", copy=True) for name, weight in rows}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Sets the weights, and the copies after them."""
        _set(self._master, state)
        self.copies.follow()

    def write(self, tokenizer: Any) -> None:
        """Writes what AutoModelForCausalLM and AutoTokenizer load; adapters are added to the weights below, in float32."""
        settings, model = self._settings, self._master
        if settings.lora_rank:
            model = causal_model(settings.base, torch.device("cpu"), torch.float32)
            adapted = _adapt(model, settings)
            _set(model, self.state())
            model = adapted.merge_and_unload()
        write_model(model, tokenizer, settings.out, settings.model_dtype)


@torch.no_grad()
def _set(model: Any, state: Mapping[str, Tensor]) -> None:
    for name, value in state.items():
        model.get_parameter(name).copy_(value)


def _adapt(model: Any, settings: AlignSettings) -> Any:
    """Puts adapters in float32 on all linear layers but the head; all else is frozen.

    Raises:
        MissingExtra: peft is not installed.
        ValueError: peft has no adapters for the architecture, or the rank is above that of a layer.
    """
    lora = _peft()
    transposed = any(isinstance(module, Conv1D) for module in model.modules())
    config = lora.LoraConfig(
        r=settings.lora_rank, lora_alpha=settings.lora_alpha, target_modules="all-linear", fan_in_fan_out=transposed
    )
    try:
        adapted = lora.LoraModel(model, config, "default")
    except ValueError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(f"cannot put adapters on {settings.base!r} ({reason}); tune all weights with --lora-rank 0") from error
    _check_rank(model, settings.lora_rank)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    return adapted


def _check_rank(model: Any, rank: int) -> None:
    widths = {name: min(part.in_features, part.out_features) for name, part in model.named_modules() if hasattr(part, "lora_A")}
    name = min(widths, key=widths.__getitem__)
    if rank > widths[name]:
        raise ValueError(f"lora_rank is {rank}, above the rank {widths[name]} of the layer {name}; choose at most {widths[name]}")


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingExtra("peft", "train") from error
    return peft
