"""The gates of the replication of soft compression, in order; each passes or fails. Targets were fixed before the first run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import nan
from statistics import fmean, stdev
from typing import Any, NamedTuple

BEST = "anchored"  # the recipe that we would use
COPYING, REGENERATION, RETENTION, DEVIATIONS, POINTS = 0.95, 0.80, 0.60, 2.0, 0.05
Cells = Sequence[Mapping[str, Any]]


class Gate(NamedTuple):
    """A question, what was found, and whether that is enough."""

    question: str
    target: str
    found: str
    passed: bool


def gates(found: Mapping[str, Any]) -> list[Gate]:
    """All gates of a replication; those whose runs are not done fail, and have found nan."""
    cells: Cells = found["cells"]
    most = max((cell["k"] for cell in cells), default=0)
    best = of(cells, "500x", most, BEST) or of(cells, "500x", most)
    return [_copying(found["base"]), _reading(cells), *_regeneration(best, most), _retention(best, most), *_methods(cells),
            _beside(cells)]  # fmt: skip


def of(cells: Cells, method: str, k: int, recipe: str = "") -> list[Mapping[str, Any]]:
    """The runs of a recipe, one a seed; the default is that on which methods are compared."""
    return [cell for cell in cells if (cell["method"], cell["k"], cell["recipe"]) == (method, k, recipe)]


def mean_and_spread(runs: Cells, value: Callable[[Mapping[str, Any]], float]) -> tuple[float, float]:
    """Mean over the seeds, and standard deviation; 0 of a single run, and no number of none."""
    values = [value(run) for run in runs]
    return fmean(values) if values else nan, stdev(values) if len(values) > 1 else 0.0


def accuracy(control: str = "memory") -> Callable[[Mapping[str, Any]], float]:
    """Of texts said again, of a run."""
    return lambda cell: cell["regeneration"][control]["accuracy"]


def answers(domain: str = "seen", control: str = "memory") -> Callable[[Mapping[str, Any]], float]:
    """F1 of a run."""
    return lambda cell: cell["questions"][domain][control]["f1"]


def having(runs: Cells, value: Callable[[Mapping[str, Any]], float]) -> list[Mapping[str, Any]]:
    """Those of the runs of which it was measured."""
    found = []
    for run in runs:
        with suppress(KeyError):
            value(run)
            found.append(run)
    return found


def _copying(base: Mapping[str, Any]) -> Gate:
    found = {size: figures["accuracy"] for size, figures in base["copying"].items()}
    text = ", ".join(f"{size} tokens {value:.3f}" for size, value in found.items())
    enough = all(value >= COPYING for value in found.values())  # not of nan
    return Gate("The base copies a text that it has just read", f"accuracy >= {COPYING}", text, enough)


def _reading(cells: Cells) -> Gate:
    missing = {"f1": nan, "f1_interval": (nan, nan)}
    scores: Mapping[str, Any] = next((cell["questions"]["seen"] for cell in cells if "questions" in cell), {})
    text, none = scores.get("text", missing), scores.get("none", missing)
    found = f"F1 {_with(text)} with the text, {_with(none)} without"
    return Gate(
        "The base answers from a text that it reads", "above no context", found, text["f1_interval"][0] > none["f1_interval"][1]
    )


def _with(score: Mapping[str, Any]) -> str:
    low, high = score["f1_interval"]
    return f"{score['f1']:.3f} ({low:.3f}-{high:.3f})"


def _regeneration(runs: Cells, most: int) -> list[Gate]:
    value, spread = mean_and_spread(runs, accuracy())
    controls = {name: mean_and_spread(runs, accuracy(name))[0] for name in ("wrong", "none", "random", "cut", "mean")}
    text = ", ".join(f"{name} {number:.3f}" for name, number in controls.items())
    return [
        Gate(
            f"500x says texts again at k = {most}", f"accuracy >= {REGENERATION:.2f}", f"{value:.3f} ± {spread:.3f}",
            value >= REGENERATION,
        ),
        Gate("... from the memory of that text", "another's memory <= none", text, controls["wrong"] <= controls["none"]),
        Gate("... better than all controls", "above each", text, value > max(controls.values())),
    ]  # fmt: skip


def _retention(runs: Cells, most: int) -> Gate:
    runs = [run for run in runs if "questions" in run]
    value, spread = mean_and_spread(runs, retention("seen"))
    unseen = mean_and_spread(runs, retention("unseen"))[0] if runs and "unseen" in runs[0]["questions"] else None
    text = f"{value:.1%} ± {spread:.1%}" + (f"; unseen domain {unseen:.1%}" if unseen is not None else "")
    return Gate(f"500x keeps the F1 of the full context at k = {most}", f">= {RETENTION:.0%}", text, value >= RETENTION)


def retention(domain: str) -> Callable[[Mapping[str, Any]], float]:
    """F1 with the memory / F1 with the text, of a run."""
    return lambda cell: answers(domain)(cell) / max(1e-9, answers(domain, "text")(cell))


def _methods(cells: Cells) -> list[Gate]:
    found = []
    for name, value in (("says texts again", accuracy()), ("answers", answers())):
        own, other = (having(of(cells, method, 1), value) for method in ("500x", "icae"))
        (mean, spread), (less, around) = mean_and_spread(own, value), mean_and_spread(other, value)
        apart = (spread**2 + around**2) ** 0.5
        text = f"{mean:.3f} ± {spread:.3f} against {less:.3f} ± {around:.3f}; {len(own)} seeds"
        enough = min(len(own), len(other)) > 1 and mean - less > DEVIATIONS * apart
        found.append(
            Gate(f"At k = 1, 500x {name} better than ICAE", f"by more than {DEVIATIONS:g} standard deviations", text, enough)
        )
    return found


def _beside(cells: Cells) -> Gate:
    """What is no better than no memory, alone or among others, has little to lose, and does not pass."""
    asked: Mapping[str, Any] = next((cell for cell in cells if "side_by_side" in cell and "questions" in cell), {})
    runs, parts, passed = asked.get("side_by_side", {}), [], False
    for learnt, scores in runs.items():
        low, high = scores["lost_interval"]
        lost, none = scores["alone"] - scores["among"], answers("seen", "none")(asked)
        passed |= lost <= POINTS and min(scores["alone"], scores["among"]) > none
        parts.append(f"learnt with {learnt}: {scores['alone']:.3f} alone (no memory {none:.3f}), {scores['among']:.3f} among "
                     f"{scores['chunks']}, lost {100 * lost:.1f} points ({100 * low:.1f} to {100 * high:.1f})")  # fmt: skip
    target = f"at most {100 * POINTS:g} F1 points lost, above no memory"
    return Gate("The answer is found among four memories", target, "; ".join(parts), passed)
