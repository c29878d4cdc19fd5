"""HTML: elements and sentences are units with their tags; code, data and prose about tags stay what they are."""

import time

import pytest
from fakes import count_bytes

from linguapress import Budget, Guard, load
from linguapress.segment import sentences, words
from linguapress.structure.blocks import blocks
from linguapress.structure.headings import with_headings

PAGE = (
    "<html><body><h1>Opening hours</h1><p>We are open Monday to Friday from 9 to 17.</p><p>On Saturdays we close at 12.</p>"
    "<ul><li>Parking is free.</li><li>Dogs are not allowed.</li></ul></body></html>"
)
TABLE = (
    "<table><tr><th>Plan</th><th>Price</th></tr><tr><td>Basic</td><td>9 EUR</td></tr><tr><td>Team</td><td>29 EUR</td></tr></table>"
)
NEWS = "<item><title>Library</title><description>On Sundays the library opens at noon. The cafe stays closed.</description></item>"
JSX = """export function Hours({ days }) {
  return (
    <div className="hours">
      <h1>{days.title}</h1>
      <p>We are open.</p>
    </div>
  );
}
"""
STATIC = "function About() {\n  return (\n    <div>\n      <h1>About</h1>\n      <p>We are a shop.</p>\n    </div>\n  );\n}\n"
TEMPLATE = "<ul>\n  {% for item in items %}\n  <li>{{ item.name }}</li>\n  {% endfor %}\n</ul>\n"
STRINGS = "def render(items):\n    out = '<ul>'\n    for item in items:\n        out += '<li>' + item + '</li>'\n    return out + '</ul>'\n"
DATA = "<items><item><name>Rye</name><price>3</price></item><item><name>Oat</name><price>4</price></item></items>"


def parts(text, split=sentences):
    return [text[start:end] for start, end in Guard().coarse.units(text, split).spans]


def company(text, sentence, split=sentences):
    """What is kept with the unit that says something."""
    units = with_headings(text, Guard().coarse.units(text, split))
    (unit,) = (place for place, (start, end) in enumerate(units.spans) if text[start:end].strip() == sentence)
    return "".join(text[slice(*units.spans[other])] for other in units.company(unit))


@pytest.mark.parametrize(
    ("text", "sentence", "kept"),
    [
        (PAGE, "On Saturdays we close at 12.", "<html><body><h1>Opening hours</h1><p>On Saturdays we close at 12.</p>"),
        (PAGE, "Parking is free.", "<html><body><h1>Opening hours</h1><ul><li>Parking is free.</li>"),
        ("<p>It sells bread. It is old.</p><p>Ann runs it.</p>", "It sells bread.", "<p>It sells bread. "),
        ("<p>It sells bread. It is old.</p><p>Ann runs it.</p>", "Ann runs it.", "<p>Ann runs it.</p>"),
        ("<p><b>Note.</b> We close. Bye.</p>", "<b>Note.", "<p><b>Note.</b> "),
        ("<p>See <a href='/x y'>all two days</a>. Bye.</p>", "See <a href='/x y'>all two days</a>.", "<p>See <a href='/x y'>all two days</a>. "),
        ("Monday 9-17<br>Tuesday 9-18<br>Sunday closed.", "Tuesday 9-18", "Tuesday 9-18<br>"),
        ("Monday 9-17 <br> Tuesday 9-18 <br> Sunday closed.", "Tuesday 9-18", "Tuesday 9-18 <br> "),
        (TABLE, "<tr><td>Team</td><td>29 EUR</td></tr>", "<tr><th>Plan</th><th>Price</th></tr><tr><td>Team</td><td>29 EUR</td></tr>"),
        ("<dl><dt>Price</dt><dd>9 EUR</dd><dt>Time</dt><dd>3 days</dd></dl>", "3 days", "<dt>Time</dt><dd>3 days</dd></dl>"),
        ("<details><summary>Free?</summary>Yes, it is.</details>", "Yes, it is.", "<details><summary>Free?</summary>Yes, it is.</details>"),
        ('<div class="a long name"><div id="b"><p>A pool.</p></div></div><p>Bye.</p>', "A pool.", '<div id="b"><p>A pool.</p></div></div>'),
        (NEWS, "The cafe stays closed.", "<description>The cafe stays closed.</description></item>"),
        ("<doc>The pool opens at 7. Bring a coat.</doc>", "The pool opens at 7.", "<doc>The pool opens at 7. "),
    ],
)  # fmt: skip
def test_a_sentence_brings_its_tags_and_its_heading(text, sentence, kept):
    assert company(text, sentence) == kept


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lines_make_no_difference(ends):
    text = PAGE.replace("><", ">\n<").replace("\n", ends)
    assert (
        company(text, "On Saturdays we close at 12.").split()
        == company(PAGE, "On Saturdays we close at 12.").replace("><", "> <").split()
    )


def test_words_are_cut_inside_of_elements_and_tags_are_not():
    text = '<p class="a b">Tom runs <a class="c d" href="/x">it</a> well.</p><p>Ann too.</p>'
    assert parts(text, words) == [
        '<p class="a b">', "Tom ", "runs ", '<a class="c d" href="/x">it</a> ', "well.", "</p>", "<p>", "Ann ", "too.", "</p>"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("<p>One.</p><style>.a { color: red }</style><p>Two.</p>", True),
        ("<p>One.</p><svg><path d='M0 0'/></svg><p>Two.</p>", True),
        ("<p>One.</p><!-- A note. Another. --><p>Two.</p>", True),
        ("<p>One.</p><pre><code>a = 1\nb = 2</code></pre><p>Two.</p>", False),
        ('<p>One.</p><script type="application/ld+json">{"a": "One. Two."}</script><p>Two.</p>', False),
    ],
    ids=["style", "drawing", "comment", "code", "json"],
)
def test_what_is_no_prose_stays_whole(text, frame):
    units = Guard().coarse.units(text, sentences)
    (unit,) = (place for place, (start, _) in enumerate(units.spans) if start == len("<p>One.</p>"))
    assert text[slice(*units.spans[unit])] == text[len("<p>One.</p>") : -len("<p>Two.</p>")]
    assert (unit in units.frame) == frame


@pytest.mark.parametrize(
    "text", [JSX, STATIC, TEMPLATE, STRINGS, DATA + "\n"], ids=["jsx", "static", "template", "strings", "data"]
)
def test_code_and_data_stay_lines(text):
    units = Guard().coarse.units(text, words)
    assert units.verbatim == set(range(len(units.spans)))
    assert all(end == len(text) or text[end - 1] == "\n" or text[end] == "\n" for _, end in units.spans)


@pytest.mark.parametrize(
    "text",
    [
        "Use <p> for paragraphs and <li> for items. The <ul> and <ol> tags hold them. Close them with </ul> or </ol>.",
        "A line is broken by <br>, see below.",
        'Write "<p>" or `<div>` or (<li>).',
        "If a <b and b> c, then it holds.",
    ],
)
def test_prose_about_tags_is_prose(text):
    assert blocks(text) == []


@pytest.mark.parametrize("name", ["sentence_filter", "lingua"])
def test_the_answer_is_found_in_a_page_on_one_line(name):
    about = "<p>The shop was founded in 1990 by Ann Lee.</p><p>It sells bread. It has 12 employees.</p>"
    out = load(name, model="lexical").compress(
        [about, PAGE], "When do you close on Saturdays?", budget=Budget(rate=0.4, count=count_bytes)
    )
    assert "On Saturdays we close at 12.</p>" in out.text
    assert "Ann Lee" not in out.text
    assert out.tokens_after <= out.tokens_before * 0.4 + 1


@pytest.mark.parametrize(
    "text",
    ["<p>a" * 30_000, "<p " * 50_000, '<p a="' * 50_000, "<pre>" * 30_000, "<!--" * 30_000, "<p><!-- a -->" * 20_000, "<a><b>" * 30_000,
     "<tr><td>a" * 20_000, "x <br> " * 30_000, "<x>A is. B is.</x>\n" * 20_000, "</p>" * 50_000, "<p>" + " " * 300_000 + "</p>",
     "<p>" + "a.</b> " * 40_000],
    ids=["p", "open", "quotes", "pre", "comments", "closed comments", "inline", "rows", "breaks", "lines", "closers", "blanks", "stops"],
)  # fmt: skip
def test_time_grows_with_the_text_and_not_with_its_square(text):
    start = time.perf_counter()
    blocks(text)
    assert time.perf_counter() - start < 20
