"""The page and the endpoints of ``linguapress serve``, without a network."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from fakes import lingua, query_select
from fastapi.testclient import TestClient

from linguapress import Budget, Compressor, Draft, load, token_counter
from linguapress.serve.app import build
from linguapress.serve.limits import Limits

DOCUMENTS = [
    "Marie Curie won two Nobel Prizes. She was born in Warsaw in 1867.",
    "Paris is a big city. It has a river. 中文 \U0001f600 \x00",
]
QUERY = "Where was she born?"
PRESSES = {"lingua": lingua(), "query_select": query_select(), "head": load("head")}


@dataclass(frozen=True)
class Gated(Compressor):
    """Keeps nothing, once it is let."""

    name = "gated"
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def reduce(self, draft: Draft) -> Draft:
        self.entered.set()
        assert self.gate.wait(20)
        return draft.having(())


class Broken(Compressor):
    name = "broken"

    def reduce(self, draft: Draft) -> Draft:
        raise ZeroDivisionError("secret of the documents")


def client(presses=None, **settings) -> TestClient:
    return TestClient(build(presses or PRESSES, **settings), base_url="http://127.0.0.1:8765")


@pytest.fixture
def served():
    with client() as found:
        yield found


def ask(**changes) -> dict:
    return {"documents": DOCUMENTS, "query": QUERY, "method": "lingua", "rate": 0.5} | changes


def refused(response, status: int, error: str, says: str) -> None:
    assert response.status_code == status, response.text
    found = response.json()
    assert set(found) == {"error", "message"}
    assert found["error"] == error
    assert says in found["message"]


@pytest.mark.parametrize("method", PRESSES)
@pytest.mark.parametrize("budget", [{"tokens": 9}, {"rate": 0.5}, {"rate": 1}, {"tokens": 0}])
def test_an_answer_is_the_compression(served, method, budget):
    found = served.post("/compress", json={"documents": DOCUMENTS, "query": QUERY, "method": method, **budget}).json()
    expected = PRESSES[method].compress(DOCUMENTS, QUERY, budget=Budget(**budget)).to_dict()
    assert {**found, "stages": [], "milliseconds": 0, "batch": 0} == {
        **expected,
        "method": method,
        "stages": [],
        "milliseconds": 0,
        "batch": 0,
    }
    assert [stage["name"] for stage in found["stages"]] == [stage["name"] for stage in expected["stages"]]
    assert found["milliseconds"] > 0
    assert found["batch"] == 1
    for passage in found["passages"]:
        assert "".join(DOCUMENTS[passage["index"]][a:b] for a, b in passage["spans"]) == passage["text"]


def test_the_first_method_is_the_default_and_no_budget_is_for_those_that_can_tell(served):
    assert served.post("/compress", json={"documents": DOCUMENTS, "rate": 0.5}).json()["method"] == "lingua"
    assert served.post("/compress", json=ask(method="query_select", rate=None)).json()["method"] == "query_select"
    refused(served.post("/compress", json=ask(rate=None)), 422, "invalid", "give tokens, such as 500, or rate")


def test_the_operators_counter_counts():
    with client(counter=token_counter(str.__len__)) as served:
        assert served.post("/compress", json=ask()).json()["tokens_before"] == len("\n\n".join(DOCUMENTS))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rate": 1.5}, "rate: "),
        ({"rate": -0.1}, "rate: "),
        ({"rate": "0.5"}, "rate: "),
        ({"tokens": 5}, "tokens or rate, not both"),
        ({"rate": None, "tokens": -1}, "tokens: "),
        ({"rate": None, "tokens": True}, "tokens: "),
        ({"rate": None, "tokens": 1.5}, "tokens: "),
        ({"documents": "text"}, "documents: "),
        ({"documents": ["text", 5]}, "documents.1: "),
        ({"documents": None}, "documents: "),
        ({"query": 5}, "query: "),
        ({"method": "llmlingua2"}, "'llmlingua2' is not offered here, only lingua, query_select, head"),
        ({"method": "/etc/passwd"}, "is not offered here"),
        ({"model": "/tmp/model"}, "model: "),
        ({"device": "cuda"}, "device: "),
    ],
)
def test_what_is_wrong_is_said(served, change, says):
    refused(served.post("/compress", json=ask(**change)), 422, "invalid", says)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"rate": 0.5}', "documents: send a list of texts"),
        ('{"documents": "text", "rate": NaN}', "documents: send a list of texts, such as [\"...\"]; rate: send a number from 0 to 1"),
        ('{"documents": [["a"], 5], "rate": 0.5}', "documents.0: send a text; documents.1: send a text"),
        ('{"documents": ["a"], "tokens": 1e400}', "tokens: send a whole number from 0 to 1,000,000,000, such as 500"),
        ('{"documents": ["a\\ud800"], "rate": 0.5}', "documents.0: holds half a character, a lone surrogate; send whole ones"),
        ('{"documents": ["a"], "\\ud800": 0.5}', "body: holds half a character, a lone surrogate; send whole ones"),
        ('{"documents": ["a"], "top_k": 3}', "top_k: no field of a request; there are documents, query, method, tokens, rate"),
        ('{"documents": ["a"], "rate": 0.5, "method": ""}', "'' is not offered here, only lingua, query_select, head"),
        ('{"documents": [1, 2, 3, 4, 5, 6, 7], "rate": 0.5}', "documents.4: send a text; and 2 more mistakes"),
        ("null", "body: send an object with documents and tokens or rate"),
        ("", "body: send an object with documents and tokens or rate"),
    ],
)  # fmt: skip
def test_what_is_wrong_comes_with_what_is_right(served, body, says):
    response = served.post("/compress", content=body, headers={"Content-Type": "application/json"})
    refused(response, 422, "invalid", says)
    for word in ("Input should", "Value error", "Field required"):
        assert word not in response.text


@pytest.mark.parametrize(
    "body", [b'{"documents": ["\xff"]}', b"[" * 100_000, b'{"documents": ["a"], "tokens": 1' + b"0" * 5000 + b"}"]
)
def test_a_body_that_no_parser_takes_is_told_what_to_mend(served, body):
    response = served.post("/compress", content=body, headers={"Content-Type": "application/json"})
    refused(response, 400, "invalid", "cannot be read as JSON; send UTF-8, less nested, with numbers of fewer digits")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"documents": ["a"], "rate": NaN}',
        b'{"documents": ["a"], "rate": 1e999}', b'{"documents": ["a"], "tokens": 1e999}', b'{"documents": ["\\ud800"], "rate": 0.5}',
        b'{"documents": ["a"], "tokens": 1' + b"0" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_bodies_that_are_no_request(served, body):
    response = served.post("/compress", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422), response.text
    assert response.json()["error"] == "invalid"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"documents": ["a"', "the body is no JSON: Expecting ',' delimiter at character 18"),
        (b'{"documents": ["a', "the body is no JSON: Unterminated string starting at character 15"),
    ],
)
def test_what_is_no_json_is_told_from_what_is_no_request(served, body, says):
    refused(served.post("/compress", content=body, headers={"Content-Type": "application/json"}), 400, "invalid", says)


def test_refusals_do_not_repeat_what_was_sent(served):
    response = served.post("/compress", json=ask(rate="\x1b[31m<script>" * 10_000))
    assert response.status_code == 422
    assert len(response.content) < 300
    refused(served.post("/compress", json=ask(method="x" * 10_000)), 422, "invalid", "'xxx")
    assert len(served.post("/compress", json=ask(**{"y" * 10_000: 1})).content) < 300


def test_other_addresses_and_verbs(served):
    refused(served.get("/nothing"), 404, "not_found", "there is no /nothing")
    refused(served.get("/compress"), 405, "method_not_allowed", "/compress takes no GET, only POST")
    assert served.get("/compress").headers["allow"] == "POST"
    assert len(served.get(f"/{'a' * 5000}").content) < 200
    refused(served.get("/docs"), 404, "not_found", "/docs")
    assert (
        served.options("/compress", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}).status_code
        == 403
    )


def test_a_failure_is_told_without_its_details(caplog):
    with client({"broken": Broken()}) as served:
        response = served.post("/compress", json=ask(method="broken"))
    refused(response, 500, "failed", "broken failed with ZeroDivisionError")
    assert "secret" not in response.text
    assert "ZeroDivisionError: secret" in caplog.text


# --- limits


def test_large_bodies_are_refused_whether_announced_or_not():
    with client(limits=Limits(body=200)) as served:
        fits = json.dumps({"documents": ["x" * 100], "rate": 1}).encode()
        assert served.post("/compress", content=fits, headers={"Content-Type": "application/json"}).status_code == 200
        large = json.dumps({"documents": ["x" * 200], "rate": 1}).encode()
        refused(
            served.post("/compress", content=large, headers={"Content-Type": "application/json"}), 413, "too_large", "200 bytes"
        )
        chunks = iter([large[:150], large[150:]])
        refused(
            served.post("/compress", content=chunks, headers={"Content-Type": "application/json"}), 413, "too_large", "200 bytes"
        )


def test_many_documents_are_refused():
    with client(limits=Limits(documents=2)) as served:
        assert served.post("/compress", json=ask()).status_code == 200
        refused(served.post("/compress", json=ask(documents=["a"] * 3)), 413, "too_large", "3 are more than the 2")


def test_other_kinds_of_body_are_refused(served):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        response = served.post("/compress", content=json.dumps(ask()), headers={"Content-Type": kind})
        refused(response, 415, "not_json", "Content-Type: application/json")
    plain = served.post("/compress", content=json.dumps(ask()), headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert plain.status_code == 200


def test_requests_above_the_limit_are_told_to_come_back():
    press = Gated()
    with client({"gated": press}, limits=Limits(requests=1)) as served, ThreadPoolExecutor() as pool:
        first = pool.submit(served.post, "/compress", json=ask(method="gated"))
        assert press.entered.wait(20)
        second = served.post("/compress", json=ask(method="gated"))
        metrics = served.get("/metrics").text
        press.gate.set()
        assert first.result().status_code == 200
        third = served.post("/compress", json=ask(method="gated"))
    refused(second, 503, "busy", "1 requests are under way")
    assert second.headers["retry-after"] == "1"
    assert "linguapress_requests_under_way 1.0" in metrics
    assert third.status_code == 200


async def test_a_body_that_does_not_come_is_not_waited_for():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        await asyncio.sleep(20)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"50")]
    scope = {"type": "http", "method": "POST", "path": "/compress", "query_string": b"", "headers": headers}
    await build(PRESSES, limits=Limits(seconds=0.05))(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"] == "too_slow"


async def test_a_client_that_leaves_before_its_body_is_there_costs_nothing():
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/compress", "query_string": b"", "headers": headers}
    await build(PRESSES)(scope, receive, sent.append)
    assert sent == []


# --- who may ask


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "LocalHost:1", "[::1]:8765", "press.example", "press.example:80"])
def test_known_hosts_are_served(host):
    with client(hosts=["press.example"]) as served:
        assert served.get("/", headers={"Host": host}).status_code == 200
        assert served.post("/compress", json=ask(), headers={"Host": host, "Origin": f"http://{host.lower()}"}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.", "localhost@evil.example", "0.0.0.0:8765", "", "[::1", "localhost:x", "::1"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/openapi.json", "/page.mjs"])
def test_foreign_hosts_are_refused_everywhere(served, host, path):
    refused(served.get(path, headers={"Host": host}), 403, "foreign", "--allow-host")


def test_foreign_hosts_may_not_post(served):
    refused(
        served.post("/compress", json=ask(), headers={"Host": "evil.example", "Origin": "http://evil.example"}),
        403,
        "foreign",
        "evil.example",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8765"},
        {"Origin": "http://127.0.0.1:8765.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_pages_of_others_may_not_post(served, headers):
    refused(served.post("/compress", json=ask(), headers=headers), 403, "foreign", "may not post here")


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_its_own_page_and_programs_may_post(served, headers):
    response = served.post("/compress", json=ask(), headers=headers)
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


# --- the page, and what tells how it fares


class Assets(HTMLParser):
    """Addresses that a page loads or links to, and what could run in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.options: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "data", "poster", "srcset")]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "script" and "src" not in given:
            self.inline.append(tag)
        if tag == "option":
            self.options.append(given["value"])


def test_the_page_asks_nobody_else(served):
    response = served.get("/")
    page = Assets(response.text)
    assert page.addresses
    assert all(re.fullmatch(r"/[a-z.]+", address) for address in page.addresses)
    assert page.inline == []
    assert page.options == [*PRESSES, "", *PRESSES]
    for address in page.addresses:
        found = served.get(address)
        assert found.status_code == 200
        assert not re.search(r"https?://|@import|url\(", re.sub(r"http://www\.w3\.org/[0-9a-z/]+", "", found.text))


def test_every_response_is_strict(served):
    for response in (
        served.get("/"),
        served.get("/healthz"),
        served.get("/nothing"),
        served.get("/", headers={"Host": "evil.example"}),
    ):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


def test_names_of_methods_are_escaped():
    with client({'"><script>alert(1)</script>': load("head")}) as served:
        text = served.get("/").text
    assert "<script>alert" not in text
    assert Assets(text).options == ['"><script>alert(1)</script>', "", '"><script>alert(1)</script>']


def test_the_example_can_be_compressed(served):
    example = served.get("/example.json").json()
    found = served.post("/compress", json={**example, "rate": 0.3}).json()
    assert 0 < found["tokens_after"] < found["tokens_before"]


def test_health(served):
    found = served.get("/healthz").json()
    assert (found["status"], found["methods"]) == ("ok", list(PRESSES))


def test_metrics_count(served):
    for rate in (0.5, 0.5, 2.0):
        served.post("/compress", json=ask(rate=rate))
    served.get("/", headers={"Host": "evil.example"})
    response = served.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    expected = PRESSES["lingua"].compress(DOCUMENTS, QUERY, budget=Budget(rate=0.5))
    for line in (
        'linguapress_requests_total{method="lingua"} 2.0',
        'linguapress_refused_total{status="422"} 1.0',
        'linguapress_refused_total{status="403"} 1.0',
        f'linguapress_tokens_total{{method="lingua",side="in"}} {2 * expected.tokens_before:.1f}',
        f'linguapress_tokens_total{{method="lingua",side="out"}} {2 * expected.tokens_after:.1f}',
        'linguapress_request_seconds_count{method="lingua"} 2.0',
        'linguapress_batch_requests_sum{method="lingua"} 2.0',
        "linguapress_requests_under_way 0.0",
    ):
        assert line in response.text.splitlines()


def test_labels_do_not_grow_with_what_clients_send(served):
    served.post("/compress", json=ask(method="no-such-method"))
    served.get("/no-such-page")
    assert "no-such" not in served.get("/metrics").text


def test_openapi_describes_what_is_answered(served):
    described = served.get("/openapi.json").json()
    assert set(described["paths"]) == {"/compress", "/healthz", "/metrics"}
    responses = described["paths"]["/compress"]["post"]["responses"]
    assert set(responses) == {"200", "400", "403", "408", "413", "415", "422", "500", "503"}
    assert responses["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    assert list(described["paths"]["/metrics"]["get"]["responses"]["200"]["content"]) == ["text/plain"]
    schemas = described["components"]["schemas"]
    assert set(served.post("/compress", json=ask()).json()) == set(schemas["Answer"]["properties"])
    example = schemas["Ask"]["examples"][0]
    assert served.post("/compress", json=example).status_code == 200


def test_waiting_is_part_of_the_time():
    press = Gated()
    with client({"gated": press}) as served, ThreadPoolExecutor() as pool:
        first = pool.submit(served.post, "/compress", json=ask(method="gated"))
        assert press.entered.wait(20)
        time.sleep(0.05)
        press.gate.set()
        assert first.result().json()["milliseconds"] >= 50
