"""Token counters: the reader's tokenizer, as a function from text to a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linguapress.errors import MissingExtra, ModelNotFound, UnknownName
from linguapress.hub import located
from linguapress.segment import encodable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TokenCounter = Callable[[str], int]
_UNKNOWN = 100  # id of [UNK] in the embedded vocabulary


def embedded(text: str) -> int:
    """Tokens of the embedded model's own tokenizer (WordPiece, 30,522 pieces); the default, offline.

    A word that the vocabulary cannot spell counts one for each of its characters, since any reader pays for them.
    """
    tokenizer = _embedded_tokenizer()
    ids = tokenizer.encode_batch_fast([encodable(text)], add_special_tokens=False)[0].ids
    if _UNKNOWN not in ids:
        return len(ids)
    encoding = tokenizer.encode(encodable(text), add_special_tokens=False)
    spelled = (end - start for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True) if token == _UNKNOWN)
    return len(ids) + sum(length - 1 for length in spelled)


@lru_cache(maxsize=1)
def _embedded_tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    file = resources.files("linguapress").joinpath("assets/mini/tokenizer.json")
    return plain_tokenizer(Tokenizer.from_str(file.read_text("utf-8")))


def plain_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that neither cuts nor pads, and to which a document that spells out "[SEP]" holds text."""
    copy = type(tokenizer).from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    copy.encode_special_tokens = True
    return copy


def token_counter(counter: object = None) -> TokenCounter:
    """A counter from whatever names one.

    Args:
        counter: None for the embedded tokenizer; a function from text to a number (rounded up) or to a list of tokens; a tiktoken
            encoding or model name (``"cl100k_base"``, ``"gpt-4o"``); a Hugging Face tokenizer, its local folder, or its hub name.

    Raises:
        UnknownName: nothing of that name can be loaded.
        TypeError: when it counts, a function that returns neither.
    """
    if counter is None:
        return embedded
    if isinstance(counter, str | Path):
        return _named(str(counter))
    if hasattr(counter, "encode"):
        return _encoder(counter)
    if callable(counter):
        return counter if counter is embedded or isinstance(counter, _Function) else _Function(counter)
    raise UnknownName(f"cannot count tokens with {counter!r}; give a function, a tiktoken or Hugging Face name, or a tokenizer")


@dataclass(frozen=True, slots=True)
class _Function:
    """Counts with a function of the caller's, which counts tokens, lists them or estimates their number."""

    counter: Callable[[str], object]

    def __call__(self, text: str) -> int:
        found = self.counter(text)
        if isinstance(found, Sequence) and not isinstance(found, str | bytes):
            return len(found)
        if isinstance(found, Real) and math.isfinite(found):
            return math.ceil(float(found))
        raise TypeError(f"the token counter {self.counter!r} returned {found!r:.80}; it must return a number, or a list of tokens")


def remembering(counter: TokenCounter) -> TokenCounter:
    """The counter, which counts the same text only once; for the length of one call, since it holds on to the texts."""
    return lru_cache(maxsize=64)(counter)


@lru_cache(maxsize=16)
def _named(name: str) -> TokenCounter:
    if name == "embedded":
        return embedded
    if Path(name).exists():
        return _hugging_face(name)
    return _tiktoken(name) or _hugging_face(name)


def _tiktoken(name: str) -> TokenCounter | None:
    """Counter of a tiktoken encoding or OpenAI model, None when tiktoken does not know the name."""
    try:
        import tiktoken
    except ImportError as error:
        if name.startswith(("cl100k", "o200k", "p50k", "r50k", "gpt-", "o1", "o3", "o4")):
            raise MissingExtra("tiktoken", "tiktoken") from error
        return None
    known = name in tiktoken.list_encoding_names()
    try:
        encoding_name = name if known else tiktoken.encoding_name_for_model(name)
    except KeyError:
        return None
    try:
        encoding = tiktoken.get_encoding(encoding_name)
    except Exception as error:
        raise UnknownName(f"tiktoken could not load {encoding_name!r}; it needs its vocabulary in TIKTOKEN_CACHE_DIR") from error
    return lambda text: len(encoding.encode_ordinary(encodable(text)))


def _hugging_face(name: str) -> TokenCounter:
    file = Path(name) / "tokenizer.json" if Path(name).is_dir() else Path(name)
    if file.is_file():
        from tokenizers import Tokenizer

        try:
            return _encoder(Tokenizer.from_file(str(file)))
        except Exception as error:  # the library raises nothing more precise
            raise UnknownName(f"{name!r} is no tokenizer.json: {error}") from error
    try:
        folder = located(name)
    except ModelNotFound as error:
        raise UnknownName(f"cannot count tokens by {name!r}, which tiktoken does not know: {error}") from error
    try:
        from transformers import AutoTokenizer

        return _encoder(AutoTokenizer.from_pretrained(folder))
    except Exception as error:
        raise UnknownName(f"no tiktoken encoding, tokenizer folder or hub tokenizer called {name!r}") from error


def _encoder(tokenizer: Any) -> TokenCounter:
    """Counts with an object that has ``encode``: tiktoken, ``tokenizers`` or transformers."""
    if hasattr(tokenizer, "encode_ordinary"):
        return lambda text: len(tokenizer.encode_ordinary(encodable(text)))
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "no_truncation"):
        return lambda text: len(tokenizer.encode(encodable(text), add_special_tokens=False))
    plain = plain_tokenizer(backend)
    return lambda text: len(plain.encode(encodable(text), add_special_tokens=False).ids)
