"""A causal language model from a folder or a hub name."""

from __future__ import annotations

from typing import Any

import torch

from linguapress.hub import located
from linguapress.models.causal_weights import CausalWeights
from linguapress.models.devices import device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.models.weights import check_tokenizer, check_vocabulary, check_weights, load_tokenizer, quietly, told

_KIND = "causal language model"


def load_causal(name: str, device_name: str, window: int = 0, exact: bool = False) -> CausalWeights:
    """Loads a causal language model with a fast tokenizer.

    Args:
        name: embedded model, folder or hub name.
        device_name: ``"auto"`` or a torch device.
        window: most tokens read at once; 0 = as many as the model can.
        exact: float32, whatever the device multiplies fastest.

    Raises:
        ModelNotFound: nothing of that name can be loaded, the tokenizer gives no offsets, or the model is no causal one.
    """
    device = device_of(device_name)
    tokenizer = causal_tokenizer(name)
    model = causal_model(name, device, torch.float32 if exact else precision_of(device))
    check_vocabulary(name, model, tokenizer)
    return CausalWeights(name, model, tokenizer, window)


def causal_tokenizer(name: str) -> Any:
    """The fast tokenizer of a causal language model.

    Raises:
        ModelNotFound: there is none, or it gives no offsets.
    """
    folder = located(model_folder(name))
    with quietly(), told(name, _KIND):
        tokenizer = load_tokenizer(folder)
    check_tokenizer(name, tokenizer)
    return tokenizer


def causal_model(name: str, device: torch.device, dtype: torch.dtype) -> Any:
    """A causal language model of transformers, ready to read.

    Raises:
        ModelNotFound: it cannot be loaded, or weights are missing.
    """
    from transformers import AutoModelForCausalLM

    folder = located(model_folder(name))
    with quietly(), told(name, _KIND):
        model, found = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=dtype)
    check_weights(name, found["missing_keys"])
    return model.to(device).eval()
