"""Weights and tokenizer of a selector in memory; imported only when one is first used, since it brings torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from linguapress.errors import ModelNotFound
from linguapress.models.devices import attention_of, device_of, precision_of
from linguapress.models.embedded import model_folder
from linguapress.models.pair_frame import Frame, Ids, Pairs
from linguapress.models.pair_model import PairModel
from linguapress.models.provence import PREFIX, load_provence
from linguapress.models.sentence_odds import CONFIG, PLAIN, SentenceOdds
from linguapress.models.stored import DENSE, read_state, read_weight, weights_file, without_rows
from linguapress.models.weights import check_vocabulary, longest_read
from linguapress.scores import Floats

WORDS = "encoder.embeddings.word_embeddings.weight"
SHARED = "words_of"  # entry of the config: the model whose word embeddings are used
_OWN_WORDS = "embeddings.word_embeddings.weight"  # the same in the model that has them


class PairWeights(Pairs):
    """A selector that torch runs."""

    def __init__(self, model: nn.Module, tokenizer: Any, device: torch.device, longest: int, odds: SentenceOdds = PLAIN) -> None:
        super().__init__(tokenizer.backend_tokenizer, _frame(tokenizer, longest, odds))
        self.model, self.device = model, device
        self.batch_tokens = 2048 if device.type == "cpu" else 32768

    @torch.inference_mode()
    def forward(self, question: Ids, rows: Sequence[Ids], length: int) -> tuple[Floats, Floats, Floats]:
        """See :meth:`Pairs.forward`; pairs are padded to ``length``."""
        arrays = self.arrays(question, rows, length)
        out = self.model(*(torch.from_numpy(array).to(self.device) for array in arrays))
        need, answer = (logits[:, self.before(question) :].float() for logits in (out.need, out.answer))
        return out.relevance.float().cpu().numpy(), need.sigmoid().cpu().numpy(), answer.cpu().numpy()


def _frame(tokenizer: Any, longest: int, odds: SentenceOdds) -> Frame:
    """How a tokenizer joins two texts."""
    pair = tokenizer("a", "b", return_special_tokens_mask=True, return_token_type_ids=True)
    parts, types = pair.sequence_ids(0), pair["token_type_ids"]
    first, last = parts.index(0), parts.index(1)
    ids = np.array(pair["input_ids"], dtype=np.int64)
    unknown = -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id
    kinds = types[first], types[last - 1], types[last]
    return Frame((ids[:first], ids[first + 1 : last], ids[last + 1 :]), kinds, tokenizer.pad_token_id or 0, unknown, longest, odds)


def load_pair_weights(name: str, device_name: str, exact: bool = False) -> PairWeights:
    """Loads what :func:`save_selector` wrote, or an OpenProvence checkpoint; ``exact`` asks for float32 on any device."""
    device = device_of(device_name)
    precision = torch.float32 if exact else precision_of(device)
    if name.startswith(PREFIX):
        provence, tokenizer, longest = load_provence(name.removeprefix(PREFIX), device, precision)
        return PairWeights(provence.eval(), tokenizer, device, longest)
    try:
        folder = Path(model_folder(name))
        model, tokenizer = load_selector(folder, attention_of(device, precision))
        odds = read_odds(folder)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelNotFound(
            f"cannot load the selector {name!r}: {error}; name a folder that `linguapress train select` has written"
        ) from error
    return PairWeights(model.to(device, precision).eval(), tokenizer, device, longest_pair(model, tokenizer), odds)


def longest_pair(model: PairModel, tokenizer: Any) -> int:
    """Tokens that a pair may have, special ones included; selectors are trained on passages, and more is read in windows."""
    return min(longest_read(model.encoder.config, tokenizer), 512)


def load_selector(folder: Path, attention: str | None = None, **changes: Any) -> tuple[PairModel, Any]:
    """Model and tokenizer of a selector, in float32 on the CPU; ``changes`` are of its configuration."""
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    shared = whose_words(folder)
    config = AutoConfig.from_pretrained(folder, **changes)
    model = PairModel(AutoModel.from_config(config, attn_implementation=attention))
    model.load_state_dict(selector_state(folder))
    tokenizer = AutoTokenizer.from_pretrained(model_folder(shared) if shared else folder)
    known, needed = len(tokenizer), int(model.encoder.config.vocab_size)
    if 2 * known < needed or not tokenizer.is_fast:  # what transformers makes of a missing file
        raise ValueError(f"its tokenizer is slow, or knows too few tokens: {known} of {needed}")
    check_vocabulary(str(folder), model.encoder, tokenizer)
    return model, tokenizer


def selector_state(folder: Path) -> dict[str, torch.Tensor]:
    """All weights of a selector, those included that it shares."""
    weights = read_state(folder)
    shared = whose_words(folder)
    return {**weights, WORDS: read_weight(Path(model_folder(shared)), _OWN_WORDS)} if shared else weights


def is_selector(model: str) -> bool:
    """Whether a model is a folder that :func:`save_selector` wrote."""
    file = weights_file(Path(model_folder(model)))
    if not file.is_file():
        return False
    with safe_open(file, "pt") as weights:
        return "passage.weight" in weights.keys()  # noqa: SIM118 - the file is no mapping


def whose_words(folder: Path) -> str | None:
    """The model whose word embeddings a selector uses, where it has none of its own."""
    found: str | None = _config(folder).get(SHARED)
    return found


def _config(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return settings


def read_odds(folder: Path) -> SentenceOdds:
    """What :func:`write_odds` wrote there, or the defaults."""
    return SentenceOdds.of(_config(folder))


def write_odds(folder: Path, odds: SentenceOdds) -> None:
    """Adds to a selector what makes the probability that a sentence is needed of what it says."""
    _write_config(folder, {**_config(folder), CONFIG: odds._asdict()})


def _write_config(folder: Path, settings: dict[str, Any]) -> None:
    """Writes it as a whole; an interruption leaves the former one."""
    new = folder / "config.new"
    new.write_text(json.dumps(settings, indent=1), encoding="utf-8")
    new.replace(folder / "config.json")


def save_selector(model: PairModel, tokenizer: Any, folder: Path, words_of: str | None) -> None:
    """Writes a selector in half precision; without its word embeddings when they are those of ``words_of``."""
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.config.save_pretrained(folder)
    weights = {name: value.detach().half().contiguous().cpu() for name, value in model.state_dict().items()}
    settings = {name: value for name, value in _config(folder).items() if name not in (SHARED, CONFIG)}  # those of a start
    if words_of:
        del weights[WORDS]
        settings[SHARED] = words_of
    else:
        tokenizer.save_pretrained(folder)
    _write_config(folder, settings)
    save_file(weights, folder / DENSE)
    without_rows(folder)
