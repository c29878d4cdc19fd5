"""The replication of soft compression as a page and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from linguapress.commands.soft_gates import BEST, Cells, accuracy, answers, gates, having, mean_and_spread, of, retention
from linguapress.evaluation.plot import COLOURS, require_matplotlib
from linguapress.evaluation.tables import table

PAPER = {"500x": {16: 0.739, 4: 0.684, 1: 0.635}, "icae": {16: 0.725, 4: 0.680, 1: 0.418}}
"""Retention of F1 that follows from figure 4 of the paper: Llama-3-8B-Instruct, 500 tokens, mean of five tasks."""
_NAMES = {"500x": "500xCompressor", "icae": "ICAE"}
_GREEDY = {"rouge_l": "Rouge-L", "bleu": "BLEU", "exact": "word for word"}
_CONTROLS = ("memory", "wrong", "none", "random", "cut", "mean", "text")
_NOTES = """Accuracy: share of tokens of a held-out text that are the likeliest ones, teacher-forced. Controls: `wrong` = the memory
of another text, `none` = no memory, `random` = numbers by chance with the moments of real memories, `cut` = the first k tokens of
the text itself, `mean` = mean states of k equal pieces as embeddings (not trained), `text` = the whole text; a memory of any k has
more bytes than the text, so this is also the text cut to equal bytes. Retention: F1 from the memory / F1 of the same model from the
text; that model has learnt from the same questions, so it is the full-context model finetuned on the same data. ± is the standard
deviation over seeds. The paper's curve is another model's (Llama-3-8B-Instruct, not finetuned on its questions): compare the shape.
ICAE here is what the paper compares with: no loss of going on with the text. `anchored` is the recipe that we would use: memory
tokens begin as tokens of the text, and in its last 60 % it reads texts of full length alone, where the others read lengths from a
half on; methods are compared without it, on equal terms. It is also finetuned for four times as many steps; "learnt with 4" goes on
from it for some more. Finetuning says the chunks again all the while, which the paper's does not. -: not measured.
"""


def page(found: Mapping[str, Any], picture: str) -> str:
    """Gates, then one table a question.

    Args:
        found: base and cells.
        picture: file name of what :func:`draw` makes.
    """
    base, cells = found["base"], found["cells"]
    shape = base["settings"]
    about = (
        f"# 500xCompressor and ICAE on a language model of {base['parameters']:,} parameters\n\n"
        f"Base: {shape['layers']} layers of width {shape['width']}, vocabulary {shape['vocabulary']:,}, {base['tokens']:,} tokens "
        f"in {base['seconds'] / 60:.0f} minutes, of which {shape['copying']:.0%} copying and {shape['asking']:.0%} questions. "
        f"Compressors for texts of {shape['chunk']} tokens, each on one thread: {cells[0]['steps']:,} steps of pretraining at k = "
        f"{cells[0]['k']} ({cells[0]['texts']:,} texts, {cells[0]['minutes']:g} minutes on a busy machine).\n"
    )
    passed = [(gate.question, gate.target, gate.found, "pass" if gate.passed else "**fail**") for gate in gates(found)]
    shown = [cell for cell in cells if cell["recipe"] in ("", BEST)]
    groups = sorted({(cell["recipe"], -cell["k"], cell["method"]) for cell in shown}, key=lambda group: (group[0] != BEST, *group))
    runs = [of(cells, method, -k, recipe) for recipe, k, method in groups]
    parts = [
        table("Gates, in order", ("", "target", "found", ""), passed),
        table("texts said again (accuracy)", ("method", "k", "bytes", "seeds", *_CONTROLS), [_said(run) for run in runs]),
        table("texts said again (greedy, from the memory)", ("method", "k", *_GREEDY.values()), list(map(_greedy, runs))),
        table("answers (F1)", ("method", "k", "domain", *_CONTROLS, "retention"), [row for run in runs for row in _asked(run)]),
        table("recipes of 500xCompressor (accuracy)", ("recipe", "k", "parameters", "steps", *_CONTROLS[:3]), _varied(cells)),
        table("500xCompressor against ICAE", ("", "500x", "ICAE", "accuracy", "F1"), _against(cells)),
    ]  # fmt: skip
    return "\n".join([about, parts[0], f"![F1 kept and tokens said again over k]({picture})\n", *parts[1:], _NOTES])


def _said(runs: Cells) -> tuple[str, ...]:
    first = runs[0]
    return (
        _name(first),
        str(first["k"]),
        f"{first['bytes']:,}",
        str(len(runs)),
        *(_spread(runs, accuracy(name)) for name in _CONTROLS),
    )


def _greedy(runs: Cells) -> tuple[str, ...]:
    first = runs[0]
    figures = [_spread(runs, lambda cell, name=name: cell["regeneration"]["memory"][name]) for name in _GREEDY]
    return (_name(first), str(first["k"]), *figures)


def _asked(runs: Cells) -> list[tuple[str, ...]]:
    done = [run for run in runs if "questions" in run]
    return [
        (_name(done[0]), str(done[0]["k"]), domain, *(_spread(done, answers(domain, name)) for name in _CONTROLS),
         _spread(done, retention(domain)))
        for domain in (done[0]["questions"] if done else ())
    ]  # fmt: skip


def _name(cell: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (_NAMES[cell["method"]], cell["recipe"])))


def _varied(cells: Cells) -> list[tuple[str, ...]]:
    rows = []
    for cell in cells:
        if cell["recipe"]:
            said = cell["regeneration"]
            shares = [f"{said[name]['accuracy']:.3f}" for name in ("memory", "wrong", "none")]
            rows.append((cell["recipe"], str(cell["k"]), f"{cell['parameters']:,}", f"{cell['steps']:,}", *shares))
    return rows


def _against(cells: Cells) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for k in dict.fromkeys(cell["k"] for cell in cells):
        if own := of(cells, "500x", k):
            pairs = [("equal k", other) for other in [of(cells, "icae", k)] if other]
            pairs += [("equal bytes", [c]) for c in cells if c["method"] == "icae" and c["bytes"] == own[0]["bytes"]][:1]
            for kind, other in pairs:
                rows.append((
                    kind, f"k = {k}", f"k = {other[0]['k']}", f"{_spread(own, accuracy())} / {_spread(other, accuracy())}",
                    f"{_spread(own, answers())} / {_spread(other, answers())}",
                ))  # fmt: skip
    return rows


def _spread(runs: Cells, value: Any) -> str:
    done = having(runs, value)
    mean, spread = mean_and_spread(done, value)
    return f"{mean:.3f} ± {spread:.3f}" if len(done) > 1 else f"{mean:.3f}" if done else "-"


def draw(found: Mapping[str, Any]) -> bytes:
    """Retention and accuracy over k as SVG, the paper's retention beside.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "linguapress", "axes.spines.top": False, "axes.spines.right": False, "font.size": 9.5}):
        figure = Figure(figsize=(9.2, 4.3), layout="constrained")
        left, right = figure.subplots(1, 2)
        for number, method in enumerate(_NAMES):
            _line(left, found["cells"], method, number, retention("seen"))
            _line(right, found["cells"], method, number, accuracy())
            paper = PAPER[method]
            left.plot(list(paper), list(paper.values()), color=COLOURS[number], linestyle=":", marker="x", alpha=0.6,
                      label=f"{_NAMES[method]}, paper (Llama-3-8B)")  # fmt: skip
        _frame(left, "F1 kept of the full context", found)
        _frame(right, "tokens said again", found)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
        out = BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _line(axes: Any, cells: Cells, method: str, number: int, value: Any) -> None:
    counts = sorted({cell["k"] for cell in cells if cell["method"] == method and not cell["recipe"]})
    done = {k: runs for k in counts if (runs := having(of(cells, method, k), value))}
    points: Sequence[tuple[float, float]] = [mean_and_spread(runs, value) for runs in done.values()]
    means, spreads = [mean for mean, _ in points], [spread for _, spread in points]
    axes.errorbar(
        list(done), means, spreads, color=COLOURS[number], marker="os"[number], capsize=3, label=f"{_NAMES[method]}, ours"
    )
    best = [cell for cell in having(cells, value) if (cell["method"], cell["recipe"]) == (method, BEST)]
    if best:
        axes.plot(
            [best[0]["k"]], [value(best[0])], color=COLOURS[number], marker="*", markersize=11, linestyle="",
            label=f"{_NAMES[method]}, ours, {BEST}",
        )  # fmt: skip


def _frame(axes: Any, title: str, found: Mapping[str, Any]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks([1, 4, 8, 16], ["1", "4", "8", "16"])
    axes.set_xlabel(f"memory tokens for {found['base']['settings']['chunk']} tokens of text")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_ylim(bottom=0)
    axes.grid(color="#dddddd", linewidth=0.6)
