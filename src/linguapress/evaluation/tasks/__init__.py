"""Questions over retrieved passages, and other contexts, read from a data folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from linguapress.evaluation import quality
from linguapress.evaluation.tasks.abstracts import pubmedqa
from linguapress.evaluation.tasks.example import Example
from linguapress.evaluation.tasks.few_shot import few_shot
from linguapress.evaluation.tasks.functions import api_docs, structured
from linguapress.evaluation.tasks.labelled import distilled, needed
from linguapress.evaluation.tasks.meetings import qmsum
from linguapress.evaluation.tasks.paragraphs import cmrc2018, covidqa, squad_passage, squadshifts, xquad
from linguapress.evaluation.tasks.passages import PLACES, multihop, no_answer, nq, nq_at, nq_document, nq_many, nq_passage
from linguapress.evaluation.tasks.rows import rows
from linguapress.evaluation.tasks.task import Split, Task

__all__ = ["LANGUAGES", "TASKS", "Example", "Split", "Task", "examples"]

LANGUAGES = ("en", "es", "zh", "ar", "ru", "th")
_NQ, _SQUAD = "CC BY-SA 3.0, MIT (collection)", "CC BY-SA 4.0"
_BFCL = "Apache-2.0"
TASKS: Mapping[str, Task] = MappingProxyType({
    "nq": Task("whether an answer survives that one of twenty shuffled passages holds.", _NQ, nq, split=Split.turns),
    **{
        f"nq-gold-{place}": Task(
            f"the same with the gold passage at place {place + 1} of 20, the others in the retriever's order.", _NQ,
            partial(nq_at, place=place), split=Split.turns,
        )
        for place in PLACES
    },
    "nq-many": Task(
        "the same among a hundred, eighty of them those of other questions that share most letters with this one.", _NQ, nq_many,
        split=Split.turns,
    ),
    "nq-document": Task("the same with the twenty passages as paragraphs of one document.", _NQ, nq_document, split=Split.turns),
    "multihop": Task(
        "whether the sentences of all two to four gold passages survive (HotpotQA, MuSiQue).", "CC BY-SA 4.0, CC BY 4.0", multihop,
        quality.ALL_EVIDENCE, Split.turns, seen="select was trained on the dev half; report the test half.",
    ),
    "squadshifts": Task(
        "whether an answer survives among ten paragraphs of an article (new Wikipedia) or of Reddit.",
        "not stated by its repository", squadshifts,
        seen="select was trained on other paragraphs of these sets; gold ones are of the tenth that it never saw.",
    ),
    **{
        f"xquad-{language}": Task(
            f"whether an answer survives among ten paragraphs of an article, language {language}.", _SQUAD,
            partial(xquad, language=language),
        )
        for language in LANGUAGES
    },
    "cmrc2018": Task("whether an answer survives among ten Chinese paragraphs.", _SQUAD, cmrc2018),
    "nq-passage": Task(
        "what one gold passage still answers, read by an extractive reader.", _NQ, nq_passage, split=Split.turns, single=True
    ),
    "squad-passage": Task("what one paragraph still answers, read by an extractive reader.", _SQUAD, squad_passage, single=True),
    "covidqa": Task(
        "whether an answer survives somewhere in a whole scientific article.", "Apache-2.0", covidqa,
        seen="Questions are of the tenth that select never saw; it saw others on the same articles, mini some of their text.",
    ),
    "qmsum": Task(
        "the share of the words of the marked turns that is left of a meeting.", "MIT; transcripts CC BY 4.0", qmsum,
        quality.EVIDENCE_SHARE, seen="select and mini were trained on other meetings of the set.",
    ),
    "pubmedqa": Task(
        "the share of the content words of the authors' conclusion, of those that their abstract has, left of five abstracts.",
        "MIT", pubmedqa, quality.SUMMARY,
        seen="Questions are of the tenth that select never saw; mini saw some abstracts without question.",
    ),
    "gsm8k": Task(
        "numbers left of eight demonstrations of arithmetic, question intact.", "MIT", partial(few_shot, name="gsm8k"),
        quality.SHOT_NUMBERS, seen="mini was trained on other problems of the set.",
    ),
    "bbh": Task(
        "numbers left of three demonstrations, instruction and question intact, in 27 tasks.", "MIT", partial(few_shot, name="bbh"),
        quality.SHOT_NUMBERS,
    ),
    "api-docs": Task(
        "the share of the names of the wanted function and its parameters that is left, letter by letter, of ten in JSON.", _BFCL,
        api_docs, quality.NAMES, seen="mini was trained on documentation of other sources in the same folder.",
    ),
    "structured": Task(
        "the share of JSON, table and code that is still valid, of those of which something is kept.", _BFCL, structured,
        quality.VALID, seen="mini was trained on documentation of other sources in the same folder.",
    ),
    "rows": Task(
        "whether the cell survives that is asked for in an invented table or log of 48 rows.", "MIT", rows, split=Split.turns
    ),
    "no-answer": Task(
        "the share of tokens that is kept of passages none of which answers; only methods that choose the length can differ.", _NQ,
        no_answer, quality.JUNK, Split.turns,
    ),
    "needed": Task(
        "the share of the words of the sentences that an LLM found needed, in one passage.", "CC BY-SA, CC BY 4.0, MIT, Apache-2.0",
        needed, quality.EVIDENCE_SHARE,
        seen="Questions are of the tenth that select never saw; the threshold of query_select was chosen on them.",
    ),
    "distilled": Task(
        "F1 of kept words with a strong LLM's own compression, without a question.", "as the sources, see the data card", distilled,
        quality.KEEP_F1, seen="mini was trained on the train split; this dev split chose among its runs.",
    ),
})  # fmt: skip


def examples(task: str, folder: Path, seed: int = 0, part: str = "all") -> list[Example]:
    """Examples of a task.

    Args:
        task: a key of :data:`TASKS`.
        folder: the data folder.
        seed: choice of the examples, and order of their passages.
        part: ``dev`` (for choosing), ``test`` (for reporting) or ``all``. Of ``multihop`` the dev part is training data of
            ``query_select``.
    """
    return list(TASKS[task].examples(folder, seed, part))
