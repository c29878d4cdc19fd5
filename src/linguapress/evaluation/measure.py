"""Every figure of a result: what survived of an example, in how many tokens of whose tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import regex

from linguapress.compression import Compression
from linguapress.counters import TokenCounter
from linguapress.evaluation.checks import checked
from linguapress.evaluation.evidence import content_words
from linguapress.evaluation.metrics import answer_survives, share_kept
from linguapress.evaluation.prompts_measure import torn
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import Example

_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_NAME = regex.compile(r"(?<![\w'’])\p{Lu}[\p{L}\p{N}]*+(?:[-'’.]\p{L}[\p{L}\p{N}]*+)*+")


def figures(example: Example, out: Compression) -> Row:
    """What survived.

    Returns:
        ``answer``: whether one stands in the text. ``evidence``: whether half of a sentence that holds an answer is left;
        ``all_evidence``: half of every one of :attr:`Example.hops`; ``evidence_share``: the share of all their words.
        ``numbers`` and ``entities``: the share of those of the evidence. ``torn``: numbers that do not stand in the source as they
        stand in the result. Then the figures of the example's own checks. None where there is nothing to measure.
    """
    kept = {passage.index: passage.text for passage in out.passages}
    shares = [share_kept(sentence, kept.get(index, "")) for index, sentence in example.evidence]
    hops = [share_kept(sentence, kept.get(index, "")) for index, sentence in example.hops]
    found = {
        "answer": answer_survives(out.text, example.answers) if example.answers else None,
        "evidence": max(shares) >= 0.5 if shares else None,
        "all_evidence": min(hops) >= 0.5 if hops else None,
    }
    wanted = example.hops or example.evidence
    more = {"evidence_share": _weighted(wanted, hops or shares), **particulars(wanted, kept)}
    return {**found, **more, "torn": sum(len(torn(passage)) for passage in out.passages), **checked(example.checks, out)}


def particulars(evidence: Iterable[tuple[int, str]], kept: Mapping[int, str]) -> Row:
    """``numbers`` and ``entities``: the share of those of the evidence that is left in the same passage; each once a passage.

    Entities are told by spelling: words with a capital letter that do not begin a sentence, function words aside. Scripts without
    capital letters have none.
    """
    pairs = list(evidence)
    numbers = {(index, found) for index, text in pairs for found in _NUMBER.findall(text)}
    names = {(index, name) for index, text in pairs for name in _names(text)}
    return {
        "numbers": _share([found in _NUMBER.findall(kept.get(index, "")) for index, found in numbers]),
        "entities": _share([_stands(name, kept.get(index, "")) for index, name in names]),
    }


def counted(texts: tuple[str, str], counters: Mapping[str, TokenCounter]) -> dict[str, list[int]]:
    """Tokens of a text before and after, by the name of each tokenizer."""
    return {name: [count(text) for text in texts] for name, count in counters.items()}


def _names(sentence: str) -> set[str]:
    text = sentence.strip()
    found = (match for match in _NAME.finditer(text) if match.start() > 0)
    return {match.group() for match in found if content_words(match.group())}


def _stands(name: str, text: str) -> bool:
    return regex.search(rf"(?<!\w){regex.escape(name)}(?!\w)", text) is not None


def _weighted(evidence: Iterable[tuple[int, str]], shares: list[float]) -> float | None:
    """The mean share, a sentence weighed by its words."""
    sizes = [len(text.split()) for _, text in evidence]
    total = sum(sizes)
    return sum(size * share for size, share in zip(sizes, shares, strict=True)) / total if total else None


def _share(found: list[bool]) -> float | None:
    return sum(found) / len(found) if found else None
