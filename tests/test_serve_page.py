"""The page's script: its functions in Node, the whole of it in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from linguapress.render import shown
from linguapress.serve import web

FOLDER = Path(web.__file__).parent
NODE = shutil.which("node")
CHROMIUM = os.environ.get("LINGUAPRESS_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & \x00\x1b[31m \u202eevil \U0001f469\u200d\U0001f4bb naïve 中文 شرح"
PASSAGES = ["Marie Curie won two Nobel Prizes. She was born in Warsaw in 1867.", "Paris is a big city.\nIt has a river.", HOSTILE]


def run(expression: str, *values: object):
    """What an expression over ``a``, ``b`` and the functions of text.mjs is worth."""
    code = f"""
import * as text from {json.dumps((FOLDER / "text.mjs").as_uri())};
const {{ passagesOf, visible, pieces, beginning, strip, duration, sentences }} = text;
const [a, b] = JSON.parse(process.argv[1]);
process.stdout.write(JSON.stringify({expression}));
"""
    command = [NODE, "--input-type=module", "-e", code, json.dumps(values)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


@in_node
def test_passages_are_blocks_between_blank_lines():
    text = "\n\nOne\ntwo\n \t\n\n  Three  \n\n\n\n"
    assert run("passagesOf(a)", text) == ["One\ntwo", "  Three"]
    assert run("[passagesOf(a), passagesOf(b)]", "", " \n \n") == [[], []]
    assert run("passagesOf(a + '\\ud800')", "half ") == ["half \ufffd"]


@in_node
def test_control_characters_are_shown_as_python_shows_them():
    text = "".join(map(chr, range(0x180))) + "\r\n" + HOSTILE
    assert run("visible(a)", text) == shown(text)


@in_node
def test_pieces_count_characters_as_python_does():
    source = "\U0001f469\u200d\U0001f4bb naïve 中文 \U0001f600!"
    spans = [[0, 3], [4, 9], [10, 11], [13, 14]]
    found = run("pieces(a, b)", source, spans)
    assert "".join(piece["text"] for piece in found) == source
    assert [piece["text"] for piece in found if piece["kept"]] == [source[start:end] for start, end in spans]
    assert run("[pieces(a, []), pieces('', [])]", source) == [[{"text": source, "kept": False}], []]


@in_node
def test_long_results_are_cut_and_counted():
    found = run("beginning(a, b)", [{"text": "x" * 10, "kept": True}, {"text": "y" * 10, "kept": False}], 12)
    assert found == {"shown": [{"text": "x" * 10, "kept": True}, {"text": "yy", "kept": False}], "left": 8}
    assert run("beginning(a, -5)", [{"text": "x" * 10, "kept": True}]) == {"shown": [], "left": 10}


@in_node
def test_a_strip_is_filled_where_something_is_kept():
    assert run("strip(a, b)", [[0, 250], [500, 501], [990, 1000]], 1000) == "M0 0H100V1H0zM200 0H201V1H200zM396 0H400V1H396z"
    assert run("strip([], 0)") == ""


@in_node
def test_measurements_in_words():
    stage = {"name": "words", "tokens_in": 2000, "tokens_out": 500, "milliseconds": 12.4}
    answer = {"tokens_before": 2000, "tokens_after": 500, "rate": 0.25, "milliseconds": 1234.5, "stages": [stage]}
    found = run("sentences(a)", answer)
    assert found == {"kept": "500 tokens", "before": "of 2,000 · 25 % · 1.2 s", "steps": "words 2,000 → 500 in 12 ms"}
    assert "nothing had to be done" in run("sentences(a)", {**answer, "stages": []})["steps"]


# --- in a browser


@pytest.fixture(scope="module")
def address():
    """Where a server with embedded models listens."""
    command = [sys.executable, "-m", "linguapress", "serve", "--port", "0", "-m", "lingua", "-m", "query_select", "-m", "head"]
    command += ["--max-body", "60000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            lines = iter(process.stderr.readline, b"")
            yield next(found[1].decode() for line in lines if (found := re.search(rb"at (http://\S+)", line)))
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium here; install one, or name it in LINGUAPRESS_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser, address):
    """Opens the page; fails when it complains, or asks anybody but its server."""
    complaints, contexts = [], []

    def visit(width=1100, height=900, **settings):
        context = browser.new_context(
            viewport={"width": width, "height": height}, permissions=["clipboard-read", "clipboard-write"], **settings
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if "Failed to load resource" not in message.text else None
        )
        page.on("request", lambda request: None if request.url.startswith(address) else complaints.append(request.url))
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def settle(page) -> None:
    """Waits until no column waits for an answer."""
    page.wait_for_timeout(400)
    page.locator(".waiting").first.wait_for(state="detached", timeout=60_000)


def paste(page, passages=PASSAGES, query="Where was she born?") -> None:
    page.fill("#query", query)
    page.fill("#documents", "\n\n".join(passages))
    settle(page)


def slide(page, rate: int) -> None:
    page.locator("#rate").evaluate("(slider, rate) => { slider.value = rate; slider.dispatchEvent(new Event('input')); }", rate)
    settle(page)


def tokens(page, column: int = 0) -> int:
    return int(page.locator(".result").nth(column).locator(".sum b").inner_text().split()[0].replace(",", ""))


def kept(page, column: int = 0) -> str:
    return "".join(page.locator(".result").nth(column).locator("mark").all_text_contents())


@pytest.mark.slow
def test_text_shrinks_with_the_slider(opened):
    page = opened()
    paste(page)
    sizes = []
    for rate in (100, 60, 20):
        slide(page, rate)
        sizes.append((tokens(page), len(kept(page))))
    assert sizes[0][0] > sizes[1][0] > sizes[2][0] > 0
    assert sizes[0][1] > sizes[1][1] > sizes[2][1] > 0
    assert page.locator("#share").inner_text() == "20 %"
    assert page.locator("del").count() > 0


@pytest.mark.slow
def test_the_keyboard_moves_the_slider(opened):
    page = opened()
    paste(page)
    before = tokens(page)
    page.focus("#rate")
    for _ in range(25):
        page.keyboard.press("ArrowLeft")
    settle(page)
    assert page.locator("#share").inner_text() == "15 %"
    assert tokens(page) < before


@pytest.mark.slow
def test_two_methods_stand_side_by_side(opened):
    page = opened()
    paste(page)
    page.select_option("#second", "head")
    settle(page)
    first, second = page.locator(".result").all()
    assert (first.locator("h2").inner_text(), second.locator("h2").inner_text()) == ("lingua", "head")
    assert abs(first.bounding_box()["y"] - second.bounding_box()["y"]) < 1
    assert kept(page, 0) != kept(page, 1)
    page.select_option("#second", "")
    assert page.locator(".result").count() == 1


@pytest.mark.slow
def test_copy_takes_the_result_as_the_server_made_it(opened):
    page = opened()
    with page.expect_response("**/compress") as answered:
        paste(page)
    page.click(".copy")
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == answered.value.json()["text"]


@pytest.mark.slow
def test_hostile_text_stays_text(opened):
    page = opened()
    paste(page, [HOSTILE, f"{HOSTILE} " * 3])
    slide(page, 100)
    assert page.locator(".passages img").count() == 0
    assert page.title() == "linguapress"
    texts = page.locator(".text").all_text_contents()
    assert texts == [shown(HOSTILE), shown(f"{HOSTILE} " * 3).rstrip()]


@pytest.mark.slow
def test_what_is_dropped_can_be_hidden(opened):
    page = opened()
    paste(page)
    slide(page, 30)
    assert page.locator("del").first.is_visible()
    page.uncheck("#dropped")
    assert not page.locator("del").first.is_visible()
    assert page.locator("mark").first.is_visible()


@pytest.mark.slow
def test_errors_are_told_and_pass(opened):
    page = opened()
    paste(page, ["word " * 20_000])
    assert "the server takes 60,000" in page.locator(".error:visible").inner_text()
    assert page.locator(".copy").is_disabled()
    paste(page)
    assert page.locator(".error:visible").count() == 0
    page.route("**/compress", lambda route: route.abort())
    slide(page, 50)
    assert "is it still running?" in page.locator(".error:visible").inner_text()
    page.unroute("**/compress")
    slide(page, 55)
    assert tokens(page) > 0


@pytest.mark.slow
def test_only_the_newest_state_is_asked_for_while_an_answer_is_awaited(opened):
    page, asked = opened(), []
    paste(page)
    page.on("request", lambda request: asked.append(request.post_data_json["rate"]))
    page.locator("#rate").evaluate(
        "(slider) => { for (let rate = 90; rate >= 10; rate -= 1) { slider.value = rate; slider.dispatchEvent(new Event('input')); } }"
    )
    settle(page)
    assert asked == [0.9, 0.1]
    assert page.locator(".sum span").inner_text().split("·")[1].strip().removesuffix(" %").isdigit()


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen(opened, width, scheme, tmp_path):
    page = opened(width, 800, color_scheme=scheme)
    page.click("#example")
    page.select_option("#second", "query_select")
    page.locator(".result").nth(1).locator(".passage").first.wait_for(timeout=60_000)
    settle(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part < 64)")
    assert dark == (scheme == "dark")
    page.screenshot(path=os.environ.get("LINGUAPRESS_SCREENSHOTS", str(tmp_path)) + f"/page-{width}-{scheme}.png", full_page=True)
