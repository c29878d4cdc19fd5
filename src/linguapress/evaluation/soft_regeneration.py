"""Whether a model says a text again from its memory: token accuracy, Rouge-L, BLEU, next to the controls."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from linguapress.errors import MissingExtra
from linguapress.evaluation.metrics import common_run
from linguapress.evaluation.soft_prompts import Segments, given
from linguapress.soft.batches import in_company
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.prompt import lay_out
from linguapress.soft.splice import SoftReader

Figures = dict[str, float]


@torch.no_grad()
def regeneration(press: SoftCompressor, rows: Sequence[Sequence[int]], k: int, batch: int = 16) -> dict[str, Figures]:
    """Figures of each control on texts.

    Args:
        press: the compressor.
        rows: tokens of the texts, at most ``press.settings.longest``.
        k: memory tokens.
        batch: texts at once; two or three where fewer would leave one without another.

    Returns:
        By control ``accuracy`` (share of tokens that are the likeliest, teacher-forced), ``nats`` per token, ``rouge_l`` and
        ``bleu`` of the greedy answer (0..1), ``exact`` (share of texts said word for word).
    """
    prompts: dict[str, list[Segments]] = {}
    for part in in_company(rows, batch):
        for name, found in given(press, part, k, seed=len(prompts.get("memory", []))).items():
            prompts.setdefault(name, []).extend(found)
    return {name: _figures(press, found, rows, batch) for name, found in prompts.items()}


def _figures(press: SoftCompressor, beginnings: Sequence[Segments], rows: Sequence[Sequence[int]], batch: int) -> Figures:
    lm, reader = press.lm, SoftReader(press.lm)
    prompts = [[*beginning, press.asking] for beginning in beginnings]
    nats = right = count = 0.0
    for at in range(0, len(rows), batch):
        pairs = zip(prompts[at : at + batch], rows[at : at + batch], strict=True)
        laid = [lay_out(lm, prompt, target=row) for prompt, row in pairs]
        logits = reader.logits(laid)
        wanted = torch.tensor([token for one in laid for token in one.scored], device=logits.device)
        nats += float(torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"))
        right += float((logits.argmax(-1) == wanted).sum())
        count += len(wanted)
    said = reader.generate(prompts, most=max(map(len, rows)) + 8, batch_size=batch)
    texts = [lm.text(row) for row in rows]
    return {
        "accuracy": right / count,
        "nats": nats / count,
        "rouge_l": sum(map(rouge_l, said, texts)) / len(texts),
        "bleu": bleu(said, texts),
        "exact": sum(one.strip() == text.strip() for one, text in zip(said, texts, strict=True)) / len(texts),
    }


def rouge_l(said: str, text: str) -> float:
    """F-measure of the longest common subsequence of words (Lin, 2004)."""
    own, other = said.lower().split(), text.lower().split()
    run = common_run(own, other)
    return 2 * run / (len(own) + len(other)) if run else 0.0


def bleu(said: Sequence[str], texts: Sequence[str]) -> float:
    """BLEU of a corpus as sacrebleu counts it, 0..1.

    Raises:
        MissingExtra: sacrebleu is not installed.
    """
    try:
        from sacrebleu import corpus_bleu
    except ImportError as error:
        raise MissingExtra("sacrebleu", "bench") from error
    return float(corpus_bleu(list(said), [list(texts)]).score) / 100
