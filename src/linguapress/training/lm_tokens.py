"""The byte-level BPE of a language model, and the tokens of its texts as one stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from linguapress.soft import texts as soft_texts
from linguapress.training.checkpoint import digest

END = "<|endoftext|>"  # begins and ends a document, as in GPT-2
END_ID = 0
Tokens = NDArray[np.uint16]
Count = Callable[[int], None]
_AT_ONCE = 64  # texts


def shards(data: Path, split: str) -> list[Path]:
    """The files of a split in order: ``train_00.jsonl.gz``, ``test.jsonl``.

    Raises:
        FileNotFoundError: there are none.
    """
    found = sorted(path for ending in (".jsonl", ".jsonl.gz") for path in data.glob(f"{split}*{ending}"))
    if not found:
        raise FileNotFoundError(f"{data} has no {split}*.jsonl or {split}*.jsonl.gz; name a folder with train, valid and test")
    return found


def read_texts(data: Path, split: str) -> Iterator[str]:
    """The texts of a split, shard after shard.

    Raises:
        FileNotFoundError: the split has no file.
        ValueError: a line is no record with a field ``text``.
    """
    yield from soft_texts.read_texts(shards(data, split))


def train_bpe(texts: Iterable[str], size: int) -> Tokenizer:
    """A byte-level BPE of at most ``size`` tokens; the same texts give the same one."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())  # sorted, since it comes in the order of a hash
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def fast_tokenizer(tokenizer: Tokenizer, window: int) -> Any:
    """The tokenizer as transformers wants it; like GPT-2's, it adds no token of its own accord."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, pad_token=END, model_max_length=window,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def encode(tokenizer: Tokenizer, texts: Iterable[str], count: Count = lambda done: None) -> Iterator[Tokens]:
    """The tokens of each text, without the end token."""
    rest, done = iter(texts), 0
    while batch := list(islice(rest, _AT_ONCE)):
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            yield np.array(encoding.ids, np.uint16)
        done += len(batch)
        count(done)


def stream(documents: Iterable[Tokens]) -> Tokens:
    """All documents on end, the end token before each and after the last."""
    end = np.array([END_ID], np.uint16)
    return np.concatenate([*chain.from_iterable((end, tokens) for tokens in documents), end])


def prepared(data: Path, out: Path, size: int, count: Count = lambda done: None) -> tuple[Tokenizer, Tokens]:
    """The tokenizer and the training stream; a later run on the same files in the same folder reads them."""
    kept, names, mark = out / "tokens.npy", out / "tokenizer.json", out / "tokens.json"
    wanted = {"vocabulary": size, "shards": digest(path.read_bytes() for path in shards(data, "train"))}
    if mark.exists() and json.loads(mark.read_text(encoding="utf-8")) == wanted:
        return Tokenizer.from_file(str(names)), np.load(kept)
    out.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)  # it is written last, so that it vouches for the others
    tokenizer = train_bpe(read_texts(data, "train"), size)
    tokens = stream(encode(tokenizer, read_texts(data, "train"), count))
    tokenizer.save(str(names))
    np.save(kept, tokens)
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    return tokenizer, tokens


class Windows:
    """The windows of a stream, shuffled; which ones a step reads depends on the seed and the step alone.

    Each round over the stream cuts it at other places.
    """

    def __init__(self, tokens: Sequence[int] | Tokens, window: int, batch: int, seed: int) -> None:
        """Takes note of the stream.

        Raises:
            ValueError: it does not fill one step.
        """
        self._tokens, self._window, self._batch, self._seed = np.asarray(tokens), window, batch, seed
        self.steps = (len(tokens) - window) // window // batch  # of a round
        if self.steps < 1:
            raise ValueError(
                f"{len(tokens)} tokens do not fill {batch} windows of {window}; give more text, or smaller --batch or --window"
            )
        self._round, self._starts = -1, np.zeros(0, np.int64)

    def of_step(self, step: int) -> NDArray[np.int64]:
        """Tokens [batch, window + 1] of a step: a window and the token after it."""
        number, at = divmod(step, self.steps)
        if number != self._round:
            draws = np.random.default_rng([self._seed, number])
            shift, order = draws.integers(self._window), draws.permutation(self.steps * self._batch)
            self._round, self._starts = number, shift + order * self._window
        starts = self._starts[at * self._batch : (at + 1) * self._batch]
        found: NDArray[np.int64] = self._tokens[starts[:, None] + np.arange(self._window + 1)].astype(np.int64)
        return found
