from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from fakes import METHODS
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from linguapress import Budget, Compression, Passage, Span, load
from linguapress.draft import Stage
from linguapress.page import to_html, to_page
from linguapress.render import pieces, shown, stages, summary, to_ansi, to_markdown, to_plain, to_text
from linguapress.unit_scores import UnitScores

HOSTILE = (
    '<script>alert("1")</script> & &amp; `code` [red]rich[/red] [/] :a: \x00 \x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \b\x7f\r'
    "over\r\nnext\tline </div></del>\u2028*star* _under_ ~~gone~~ | # - 1. \U0001f469\u200d\U0001f4bb ไม่"
)
TAGS = {
    "b", "bdi", "del", "details", "div", "mark", "p", "path", "section", "span", "style", "summary", "svg", "table", "tbody", "td", "th",
    "thead", "tr",
}  # fmt: skip
SGR = re.compile(r"\x1b\[[0-9;]*m")


def result(*passages: Passage, dropped: tuple[Passage, ...] = (), **facts) -> Compression:
    numbers = {"tokens_before": 1234, "tokens_after": 500, "limit": 500} | facts
    return Compression("\n\n".join(passage.text for passage in passages), passages, dropped, **numbers)


def cut(index: int, source: str, *spans: tuple[int, int], score: float | None = None) -> Passage:
    return Passage(index, source, tuple(Span(*span) for span in spans), score)


@st.composite
def passages(draw, index: int = 0, alphabet=None) -> Passage:
    source = draw(st.text(alphabet, min_size=1, max_size=60) if alphabet else st.text(min_size=1, max_size=60))
    cuts = sorted(draw(st.sets(st.integers(0, len(source)), max_size=8)))
    return cut(index, source, *zip(cuts[::2], cuts[1::2], strict=False))


class Documents(HTMLParser):
    """Text of every element with data-document, and all tags seen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[int, str] = {}
        self.tags: list[str] = []
        self.depth, self.current = 0, -1
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        number = dict(attrs).get("data-document")
        if number is not None:
            self.current = int(number)
            self.texts[self.current] = ""

    def handle_endtag(self, tag):
        if tag == "div":
            self.current = -1

    def handle_data(self, data):
        if self.current >= 0:
            self.texts[self.current] += data


@given(passages(0), passages(1))
def test_stripping_the_html_gives_the_documents_back(kept, lost):
    documents = Documents(to_html(result(kept, dropped=(lost,)))).texts
    assert documents == {0: shown(kept.source), 1: shown(lost.source)}


@given(st.text())
def test_shown_replaces_control_characters_one_for_one(text):
    seen = shown(text)
    assert len(seen) == len(text)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]|\r(?!\n)", seen)
    plain = "".join(char for char in text if char.isprintable())
    assert shown(plain) == plain


@given(passages())
def test_pieces_tile_the_document(passage):
    found = pieces(passage)
    assert "".join(piece.text for piece in found) == shown(passage.source)
    assert "".join(piece.text for piece in found if piece.kept) == "".join(shown(passage.source)[a:b] for a, b in passage.spans)


def blanks(text: str) -> str:
    """The text with single blanks for runs of them: rich widens tabs and drops carriage returns."""
    return re.sub(r"[ \t]+", " ", text.replace("\r", "")).rstrip("\n")


@given(passages())
def test_ansi_holds_the_text_and_no_escape_but_styles(passage):
    ansi = SGR.sub("", to_ansi(result(passage)))
    assert "\x1b" not in ansi
    assert blanks(ansi.split("\n", 1)[1]) == blanks(shown(passage.source))


@given(passages())
def test_plain_marks_what_is_dropped(passage):
    text = to_plain(result(passage)).split("\n", 1)[1].removesuffix("\n")
    marked = "".join(piece.text if piece.kept else f"[-{piece.text}-]" for piece in pieces(passage))
    assert text == marked


def rendered(markdown: str) -> str:
    html = MarkdownIt("commonmark").enable(["strikethrough", "table"]).render(markdown)
    return html.split("</h5>", 1)[1]


def words(text: str) -> str:
    return " ".join(text.split())


@given(passages(alphabet="ab1 \n\t.,*_`~<>#-+=|[]()&$\\!:\"'é中。"))
def test_markdown_shows_the_document_and_strikes_what_is_dropped(passage):
    html = rendered(to_markdown(result(passage)))
    assert not re.findall(r"<(?!/?(?:p|s|del)>)[^>]*>", html.replace("<br />", ""))
    bare = re.sub(r"</?(?:p|s|del)>|<br />", "", html)
    parser = HTMLParser()
    seen: list[str] = []
    parser.handle_data = seen.append  # type: ignore[method-assign]
    parser.feed(bare)
    parser.close()
    assert words("".join(seen)) == words(passage.source)
    struck = re.findall(r"<(?:s|del)>(.*?)</(?:s|del)>", html, re.DOTALL)
    dropped = "".join("".join(passage.source[a:b].split()) for a, b in passage.dropped)
    assert len("".join(struck)) >= len(dropped)


def test_hostile_text_stays_text():
    passage = cut(0, HOSTILE, (0, 30))
    found = result(passage, dropped=(cut(1, HOSTILE),), warnings=("lost '<b>\x1b[0m'",))
    html = Documents(to_html(found, ["<i>name", "\x1b[31m[red]"]))
    assert set(html.tags) <= TAGS
    assert html.texts == {0: shown(HOSTILE), 1: shown(HOSTILE)}
    assert "\x1b" not in to_html(found) + to_plain(found) + to_markdown(found) + SGR.sub("", to_ansi(found))
    assert "[red]rich[/red] [/] :a:" in to_ansi(found)
    assert "<script>" not in to_html(found)
    assert not re.search(r"(?<!\\)<script", to_markdown(found))


def test_html_tells_what_it_cost():
    whole = cut(0, "All of it.", (0, 10), score=0.5)
    html = to_html(
        result(whole, stages=(Stage("sentences", 1234, 700, 12.34), Stage("words", 700, 500, 3.0)), warnings=("careful",))
    )
    assert "1,234 -&gt; 500 tokens (2.5x), limit 500" in html
    assert "<td>sentences</td><td>1,234</td><td>700</td><td>12.3 ms</td>" in html
    assert "<td>words</td><td>700</td><td>500</td><td>3.0 ms</td>" in html
    assert "Warning: careful" in html
    assert "100% of 10 characters kept" in html
    assert "relevance 0.50" in html
    assert '<mark title="kept">All of it.</mark>' in html
    assert "<details>" not in html


def test_documents_dropped_whole_are_folded_and_come_last():
    found = result(cut(1, "kept", (0, 4)), dropped=(cut(0, "lost one"), cut(2, "lost two")))
    html = to_html(found)
    assert html.index("kept</mark>") < html.index("<details>") < html.index("lost one") < html.index("lost two")
    assert "2 documents dropped whole" in html
    assert "#### Dropped whole" in to_markdown(found)
    assert [line for line in to_plain(found).splitlines() if line] == [
        "documents[1]", "kept", "documents[0]", "[-lost one-]", "documents[2]", "[-lost two-]",
    ]  # fmt: skip


def test_names_stand_for_documents():
    found = result(cut(0, "text", (0, 4)), dropped=(cut(1, "more"),))
    for render in (to_ansi, to_plain, to_html, to_markdown):
        assert "first" in render(found, ["first", "second"])
        assert "second" in render(found, ["first", "second"])


def test_styles_of_rich_text():
    text = to_text(result(cut(0, "keep drop", (0, 5))))
    assert {str(span.style) for span in text.spans} == {"bold", "green", "dim strike"}


@pytest.mark.parametrize(
    ("source", "span", "expected"),
    [
        ("He was born here", (0, 3), "He ~~was born here~~"),
        ("one  two", (0, 3), "one  ~~two~~"),
        ("an end. Next", (0, 6), "an end<del>. Next</del>"),
        ("a\n\nb c", (0, 1), "a\n\n~~b c~~"),
        ("x\n\n    code", (0, 1), "x\n\n&nbsp;&nbsp;&nbsp;&nbsp;~~code~~"),
        ("snake_case `x` <b>", (0, 18), r"snake\_case \`x\` \<b\>"),
        ("1. one", (0, 6), r"1\. one"),
    ],
)
def test_markdown_of(source, span, expected):
    assert to_markdown(result(cut(0, source, span))).split("\n\n", 2)[2].removesuffix("\n") == expected


def test_nothing_at_all():
    empty = result(tokens_before=0, tokens_after=0, limit=0)
    assert Documents(to_html(empty)).texts == {}
    assert to_plain(empty).strip() == to_ansi(empty).strip() == ""
    assert summary(result(tokens_after=0)) == "1,234 -> 0 tokens (nothing kept), limit 500"
    assert stages(empty) == ""


def test_a_real_compression_shows_itself_in_notebooks():
    found = load("head").compress(["One two three. Four five six.", "Seven eight."], budget=Budget(tokens=6))
    assert Documents(found._repr_html_()).texts == {0: "One two three. Four five six.", 1: "Seven eight."}


def filled(html: str) -> list[tuple[int, int]]:
    """Ranges that a bar fills."""
    return [(int(start), int(end)) for start, end in re.findall(r"M(\d+) 0H(\d+)V1H\1z", html)]


def test_a_bar_is_filled_where_the_document_is_kept():
    html = to_html(result(cut(0, "x" * 1000, (0, 250), (500, 501), (990, 1000))))
    assert 'viewBox="0 0 400 1"' in html
    assert filled(html) == [(0, 100), (200, 201), (396, 400)]


@given(passages())
def test_a_bar_stays_inside_its_frame_and_shows_every_kept_span(passage):
    ranges = filled(to_html(result(passage)))
    assert all(0 <= start < end <= 400 for start, end in ranges)
    assert bool(ranges) == bool(passage.spans)


def test_a_page_is_whole_and_asks_for_nothing():
    found = result(cut(0, HOSTILE, (0, 30)), warnings=(HOSTILE,), stages=(Stage("<script>", 2, 1, 0.0),))
    page = to_page(found, ['"><img src=x onerror=alert(1)>'])
    assert page.startswith("<!doctype html>")
    assert to_html(found, ['"><img src=x onerror=alert(1)>']) in page
    parsed = Documents(page)
    assert set(parsed.tags) <= TAGS | {"html", "head", "meta", "title", "body", "main"}
    assert not re.search(r"(?:src|href|url|@import)\s*[=(]", re.sub(r"data-document.*", "", page).replace("src=x", ""))
    assert "default-src &#x27;none&#x27;" in page
    assert "color-scheme:light dark" in page


def test_long_documents_are_bounded_and_say_what_is_left_out():
    source = "word " * 200_000
    spans = [(at, at + 300) for at in range(0, len(source), 10_000)]
    html = to_html(result(cut(0, source, *spans), dropped=(cut(1, "y" * 1_000_000),)))
    text = Documents(html).texts[0]
    assert len(html) < 300_000
    assert html.count("<mark") == len(spans)
    counted = sum(int(number.replace(",", "")) for number in re.findall(r"… ([\d,]+) characters …", html))
    shown_ = sum(len(re.sub(r"… [\d,]+ characters …", "", part)) for part in Documents(html).texts.values())
    assert counted + shown_ == len(source) + 1_000_000
    assert "… 9,400 characters …" in text


def test_what_does_not_fit_at_all_is_counted():
    source = "kept here " * 100_000
    html = to_html(result(cut(0, source, (0, len(source)))))
    assert len(html) < 110_000
    assert "… 900,000 characters …" in html


def test_many_documents_are_bounded():
    html = to_html(result(cut(0, "a", (0, 1)), dropped=tuple(cut(number, "b") for number in range(1, 10_001))))
    assert len(html) < 200_000
    assert "10,000 documents dropped whole" in html
    assert "… 9,800 more documents …" in html


def hovers(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<(?:mark|del) title="([^"]*)">([^<]*)<', html)


def test_units_tell_their_scores_kept_or_dropped():
    source = "First one. Second one. Third."
    scores = UnitScores(np.array([0, 11]), np.array([11, 23]), np.array([0.25, -1.0]))
    found = result(cut(0, source, (0, 5), (11, 17)), dropped=(cut(1, "Gone."),), scores={0: scores})
    assert hovers(to_html(found)) == [
        ("kept · score 0.25", "First"),
        ("dropped · score 0.25", " one. "),
        ("kept · score -1.00", "Second"),
        ("dropped · score -1.00", " one. "),
        ("dropped", "Third."),
        ("dropped", "Gone."),
    ]


@given(passages(), st.lists(st.integers(0, 60), max_size=8))
def test_scores_change_no_text(passage, cuts):
    edges = sorted({min(cut, len(passage.source)) for cut in cuts})
    bounds = np.array(list(pairwise(edges))[::2], dtype=np.int64).reshape(-1, 2)
    scores = UnitScores(bounds[:, 0], bounds[:, 1], np.arange(len(bounds), dtype=float))
    html = to_html(result(passage, scores={0: scores}))
    assert Documents(html).texts == {0: shown(passage.source)}
    values = [float(title.split("score ")[1]) for title, _ in hovers(html) if "score" in title]
    assert values == sorted(values)


@pytest.mark.parametrize("name", ["lingua", "query_select", "llmlingua2", "sentence_filter", "head", "random_words"])
def test_methods_say_what_they_thought_of_every_unit(name):
    documents = ["Marie Curie won prizes. She was born in 1867. Nobody knows.", "Paris is big. It has a river."]
    found = METHODS[name].compress(documents, "When was she born?", budget=Budget(rate=0.4))
    assert set(found.scores) == {0, 1}
    for index, scores in found.scores.items():
        assert scores.starts[0] == 0
        assert scores.ends[-1] == len(documents[index])
        assert scores.starts[1:].tolist() == scores.ends[:-1].tolist()
    assert all("score" in title for title, _ in hovers(to_html(found)))
    assert Documents(to_html(found)).texts == dict(enumerate(documents))


def test_a_later_step_rates_anew_what_an_earlier_one_left():
    documents = ["One two three. Four five six.", "Seven eight nine. Ten eleven."]
    found = METHODS["chain"].compress(documents, "Which?", budget=Budget(tokens=4))
    assert set(found.scores) == {0, 1}
    assert Documents(to_html(found)).texts == dict(enumerate(documents))
