"""From chunks to training data: ask, align, sift, split, write, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from linguapress.errors import DistillationError
from linguapress.training.distill.cost import check_cost, expected_of
from linguapress.training.distill.dataset import Split, check_parts, split, write_pairs, write_text
from linguapress.training.distill.estimate import Estimate
from linguapress.training.distill.instruction import VERSION, compression_of
from linguapress.training.distill.ledger import Ledger, key_of
from linguapress.training.distill.quality import Pair, Quality, Sifted, Watch, check_extractive, measured, sift
from linguapress.training.distill.report import report
from linguapress.training.distill.run import Progress, RunSettings, Tally, ask_all
from linguapress.training.distill.sources import Chunk
from linguapress.training.distill.teacher import Teacher

LEDGER, REPORT = "ledger.jsonl", "report.html"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a distillation has brought.

    Attributes:
        asked: tries, failures, tokens and cost of this run.
        sifted: all pairs.
        split: those for training and for measuring.
        unanswered: passages without an answer, from this run or an earlier one.
        report: path of the quality report.
    """

    asked: Tally
    sifted: Sifted
    split: Split
    unanswered: int
    report: Path

    @property
    def rate(self) -> float:
        """Mean share of words that are kept in the pairs for training and measuring, 0..1."""
        return mean(pair.rate for pair in self.sifted.kept)


async def distill(
    chunks: Sequence[Chunk], teacher: Teacher, out: Path, settings: RunSettings | None = None, *,
    quality: Quality | None = None, dev_share: float = 0.1, progress: Progress = lambda tally: None,
) -> Outcome:  # fmt: skip
    """Asks the teacher about every chunk that ``out`` has no answer to, and writes the training data and the report there.

    An interrupted run goes on when it is started again: every answer is in ``ledger.jsonl`` as soon as it has come. Equal
    chunks are asked, and used, once.

    Raises:
        DistillationError: the teacher cannot be used or rewrites, it would cost too much, or too little is left.
    """
    settings, quality = settings or RunSettings(), quality or Quality()
    different = len({chunk.text for chunk in chunks})
    check_parts(different, dev_share)
    with Ledger(out / LEDGER) as ledger:
        texts = [chunk.text for chunk in chunks]
        check_cost(texts, teacher.name, ledger, settings)
        asked = await ask_all(texts, teacher, ledger, settings, progress, Watch(quality))
        pairs = _pairs(chunks, teacher.name, ledger)
    if not pairs:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in asked.reasons.most_common(3))
        raise DistillationError(f"none of {different} passages was answered: {reasons or 'all were refused in an earlier run'}")
    sifted = sift(pairs, quality)
    write_text(out / REPORT, report(teacher.name, sifted, different - len(pairs)))
    check_extractive(pairs, quality)
    parts = split(sifted.kept, dev_share)
    for name, part in parts._asdict().items():
        write_pairs(out / f"{name}.jsonl", part)
    return Outcome(asked, sifted, parts, different - len(pairs), out / REPORT)


def estimate(chunks: Sequence[Chunk], teacher: str, out: Path, settings: RunSettings | None = None) -> Estimate:
    """What :func:`distill` is going to ask and cost; writes nothing."""
    return expected_of([chunk.text for chunk in chunks], teacher, out / LEDGER, settings or RunSettings())


def _pairs(chunks: Sequence[Chunk], teacher: str, ledger: Ledger) -> list[Pair]:
    sources: dict[str, str] = {}
    for chunk in chunks:
        sources.setdefault(chunk.text, chunk.source)
    replies = {text: ledger.entries.get(key_of(VERSION, teacher, text)) for text in sources}
    return [
        measured(sources[text], text, compression_of(entry.reply, text))
        for text, entry in replies.items()
        if entry is not None and entry.reply is not None
    ]
