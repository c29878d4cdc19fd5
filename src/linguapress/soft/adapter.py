"""Low-rank adapters on a frozen model: on while a text is encoded, off whenever the model is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Parameter

from linguapress.errors import MissingExtra, UnsupportedModel
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.memory import Layers
from linguapress.soft.settings import SoftSettings

Kept = Callable[[Tensor, Layers], Sequence[Tensor]]


class Adapter:
    """Adapters of LoRA (arXiv 2106.09685) that peft puts on the layers which what is kept depends on.

    Attributes:
        weights: what is trained, in float32, by the names that peft gives them in a file.
    """

    def __init__(self, lm: FrozenLM, settings: SoftSettings, kept: Kept) -> None:
        """Puts adapters on a model; they change nothing yet, and are off.

        Args:
            lm: the model; it stays the untouched one while they are off.
            settings: rank, targets, dropout and seed.
            kept: from states and key-values of a forward pass to the tensors that are kept of it.

        Raises:
            MissingExtra: peft is not installed.
            UnsupportedModel: the model has adapters already, or peft knows none for it.
        """
        if any("lora_" in name for name, _ in lm.model.named_parameters()):
            raise UnsupportedModel(f"{lm.name!r} has adapters already; load it anew for another compressor")
        self._lm = lm
        self._tuner = _injected(lm, settings, _wanted(lm, settings, live_layers(lm, kept)))
        self._layers = [module for module in lm.model.modules() if hasattr(module, "lora_A")]
        named = [(name, weight) for name, weight in lm.model.named_parameters() if "lora_" in name]
        for _, weight in named:
            weight.data = weight.data.float()
        self.weights: dict[str, Parameter] = {"base_model.model." + name.replace(".default", ""): w for name, w in named}
        self._switch(False)
        self.train(False)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Inside, the model is the adapted one; for all threads, so that others wait."""
        with self._lm.lock:
            self._switch(True)
            try:
                yield
            finally:
                self._switch(False)

    def remove(self) -> None:
        """Takes the adapters out of the model, for good."""
        self._tuner.unload()

    def train(self, mode: bool) -> None:
        """Whether dropout applies."""
        for layer in self._layers:
            layer.lora_dropout.train(mode)

    def _switch(self, enabled: bool) -> None:
        for layer in self._layers:
            layer.enable_adapters(enabled)
        for weight in self.weights.values():  # which peft freezes with the switch, and with them a backward pass still to come
            weight.requires_grad_(True)


def live_layers(lm: FrozenLM, kept: Kept) -> list[str]:
    """Names of the linear layers that what is kept depends on, found by following a gradient back."""
    from transformers.pytorch_utils import Conv1D

    outputs: dict[str, Tensor] = {}

    def record(name: str) -> Callable[[Any, Any, Tensor], None]:
        return lambda module, inputs, output: outputs.update({name: output})

    trunk = {id(module) for module in lm.model.base_model.modules()}
    layers = [(n, m) for n, m in lm.model.named_modules() if isinstance(m, Linear | Conv1D) and id(m) in trunk]
    hooks = [module.register_forward_hook(record(name)) for name, module in layers]
    try:
        inputs = lm.embed([0, 1, 2])[None].detach().requires_grad_()
        ones = torch.ones(1, 3, dtype=torch.long, device=lm.device)
        total = torch.stack([tensor.float().sum() for tensor in kept(*lm.read(inputs, ones.cumsum(1) - 1, ones))]).sum()
        gradients = torch.autograd.grad(total, list(outputs.values()), allow_unused=True)
    finally:
        for hook in hooks:
            hook.remove()
    return [name for name, gradient in zip(outputs, gradients, strict=True) if gradient is not None]


def _wanted(lm: FrozenLM, settings: SoftSettings, live: Sequence[str]) -> list[str]:
    if settings.targets == "all-linear":
        return list(live)
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    endings = tuple(f".{ending}" for ending in KNOWN.get(lm.model.config.model_type, ()))
    found = [name for name in live if name.endswith(endings)] if endings else []
    if not found:
        kind = lm.model.config.model_type
        raise UnsupportedModel(f"peft names no attention layers of {lm.name!r} ({kind}); use targets='all-linear'")
    return found


def _injected(lm: FrozenLM, settings: SoftSettings, targets: Sequence[str]) -> Any:
    """What peft puts the adapters in with, and out; random numbers outside are left as they were."""
    peft = _peft()
    config = peft.LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules=list(targets),
        fan_in_fan_out=any(type(module).__name__ == "Conv1D" for module in lm.model.modules()),
    )  # fmt: skip
    devices = [lm.device] if lm.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(settings.seed)
        try:
            return peft.LoraModel(lm.model, config, "default")
        except ValueError as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise UnsupportedModel(f"peft has no adapters for {lm.name!r} ({reason}); use another model") from error


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingExtra("peft", "soft") from error
    return peft
