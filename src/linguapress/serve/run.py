"""From a free port to a server that ends in good order."""

from __future__ import annotations

import errno
import signal
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

_PATIENCE = 30  # seconds that requests under way may still take when the server is told to end


def open_door(host: str, port: int) -> socket.socket:
    """A socket that listens; from now on callers wait instead of being turned away.

    Args:
        host: name or address of an interface of this machine.
        port: 0 = any that is free.

    Raises:
        OSError: the port is taken or not ours to use, or there is no such interface; the message says what to do.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise OSError(f"there is no interface {host!r}; --host takes a name or address of this machine") from error
    door = socket.socket(family, kind)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        door.listen(128)
    except OSError as error:
        door.close()
        raise OSError(_reason(error, host, port)) from error
    return door


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another with --port, or 0 for any that is free"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} may not be used by this user; choose one above 1023 with --port"
    return f"cannot listen on port {port} of {host}: {error.strerror}"


def run(app: FastAPI, door: socket.socket) -> None:
    """Serves until Ctrl-C or SIGTERM; requests under way are still answered."""
    config = uvicorn.Config(
        app, http="h11", ws="none", lifespan="on", log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=_PATIENCE,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises signals again when it is done: both end here
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[door])
