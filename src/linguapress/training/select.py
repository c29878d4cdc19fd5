"""Training of a selector: listwise ranking over hard negatives, needed tokens, answer tokens.

The ranking loss is the cross entropy of a relevant passage among its negatives; the answer loss is that of the answer's tokens
among all tokens of the group (shared normalisation, Clark & Gardner, arXiv 1710.10723); the need loss is a binary cross entropy on
the tokens of needed sentences, as in Provence (arXiv 2501.16214). The word embeddings stay frozen, so that a selector that starts
from ``mini`` shares them with it. The weights that are saved are an exponential average.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import torch
from torch import Tensor
from torch.nn import functional

from linguapress.jsonl import append_jsonl
from linguapress.models.devices import attention_of
from linguapress.models.embedded import EMBEDDED, model_folder
from linguapress.models.encoder import Encoder
from linguapress.models.pair_model import PairModel, PairOutput
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_weights import (
    PairWeights,
    longest_pair,
    read_odds,
    save_selector,
    write_odds,
)
from linguapress.models.sentence_odds import PLAIN
from linguapress.training.checkpoint import digest, plain, read_state, write_state
from linguapress.training.clock import linear
from linguapress.training.copies import Copies, check_loss, descend, precision_named
from linguapress.training.groups import Batch, Draws, Group, by_source, collate
from linguapress.training.negatives import embedded, mine, pool
from linguapress.training.own_questions import own_questions
from linguapress.training.questions import Candidate, Question, read_questions, with_labels
from linguapress.training.select_metrics import ranking_report, selection_report
from linguapress.training.select_settings import SelectSettings
from linguapress.training.select_start import begun, check_questions
from linguapress.training.sentence_fit import fit_odds

__all__ = ["SelectSettings", "train"]
Progress = Callable[[str, int, int, dict[str, float]], None]
_SAVE_EVERY = 200  # steps
_NEGATIVES = 40  # kept for each question
_WINDOW = 192  # tokens of a pair; longer passages are cut
_ANSWER_WEIGHT = 0.5  # of the answer loss, against the ranking loss
_RELEVANCE_WEIGHT = 0.2  # of the loss by which the relevance of passages that stand alone is calibrated


def train(settings: SelectSettings, progress: Progress = lambda task, step, total, figures: None) -> dict[str, Any]:
    """Mines negatives, trains, measures, and writes the selector and ``metrics.json``; returns the metrics.

    An interrupted run goes on when it is started again with the same settings and data.

    Raises:
        InvalidRecord: a file of questions has a line that is none.
        ModelNotFound: what it is to start from cannot be loaded.
        ValueError: there are no questions of the mix, or ``out`` holds a run of other settings or data.
    """
    apart, own = (list(own_questions(files)) for files in (settings.calibrate, settings.questions))
    questions = with_labels(read_questions(settings.data, more=own))
    check_questions(questions, own, settings.mix)
    candidates = pool(settings.data, questions, settings.articles, settings.seed, settings.blocks)
    settings.out.mkdir(parents=True, exist_ok=True)
    run = _Run(settings, digest(repr(part).encode() for part in (*questions, *candidates)))
    run.resume()
    mined = _negatives(settings, questions, candidates, progress)
    draws = Draws(
        by_source(questions, mined), settings.mix, settings.groups, settings.width, settings.hardness, settings.seed, settings.spare
    )
    while run.step < settings.steps:
        figures = run.update(draws.of_step(run.step))
        progress("select", run.step, settings.steps, figures)
        if settings.measure_every and run.step % settings.measure_every == 0:
            run.log(ranking_report(settings.data, run.reader()))
            run.save()  # so that a run that goes on logs nothing twice
        elif run.step % _SAVE_EVERY == 0:
            run.save()
    run.save()
    save_selector(run.averaged(), run.tokenizer, settings.out, run.words_of)
    before = read_odds(Path(model_folder(settings.start))) if settings.start else PLAIN
    fitted = fit_odds(PairReader(str(settings.out), settings.device), apart)
    odds = fitted or before
    write_odds(settings.out, odds)
    written = PairReader(str(settings.out), settings.device)
    metrics = {
        "settings": plain(settings),
        "sentence odds": odds._asdict(),
        "calibrated": fitted is not None,
        "ranking": ranking_report(settings.data, written),
        "selection": selection_report(settings.data, written),
    }
    (settings.out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    return metrics


def _negatives(
    settings: SelectSettings, questions: Sequence[Question], candidates: Sequence[Candidate], progress: Progress
) -> list[list[Candidate]]:
    """Hard negatives of each question; the search is remembered in the output folder."""
    file = settings.out / "negatives.json"
    asked = ("\t".join(map(str, (q.text, q.answers, q.mined, *(c.body for c in q.candidates)))) for q in questions)
    mark = crc32("\n".join([*(c.text for c in candidates), *asked, str(_NEGATIVES)]).encode("utf-8", "replace"))
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if known.get("mark") != mark:
        encoder = Encoder(EMBEDDED, settings.device)
        vectors = embedded([c.text for c in candidates], encoder, lambda done, total: progress("passages", done, total, {}))
        queries = embedded([q.text if q.mined else "" for q in questions], encoder)
        known = {"mark": mark, "found": mine(questions, candidates, vectors, queries, _NEGATIVES)}
        file.write_text(json.dumps(known), encoding="utf-8")
    return [[candidates[number] for number in numbers] for numbers in known["found"]]


def losses(out: PairOutput, batch: Batch) -> dict[str, Tensor]:
    """The losses of a group, those that apply, weighted."""
    found: dict[str, Tensor] = {}
    if batch.weight.any():
        each = functional.binary_cross_entropy_with_logits(out.need, batch.need, reduction="none")
        found["need"] = (each * batch.weight).sum() / batch.weight.sum()
    if not batch.ranked:
        relevant = functional.binary_cross_entropy_with_logits(out.relevance, batch.relevant.float())
        return {**found, "relevant": _RELEVANCE_WEIGHT * relevant}
    if batch.relevant.any() and not batch.relevant.all():
        wrong = out.relevance[~batch.relevant].logsumexp(0)
        found["rank"] = functional.softplus(wrong - out.relevance[batch.relevant]).mean()
        if batch.answer.any():
            right = out.answer[batch.answer].logsumexp(0)
            found["answer"] = _ANSWER_WEIGHT * (out.answer.flatten().logsumexp(0) - right)
    return found


class _Run:
    """Weights in float32, the model that computes (the same, or a copy in bfloat16), optimizer and average, with their schedule."""

    def __init__(self, settings: SelectSettings, data: str) -> None:
        """A run at its beginning, on the data of that checksum."""
        self.settings, self.step, self._data = settings, 0, data
        torch.manual_seed(settings.seed)
        device = torch.device(settings.device)
        self.dtype = precision_named(settings.precision, device)
        attention = attention_of(device, self.dtype)
        model, self.tokenizer, self.words_of = begun(settings.start, settings.base, attention, settings.dropout)
        self.master = model.to(device)
        self.master.encoder.get_input_embeddings().requires_grad_(False)
        self.model = (self.master if self.dtype == torch.float32 else copy.deepcopy(self.master).to(self.dtype)).train()
        self.copies = Copies(self.master, self.model, settings.average)
        self.optimizer = torch.optim.AdamW(self.copies.weights, lr=settings.rate, weight_decay=0.01, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: linear(step, settings.steps))
        self.sums: dict[str, list[float]] = {}

    def update(self, groups: Sequence[Group]) -> dict[str, float]:
        """One optimizer step; the mean losses of its groups.

        Raises:
            ValueError: a loss is no number any more.
        """
        sums: dict[str, list[float]] = {}
        for drawn in groups:
            group = self._hardest(drawn)
            batch = collate(group, self.tokenizer, _WINDOW, self.settings.device)
            found = losses(self.model(batch.ids, batch.mask, batch.types, batch.inside), batch)
            if found:
                (torch.stack(list(found.values())).sum() / len(groups)).backward()  # type: ignore[no-untyped-call]
            for name, value in found.items():
                sums.setdefault(name, []).append(float(value.detach()))
        check_loss(sum(map(sum, sums.values())), self.step + 1)
        self.copies.gather()
        descend(self.copies.weights, [self.optimizer])
        self.schedule.step()
        self.step += 1
        self.copies.follow(self.step)
        for name, values in sums.items():
            self.sums.setdefault(name, []).extend(values)
        return {name: sum(values) / len(values) for name, values in sums.items()}

    @torch.no_grad()
    def _hardest(self, group: Group) -> Group:
        """The group with as many pairs as it has room for."""
        if not group.spare:
            return group
        batch = collate(group, self.tokenizer, _WINDOW, self.settings.device)
        return group.hardest(self.model(batch.ids, batch.mask, batch.types, batch.inside).relevance.tolist())

    def averaged(self) -> PairModel:
        """The model with the averaged weights."""
        model: PairModel = self.copies.averaged()
        return model.eval()

    def reader(self) -> PairReader:
        """A reader of the averaged model in the precision that it is trained in."""
        device = torch.device(self.settings.device)
        model = self.averaged()
        return PairReader.of(PairWeights(model.to(self.dtype), self.tokenizer, device, longest_pair(model, self.tokenizer)))

    def log(self, figures: Mapping[str, Any]) -> None:
        """Writes the losses since the last time, next to what was measured."""
        means = {name: sum(values) / len(values) for name, values in self.sums.items()}
        append_jsonl(self.settings.out / "log.jsonl", [{"step": self.step, "losses": means, **figures}])
        self.sums = {}

    def _state_file(self) -> Path:
        return self.settings.out / "checkpoint.pt"

    def save(self) -> None:
        """Writes all that a later process needs to go on."""
        state = {
            "step": self.step, **self.copies.state(), "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }  # fmt: skip
        write_state(self._state_file(), self.settings, state, self._data)

    def resume(self) -> None:
        """Goes on where an interrupted run was saved.

        Raises:
            ValueError: it had other settings, or learnt from other data.
        """
        state = read_state(self._state_file(), self.settings, self.settings.device, self._data)
        if state is None:
            return
        self.copies.restore(state)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.step = state["step"]
