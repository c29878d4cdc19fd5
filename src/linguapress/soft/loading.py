"""The frozen language model from a folder or a hub name; the one place here that knows how models are loaded."""

from __future__ import annotations

from typing import Any

import torch

from linguapress.models.devices import device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.models.weights import check_tokenizer, check_weights, load_tokenizer, quietly, told

_KIND = "causal language model"


def load_model(name: str, device_name: str = "auto", exact: bool = False) -> tuple[Any, Any]:
    """A causal language model of transformers and its fast tokenizer.

    Args:
        name: embedded model, folder or hub name.
        device_name: ``"auto"`` or a torch device.
        exact: float32, whatever the device multiplies fastest.

    Raises:
        ModelNotFound: nothing of that name can be loaded.
    """
    from transformers import AutoModelForCausalLM

    device, folder = device_of(device_name), model_folder(name)
    precision = torch.float32 if exact else precision_of(device)
    with quietly(), told(name, _KIND):
        tokenizer = load_tokenizer(folder)
        model, found = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=precision)
    check_tokenizer(name, tokenizer)
    check_weights(name, found["missing_keys"])
    return model.to(device), tokenizer
