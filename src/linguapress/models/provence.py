"""OpenProvence checkpoints as pair models.

OpenProvence (MIT) ships its model code with its checkpoints. Its forward pass returns ``ranking_logits`` [pairs, 1] and
``pruning_logits`` [pairs, tokens, 2], drop and keep; nothing else of it is used, so that text is cut by spans of ours.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from linguapress.errors import ModelNotFound
from linguapress.hub import located
from linguapress.models.pair_model import PairOutput

PREFIX = "open-provence:"


class ProvenceModel(nn.Module):
    """Gives the outputs of an OpenProvence model the names of ours."""

    def __init__(self, model: Any) -> None:
        """Wraps a loaded checkpoint."""
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor, inside: Tensor) -> PairOutput:
        """See :class:`~linguapress.models.pair_model.PairModel`; the token types are not used."""
        out = self.model(input_ids=ids, attention_mask=mask)
        pruning = out.pruning_logits.float()
        need = pruning[..., 1] - pruning[..., 0]
        return PairOutput(out.ranking_logits.float().reshape(len(ids), -1)[:, -1], need, need.masked_fill(~inside, -1e4))


def load_provence(name: str, device: Any, precision: Any) -> tuple[ProvenceModel, Any, int]:
    """The model, its tokenizer, and the tokens that it reads at once.

    Args:
        name: folder or hub name; its code is run.
        device: where it runs.
        precision: in which precision.

    Raises:
        ModelNotFound: there is no such checkpoint, or its model is of another kind.
    """
    from transformers import AutoModel, AutoTokenizer

    folder = located(name)
    try:
        model = AutoModel.from_pretrained(folder, trust_remote_code=True, dtype=precision)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, ImportError) as error:
        raise ModelNotFound(f"cannot load the OpenProvence checkpoint {name!r}: {error}") from error
    if not hasattr(model, "pruning_head"):
        raise ModelNotFound(f"{name!r} has no pruning head; it is no OpenProvence checkpoint")
    return ProvenceModel(model).to(device, precision), tokenizer, int(getattr(model.config, "max_length", 0) or 512)
