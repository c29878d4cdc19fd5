"""The measurements of :mod:`linguapress.evaluation.rate_distortion` as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linguapress.evaluation.rate_distortion_markov import MEASURES
from linguapress.evaluation.rate_distortion_selections import LOSSES
from linguapress.evaluation.tables import table

Found = Mapping[str, Any]
OPTIMA = {
    "blind": "any string, all queries",
    "blind_pruned": "pruned, all queries",
    "aware": "any string, one query",
    "aware_pruned": "pruned, one query",
}
_QUESTIONS = """The optimum is exact over the searched set: nothing, everything, all runs of up to three neighbouring sentences of
a passage (or: whole passages; or: the shortest runs of words that hold an answer). The distortion of a question is 0 or 1, so that
a union of pieces helps no more than the best of them (but for accidents: an answer across a seam, a sentence whose words stand in
others), and the optimum over all unions is the same. It is told the answers; no method is. "Optimum": its distortion where it has
what each question's budget allows, as the methods have. "Rate for that distortion": the lowest mean rate at which it does as well
as the method, where it may spend more on one question than on another, as the theory has it (arXiv 2407.15504, section 3) and the
picture shows; and how many times that the method takes. A method that drops words inside sentences is not bound by the curve of
sentences, but by that of words, which says more about the measure than about compression: an answer survives in a title, or in two
words that no reader could make sense of. Where it keeps less than half, it leaves less than half of most sentences.
"""
_STRINGS = """Rate: bits kept / bits, each length equally likely. Optima are exact, with free rates (arXiv 2407.15504, section 3):
over all strings that are no longer than the whole one, or over what is left when bits are dropped (pruned), with one compression
for all queries or one for each query. Methods prune and see no query, so that "pruned, all queries" is what they are to be held
against; the chain itself is the language model of `selective_context` and `llmlingua` (segments of two bits). The literal reader
takes what it gets for the whole string. The informed one knows the length of the whole string, takes it that bits were dropped by
chance, and answers by Bayes' rule; the optimum may use its answers as a code, which is why so few bits do. Queries: ones, zeros,
parity, longest run, palindrome, transitions, equally likely.
"""
_LEAST = 0.001


def markdown(found: Found) -> str:
    """Tables of the questions and of the strings, each with the optimum."""
    about = found["about"]
    pages = [f"# Distance to the optimum\n\n{about['date']}. arXiv 2407.15504, section 3. Methods as shipped.\n"]
    if found.get("questions"):
        pages += [_question_table(found["questions"][loss], loss, about) for loss in LOSSES]
        pages += [_needed(found["questions"]), _QUESTIONS]
    if found.get("strings"):
        pages += [_string_table(found["strings"], measure) for measure in MEASURES] + [_STRINGS]
    return "\n".join(pages)


def _question_table(rows: Found, loss: str, about: Found) -> str:
    """Methods beside the optimum of whole sentences and of whole passages."""
    columns = (
        "method", "rate asked", "rate", "distortion", "95 % interval", "optimum: sentences", "passages",
        "rate for that distortion: sentences", "passages",
    )  # fmt: skip
    cells = [
        (
            row["method"], row["asked"], f"{row['rate']:.3f}", f"{row['distortion']:.3f}", f"{row['low']:.3f}-{row['high']:.3f}",
            *(f"{row['equal'][kind]:.3f}" for kind in ("sentences", "passages")),
            *(_times(row["rate"], row["needed"][kind]) for kind in ("sentences", "passages")),
        )
        for row in rows["methods"]
    ]  # fmt: skip
    where = f"{about['task']}, {about['part']}"
    title = f"{where}: {rows['questions']} questions, {about['counter']}: {LOSSES[loss]}"  # type: ignore[index]
    return table(title, columns, cells)


def _times(rate: float, needed: float) -> str:
    """A rate of the optimum, and how many times that of the method is; next to nothing is not divided by."""
    return f"{needed:.4f} ({rate / needed:.0f}x)" if needed >= _LEAST else f"< {_LEAST}"


def _needed(questions: Found) -> str:
    """Lowest mean rates at which the optimum keeps all, and half."""
    cells = [
        (loss, kind, f"{curve['rates'][-1]:.4f}", f"{_rate_for(curve, 0.5):.4f}")
        for loss, rows in questions.items()
        for kind, curve in rows["curves"].items()
    ]
    return table("What the optimum takes", ("distortion", "kept", "rate for distortion 0", "rate for distortion 0.5"), cells)


def _rate_for(curve: Mapping[str, list[float]], distortion: float) -> float:
    import numpy as np

    return float(np.interp(distortion, curve["distortions"][::-1], curve["rates"][::-1]))


def _string_table(strings: Found, measure: str) -> str:
    shortest, longest = strings["lengths"]
    columns = ("method", "rate asked", "rate", "distortion", *OPTIMA.values())
    cells = [
        (row["method"], row["asked"], f"{row['rate']:.3f}", f"{row[measure]:.3f}",
         *(f"{row['optimum'][measure][name]:.3f}" for name in OPTIMA))
        for row in strings["methods"]
    ]  # fmt: skip
    title = f"Markov strings of {shortest} to {longest} bits: {MEASURES[measure]}"  # type: ignore[index]
    return table(title, columns, cells)
