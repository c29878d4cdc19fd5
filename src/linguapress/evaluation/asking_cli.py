"""``linguapress bench-reader``: what a reader answers from compressed contexts, beside the whole ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from linguapress.errors import InvalidRecord
from linguapress.evaluation.outputs import named, write
from linguapress.evaluation.plot import require_matplotlib
from linguapress.evaluation.refusal import refusing
from linguapress.evaluation.tasks import TASKS
from linguapress.jsonl import append_jsonl, read_jsonl
from linguapress.models.embedded import CAUSAL

KEY = "key.jsonl"
_CONDITIONS = ("whole", "lingua=300", "lingua=1000", "query_select")
app = typer.Typer(help="Measure what a reader answers from compressed contexts.", no_args_is_help=True)


@app.command()
def ask(  # noqa: PLR0913 - each is an option
    data: Annotated[Path, typer.Argument(help="Folder of data sets, or JSON lines: question, passages, answers.", exists=True)],
    task: Annotated[str, typer.Option(help="Of a folder: nq, multihop, xquad-en and so on, see bench.")] = "nq",
    part: Annotated[str, typer.Option(help="Of a folder: dev, test or all.")] = "test",
    condition: Annotated[
        list[str] | None,
        typer.Option(help=f"METHOD=BUDGET, METHOD, whole or gold; repeat it. Default: {', '.join(_CONDITIONS)}."),
    ] = None,
    counter: Annotated[str, typer.Option(help="The reader's tokenizer; embedded needs no vocabulary of others.")] = "cl100k_base",
    lm: Annotated[str, typer.Option(help="Causal language model of the perplexity methods.")] = CAUSAL,
    limit: Annotated[int, typer.Option(min=0, help="Number of questions; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option(help="Order of passages, questions and conditions.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for key.jsonl and sheet-1.jsonl, sheet-2.jsonl and so on.")] = Path("asked"),
) -> None:
    """Writes the questions down: a sheet for each reader, JSON lines with id, question and context.

    METHOD=BUDGET is lingua=500 (tokens), lingua=0.3 (a rate) or lingua=4x (a ratio).
    """
    from linguapress.evaluation import asking
    from linguapress.evaluation.tasks.own import own_examples

    if data.is_dir() and (task not in TASKS or part not in ("dev", "test", "all")):
        raise typer.BadParameter(f"task is one of {', '.join(TASKS)}, part one of dev, test, all; got {task!r} and {part!r}")
    if any(out.glob("answers-*.jsonl")):
        raise typer.BadParameter(f"{out} holds answers to what was asked before; choose another --out")
    with refusing():
        conditions = [asking.condition(spec, counter, lm) for spec in dict.fromkeys(condition or _CONDITIONS)]
        examples = TASKS[task].examples(data, seed, part) if data.is_dir() else own_examples(data)
        wanted = [example for example in examples if example.answers][: limit or None]
    if not wanted:
        raise typer.BadParameter(f"{data.name} holds no question with an answer that could be scored")
    with refusing(), Progress(transient=True) as progress:
        bar = progress.add_task("questions", total=len(wanted))
        rows = list(asking.asked(wanted, conditions, seed, lambda: progress.advance(bar)))
    source = {"task": task, "part": part} if data.is_dir() else {"task": data.name, "part": "all"}
    about = source | {"seed": seed, "counter": counter, "limit": limit}
    _fresh(out / KEY, [{"about": about}, *rows])
    found = asking.sheets(rows)
    for old in out.glob("sheet-*.jsonl"):
        old.unlink()
    for number, sheet in found.items():
        _fresh(out / f"sheet-{number}.jsonl", sheet)
    typer.echo(f"{len(wanted)} questions under {len(conditions)} conditions: {len(found)} sheets in {out}")


@app.command()
def answer(
    folder: Annotated[Path, typer.Argument(help="Folder that `bench-reader ask` has written.", exists=True, file_okay=False)],
    reader: Annotated[str, typer.Option(help="langchain:package.module:factory, or folder of an extractive model.")],
) -> None:
    """Has a model answer all sheets; what it has answered is not asked again."""
    from linguapress.evaluation import asking, readers

    sheets = sorted(folder.glob("sheet-*.jsonl"))
    if not sheets:
        raise typer.BadParameter(f"{folder} holds no sheets; write some with `linguapress bench-reader ask`")
    with refusing():
        model = readers.reader_of(reader)
        for sheet in sheets:
            file = sheet.with_name(sheet.name.replace("sheet-", "answers-"))
            known = asking.answers_of([file]) if file.exists() else {}
            todo = [row for row in read_jsonl(sheet) if row["id"] not in known]
            for row in asking.answered(todo, model):
                append_jsonl(file, [row])
            typer.echo(f"{file.name}: {len(known) + len(todo)} answers, {len(todo)} of them new")


@app.command()
def score(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders that `bench-reader ask` has written, of one task.", exists=True, file_okay=False)
    ],
    reader: Annotated[str, typer.Option(help="What the results call who answered.")] = "",
    plot: Annotated[bool, typer.Option("--plot", help="Draws answered right over tokens, too: NAME.svg.")] = False,
    out: Annotated[Path, typer.Option(help="Results: NAME.jsonl, without the contexts, NAME.json and NAME.md.")] = Path("answered"),
) -> None:
    """Scores answers-*.jsonl, JSON lines with id and said: how many are right, beside those from the whole context."""
    from linguapress.evaluation import asking_page

    with refusing():
        if plot:
            require_matplotlib()
        found, about = _answered(folders)
        _check_free(named(out, ".jsonl"))
    about |= {"questions": len({row["id"] for row in found}), "reader": reader}
    means = asking_page.means(found)
    title = f"{about['task']}, {about['part']}: {about['questions']} questions, seed {about['seed']}, {about['counter']}"
    title += f", answered by {reader}" if reader else ""
    page = asking_page.markdown(means, title)
    _fresh(named(out, ".jsonl"), [{key: value for key, value in row.items() if key != "context"} for row in found])
    write(out, {"about": about, "means": means}, page)
    if plot:
        asking_page.draw(means, named(out, ".svg"), f"{about['task']}, {about['part']}: {about['questions']} questions")
    typer.echo(page)


def _check_free(file: Path) -> None:
    """Refuses to write over anything but an earlier result."""
    if file.exists() and not {"said", "right"} <= next(iter(read_jsonl(file)), {}).keys():
        raise InvalidRecord(f"{file} is no result of this command; choose another --out")


def _answered(folders: Sequence[Path]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The scored rows of all folders, and what was asked there.

    Raises:
        InvalidRecord: a folder without a key, an item without an answer, or folders of which each asks something else.
    """
    from linguapress.evaluation import asking

    found, told = [], []
    for folder in folders:
        if not (folder / KEY).exists():
            raise InvalidRecord(f"{folder} holds no {KEY}; write one with `linguapress bench-reader ask`")
        head, *rows = read_jsonl(folder / KEY)
        found += asking.scored(rows, asking.answers_of(sorted(folder.glob("answers-*.jsonl"))))
        told.append(head["about"])
    if any(other != told[0] for other in told):
        raise InvalidRecord(f"{', '.join(map(str, folders))} do not ask the same; score folders of one task, part and seed")
    return found, dict(told[0])


def _fresh(file: Path, rows: list[dict[str, Any]]) -> None:
    file.unlink(missing_ok=True)
    append_jsonl(file, rows)
