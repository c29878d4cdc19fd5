"""Questions with passages that answer them, read from public data sets: what a selector learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import regex

from linguapress.jsonl import read_jsonl
from linguapress.segment import sentences
from linguapress.splits import held_out
from linguapress.text import Span, merge

_ARTICLE_WORDS = 110  # words in a block of a long article
Folder = Path | None  # of data sets; None = there are none


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage as an answer to a question.

    Attributes:
        title: title of the article, maybe empty.
        body: the passage.
        relevant: whether it helps to answer.
        needed: sentences of the body that are needed, ascending.
        answers: answer strings in the body.
        certain: whether everything outside ``needed`` is known not to be needed.
    """

    title: str
    body: str
    relevant: bool = False
    needed: tuple[Span, ...] = ()
    answers: tuple[Span, ...] = ()
    certain: bool = True

    @property
    def text(self) -> str:
        """Title and body as they are given to a reader."""
        return f"{self.title}\n{self.body}" if self.title else self.body


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its passages.

    Attributes:
        source: name of the data set.
        text: the question.
        candidates: labelled passages.
        answers: strings that a wrong passage does not hold.
        mined: whether wrong passages may be searched for elsewhere: the question makes sense without its passage.
        sentences: of the first candidate's body, as its annotators saw them; empty where there were none.
    """

    source: str
    text: str
    candidates: tuple[Candidate, ...]
    answers: tuple[str, ...] = field(default=())
    mined: bool = False
    sentences: tuple[Span, ...] = ()


def occurrences(text: str, answers: Iterable[str]) -> tuple[Span, ...]:
    """Where answers stand as whole words, case and blanks aside: ascending, those inside one another joined."""
    found = set()
    for answer in answers:
        words = [regex.escape(word) for word in answer.split()]
        if words:
            pattern = r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)"
            found |= {Span(*match.span()) for match in regex.finditer(pattern, text, flags=regex.IGNORECASE)}
    return merge(sorted(found))


def around(text: str, places: Iterable[Span]) -> tuple[Span, ...]:
    """Sentences that hold one of the places."""
    wanted = sorted(places)
    return tuple(s for s in sentences(text) if any(place.start < s.end and place.end > s.start for place in wanted))


def answering(title: str, body: str, answers: Sequence[str], places: Sequence[Span] = ()) -> Candidate:
    """A relevant passage; needed are the sentences of the given places, or of all occurrences of an answer."""
    found = tuple(places) or occurrences(body, answers)
    return Candidate(title, body, True, around(body, found), found, certain=False)


def blocks(text: str, words: int = _ARTICLE_WORDS) -> list[Span]:
    """Runs of whole sentences of up to about ``words`` words, tiling the text."""
    found: list[Span] = []
    start = count = 0
    for sentence in sentences(text):
        size = len(text[sentence.start : sentence.end].split())
        if count and count + size > words:
            found.append(Span(start, sentence.start))
            start, count = sentence.start, 0
        count += size
    return [*found, Span(start, len(text))] if start < len(text) else found


def rows_of(folder: Folder, *path: str) -> Iterator[dict[str, Any]]:
    """Records of a file of the data sets; none where there is no folder, or it lacks the file."""
    file = folder.joinpath(*path) if folder is not None else None
    return read_jsonl(file) if file is not None and file.is_file() else iter(())


def _nq(folder: Folder) -> Iterator[Question]:
    for row in rows_of(folder, "nq_multidoc", "nq_oracle_train.jsonl.gz"):
        candidate = answering(row["title"], row["passage"], row["answers"])
        if candidate.answers:
            yield Question("nq", row["question"], (candidate,), tuple(row["answers"]), mined=True)


def _paragraphs(source: str, *path: str, mined: bool) -> Callable[[Folder], Iterator[Question]]:
    def read(folder: Folder) -> Iterator[Question]:
        for row in rows_of(folder, *path):
            if held_out(row["context"]):
                continue
            title = (row["title"] or "").replace("_", " ") if mined else ""
            for asked in row["qas"]:
                answers = list(zip(asked["starts"], asked["answers"], strict=True))
                places = tuple(Span(at, at + len(a)) for at, a in answers if row["context"][at : at + len(a)] == a)[:1]
                if places:
                    candidate = answering(title, row["context"], (), places)
                    yield Question(source, asked["question"], (candidate,), tuple(asked["answers"]), mined)

    return read


def _covid(folder: Folder) -> Iterator[Question]:
    """Blocks of an article next to the one that answers."""
    for row in rows_of(folder, "covidqa", "covidqa_200423.jsonl.gz"):
        text = row["context"]
        parts = blocks(text)
        for asked in row["qas"]:
            at, answer = asked["starts"][0], asked["answers"][0]
            if text[at : at + len(answer)] != answer:
                continue
            candidates: list[Candidate] = []
            for start, end in parts:
                body = text[start:end].strip()
                lead = start + len(text[start:end]) - len(text[start:end].lstrip())
                place = Span(at - lead, at - lead + len(answer))
                if start <= at < end:
                    candidates.insert(0, answering("", body, (), (Span(place.start, min(place.end, len(body))),)))
                elif not occurrences(body, asked["answers"]) and len(body.split()) > 20:
                    candidates.append(Candidate("", body))
            yield Question("covid", asked["question"], tuple(candidates), tuple(asked["answers"]))


def _labelled(folder: Folder) -> Iterator[Question]:
    """Passages whose needed sentences a strong LLM has chosen; see :func:`from_sentences`."""
    for row in rows_of(folder, "query_sentences", "train.jsonl"):
        yield from_sentences(row)


def from_sentences(row: Mapping[str, Any]) -> Question:
    """A record of ``query_sentences`` (fields question, sentences, needed, source) as a question."""
    title, parts = "", list(row["sentences"])
    if row["source"] in ("nq", "nq-hard-negative", "multihop") and ": " in parts[0]:
        title, parts[0] = parts[0].split(": ", 1)
    body, spans = "", []
    for part in parts:
        body += " " if body else ""
        spans.append(Span(len(body), len(body) + len(part)))
        body += part
    needed = tuple(spans[index] for index in sorted(row["needed"]))
    candidate = Candidate(title, body, bool(needed), needed)
    return Question(f"labelled-{row['source']}", row["question"], (candidate,), sentences=tuple(spans))


def _multihop(folder: Folder) -> Iterator[Question]:
    """The even ones; the odd ones are what the benchmark calls the test part."""
    found = []
    for name in ("hotpotqa", "musique"):
        for row in rows_of(folder, "multihop_small", f"{name}_train100.jsonl.gz"):
            candidates = []
            for doc in row["docs"]:
                places = occurrences(doc["text"], row["answers"]) if doc["gold"] else ()
                candidates.append(Candidate(doc["title"], doc["text"], bool(doc["gold"]), (), places, certain=not doc["gold"]))
            found.append(Question("multihop", row["question"], tuple(candidates), tuple(row["answers"])))
    yield from found[::2]


def multihop_test(folder: Folder) -> set[str]:
    """Questions of the multihop sets that nothing is trained on."""
    rows = [row for name in ("hotpotqa", "musique") for row in rows_of(folder, "multihop_small", f"{name}_train100.jsonl.gz")]
    return {row["question"] for row in rows[1::2]}


def _pubmed(folder: Folder) -> Iterator[Question]:
    for row in rows_of(folder, "pubmedqa", "pqal.jsonl.gz"):
        body = " ".join(row["contexts"])
        candidates = tuple(Candidate("", body[s:e].strip(), True, certain=False) for s, e in blocks(body, 150))
        yield Question("pubmed", row["question"], candidates, mined=True)


def _meetings(folder: Folder) -> Iterator[Question]:
    """Blocks of turns: those that overlap the marked evidence are relevant."""
    for row in rows_of(folder, "qmsum", "train.jsonl.gz"):
        lines = [regex.sub(r"\{[a-z]+\}\s*", "", f"{speaker}: {said}") for speaker, said in row["turns"]]
        runs: list[tuple[int, int]] = []
        start = count = 0
        for number, line in enumerate(lines):
            count += len(line.split())
            if count >= 130:
                runs.append((start, number + 1))
                start, count = number + 1, 0
        for asked in row["specific"]:
            spans = [(int(a), int(b)) for a, b in asked["spans"]]
            marked = {n for a, b in spans for n in range(a, b + 1)}
            candidates = []
            for a, b in runs:
                share = len(marked.intersection(range(a, b))) / (b - a)
                if share >= 0.6 or not share:
                    body = "\n".join(lines[a:b])
                    candidates.append(Candidate("", body, share > 0, certain=not share))
            if any(c.relevant for c in candidates):
                yield Question("meetings", asked["query"], tuple(candidates))


SOURCES: Mapping[str, Callable[[Folder], Iterator[Question]]] = MappingProxyType({
    "nq": _nq,
    "wiki": _paragraphs("wiki", "squadshifts", "new_wiki.jsonl.gz", mined=True),
    "reddit": _paragraphs("reddit", "squadshifts", "reddit.jsonl.gz", mined=False),
    "amazon": _paragraphs("amazon", "squadshifts", "amazon.jsonl.gz", mined=False),
    "covid": _covid,
    "labelled": _labelled,
    "multihop": _multihop,
    "pubmed": _pubmed,
    "meetings": _meetings,
})  # fmt: skip


def read_questions(folder: Folder, sources: Iterable[str] = tuple(SOURCES), more: Iterable[Question] = ()) -> list[Question]:
    """Questions to train on: without the held-out tenth and without the benchmark's test questions.

    Args:
        folder: with the data sets, or some of them; None = without any.
        sources: which of them.
        more: questions from elsewhere.
    """
    hidden = multihop_test(folder)
    found = (question for source in sources for question in SOURCES[source](folder))
    return [question for question in (*found, *more) if not held_out(question.text) and question.text not in hidden]


def absent(folder: Folder, sources: Iterable[str] = tuple(SOURCES)) -> list[str]:
    """Those of the sources that a folder may hold, and this one holds no question of."""
    return [source for source in sources if source in SOURCES and next(SOURCES[source](folder), None) is None]


def held_out_labels(folder: Folder) -> list[Question]:
    """The tenth of ``query_sentences`` that measures selection."""
    return [question for question in _labelled(folder) if held_out(question.text)]


def with_labels(questions: Sequence[Question]) -> list[Question]:
    """The questions, those of NaturalQuestions with the sentences that an LLM has chosen in their passage, where it has.

    Further passages that it has judged for such a question join: right ones where it found something, else wrong ones. Where it
    found nothing in the passage itself, the sentences with answer strings stay.
    """
    judged: dict[str, dict[str, Question]] = {}
    for question in questions:
        if question.source.startswith("labelled-nq"):
            judged.setdefault(question.text, {}).setdefault(_plain(question.candidates[0]), question)
    return [_labelled_nq(q, judged.get(q.text, {})) if q.source == "nq" else q for q in questions]


def _labelled_nq(question: Question, judged: Mapping[str, Question]) -> Question:
    """``labelled-nq`` judges the passage of the question itself, other sources judge others."""
    found = {key: one.candidates[0] for key, one in judged.items()}
    right = {key: replace(c, answers=occurrences(c.body, question.answers)) for key, c in found.items() if c.relevant}
    own = [c for key, c in right.items() if judged[key].source == "labelled-nq"] or question.candidates
    known = {_plain(c) for c in (*own, *question.candidates)}
    others = (*right.items(), *((key, c) for key, c in found.items() if not c.relevant))
    return replace(question, candidates=(*own, *(c for key, c in others if key not in known)))


def _plain(candidate: Candidate) -> str:
    """The passage, whatever blanks part its words: annotators saw sentences joined by one."""
    return " ".join(candidate.body.split())
