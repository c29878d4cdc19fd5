"""Code without fences, YAML, XML, CSV and logs: lines stay whole and bring what they are nested in; prose stays prose."""

import time

import pytest
from fakes import METHODS, FakeKeep, count_bytes, lingua

from linguapress import Budget, Guard
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.segment import sentences, words
from linguapress.structure.blocks import blocks

PYTHON = '''import json

DEFAULT = 30


class Client:
    """Talks to the billing service."""

    def charge(self, account, cents):
        for attempt in range(3):
            try:
                return self.post("/charge", account, cents)
            except TimeoutError:
                time.sleep(2 ** attempt)
        raise RuntimeError("charge failed")


def load(
    path,
    encoding="utf-8",
):
    text = """one
two"""
    return json.loads(text)
'''
JAVA = """public class Invoice {
    private final BigDecimal total;

    public BigDecimal withVat() {
        return total.multiply(new BigDecimal("1.19"));
    }

    public boolean isLate(LocalDate today) {
        if (today == null) {
            return false;
        } else {
            return today.isAfter(due);
        }
    }
}
"""
YAML = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: billing
spec:
  containers:
  - name: billing
    resources:
      limits:
        memory: 512Mi
        cpu: 500m
  - name: proxy
    image: proxy:1.2
"""
XML = """<?xml version="1.0"?>
<catalog>
  <book id="1">
    <title>Midnight Rain</title>
    <price>5.95</price>
  </book>
  <book id="2">
    <title>Old Wood</title>
    <price>44.95</price>
  </book>
</catalog>
"""
CSV = """id,name,department,salary
1,Ann Smith,Sales,52000
2,"Jones, Bob",Engineering,71000
3,Carla Diaz,Engineering,83000
"""
LOG = """2024-05-01 10:00:01 INFO  app.start version=2.3.1
2024-05-01 10:03:55 ERROR api.request id=9f3c status=500
Traceback (most recent call last):
  File "/srv/orders.py", line 88, in list_orders
    rows = db.query(sql)
TimeoutError: query took longer than 30 s
2024-05-01 10:04:10 INFO  db.reconnect host=db2 port=5432
"""
SQL = """SELECT c.name, SUM(o.amount) AS revenue
FROM customers c
WHERE o.created_at >= '2024-01-01'
  AND o.status <> 'cancelled'
ORDER BY revenue DESC;
"""
LAYOUTS = {"python": PYTHON, "java": JAVA, "yaml": YAML, "xml": XML, "csv": CSV, "log": LOG, "sql": SQL}
every_layout = pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())


def company(text, line):
    """The lines that come along with the unit that begins with one."""
    units = Guard().units(text, words)
    parts = [text[start:end] for start, end in units.spans]
    (unit,) = (place for place, part in enumerate(parts) if part.strip().startswith(line))
    return [parts[other].strip().split("\n")[0] for other in units.company(unit) if other != unit]


@every_layout
@pytest.mark.parametrize("split", [words, sentences])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_units_are_whole_lines(text, split, ends):
    text = text.replace("\n", ends)
    units = Guard().units(text, split)
    assert units.verbatim == set(range(len(units.spans)))
    for start, end in units.spans:
        assert start == 0 or text[start - 1] == "\n" or text[start] == "\n"
        assert text[end - 1] == "\n" or text[end] == "\n"


@every_layout
def test_what_stands_around_stays_prose(text):
    around = "Our client\n\nThis is what it looks like.\n\n" + text + "\nThat is all. Ask us, if you like.\n"
    (block,) = blocks(around)
    assert around[block.start : block.end].strip() == text.strip()


@pytest.mark.parametrize(
    ("text", "line", "others"),
    [
        (PYTHON, "time.sleep", ["class Client:", "def charge", "for attempt", "try:", "return self.post", "except TimeoutError:"]),
        (PYTHON, "raise", ["class Client:", "def charge"]),
        (PYTHON, "return json", ["def load("]),
        (JAVA, "return total", ["public class", "public BigDecimal", "}", "}"]),
        (JAVA, "return false", ["public class", "public boolean", "if (today", "} else {", "return today", "}", "}", "}"]),
        (YAML, "cpu", ["spec:", "containers:", "- name: billing", "resources:", "limits:"]),
        (YAML, "image", ["spec:", "containers:", "- name: proxy"]),
        (XML, "<price>44.95", ["<catalog>", '<book id="2">', "</book>", "</catalog>"]),
        (CSV, "3,Carla", ["id,name"]),
        (LOG, "rows", ["2024-05-01 10:03:55 ERROR", "Traceback", "File"]),
        (LOG, "TimeoutError", ["2024-05-01 10:03:55 ERROR"]),
        (LOG, "2024-05-01 10:04:10", []),
        (SQL, "AND", ["SELECT", "FROM", "WHERE"]),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
def test_a_line_brings_what_it_is_nested_in_and_what_closes_that(text, line, others):
    found = company(text, line)
    assert len(found) == len(others)
    assert all(part.startswith(other) for part, other in zip(found, others, strict=True))


def test_open_brackets_and_strings_hold_lines_together():
    units = [PYTHON[start:end] for start, end in Guard().units(PYTHON, words).spans]
    assert 'def load(\n    path,\n    encoding="utf-8",\n):\n' in units
    assert '    text = """one\ntwo"""\n' in units


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        (PYTHON, {"class Client:", "def charge(self, account, cents):"}),
        (PYTHON.replace("Client:", "Client(Base):").replace(", account, cents", ", account"), {"class Client(Base):", "def charge(self, account):"}),
        (PYTHON.replace("cents)", "cents=0)"), {"class Client:"}),
        (JAVA, {"public class Invoice {", "public BigDecimal withVat() {"}),
    ],
    ids=["class", "signature", "defaults", "java"],
)  # fmt: skip
def test_heads_that_give_only_names_stand_for_nothing_by_themselves(text, alone):
    units = Guard().units(text, words)
    heads = {text[slice(*units.spans[unit])].strip() for unit in units.frame}
    assert {head for head in heads if head.startswith(("class", "def", "public"))} == alone


RETRY = """def retry(fn, attempts: int = 5):
    for i in range(attempts):
        try:
            return fn()
        except Exception:
            if i == attempts - 1:
                raise
            time.sleep(2 ** i)


class Bucket:
    def __init__(self, rate: float, burst: int = 10):
        self.rate = rate
        self.burst = burst

    def refill(self, now: float):
        if now > self.updated:
            self.tokens += (now - self.updated) * self.rate
"""
RETRY_JS = """export function retry(fn, attempts = 5) {
  try {
    return fn();
  } catch (error) {
    throw error;
  }
}
"""


@pytest.mark.parametrize("text", [PYTHON, RETRY, RETRY_JS, JAVA], ids=["python", "retry", "js", "java"])
def test_a_line_that_opens_a_block_does_not_stand_before_nothing(text):
    units = Guard().units(text, words)
    lines = [text[start:end] for start, end in units.spans]
    indents = [len(line) - len(line.lstrip()) for line in lines]
    for unit in set(range(len(lines))) - units.frame:
        kept = units.company(unit)
        for above, below in zip(kept, [*kept[1:], None], strict=True):
            control = lines[above].lstrip("} ").startswith(("if", "for", "try", "except", "else", "catch"))
            assert not control or (below is not None and indents[below] > indents[above]), [lines[other] for other in kept]


@pytest.mark.parametrize(
    ("text", "line", "first"),
    [(RETRY, "def __init__", ["class Bucket:", "self.rate = rate"]), (RETRY, "def retry", []), (RETRY, "def refill", ["class Bucket:"]),
     (RETRY_JS, "export function", ["}"])],
)  # fmt: skip
def test_a_signature_brings_one_line_at_most(text, line, first):
    assert company(text, line) == first


@every_layout
@pytest.mark.parametrize("rate", [0.2, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("press", [lingua(), LLMLingua2(FakeKeep()), METHODS["sentence_filter"]], ids=lambda press: press.name)
def test_no_method_tears_a_line(press, text, rate):
    out = press.compress([text], "What is the price of Midnight Rain?", budget=Budget(rate=rate, count=count_bytes))
    if "no whole" not in " ".join(out.warnings):
        assert {line for line in out.text.split("\n") if line} <= set(text.split("\n"))


@pytest.mark.parametrize(
    "text",
    [
        "The mill was built in 1843 by Jonas Hale,\nwho had come from Leeds with his brother;\nreturn was never on his mind.\n" * 3,
        "import of coal (from Wales) fell,\nfor the mines, as they said: none was left;\nif any came, it came late.\n" * 3,
        "O wild West Wind, thou breath;\nThou, from whose unseen presence;\nAre driven, like ghosts:\nYellow, and black, and pale,\n" * 3,
        "Ann: Where is it?\nBob: On the table, I think.\nAnn: No.\nBob: Then it is lost.\n" * 3,
        "[10:02] ann: hello there\n[10:03] bob: hi, how is the error?\n[10:04] ann: gone\n" * 3,
        "Q: Who built it?\nA: Jonas Hale.\n\nQ: When?\nA: In 1843.\n\nQ: Where is it?\nA:\n",
        "Question: Ann has 3 * 4 = 12 eggs.\nShe sells 2, so 12 - 2 = <<12-2=10>>10 are left.\nx = 10\nAnswer: 10\n" * 3,
        "# Plans\n\n- Free: 0 EUR\n- Team: 29 EUR (10 seats)\n  - support by mail\n  - extra seats: 3 EUR\n\n## Notes\n\nPrices are net.\n",
        "Ingredients:\n- flour\n- 3 eggs\n- salt\n\nSteps:\n1. Mix.\n2. Bake (20 min).\n3. Let it cool;\n",
        "Title: The Mill\nAuthor: Jonas Hale\nYear: 1843\n\nA mill (wooden) stands in the valley.\n",
        "In 2019, 1,200 people came, 300 left.\nIn 2020, 1,300 people came, 400 left.\nIn 2021, 1,400 people came, 500 left.\n",
        "Well , the {disfmarker}\nI think {vocalsound} that the {disfmarker}\nand we {disfmarker}\n" * 3,
        "The tag <b> makes text bold.\nUse </b> to end it (always).\nA line is broken by <br>, see below.\n",
        "GRAND OPENING\nFROM THE OWNERS\nWITH LOVE\nAND CAKE\n",
    ],
    ids=["wrapped", "keywords", "poem", "dialogue", "chat", "demonstrations", "sums", "markdown", "recipe", "labels", "numbers",
         "transcript", "tags", "capitals"],
)  # fmt: skip
def test_prose_is_not_laid_out(text):
    assert blocks(text) == []


@pytest.mark.parametrize("text", ["LIMIT", "Killer: A Journal of Murder (film)", "The Reformer: an efficient one", "agent: no"])
def test_a_short_text_is_no_piece_of_code(text):
    assert blocks(text) == []


@pytest.mark.parametrize(
    "text", ["class A:\n    def f(self):\n", LOG[: LOG.index("\n")], "id,name,age\n3,Carla,41\n", "spec:\n  cpu: 5\n"]
)
def test_what_a_first_stage_left_of_a_layout_is_still_one(text):
    (block,) = blocks(text)
    assert (block.start, block.end) == (0, len(text))


@pytest.mark.parametrize("above", ["", "| a | b |\n|---|---|\n| 1 | 2 |\n", "That is all.\n"], ids=["nothing", "table", "prose"])
def test_a_passage_may_begin_with_what_closes_a_block(above):
    text = above + "} else {\n  return today.isAfter(due);\n  total = total + 1;\n}\n"
    units = Guard().units(text, words)
    assert company(text, "total") == ["} else {", "}"]
    assert {*units.needs, *units.frame, *units.verbatim} <= set(range(len(units.spans)))
    out = METHODS["lingua by relevance"].compress([text], "What is due?", budget=Budget(rate=0.9, count=count_bytes))
    assert out.text


def test_other_structures_win():
    fence, table = "```py\nx = f(1)\n```\n", "| a | b |\n|---|---|\n| 1 | 2 |\n"
    found = blocks(PYTHON + fence + JAVA + table + YAML)
    parts = [(PYTHON + fence + JAVA + table + YAML)[block.start : block.end] for block in found]
    assert parts == [PYTHON, fence, JAVA, table, YAML]


@pytest.mark.parametrize("line", ["    [1, 2]\n", "    - https://example.org/a_(b)\n", "    handlers[name](event)\n"])
def test_lines_of_code_that_look_like_links_or_values_stay_in_it(line):
    text = "def f(x):\n    a = g(\n        x)\n" + line + "    return f(a)\n"
    assert len(blocks(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "".join(" " * depth + "if (x) {\n" for depth in range(1000)) + "# y\n" * 30_000,
        "if (x) {\n" * 30_000,
        "foo(\n" * 30_000,
        "} else {\n" * 30_000,
        '"""\n' * 30_000,
        "x = '\\\n" * 30_000,
        "<a\n" * 30_000,
        ("x = (" + "(" * 390 + "\n") * 500,
        ("if " + "a" * 390 + ":\n") * 500,
        ("f" + ")." * 190 + "a,\n") * 500,
        ("k: " + "a" * 390 + "\n") * 500,
        ("k: " + "a " * 190 + "\n") * 500,
        "a,b,c\n" * 30_000,
        ('a,"' + "b," * 900 + "\n") * 100,
        "Prose without an end\n" * 30_000,
        "x" * 600_000,
        " " * 600_000 + "x",
        "x = f(1)\n" + " " * 600_000 + "\ny = f(2)\n",
    ],
    ids=["deep", "openers", "brackets", "closers", "quotes", "escapes", "tags", "deep brackets", "heads", "calls", "keys", "words", "rows",
         "cells", "prose", "one line", "blanks", "blanks inside"],
)  # fmt: skip
def test_time_grows_with_the_text_and_not_with_its_square(text):
    start = time.perf_counter()
    Guard().units(text, words)
    assert time.perf_counter() - start < 20
