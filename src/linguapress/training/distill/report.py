"""A page that shows what a distillation is worth: distributions, counts by source, the worst pairs. One file, no scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from statistics import mean

import numpy as np

from linguapress.render import shown
from linguapress.text import Span, merge
from linguapress.training.distill.quality import Pair, Sifted

WORST = 20
_BINS = 24
_WIDTH, _HEIGHT, _BASE = 320, 120, 16  # of a histogram, in pixels; the base holds the numbers
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --accent: #2a7de1; --kept: #2ea04338; --strange: #e5534b55; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin-top: 2.4rem }
p.lead, figcaption, .facts { color: color-mix(in srgb, currentColor 65%, transparent) }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem } figure { margin: 0; flex: 1 1 18rem } svg { width: 100%; height: auto }
svg rect { fill: var(--accent) } svg text { font-size: 10px; fill: currentColor; opacity: .65 }
svg line { stroke: var(--line) } svg .mean { stroke: currentColor; stroke-dasharray: 3 3 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .3rem .9rem .3rem 0; text-align: right }
th { font-weight: 600; border-bottom: 1px solid var(--line) } td { border-bottom: 1px solid var(--soft) }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: .8rem 0 } .facts { font-size: .85em }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.2rem }
@media (max-width: 44rem) { .pair { grid-template-columns: 1fr } }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; margin: .4rem 0 0 }
mark { color: inherit; background: var(--kept); border-radius: 2px } mark.strange { background: var(--strange) }
""".strip()

_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    f"<title>Distillation</title><style>{_STYLE}</style></head><body>"
)


def report(teacher: str, sifted: Sifted, unanswered: int) -> str:
    """The page, as HTML that needs nothing else; everything that comes from texts is escaped.

    Args:
        teacher: its name.
        sifted: all pairs.
        unanswered: passages without an answer.
    """
    pairs = [*sifted.kept, *sifted.by_variation, *sifted.by_gap, *sifted.empty]
    body = (
        f"<h1>Distillation with {_shown(teacher)}</h1>",
        f'<p class="lead">{_lead(sifted, unanswered)}</p>',
        '<div class="plots">',
        _histogram("Kept rate", "share of a text's words that are kept", [pair.rate for pair in pairs]),
        _histogram("Variation rate", "share of the teacher's words that are not in the text", [pair.variation for pair in pairs]),
        _histogram("Alignment gap", "teacher's words in the text less words labelled, per word of text", [p.gap for p in pairs]),
        "</div><h2>Sources</h2>",
        _sources(sifted, pairs),
        f"<h2>The {min(WORST, len(pairs))} worst pairs</h2>",
        '<p class="lead">Green: labelled as kept. Red: words of the teacher that the text does not have.</p>',
        *(_article(pair, _fate(pair, sifted)) for pair in worst(pairs)),
    )
    return "\n".join((_HEAD, *body, "</body></html>\n"))


def worst(pairs: Iterable[Pair], count: int = WORST) -> list[Pair]:
    """Those with the highest variation rate and alignment gap together, worst first."""
    return sorted(pairs, key=lambda pair: -(pair.variation + max(0.0, pair.gap)))[:count]


def _lead(sifted: Sifted, unanswered: int) -> str:
    parts = (
        f"{len(sifted.kept):,} pairs for training",
        f"{len(sifted.by_variation):,} dropped by variation rate",
        f"{len(sifted.by_gap):,} by alignment gap",
        f"{len(sifted.empty):,} of which nothing is kept",
        f"{unanswered:,} passages without an answer",
    )
    return " · ".join(parts)


def _histogram(title: str, caption: str, values: Sequence[float]) -> str:
    low, high = min(0.0, *values, 0.0), max(1.0 if title == "Kept rate" else 0.1, *values, 0.0)
    counts, edges = np.histogram(values, bins=_BINS, range=(low, high))
    tallest, step = max(1, int(counts.max())), _WIDTH / _BINS
    bars = "".join(
        f'<rect x="{at * step + 0.5:.1f}" y="{_HEIGHT - _HEIGHT * n / tallest:.1f}" width="{step - 1:.1f}" '
        f'height="{_HEIGHT * n / tallest:.1f}"><title>{edges[at]:.3f} to {edges[at + 1]:.3f}: {n:,}</title></rect>'
        for at, n in enumerate(counts)
        if n
    )
    centre = mean(values) if values else 0.0
    x, label = (centre - low) / (high - low) * _WIDTH, f"{title}, mean {centre:.3f}"
    return (
        f'<figure><svg viewBox="0 -4 {_WIDTH} {_HEIGHT + _BASE + 4}" role="img" aria-label="{label}">{bars}'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f'<line class="mean" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT}"/>'
        f'<text x="0" y="{_HEIGHT + 12}">{low:.2g}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 12}" text-anchor="end">{high:.2g}</text></svg>'
        f"<figcaption><b>{label}</b>: {caption}</figcaption></figure>"
    )


def _sources(sifted: Sifted, pairs: Sequence[Pair]) -> str:
    kept = {id(pair) for pair in sifted.kept}
    head = "".join(f"<th>{name}</th>" for name in ("source", "pairs", "for training", "kept rate", "variation", "gap"))
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.source, []).append(pair)
    rows = []
    for source, group in sorted(groups.items()):
        figures = (mean(getattr(pair, name) for pair in group) for name in ("rate", "variation", "gap"))
        cells = (f"{len(group):,}", f"{sum(id(pair) in kept for pair in group):,}", *(f"{figure:.3f}" for figure in figures))
        rows.append(f"<tr><td>{_shown(source)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _fate(pair: Pair, sifted: Sifted) -> str:
    fates = {"dropped by variation rate": sifted.by_variation, "dropped by alignment gap": sifted.by_gap, "empty": sifted.empty}
    return next((fate for fate, pairs in fates.items() if any(pair is other for other in pairs)), "for training")


def _article(pair: Pair, fate: str) -> str:
    figures = f"{_shown(pair.source)} · variation {pair.variation:.3f} · gap {pair.gap:.3f} · kept {pair.rate:.0%} · {fate}"
    text, compressed = _marked(pair.text, pair.kept, "<mark>"), _marked(pair.compressed, pair.strange, '<mark class="strange">')
    boxes = "".join(f'<div class="text" dir="auto">{part}</div>' for part in (text, compressed))
    return f'<article><div class="facts">{figures}</div><div class="pair">{boxes}</div></article>'


def _marked(text: str, spans: Sequence[Span], tag: str) -> str:
    """HTML of the text; spans that nothing but blanks part look like one."""
    joined = merge((start, end + len(text[end:]) - len(text[end:].lstrip())) for start, end in spans)
    parts, position = [], 0
    for start, end in joined:
        end = start + len(text[start:end].rstrip())
        parts += [_shown(text[position:start]), tag, _shown(text[start:end]), "</mark>"]
        position = end
    return "".join((*parts, _shown(text[position:])))


def _shown(text: str) -> str:
    return escape(shown(text))
