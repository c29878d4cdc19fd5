"""The measurements of :mod:`linguapress.evaluation.memories` as a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from linguapress.evaluation.memories_cases import FULL, GENERATE, KEYS
from linguapress.evaluation.tables import table

Found = Mapping[str, Any]
Cell = Callable[[Found, str, str], str]
GOAL_LENGTH, GOAL = "2000", 0.25
_NAMES = {FULL: "full prefill", GENERATE: "full prefill by `generate` of transformers", KEYS: "key-values of all tokens"}
_METHODS = {"500x": "500xCompressor", "icae": "ICAE"}
_NOTES = """Time to the first token: from the text, or from the files of the memories, to the first token of the answer: tokenizing,
reading files (the system has them in memory), moving keys to their positions, and the forward pass are all in it. Ratios are taken
by round, against full prefill by the same reader. Memory is the most that a fresh process held during one answer, beyond the loaded
model. The memories are of untrained compressors, and the weights of a random model say nothing: times and bytes depend on neither;
the quality of answers does, and is measured elsewhere. "Key-values of all tokens" are those of the text itself, each chunk read for
itself and kept: nothing is compressed; it is what memories are to be held against. Making a memory takes an adapted pass over the
chunk, once, when it is stored; it pays from about the second time on that the chunk is read.
"""


def markdown(found: Found) -> str:
    """Three tables: seconds, memory, bytes; and whether the goal is reached."""
    columns = ("context tokens", *(f"{found['tokens'][length]:,}" for length in found["tokens"]))
    return "\n".join([
        _head(found),
        _goal(found),
        table(f"Time to the first token, {_unit(found)}, and its share of full prefill", columns, _lines(found, _seconds)),
        _same(found),
        table("Of which reading the files", columns, _lines(found, _loading)),
        table(f"Peak MiB beyond the loaded model ({_loaded(found):,.0f} MiB)", columns, _lines(found, _peak)),
        table(_stored_title(found), ("stored", "slots", "bytes", "bytes / bytes of the text", _unit(found)), _sizes(found)),
        _NOTES,
    ])  # fmt: skip


def shares(found: Found, side: str, length: str) -> list[float]:
    """Time to the first token / that of full prefill, by round."""
    return [own / full for own, full in zip(_times(found, side, length), _times(found, FULL, length), strict=True)]


def _head(found: Found) -> str:
    plan, device, about = found["settings"], found["machine"], found["about"]
    versions = ", ".join(f"{package} {number}" for package, number in about["versions"].items())
    return (
        f"# Stored memories beside full prefill\n\n{found['date']}. Model: {found['model']}, {about['parameters'] / 1e6:.0f} "
        f"million weights in {about['precision']}, window {about['window']:,}. Chunks of {plan['chunk']} tokens from "
        f"{found['data']}, a memory each; a question of {found['question']} tokens. {device['processor']}, {device['cores']} "
        f"cores, device {plan['device']}, **threads: {plan['threads']}**{_busy(found)}. Medians of {plan['rounds']} rounds, which "
        f"go forth and back through all rows, after one that is not timed. {versions}.\n"
    )


def _busy(found: Found) -> str:
    return ", other work on the other cores" if found["settings"]["busy"] else ""


def _unit(found: Found) -> str:
    return "seconds of processor time" if found["settings"]["busy"] else "seconds"


def _goal(found: Found) -> str:
    """One sentence for each stored side; nothing where that length was not measured."""
    if GOAL_LENGTH not in found["tokens"]:
        return ""
    told = [f"{_name(side)} {median(shares(found, side, GOAL_LENGTH)):.1%}" for side in found["stored"] if side != KEYS]
    reached = all(median(shares(found, side, GOAL_LENGTH)) <= GOAL for side in found["stored"] if side != KEYS)
    at = f"at {int(GOAL_LENGTH):,} tokens"
    return f"Goal, at most {GOAL:.0%} of full prefill {at}: **{'reached' if reached else 'missed'}** ({', '.join(told)}).\n"


def _same(found: Found) -> str:
    """Whether our reader and transformers go on with the same token behind the text."""
    differing = [length for length in found["tokens"] if len({_first(found, side, length) for side in (FULL, GENERATE)}) > 1]
    where = ", ".join(f"{int(length):,}" for length in differing)
    told = f"differ at {where} tokens" if differing else "are the same at every length"
    return f"The first tokens of the two ways to read the text {told}.\n"


def _first(found: Found, side: str, length: str) -> str:
    return str(found["rows"][f"{side}-{length}"]["first"])


def _lines(found: Found, cell: Cell) -> list[list[str]]:
    sides = [FULL, GENERATE, *found["stored"]] if cell is not _loading else list(found["stored"])
    return [[_name(side), *(cell(found, side, length) for length in found["tokens"])] for side in sides]


def _name(side: str) -> str:
    method, _, k = side.partition("-")
    return _NAMES.get(side) or f"{_METHODS[method]}, k = {k}"


def _times(found: Found, side: str, length: str, key: str = "seconds") -> list[float]:
    return _clock(found, found["rows"][f"{side}-{length}"][key])


def _clock(found: Found, pairs: Sequence[Sequence[float]]) -> list[float]:
    """The seconds that the page goes by, of pairs of wall and processor."""
    return [pair[1 if found["settings"]["busy"] else 0] for pair in pairs]


def _seconds(found: Found, side: str, length: str) -> str:
    seconds = median(_times(found, side, length))
    return f"{seconds:.3f}" if side == FULL else f"{seconds:.3f} ({_spread(shares(found, side, length))})"


def _spread(ratios: Sequence[float]) -> str:
    low, high = min(ratios), max(ratios)
    return f"{median(ratios):.1%}" if len(ratios) == 1 else f"{median(ratios):.1%}; {low:.1%}-{high:.1%}"


def _loading(found: Found, side: str, length: str) -> str:
    return f"{median(_times(found, side, length, 'loading')):.4f}"


def _peak(found: Found, side: str, length: str) -> str:
    row = found["rows"][f"{side}-{length}"]
    return f"{row['peak_mib'] - row['loaded_mib']:,}" if row["peak_mib"] else "-"


def _loaded(found: Found) -> float:
    return float(median(row["loaded_mib"] for row in found["rows"].values()))


def _stored_title(found: Found) -> str:
    chunk = f"A chunk of {found['settings']['chunk']} tokens ({found['text_bytes']:,.0f} bytes of text)"
    return f"{chunk}, and {_unit(found)} to make its memory"


def _sizes(found: Found) -> list[list[str]]:
    return [
        [_name(side), f"{row['slots']:,}", f"{row['bytes']:,.0f}", f"{row['bytes'] / found['text_bytes']:,.1f}",
         f"{median(_clock(found, row['seconds'])):.3f}"]
        for side, row in found["stored"].items()
    ]  # fmt: skip
