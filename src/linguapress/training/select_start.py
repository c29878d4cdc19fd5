"""What the training of a selector begins with: a model, and questions from which something can be learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from linguapress.errors import ModelNotFound
from linguapress.models.embedded import EMBEDDED, model_folder
from linguapress.models.pair_model import PairModel
from linguapress.models.pair_weights import is_selector, load_selector, whose_words
from linguapress.models.stored import load
from linguapress.splits import held_out
from linguapress.training.groups import ALONE
from linguapress.training.questions import Question

_REMEDY = "name select, or a folder that `linguapress train select` has written"
_UNREADABLE = (OSError, ValueError, TypeError, AttributeError, RuntimeError, SafetensorError)


def selector_of(name: str, attention: str | None = None, **changes: Any) -> tuple[PairModel, Any]:
    """Model and tokenizer of a selector, in float32 on the CPU; ``changes`` are of its configuration.

    Raises:
        ModelNotFound: there is no selector of that name.
    """
    check_selector(name)
    try:
        return load_selector(Path(model_folder(name)), attention, **changes)
    except _UNREADABLE as error:
        raise ModelNotFound(f"cannot load the selector {name!r}: {_first(error)}; {_REMEDY}") from error


def check_selector(name: str) -> None:
    """Raises: ModelNotFound: there is no selector of that name."""
    try:
        found = is_selector(name)
    except (OSError, SafetensorError) as error:
        raise ModelNotFound(f"cannot read the weights of {name!r}: {_first(error)}; {_REMEDY}") from error
    if not found:
        raise ModelNotFound(f"{name!r} is no selector; {_REMEDY}")


def begun(start: str, base: str, attention: str | None, dropout: float) -> tuple[PairModel, Any, str | None]:
    """The model to train in float32, its tokenizer, and whose word embeddings it has, where they are not its own.

    Args:
        start: selector to go on from; empty = new heads on ``base``.
        base: encoder to start from.
        attention: of the model, None = the default.
        dropout: of hidden states.

    Raises:
        ModelNotFound: it cannot be loaded, or its architecture is none that is trained.
    """
    dropouts = {"attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": dropout}
    if start:
        return *selector_of(start, attention, **dropouts), whose_words(Path(model_folder(start)))
    folder = model_folder(base)
    try:
        encoder, _ = load(AutoModel, folder, dtype=torch.float32, attn_implementation=attention, **dropouts)
        return PairModel(encoder), AutoTokenizer.from_pretrained(folder), EMBEDDED if base == EMBEDDED else None
    except _UNREADABLE as error:
        raise ModelNotFound(
            f"cannot start from {base!r}: {_first(error)}; name mini, a hub name, or a folder of an encoder such as BERT"
        ) from error


def check_questions(questions: Sequence[Question], own: Sequence[Question], mix: Mapping[str, float]) -> None:
    """Refuses questions from which nothing can be learnt.

    Args:
        questions: that are learnt from.
        own: those of the user's files among them, before a tenth was held out.
        mix: share of the groups by source.

    Raises:
        ValueError: there are none of the mix, or none with a relevant passage.
    """
    wanted = [name for name, share in mix.items() if share > 0]
    there = {question.source.split("-")[0] for question in questions}
    if own and not questions:
        raise ValueError(f"all {len(own):,} questions are held out, as a tenth of all is by a checksum of the text; give more")
    if not questions:
        raise ValueError("there are no questions at all; give files that hold some")
    if not there.intersection(wanted):
        raise ValueError(f"no questions of {', '.join(wanted)}; give files of them, or a mix of {', '.join(sorted(there))}")
    if not any(map(_teaches, questions)):
        raise ValueError("no question has a relevant passage; mark what is needed of one, or the passage with relevant: true")


def notes_on(own: Sequence[Question]) -> list[str]:
    """What of the user's own questions is not learnt from."""
    held = sum(held_out(question.text) for question in own)
    useless = sum(not _teaches(question) for question in own)
    notes = [
        (held, "are not learnt from: a tenth of all is held out, by a checksum of the text"),
        (useless, "have no relevant passage, and teach nothing"),
    ]
    return [f"{count:,} of {len(own):,} questions {said}" for count, said in notes if count]


def _teaches(question: Question) -> bool:
    return question.source.split("-")[0] in ALONE or any(candidate.relevant for candidate in question.candidates)


def _first(error: Exception) -> str:
    """The first sentence of an error, some of which list a hundred weights."""
    return " ".join(str(error).split())[:200].rstrip(".")
