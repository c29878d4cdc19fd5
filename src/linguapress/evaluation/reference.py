"""Speed of our ``llmlingua2`` beside the package ``llmlingua``: same weights, documents, rate and threads, in alternating rounds.

``llmlingua`` 0.2.2 needs an environment of its own (transformers 4.44, numpy below 2), and ``TIKTOKEN_CACHE_DIR`` where there is
no network. Each side is a process that stays; the measured time is that of the calls, without start and loading.

    python -m linguapress.evaluation.reference --reference-python REF/bin/python --data nq_multidoc --out speed_llmlingua2.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, NamedTuple

import regex

from linguapress.counters import embedded
from linguapress.evaluation.machine import machine
from linguapress.evaluation.outputs import write
from linguapress.evaluation.workers import write_cases
from linguapress.jsonl import read_jsonl
from linguapress.models.embedded import EMBEDDED
from linguapress.models.stored import copy_dense

FILE = "nq_20docs_gold_at_9_dev.jsonl.gz"
FOLDER = "bert-base-multilingual-cased"  # the reference knows a WordPiece model by this part of its name
CASES = {"lists": "lists of 20 documents, one call each", "long": "one long text"}
SIDES = ("reference", "linguapress", "linguapress float32")
LONG_TOKENS = 20_000
EXAMPLES = 5

_NUMBER = regex.compile(r"\d+(?:[.,:/]\d+)*")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        rate: share of tokens asked for, 0..1.
        rounds: timed rounds, after one that is not timed.
        threads: of PyTorch and of the tokenizers, for each side; only one side works at a time.
        seed: of the choice of documents.
        queries: lists of documents.
    """

    rate: float = 0.5
    rounds: int = 7
    threads: int = 2
    seed: int = 0
    queries: int = 20


class Side(NamedTuple):
    """A running process that compresses."""

    process: subprocess.Popen[str]
    about: dict[str, Any]

    def run(self, case: str) -> dict[str, Any]:
        """Has all calls of a case made once."""
        assert self.process.stdin, "started with a pipe"
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()
        return _answer(self.process)


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout, "started with a pipe"
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the process of one side ended with code {process.wait()}; its message stands above")
    found: dict[str, Any] = json.loads(line)
    return found


def opened(command: Sequence[str], threads: int, errors: IO[bytes] | None = None) -> subprocess.Popen[str]:
    """Starts a process that is asked and answers line by line, on so many threads; its messages go to ``errors``, or to ours."""
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
    environment = {**os.environ, **limits, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
    return subprocess.Popen(command, env=environment, text=True, encoding="utf-8", **pipes)


@contextmanager
def side(command: Sequence[str], threads: int) -> Iterator[Side]:
    """Starts one side and ends it."""
    with opened(command, threads) as process:
        try:
            yield Side(process, _answer(process))
        finally:
            process.terminate()


def documents(data: Path, plan: Plan) -> dict[str, list[list[str]]]:
    """The calls of each case: lists of documents, one long text of other documents, and the gold passages shown as examples."""
    rows = list(read_jsonl(data / FILE))
    random.Random(plan.seed).shuffle(rows)
    lists = [[f"{item['title']}\n{item['text']}" for item in row["docs"]] for row in rows]
    long, tokens = [], 0
    for text in dict.fromkeys(text for texts in lists[plan.queries :] for text in texts):
        if tokens >= LONG_TOKENS:
            break
        long.append(text)
        tokens += embedded(text)
    gold = [[texts[row["gold_index"]]] for row, texts in zip(rows, lists, strict=True)]
    return {"lists": lists[: plan.queries], "long": [["\n\n".join(long)]], "examples": gold[:EXAMPLES]}


def measure(reference_python: str, data: Path, plan: Plan) -> dict[str, Any]:
    """Runs both sides, and ours in float32 too, in rounds that go forth and back through the sides.

    Args:
        reference_python: interpreter of the environment that has ``llmlingua``.
        data: folder of the nq_multidoc files.
        plan: what to run.
    """
    calls = documents(data, plan)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder, cases = Path(scratch, FOLDER), Path(scratch, "cases.jsonl")
        copy_dense(EMBEDDED, folder)
        write_cases(cases, [{"name": name, "calls": value} for name, value in calls.items()])
        common = ["--model", str(folder), "--cases", str(cases), "--rate", str(plan.rate), "--threads", str(plan.threads)]
        worker = str(Path(__file__).with_name("reference_worker.py"))
        starts = {
            "reference": [reference_python, worker, "reference", *common],
            "linguapress": [sys.executable, worker, "linguapress", *common],
            "linguapress float32": [sys.executable, worker, "linguapress", *common, "--precision", "float32"],
        }
        sides = {name: stack.enter_context(side(command, plan.threads)) for name, command in starts.items()}
        warm = {name: {case: one.run(case) for case in calls} for name, one in sides.items()}
        seconds: dict[str, dict[str, list[float]]] = {name: {case: [] for case in CASES} for name in SIDES}
        peaks = dict.fromkeys(SIDES, 0.0)
        for number in range(plan.rounds):
            for case in CASES:
                for name in SIDES if number % 2 == 0 else SIDES[::-1]:
                    found = sides[name].run(case)
                    seconds[name][case].append(sum(found["seconds"]))
                    peaks[name] = found["peak"]
        about = {name: {**one.about, "peak_mib": round(peaks[name])} for name, one in sides.items()}
    texts = {name: {case: found["texts"] for case, found in cases_.items()} for name, cases_ in warm.items()}
    return report(plan, calls, about, seconds, texts)


def report(
    plan: Plan, calls: Mapping[str, list[list[str]]], about: Mapping[str, dict[str, Any]],
    seconds: Mapping[str, Mapping[str, list[float]]], texts: Mapping[str, Mapping[str, list[str]]],
) -> dict[str, Any]:  # fmt: skip
    """The measurements as one JSON object."""
    results = {}
    for case, what in CASES.items():
        tokens = sum(embedded(text) for documents in calls[case] for text in documents)
        rows = {name: _row(tokens, seconds[name][case], calls[case], texts[name][case]) for name in SIDES}
        results[case] = {"what": what, "calls": len(calls[case]), "tokens": tokens, "sides": rows} | {
            "times_reference": {name: _spread(_ratios(seconds["reference"][case], seconds[name][case])) for name in SIDES[1:]}
        }
    shown = [
        {"source": call[0], **{name: texts[name]["examples"][i] for name in SIDES[:2]}} for i, call in enumerate(calls["examples"])
    ]
    settings = {"rate": plan.rate, "rounds": plan.rounds, "threads": plan.threads, "seed": plan.seed, "data": FILE}
    date = datetime.now(timezone.utc).date().isoformat()
    return {"date": date, "settings": settings, "machine": machine(), "sides": dict(about), "results": results, "examples": shown}


def _row(tokens: int, seconds: Sequence[float], calls: Sequence[Sequence[str]], texts: Sequence[str]) -> dict[str, Any]:
    before = sum(embedded("\n\n".join(documents)) for documents in calls)
    rates = [embedded(text) / embedded("\n\n".join(documents)) for documents, text in zip(calls, texts, strict=True)]
    return {
        "tokens_per_second": _spread([tokens / each for each in seconds]),
        "seconds": [round(each, 4) for each in seconds],
        "reached_rate": round(sum(embedded(text) for text in texts) / before, 4),
        "reached_rate_of_calls": [round(min(rates), 4), round(max(rates), 4)],
        **fidelity(calls, texts),
    }


def fidelity(calls: Sequence[Sequence[str]], texts: Sequence[str]) -> dict[str, float]:
    """How much of the compressed text is the source's own.

    Returns:
        ``foreign_words``: share of the words between blanks (outer punctuation, letter case and accents aside) that are no such
        words of the source; ``numbers_kept``: share of the source's distinct numbers (such as 7,731,004) that the text has.
    """
    foreign = words = kept = numbers = 0
    for call, text in zip(calls, texts, strict=True):
        own = set(_bare_words("\n".join(call)))
        output = _bare_words(text)
        words += len(output)
        foreign += sum(word not in own for word in output)
        wanted = set(_NUMBER.findall("\n".join(call)))
        numbers += len(wanted)
        kept += len(wanted & set(_NUMBER.findall(text)))
    return {"foreign_words": round(foreign / max(1, words), 4), "numbers_kept": round(kept / max(1, numbers), 4)}


def _bare_words(text: str) -> list[str]:
    plain = regex.sub(r"\p{Mn}", "", unicodedata.normalize("NFD", text.casefold()))
    bare = (regex.sub(r"^[\p{P}\p{S}]+|[\p{P}\p{S}]+$", "", word) for word in plain.split())
    return [word for word in bare if word]


def _ratios(slow: Sequence[float], fast: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(slow, fast, strict=True)]


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 2), "min": round(min(values), 2), "max": round(max(values), 2)}


def markdown(found: Mapping[str, Any]) -> str:
    """The measurements and examples as a page."""
    settings, device = found["settings"], found["machine"]
    bf16 = "yes" if device["avx512_bf16"] or device["amx_bf16"] else "no"
    lines = [
        "# LLMLingua-2 filtering: linguapress beside llmlingua\n",
        f"{found['date']}. Same weights (the embedded model), asked rate {settings['rate']}, {settings['threads']} threads, "
        f"{settings['rounds']} rounds after a warm-up, seed {settings['seed']}, {settings['data']}. "
        f"{device['processor']}, {device['cores']} cores, bfloat16 in hardware: {bf16}. "
        "Nothing is remembered between calls. Tokens are WordPiece tokens of the input.\n",
        "| side | versions | precision | peak memory, MiB |\n| --- | --- | --- | --- |",
    ]
    for name, about in found["sides"].items():
        versions = ", ".join(f"{package} {number}" for package, number in about["versions"].items())
        lines.append(f"| {name} | {versions} | {about['dtype'].removeprefix('torch.')} | {about['peak_mib']} |")
    for result in found["results"].values():
        lines += ["", f"## {result['what'].capitalize()}: {result['calls']} calls, {result['tokens']:,} tokens\n", _HEAD]
        for name, row in result["sides"].items():
            speed, times = row["tokens_per_second"], result["times_reference"].get(name)
            factor = f"{times['median']:.1f} ({times['min']:.1f} to {times['max']:.1f})" if times else "1"
            low, high = row["reached_rate_of_calls"]
            lines.append(
                f"| {name} | {speed['median']:,.0f} ({speed['min']:,.0f} to {speed['max']:,.0f}) | {factor} "
                f"| {row['reached_rate']:.3f} ({low:.3f} to {high:.3f}) | {row['foreign_words']:.1%} | {row['numbers_kept']:.1%} |"
            )
    lines += ["", _NOTES, "## Examples\n", "The gold passages of the first queries, each compressed alone, all as they came out."]
    for number, example in enumerate(found["examples"], 1):
        lines += [f"\n### {number}\n", *(f"**{name}**\n\n```text\n{text}\n```\n" for name, text in example.items())]
    return "\n".join(lines).rstrip() + "\n"


_HEAD = (
    "| side | tokens/s, median (range) | times reference, by round | reached rate (range over calls) "
    "| words not in the source | numbers kept |\n| --- | --- | --- | --- | --- | --- |"
)
_NOTES = """Words not in the source: words between blanks, outer punctuation, letter case and accents aside, that the source
does not have between blanks, such as the halves of a word whose hyphen was set apart. Numbers kept: distinct numbers of each call's
source, such as 7,731,004, that stand unbroken in the result; ours guards numbers by default, the reference does so only on request
(`force_reserve_digit`), which was not made. The reference rebuilds text from tokens, so its lower case and lost accents come from
the uncased model that both share here; its own checkpoints are cased. It counts its rate in tokens of GPT-3.5, not in those shown.
It pads each document to 512 tokens, which costs most where documents are short; the long text has next to no padding.
"""


def main() -> None:
    """Measures, and writes the JSON file and a page beside it."""
    defaults = Plan()
    parser = argparse.ArgumentParser(description="Times llmlingua2 of linguapress and of llmlingua on the same weights.")
    parser.add_argument("--reference-python", required=True, help="interpreter that has llmlingua")
    parser.add_argument("--data", type=Path, required=True, help=f"folder that holds {FILE}")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write; a page goes beside it")
    parser.add_argument("--rounds", type=int, default=defaults.rounds)
    parser.add_argument("--queries", type=int, default=defaults.queries)
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    options = parser.parse_args()
    plan = Plan(rounds=options.rounds, threads=options.threads, seed=options.seed, queries=options.queries)
    found = measure(options.reference_python, options.data, plan)
    write(options.out, found, markdown(found))
    sys.stdout.write(markdown(found).split("## Examples")[0])


if __name__ == "__main__":
    main()
