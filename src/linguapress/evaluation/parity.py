"""Whether our ``llmlingua2`` keeps what the package ``llmlingua`` 0.2.2 keeps, word for word, and why where it does not.

A golden is what the reference kept of texts of one chunk, made with a tiny model in its own environment (see
:mod:`linguapress.evaluation.reference`); the comparison needs the golden alone. The models have the layouts of the published
checkpoints; ``--mini`` takes the embedded weights instead and stores nothing.

    python -m linguapress.evaluation.parity --folder tests/data/parity
    python -m linguapress.evaluation.parity --folder tests/data/parity --reference-python REF/bin/python [--mini]

Ours runs as the reference counts and cuts: no guard, its words (punctuation apart), its tokens and its rounding of the rate. What
then still differs is put down to a defect of the reference by a rule that is checked in code, see :class:`Cause`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from linguapress.evaluation.parity_words import MODELS, Kept, Reading, Word, kept_by_ours, limit_of
from linguapress.jsonl import read_jsonl
from linguapress.models.embedded import EMBEDDED
from linguapress.models.stored import copy_dense

RATES = (0.2, 0.33, 0.5, 0.7)
_NOISE = 1e-4  # two passes with different padding differ by less


class Cause(Enum):
    """Why only one side keeps a word."""

    STRICT = "the reference keeps what lies strictly above its threshold and leaves room unused; ours fills it"
    UNKNOWN = "the reference skips characters outside the vocabulary, and their probability; ours reads the whole word"
    FRAME = "the reference frames an XLM-R text with <unk> instead of <s> and </s>; with the same slip ours agrees"
    NOISE = "the probability equals the threshold up to rounding"
    UNEXPLAINED = "unexplained"


class Difference(NamedTuple):
    """A word that only one side keeps."""

    word: str
    ours: bool
    cause: Cause


class Case(NamedTuple):
    """One text at one rate.

    Attributes:
        rate: as asked for, 0..1.
        both: words that both sides keep.
        differences: words that one side keeps.
    """

    rate: float
    both: int
    differences: tuple[Difference, ...]


def jaccard(cases: Sequence[Case]) -> float:
    """Words kept by both sides / words kept by either, over all cases, 0..1."""
    both = sum(case.both for case in cases)
    return both / max(1, both + sum(len(case.differences) for case in cases))


@dataclass(frozen=True)
class Judge:
    """Puts each difference down to its cause.

    Attributes:
        golden: words of one text, with their tokens and what the reference kept.
        words: as ours reads them.
        framed: the same, read with the frame of the reference.
    """

    golden: Mapping[str, Any]
    words: Sequence[Word]
    framed: Sequence[Word]

    def case(self, text: str, rate: float) -> Case:
        """Compares one text at one rate: a cause is the first slip of the reference with which ours agrees with it."""
        tokens = self.golden["tokens"]
        blind = [word._replace(unknown=()) for word in self.framed]
        theirs = np.array([label == "1" for label in self.golden["kept"][str(rate)]])
        ours, framed, like_theirs = (kept_by_ours(text, words, tokens, rate) for words in (self.words, self.framed, blind))
        differences = []
        for number in np.flatnonzero(theirs != ours).tolist():
            if framed[number] == theirs[number]:
                cause = Cause.FRAME
            elif like_theirs[number] == theirs[number]:
                cause = Cause.UNKNOWN
            else:
                cause = self._cause(number, rate, theirs, like_theirs)
            differences.append(Difference(self.golden["words"][number], bool(ours[number]), cause))
        return Case(rate, int((theirs & ours).sum()), tuple(differences))

    def _cause(self, number: int, rate: float, theirs: Kept, ours: Kept) -> Cause:
        """Why a word's fate differs although both have read the same tokens."""
        values, costs = np.array([np.mean(word.scores) for word in self.framed]), np.array(self.golden["tokens"])
        threshold = min(values[theirs], default=1.0)
        if ours[number] and values[number] <= threshold and costs[ours].sum() <= limit_of(costs.sum(), rate):
            return Cause.STRICT
        return Cause.NOISE if abs(values[number] - threshold) < _NOISE else Cause.UNEXPLAINED


def compare(folder: Path, texts: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> list[Case]:
    """All texts at all rates.

    Args:
        folder: of the model.
        texts: each of one chunk.
        answers: what the reference made of each.

    Raises:
        ValueError: the reference cut a text into other words, so that nothing can be compared.
    """
    reading, slipped = Reading.of(folder), Reading.of(folder, slip=MODELS[0] in folder.name)
    cases = []
    for text, golden in zip(texts, answers, strict=True):
        judge = Judge(golden, reading.words(text), slipped.words(text))
        if [word.spelling for word in judge.words] != golden["words"]:
            raise ValueError(f"the reference cut {text[:40]!r} into other words; make the goldens anew")
        cases += [judge.case(text, float(rate)) for rate in golden["kept"]]
    return cases


def texts_of(folder: Path) -> list[str]:
    """The texts that goldens are made of."""
    return [row["text"] for row in read_jsonl(folder / "texts.jsonl")]


def asked(reference_python: str, folder: Path, texts: Sequence[str], make: bool) -> dict[str, Any]:
    """What the reference answers; see :mod:`linguapress.evaluation.parity_worker`."""
    worker = str(Path(__file__).with_name("parity_worker.py"))
    question = json.dumps({"folder": str(folder), "make": make, "texts": list(texts), "rates": RATES})
    done = subprocess.run([reference_python, worker], input=question, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def lines(name: str, cases: Sequence[Case]) -> Iterator[str]:
    """What to show of one model."""
    rates = (f"{rate}: {jaccard([case for case in cases if case.rate == rate]):.3f}" for rate in RATES)
    causes = Counter(difference.cause.name.lower() for case in cases for difference in case.differences)
    yield f"{name}: Jaccard of kept words {', '.join(rates)}; differences: {dict(causes) or 'none'}"


def main() -> None:
    """Compares, after making goldens and models anew when the reference is at hand."""
    parser = argparse.ArgumentParser(description="Compares the words that linguapress and llmlingua keep.")
    parser.add_argument("--folder", type=Path, required=True, help="texts.jsonl, goldens and models")
    parser.add_argument("--reference-python", help="interpreter that has llmlingua; goldens are made anew")
    parser.add_argument("--mini", action="store_true", help="the embedded weights instead of the tiny ones; nothing is stored")
    options = parser.parse_args()
    texts = texts_of(options.folder)
    with tempfile.TemporaryDirectory() as scratch:
        if options.mini:
            folder = Path(scratch, MODELS[1])
            copy_dense(EMBEDDED, folder)
            found = asked(options.reference_python, folder, texts, make=False)
            sys.stdout.writelines(f"{line}\n" for line in lines(EMBEDDED, compare(folder, texts, found["texts"])))
            return
    for name in MODELS:
        golden = options.folder / f"{name}.json"
        if options.reference_python:
            found = asked(options.reference_python, options.folder / name, texts, make=True)
            golden.write_text(json.dumps(found, ensure_ascii=False) + "\n", "utf-8")
        answers = json.loads(golden.read_text("utf-8"))["texts"]
        sys.stdout.writelines(f"{line}\n" for line in lines(name, compare(options.folder / name, texts, answers)))


if __name__ == "__main__":
    main()
