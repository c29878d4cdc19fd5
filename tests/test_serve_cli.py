"""``linguapress serve`` as a command and as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from linguapress import Budget, load
from linguapress.cli import app
from linguapress.serve.app import build
from linguapress.serve.cli import _hosts
from linguapress.serve.run import open_door

SLOW = """
import time
from linguapress import Compressor
from linguapress.serve.app import build
from linguapress.serve.run import open_door, run

class Slow(Compressor):
    def reduce(self, draft):
        print("computing", flush=True)
        time.sleep(1)
        return draft.having(())

door = open_door("127.0.0.1", 0)
print(f"at http://127.0.0.1:{door.getsockname()[1]}", flush=True)
run(build({"slow": Slow()}), door)
print("ended", flush=True)
"""


def call(*args: str):
    return CliRunner().invoke(app, ["serve", *args])


def one_line(found) -> str:
    assert found.stdout == ""
    lines = [line for line in found.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0]


def address(stream) -> str:
    """Where a process says that it can be reached."""
    for line in stream:
        if found := re.search(rb"at (http://\S+)", line):
            return found[1].decode()
    raise AssertionError("the process ended without saying where it serves")


def test_help_names_the_endpoints():
    found = call("--help")
    assert found.exit_code == 0
    assert "/compress" in found.output
    assert "127.0.0.1" in found.output


def test_it_costs_other_commands_nothing():
    code = "import sys, linguapress.cli; print([name for name in ('fastapi', 'uvicorn', 'pydantic') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("module", ["fastapi", "uvicorn", "prometheus_client"])
def test_without_the_extra_it_says_how_to_get_it(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    found = call("--port", "0")
    assert found.exit_code == 1
    assert "pip install 'linguapress[serve]'" in one_line(found)


@pytest.mark.enable_socket
def test_a_port_that_is_taken_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = call("--port", str(port), "--method", "head")
    assert found.exit_code == 1
    assert f"port {port} of 127.0.0.1 is taken; choose another with --port" in one_line(found)


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["--host", "203.0.113.7"], 1, "cannot listen on port"),
        (["--host", "no such host"], 1, "there is no interface 'no such host'"),
        (["--host", "0.0.0.0"], 2, "--allow-host"),
        (["--host", "::"], 2, "--allow-host"),
        (["--method", "nope"], 2, "choose one of lingua"),
        (["--method", "/some/folder"], 2, "unknown method"),
        (["--method", "nope", "--set", "effort=low"], 2, "choose one of lingua"),
        (["--method", "head", "--set", "effort=low"], 2, "head has no setting 'effort'; settings of head: none"),
        (["--set", "treshold=0.3"], 2, "has no setting 'treshold'; settings of lingua: model=mini, "),
        (["--set", "query_select.threshold=much"], 2, "threshold takes a number or none, not 'much'; settings of query_select: "),
        (
            ["--set", "llmlingua.model=lm"],
            2,
            "'llmlingua' is none of the methods, lingua, query_select, llmlingua2, sentence_filter, head",
        ),
    ],
)
def test_what_cannot_be_served_is_said(args, code, says):
    found = call("--port", "0", *args)
    assert found.exit_code == code
    assert says in one_line(found)


@pytest.mark.enable_socket
def test_settings_are_those_of_all_methods_or_of_one(monkeypatch):
    served = {}
    monkeypatch.setattr("linguapress.serve.cli._warm", lambda presses: None)
    monkeypatch.setattr("linguapress.serve.app.build", lambda presses, **_: served.update(presses))
    monkeypatch.setattr("linguapress.serve.run.run", lambda *_: None)
    chosen = ["--method", "query_select", "--method", "selective_context", "--method", "head"]
    found = call("--port", "0", *chosen, "--set", "query_select.threshold=0.3", "--set", "threshold=0.2", "--set", "unit=words")
    assert found.exit_code == 0, found.output
    assert served["query_select"] == load("query_select", threshold=0.3)
    assert served["selective_context"] == load("selective_context", threshold=0.2, unit="words")
    assert served["head"] == load("head")


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ("press.example", "press.example"),
        ("Press.Example:8765", "press.example:8765"),
        ("192.168.1.5:80", "192.168.1.5"),
        ("2001:db8::5", "[2001:db8::5]:8765"),
        ("[2001:DB8::5]", "[2001:db8::5]"),
        ("[2001:db8::5]:8765", "[2001:db8::5]:8765"),
    ],
)
def test_names_that_the_operator_adds_are_served(given, header):
    served = TestClient(build({"head": load("head")}, hosts=_hosts("0.0.0.0", [given])))
    assert served.get("/healthz", headers={"Host": header}).status_code == 200
    assert served.get("/healthz", headers={"Host": "other.example"}).status_code == 403


@pytest.mark.parametrize(
    "given", ["no such host", "http://press.example", "a:b", "1:2:3", "[press]", "[::1", "", ":80", "0.0.0.0", "[::]:80"]
)
def test_names_that_no_caller_can_use_are_refused(given):
    found = call("--port", "0", "--method", "head", "--host", "0.0.0.0", "--allow-host", given)
    assert found.exit_code == 2
    assert f"--allow-host {given!r} is no name" in one_line(found)


@pytest.mark.enable_socket
def test_it_listens_on_the_loopback_alone_unless_asked():
    with open_door("127.0.0.1", 0) as door:
        assert door.getsockname()[0] == "127.0.0.1"


@pytest.mark.enable_socket
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_it_serves_until_it_is_told_to_end(number):
    command = [sys.executable, "-m", "linguapress", "serve", "--port", "0", "--method", "head", "--method", "random_words"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as process:
        try:
            url = address(process.stderr)
            assert httpx.get(f"{url}/healthz").json()["methods"] == ["head", "random_words"]
            found = httpx.post(f"{url}/compress", json={"documents": ["One two three four."], "rate": 0.5})
            assert found.json()["text"] == load("head").compress(["One two three four."], budget=Budget(rate=0.5)).text
            assert "server" not in found.headers
            assert httpx.get(url, headers={"Host": "evil.example"}).status_code == 403
            process.send_signal(number)
            rest = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, rest) == (0, (b"", b""))


@pytest.mark.enable_socket
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
def test_requests_under_way_are_answered_before_it_ends():
    answers = []
    with subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE) as process:
        try:
            url = address(process.stdout)
            body = {"documents": ["One two three."], "rate": 0.5}
            thread = threading.Thread(target=lambda: answers.append(httpx.post(f"{url}/compress", json=body, timeout=30)))
            thread.start()
            assert process.stdout.readline() == b"computing\n"
            process.send_signal(signal.SIGTERM)
            thread.join(30)
            rest = process.communicate(timeout=30)[0]
        finally:
            process.kill()
    assert (answers[0].status_code, answers[0].json()["tokens_after"]) == (200, 0)
    assert (process.returncode, rest) == (0, b"ended\n")
