"""``linguapress serve``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from ipaddress import AddressValueError, IPv6Address
from typing import Annotated

import typer

from linguapress.budget import Budget
from linguapress.commands.methods import loaded, settings_of
from linguapress.commands.terminal import quiet_libraries, status
from linguapress.compressor import Compressor
from linguapress.counters import token_counter
from linguapress.errors import MissingExtra
from linguapress.failures import USAGE, fail, reported, warn
from linguapress.serve.limits import Limits

METHODS = ("lingua", "query_select", "llmlingua2", "sentence_filter", "head")
_LOCAL = ("127.0.0.1", "::1", "localhost")  # always allowed
_EVERYWHERE = ("0.0.0.0", "::", "")
_LIMITS = Limits()

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Interface to listen on; anything but the loopback lets others in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 = any that is free.")] = 8765,
    method: Annotated[
        list[str] | None, typer.Option("--method", "-m", help=f"Method to offer; default: {', '.join(METHODS)}.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="[METHOD.]NAME=VALUE", help="Setting, of all methods that have it or of one; repeatable."),
    ] = None,
    counter: Annotated[str | None, typer.Option(help="Who counts: a tiktoken or Hugging Face name, or a folder.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Further name by which callers may address the server, at any port.")
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, help="Bytes of one request.")] = _LIMITS.body,
    max_documents: Annotated[int, typer.Option(min=1, help="Documents of one request.")] = _LIMITS.documents,
    max_requests: Annotated[int, typer.Option(min=1, help="Requests under way at once.")] = _LIMITS.requests,
) -> None:
    """Serve a web page to try methods on, and a JSON endpoint for programs.

    The page is at /, the endpoint at /compress, its description at /openapi.json; /healthz and /metrics tell how it fares.
    """
    quiet_libraries()
    with reported():
        _require("fastapi", "uvicorn", "prometheus_client")
        from linguapress.serve.app import build
        from linguapress.serve.run import open_door, run

        hosts, limits = _hosts(host, allow_host or ()), Limits(max_body, max_documents, max_requests)
        chosen = settings_of(method or METHODS, settings or ())
        presses, count = {name: loaded(name, given) for name, given in chosen.items()}, token_counter(counter)
        with open_door(host, port) as door:
            with status(f"loading {', '.join(presses)}"):
                _warm(list(presses.values()))
            address = f"http://{_bracketed(host)}:{door.getsockname()[1]}"
            typer.echo(f"linguapress serves {', '.join(presses)} at {address} (Ctrl-C ends it)", err=True)
            run(build(presses, counter=count, limits=limits, hosts=hosts), door)


def _require(*modules: str) -> None:
    for name in modules:
        try:
            import_module(name)
        except ImportError as error:
            raise MissingExtra(name.replace("_", "-"), "serve") from error


def _hosts(host: str, allowed: Sequence[str]) -> list[str]:
    """Names that callers may use besides those of the loopback: that of the interface, and those that the operator adds."""
    if host in _EVERYWHERE and not allowed:
        fail(f"--host {host!r} is every interface; say how callers will address it, as in --allow-host 192.168.1.5", USAGE)
    names = [_called(name) for name in allowed]
    if host not in _LOCAL:
        warn(f"the server asks for no password; whoever reaches {host!r} can use it")
    return names if host in _EVERYWHERE else [*names, _bracketed(host)]


def _called(given: str) -> str:
    """The name as callers write it: IPv6 in brackets; a port is left out."""
    from linguapress.serve.doors import host_name

    name = host_name(_bracketed(given)) or ""
    bare = name.strip("[]")
    if bare in _EVERYWHERE or name != _bracketed(bare):
        fail(f"--allow-host {given!r} is no name by which callers can address the server; give one such as 192.168.1.5", USAGE)
    return name


def _bracketed(host: str) -> str:
    try:
        IPv6Address(host)
    except AddressValueError:
        return host
    return f"[{host}]"


def _warm(presses: Sequence[Compressor]) -> None:
    """Loads the weights, so that a missing model is told at once and the first caller does not wait."""
    text = "The bridge was built in 1932. It is green, and nobody knows why."
    for press in presses:
        press.compress([text], "When was the bridge built?", budget=Budget(rate=0.5))
