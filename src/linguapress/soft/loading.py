"""A trained soft compressor of any method."""

from __future__ import annotations

from pathlib import Path

from linguapress.errors import ModelNotFound
from linguapress.soft.checkpoint import read_facts
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.icae import Icae
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.xcompressor import XCompressor

KINDS: dict[str, type[SoftCompressor]] = {kind.method: kind for kind in (XCompressor, Icae)}


def load_compressor(folder: str | Path, lm: FrozenLM | None = None) -> SoftCompressor:
    """The compressor of a folder, of whichever method it is.

    Args:
        folder: that ``save_pretrained`` has written.
        lm: the model that it was made for; None = loaded by the name that it had then.

    Raises:
        ModelNotFound: files that are missing or damaged, or a method that is not known.
        WrongModel: another model or tokenizer.
    """
    method = read_facts(Path(folder))["method"]
    if method not in KINDS:
        raise ModelNotFound(f"{str(folder)!r} holds a compressor of method {method!r}; use one of {', '.join(KINDS)}")
    return KINDS[method].from_pretrained(folder, lm)
