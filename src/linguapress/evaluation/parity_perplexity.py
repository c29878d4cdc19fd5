"""Our perplexity methods beside the package ``llmlingua`` 0.2.2 on the same weights: surprisals, ranks, kept tokens.

The reference needs an environment of its own (transformers 4.44, numpy below 2), and ``TIKTOKEN_CACHE_DIR`` where there is no
network. Both sides read in float32.

    python -m linguapress.evaluation.parity_perplexity DATA --reference-python REF/bin/python --model LM --out perplexity

Surprisals are compared number by number. Kept tokens cannot be: the reference keeps other ones than its papers say, since it slips
(:mod:`~linguapress.evaluation.parity_slips`). So ours is run with all its slips switched on, which must give what it gives, and
with each one off, which tells how much of the difference is due to it. With none on it is our method itself, up to the last
selection that fills the budget; a test holds that against :mod:`linguapress.methods.itpc`.

Prompts are as long as the window takes: past it, the reference cuts key-values out of the middle and goes on with positions that
fit no longer, which is not imitated. Nor are prompts shorter than a segment, of which it shortens nothing or an odd part.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from linguapress.draft import Draft
from linguapress.evaluation.outputs import write
from linguapress.evaluation.parity_documents import SPREAD, Case
from linguapress.evaluation.parity_models import TINY, ExactLM, portable, tiny
from linguapress.evaluation.parity_ours import Found, Ours, located
from linguapress.evaluation.parity_page import markdown
from linguapress.evaluation.parity_slips import ALL, NONE, SETTINGS
from linguapress.evaluation.parity_surprisals import Readings
from linguapress.evaluation.tasks import examples
from linguapress.jsonl import read_jsonl
from linguapress.methods.likelihood import BREAK
from linguapress.scores import Floats
from linguapress.text import Passage

app = typer.Typer(help="Compare llmlingua and longllmlingua with the package llmlingua.")
PROMPTS = "prompt_hardest"
RATES = (0.2, 0.33, 0.5)
SIZES = {False: 100, True: 200}  # M of LLMLingua and of LongLLMLingua
_ROOM = 64  # tokens of the window that a question may take
Prompt = tuple[str, tuple[str, ...], str]  # where it is from, documents, question


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        rates: shares of the documents' tokens, 0..1.
        prompts: of each data set.
        tokens: most tokens of a prompt; 0 = as many as the window takes.
        threads: of the reference.
    """

    rates: tuple[float, ...] = RATES
    prompts: int = 2
    tokens: int = 0
    threads: int = 1


def shots(data: Path) -> list[str]:
    """The worked examples of the prompt that LLMLingua's paper compresses."""
    text = next(row["text"] for row in read_jsonl(data / "gsm8k" / "cot_prompts.jsonl") if row["name"] == PROMPTS)
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def prompts_of(data: Path, model: ExactLM, plan: Plan) -> list[Prompt]:
    """GSM8K's examples for ``llmlingua``, passages of NaturalQuestions for both methods; each as long as the window takes."""
    room, found = model.loaded.window - _ROOM, list[Prompt]()
    room = min(room, plan.tokens or room)
    rest = shots(data)
    while rest and len(found) < plan.prompts:
        taken = fitting(rest, model, room)
        found, rest = [*found, ("gsm8k", taken, "")], rest[len(taken) :]
    for example in examples("nq", data, 0, "dev")[: plan.prompts]:
        taken = fitting(example.documents, model, room)
        found += [("nq", taken, ""), ("nq", taken, example.question)]
    return found


def fitting(documents: Sequence[str], model: ExactLM, room: int) -> tuple[str, ...]:
    """The first documents that fit together, at least two."""
    taken = list(documents[:2])
    for text in documents[2:]:
        if model.count(BREAK.join([*taken, text])) > room:
            break
        taken.append(text)
    return tuple(taken)


def cases_of(prompts: Sequence[Prompt], model: ExactLM, rates: Sequence[float] = RATES) -> list[Case]:
    """Each prompt at each rate."""
    sizes = [sum(map(model.count, documents)) for _, documents, _ in prompts]
    return [
        Case(data, documents, question, rate, round(rate * size), SIZES[bool(question)])
        for (data, documents, question), size in zip(prompts, sizes, strict=True)
        for rate in rates
    ]


def asked(reference_python: str, folder: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    """What the reference answers; see :mod:`linguapress.evaluation.parity_perplexity_worker`."""
    worker = str(Path(__file__).with_name("parity_perplexity_worker.py"))
    done = subprocess.run(
        [reference_python, worker], input=json.dumps({**question, "folder": str(folder)}), stdout=subprocess.PIPE,
        encoding="utf-8", check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def compared(reference_python: str, folder: Path, data: Path, plan: Plan) -> dict[str, Any]:
    """Everything about one model.

    Args:
        reference_python: interpreter that has ``llmlingua``.
        folder: of a model that both versions of transformers read.
        data: folder of the data sets.
        plan: what is run.
    """
    model = ExactLM(folder)
    cases = cases_of(prompts_of(data, model, plan), model, plan.rates)
    prompts = cases[:: len(plan.rates)]
    readings, ours = Readings.of(prompts), Ours(model)
    question = {
        "threads": plan.threads,
        "losses": readings.rows(model),
        "texts": readings.texts,
        "ranks": [asdict(case) for case in prompts],
        "cases": [{**asdict(case), "spread": SPREAD} for case in cases],
    }
    found = asked(reference_python, folder, question)
    return {
        "window": model.loaded.window,
        "versions": found["versions"],
        "surprisals": readings.differences(model, found["losses"], found["plain"]),
        "ranks": [rank_row(ours, case, theirs) for case, theirs in zip(prompts, found["ranks"], strict=True)],
        "tokens": [token_row(ours, case, theirs) for case, theirs in zip(cases, found["cases"], strict=True)],
    }


def rank_row(ours: Ours, case: Case, theirs: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Ranks of the documents of one prompt: with the slips of the reference, and as ours ranks them."""
    order = [int(index) for index, _ in theirs]
    slipped, own = ours.ratings(case, ALL), ours.ratings(case, NONE)
    sign = -1 if case.question else 1
    values = [sign * value for _, value in theirs]
    return {
        "method": case.method,
        "documents": len(order),
        "largest": float(np.abs(slipped[order] - values).max()),
        "same": np.argsort(-slipped, kind="stable").tolist() == order,
        "same_as_shipped": np.argsort(-own, kind="stable").tolist() == order,
        "alike_as_shipped": alike(own[order]),
    }


def alike(values: Floats) -> float:
    """Share of pairs of which the earlier has the larger value, 0..1."""
    pairs = [bool(one > other) for number, one in enumerate(values) for other in values[number + 1 :]]
    return sum(pairs) / max(1, len(pairs))


def token_row(ours: Ours, case: Case, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Kept tokens of one case: Jaccard with those of the reference, for each set of slips.

    Raises:
        ValueError: with all slips on, the documents are cut into other tokens than those of the reference.
    """
    reference = theirs_found(ours, case, theirs)
    found = {name: ours.found(case, slips) for name, slips in SETTINGS.items()}
    if found["all"].order == reference.order and found["all"].tokens != reference.tokens:
        raise ValueError(f"the reference cuts a prompt of {case.data} into other tokens; check the tokenizer of the model")
    kept = {name: one.kept for name, one in found.items()} | {"shipped": ours.shipped(case)}
    return {
        "method": case.method, "data": case.data, "rate": case.rate, "target": case.target, "reference": len(reference.kept),
        "same_documents": found["all"].order == reference.order,
        "settings": {name: [len(one & reference.kept), len(one | reference.kept), len(one)] for name, one in kept.items()},
    }  # fmt: skip


def theirs_found(ours: Ours, case: Case, theirs: Mapping[str, Any]) -> Found:
    """What the reference keeps, by document."""
    draft = draft_of(case, theirs["order"])
    offsets = ours.offsets(draft, ALL)
    if len(offsets) != len(theirs["tokens"]):
        raise ValueError(f"the reference cuts a prompt of {case.data} into other tokens; check the tokenizer of the model")
    kept = located(draft, (offsets[theirs["kept"], 1] - 1).tolist())
    return Found(tuple(theirs["order"]), tuple(theirs["tokens"]), kept)


def draft_of(case: Case, order: Sequence[int]) -> Draft:
    """Whole documents in some order."""
    return Draft(tuple(Passage.whole(index, case.documents[index]) for index in order), case.question or None, 0, len)


def models_of(folders: Sequence[Path], texts: Sequence[str], scratch: Path) -> Iterator[tuple[str, Path]]:
    """Names and folders that both versions of transformers read: the tiny ones, then those that were asked for."""
    for kind in TINY:
        yield f"random {kind}", tiny(kind, texts, scratch / kind)
    for number, folder in enumerate(folders):
        yield folder.name, portable(folder, scratch / f"given-{number}")


@app.command()
def run(
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    reference_python: Annotated[str, typer.Option(help="Interpreter of an environment that has llmlingua 0.2.2.")],
    model: Annotated[list[Path] | None, typer.Option(help="Folder of a language model, beside the tiny ones; repeat it.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Rates; repeat it. Default: 0.2, 0.33, 0.5.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Prompts of each data set.")] = 2,
    tokens: Annotated[int, typer.Option(min=0, help="Most tokens of a prompt; 0 = as many as the model's window takes.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch on both sides.")] = 1,
    out: Annotated[Path, typer.Option(help="Results: NAME.json and NAME.md.")] = Path("parity_perplexity"),
) -> None:
    """Surprisals, ranks and kept tokens on the same weights, and what each slip of the reference is worth."""
    import torch

    torch.set_num_threads(threads)
    plan = Plan(tuple(rate or RATES), limit, tokens, threads)
    with tempfile.TemporaryDirectory() as scratch:
        found = {
            name: compared(reference_python, folder, data, plan)
            for name, folder in models_of(model or (), shots(data), Path(scratch))
        }
    write(out, found, markdown(found))
    typer.echo(markdown(found))


if __name__ == "__main__":
    app()
