"""Hard negatives: passages that an embedder finds close to a question and that do not hold its answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from linguapress.jsonl import read_jsonl
from linguapress.models.encoder import Encoder
from linguapress.scores import Floats
from linguapress.training.questions import Candidate, Folder, Question, blocks, occurrences, rows_of

_BATCH = 512
_CLOSE = 64  # nearest passages that are looked at
_BLOCK = 100  # words


def pool(folder: Folder, questions: Sequence[Question], articles: int, seed: int, most: int = 0) -> list[Candidate]:
    """Passages to search in: those of the questions themselves, of 2WikiMultiHopQA, and blocks of Wikipedia articles.

    Half of the articles are cut at sentence ends, half every 100 words, as retrievers' indexes are.

    Args:
        folder: with the data sets.
        questions: whose passages are searched in.
        articles: of Wikipedia.
        seed: of how an article is cut, and of which blocks are taken.
        most: blocks of an article, drawn at random; 0 = all.
    """
    own = [Candidate(c.title, c.body) for q in questions if q.source in _LIKE_A_RETRIEVER for c in q.candidates]
    short = [Candidate(row["title"], row["text"]) for row in rows_of(folder, "multihop_small", "2wiki_corpus.jsonl.gz")]
    long = list(_articles(folder, articles, random.Random(seed), most))
    return list({candidate.text: candidate for candidate in (*own, *short, *long)}.values())


_LIKE_A_RETRIEVER = frozenset(
    ("nq", "wiki", "pubmed", "labelled-nq", "labelled-nq-hard-negative", "multihop", "asked", "multihop-asked")
)


def _articles(folder: Folder, count: int, rng: random.Random, most: int) -> Iterator[Candidate]:
    if folder is None:
        return
    taken = 0
    for path in sorted((folder / "lm_wikipedia_en").glob("train_*.jsonl.gz")):
        for row in read_jsonl(path):
            if taken == count:
                return
            taken += 1
            cut = _by_sentences if rng.random() < 0.5 else _by_words
            found = [Candidate(row["title"], body) for body in cut(row["text"]) if len(body.split()) > 30]
            yield from rng.sample(found, most) if 0 < most < len(found) else found


def _by_sentences(text: str) -> Iterator[str]:
    yield from (text[start:end].strip() for start, end in blocks(text, _BLOCK))


def _by_words(text: str) -> Iterator[str]:
    words = text.split()
    yield from (" ".join(words[at : at + _BLOCK]) for at in range(0, len(words), _BLOCK))


def embedded(texts: Sequence[str], encoder: Encoder, progress: Callable[[int, int], None] = lambda done, total: None) -> Floats:
    """Unit vectors, shape [texts, width], float16."""
    rows = []
    for at in range(0, len(texts), _BATCH):
        readings = encoder.read(texts[at : at + _BATCH])
        encoder.forget()
        rows += [_mean(reading.states) for reading in readings]
        progress(min(at + _BATCH, len(texts)), len(texts))
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float16)


def _mean(states: Floats) -> Floats:
    """The mean of the states, at unit length; zeros when there are none."""
    vector = states.astype(np.float32).sum(axis=0)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6)).astype(np.float16)


def mine(
    questions: Sequence[Question], candidates: Sequence[Candidate], vectors: Floats, asked: Floats, most: int
) -> list[tuple[int, ...]]:
    """For each question the numbers of close candidates that are no answer, the closest first.

    Args:
        questions: those that are not :attr:`~Question.mined` get none.
        candidates: the pool.
        vectors: shape [candidates, width].
        asked: shape [questions, width].
        most: how many at most.
    """
    if not candidates:
        return [() for _ in questions]
    found: list[tuple[int, ...]] = []
    matrix = vectors.astype(np.float32)
    for start in range(0, len(questions), _BATCH):
        scores = asked[start : start + _BATCH].astype(np.float32) @ matrix.T
        close = np.argpartition(-scores, min(_CLOSE, scores.shape[1] - 1), axis=1)[:, :_CLOSE]
        for row, question in enumerate(questions[start : start + _BATCH]):
            ranked = close[row][np.argsort(-scores[row][close[row]])].tolist() if question.mined else []
            wrong = [number for number in ranked if not _answers(question, candidates[number])]
            found.append(tuple(wrong[:most]))
    return found


def _answers(question: Question, candidate: Candidate) -> bool:
    if question.answers:
        same = any(c.body in candidate.body or candidate.body in c.body for c in question.candidates)
        return same or bool(occurrences(candidate.text, question.answers))
    return any(candidate.body == c.body for c in question.candidates)
