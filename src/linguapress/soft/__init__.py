"""Soft compression: a text becomes a few memory tokens of one given language model, which reads them in place of the text.

Memories are for models that run here and contexts that are read again and again; a text API cannot read them. The encoder is the
model itself with an adapter on; the reader is the model itself, untouched.

    >>> from linguapress.soft import FrozenLM, SoftReader, XCompressor
    >>> lm = FrozenLM.load("lm", device="cpu")
    >>> press = XCompressor.new(lm, k=4)  # untrained; XCompressor.from_pretrained("folder", lm) is a trained one
    >>> memory, = press.compress(["The bridge over the river Wye was opened in 1816 and painted green in 1966."])
    >>> memory.k, memory.source.parts
    (4, 1)
    >>> answers = SoftReader(lm).generate([[memory, "Question: What colour is the bridge? Answer:"]], most=4)
    >>> len(answers)
    1

A :class:`MemoryShelf` keeps the memories of a document collection in a byte store, and hands out references that stand for them in
an ordinary prompt; :func:`answer` and :func:`pieces` read such prompts. The LangChain and LlamaIndex packages are built on these.
"""

from linguapress.soft.answering import AnswerSettings, Piece, Usage, answer, pieces
from linguapress.soft.byte_store import ByteStore, FolderStore
from linguapress.soft.chat_format import ChatFormat
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.icae import Icae
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.memory import Maker, Memory, Source
from linguapress.soft.regeneration import regeneration_loss
from linguapress.soft.resolving import Resolved, resolve
from linguapress.soft.sampling import Sampling
from linguapress.soft.settings import SoftSettings
from linguapress.soft.shelf import MemoryShelf
from linguapress.soft.splice import SoftReader
from linguapress.soft.text_shelf import TextShelf
from linguapress.soft.xcompressor import XCompressor

__all__ = [
    "AnswerSettings",
    "ByteStore",
    "ChatFormat",
    "FolderStore",
    "FrozenLM",
    "Icae",
    "Maker",
    "Memory",
    "MemoryShelf",
    "Part",
    "Piece",
    "Resolved",
    "Sampling",
    "SoftCompressor",
    "SoftReader",
    "SoftSettings",
    "Source",
    "TextShelf",
    "Usage",
    "XCompressor",
    "answer",
    "pieces",
    "regeneration_loss",
    "resolve",
]
