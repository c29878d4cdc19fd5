"""Which model is it? Told by its numbers, so that it does not matter where it was loaded from, and whether in float32 or bfloat16.

float16 rounds otherwise, and a loaded model that is cast by ``.to`` loses digits of its rotations, which moves keys: another model.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor

_SAMPLES = 64  # numbers of each tensor; hashing all of a large model would take minutes


def of_model(model: Any) -> str:
    """Fingerprint of a language model: kind, weights in bfloat16, rotations."""
    tensors = [(name, weight.detach().to(torch.bfloat16).float()) for name, weight in _sampled(model.named_parameters())]
    tensors += [(name, buffer.float()) for name, buffer in _sampled(model.named_buffers()) if "inv_freq" in name]
    return of_tensors(tensors, str(model.config.model_type))


def of_tokenizer(tokenizer: Any) -> str:
    """Fingerprint of a tokenizer of the ``tokenizers`` library."""
    return blake2b(tokenizer.to_str().encode(), digest_size=8).hexdigest()


def of_tensors(tensors: Iterable[tuple[str, Tensor]], *settings: object) -> str:
    """Fingerprint of named tensors: their shapes and evenly spread numbers in float32; and of settings."""
    found = blake2b(repr(settings).encode(), digest_size=8)
    for name, tensor in sorted(_sampled(tensors), key=lambda item: item[0]):
        found.update(name.encode())
        found.update(tensor.detach().float().cpu().numpy().tobytes())
    return found.hexdigest()


def _sampled(tensors: Iterable[tuple[str, Tensor]]) -> Iterable[tuple[str, Tensor]]:
    """Evenly spread numbers of each tensor, both ends among them; its shape joins its name."""
    for name, tensor in tensors:
        flat = tensor.detach().reshape(-1)
        most = min(_SAMPLES, len(flat))
        at = torch.linspace(0, max(len(flat) - 1, 0), most, dtype=torch.float64, device="cpu").long()
        yield f"{name} {tuple(tensor.shape)}", flat[at.to(flat.device)]
