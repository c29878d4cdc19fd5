"""A causal language model from a folder or a hub name."""

from __future__ import annotations

from typing import Any

import torch

from linguapress.errors import ModelNotFound
from linguapress.models.causal_weights import CausalWeights
from linguapress.models.devices import device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.models.weights import check_tokenizer, check_weights, load_tokenizer, quietly, told


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
    from transformers import AutoModelForCausalLM

    device, folder = device_of(device_name), model_folder(name)
    precision = torch.float32 if exact else precision_of(device)
    with quietly():
        with told(name, "causal language model"):
            tokenizer = load_tokenizer(folder)
        check_tokenizer(name, tokenizer)
        with told(name, "causal language model"):
            model, found = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=precision)
        check_weights(name, found["missing_keys"])
        _check_vocabulary(name, model, tokenizer)
        return CausalWeights(name, model.to(device).eval(), tokenizer, window)


def _check_vocabulary(name: str, model: Any, tokenizer: Any) -> None:
    rows, tokens = model.get_input_embeddings().weight.shape[0], len(tokenizer)
    if tokens > rows:
        raise ModelNotFound(
            f"the tokenizer of {name!r} knows {tokens} tokens, the model {rows}; put the model's own tokenizer.json there"
        )
