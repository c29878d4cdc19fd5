"""A random Llama for :mod:`linguapress.evaluation.memories`: none of that size and window can be shipped.

Times and bytes do not depend on what the weights say.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from linguapress.evaluation.perplexity_models import llama, once, write_random
from linguapress.models.embedded import CAUSAL, model_folder

WINDOW = 1 << 14
_SHAPE = {  # 12 layers as wide as those of GPT-2 small, with four heads of key-values for twelve heads
    "vocab_size": 16384, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12,
    "num_key_value_heads": 4, "max_position_embeddings": WINDOW,
}  # fmt: skip


def random_llama(folder: Path, **changes: Any) -> Path:
    """Writes a Llama of 88 million weights that reads 16,384 tokens; a folder that stands there already stays.

    Args:
        folder: to write to; it gets the tokenizer of the embedded causal model.
        changes: settings of ``LlamaConfig`` that are to be others.
    """
    return once(folder, partial(_write, _SHAPE | changes))


def _write(shape: dict[str, Any], folder: Path) -> None:
    write_random(folder, partial(llama, **shape), Path(model_folder(CAUSAL)))
    settings = folder / "tokenizer_config.json"
    told = json.loads(settings.read_text("utf-8")) | {"model_max_length": shape["max_position_embeddings"]}
    settings.write_text(json.dumps(told), "utf-8")
