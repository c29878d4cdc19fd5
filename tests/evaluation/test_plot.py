"""The picture of the means."""

import builtins
import itertools
import sys

import pytest

from linguapress import MissingExtra
from linguapress.evaluation import plot
from linguapress.evaluation.quality import QUALITIES


def mean(method, budget, answer, kept, ms=3.0):
    limit = 1000 if budget == "adaptive" else kept
    return {
        "method": method, "budget": budget, "answer": answer, "low": answer - 0.1, "high": answer + 0.1, "tokens_before": 1000.0,
        "tokens_after": kept, "limit": limit, "ms": ms,
    }  # fmt: skip


MEANS = [
    mean("head", "2x", 0.4, 500.0), mean("head", "4x", 0.2, 250.0), mean("lingua", "4x", 0.8, 250.0),
    mean("lingua", "2x", 0.9, 500.0), mean("lingua", "adaptive", 0.85, 300.0), mean("bm25", "4x", 0.2, 0.0),
]  # fmt: skip


def test_methods_are_ranked_by_the_tightest_budget_and_lines_go_from_mild_to_tight():
    found = plot.curves(MEANS)
    assert [curve.name for curve in found] == ["lingua", "bm25", "head"]
    assert [row["budget"] for row in found[0].line] == ["2x", "4x"]
    assert [row["budget"] for row in found[0].free] == ["adaptive"]
    assert found[0].last["answer"] == 0.8
    (alone,) = plot.curves([mean("query_select", "adaptive", 0.5, 300.0)])
    assert alone.last["answer"] == 0.5


def test_no_two_methods_look_the_same():
    found = plot.curves([mean(f"m{n:03}", "2x", 0.5, 500.0) for n in range(60)])
    assert len({(curve.colour, curve.marker, str(curve.dash)) for curve in found}) == 60
    assert all(a.colour != b.colour and a.marker != b.marker for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_same_means_give_the_same_file(tmp_path, ending):
    pytest.importorskip("matplotlib")
    files = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for file in files:
        plot.draw(MEANS, file, "title")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(files[0].read_bytes()) > 5000
    assert b"<dc:date>" not in files[0].read_bytes()


def drawn(means):
    pytest.importorskip("matplotlib")
    figure = plot._figure(plot.curves(means), "title")
    figure.draw_without_rendering()
    return figure


def test_panels_have_names_units_and_ticks():
    survival, times = drawn(MEANS).axes
    assert [text.get_text() for text in survival.texts if text.get_text()] == ["lingua", "bm25", "head"]
    assert [label.get_text() for label in survival.get_xticklabels()] == ["2x\n500", "4x\n250"]
    assert "share of questions" in survival.get_ylabel()
    assert "milliseconds" in times.get_xlabel()
    assert times.get_xscale() == "log"
    assert (survival.get_ylim(), times.get_ylim()) == ((0, 1), (0, 1))


def test_without_times_there_is_one_panel():
    (survival,) = drawn([row | {"ms": None} for row in MEANS]).axes
    assert {text.get_text() for text in survival.texts} >= {"lingua", "bm25", "head"}


def test_nothing_global_is_changed(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    before = dict(matplotlib.rcParams)
    plot.draw(MEANS, tmp_path / "a.svg", "title")
    assert dict(matplotlib.rcParams) == before


def test_a_missing_library_is_named(monkeypatch, tmp_path):
    known = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return known(name, *rest)

    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"linguapress\[bench\]"):
        plot.draw(MEANS, tmp_path / "a.svg", "title")


def test_where_less_is_better_the_least_comes_first():
    means = [mean(name, "2x", 0.5, 500.0) | {"junk": junk} for name, junk in (("a", 0.4), ("b", 0.1))]
    assert [curve.name for curve in plot.curves(means, QUALITIES["junk"])] == ["b", "a"]
    assert [curve.name for curve in plot.curves(means)] == ["a", "b"]


def test_another_figure_is_drawn_and_named_in_looks_that_are_given(tmp_path):
    pytest.importorskip("matplotlib")
    means = [row | {"names": 1 - row["answer"]} for row in MEANS]
    looks = {name: ("#123456", "o", "-") for name in ("head", "lingua", "bm25")}
    plot.draw(means, tmp_path / "a.svg", "title", QUALITIES["names"], looks)
    text = (tmp_path / "a.svg").read_text("utf-8")
    assert "#123456" in text
    assert not any(colour.lower() in text for colour in plot.COLOURS[:3])
    survival, _ = plot._figure(plot.curves(means, QUALITIES["names"]), "t", QUALITIES["names"]).axes
    assert survival.get_ylabel() == "names kept"
