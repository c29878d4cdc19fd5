"""A teacher's service on the loopback that does what a test tells it to, and passages to distil."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOPWORDS = frozenset(["the", "a", "an", "of", "and", "to", "in", "is", "was", "it", "that", "very", "really", "just", "then"])


def passage(number: int) -> str:
    return (
        f"The committee number {number} met in the very old town hall, and it was raining. Then the mayor said that the budget of "
        f"{number * 1000:,} dollars was not enough to repair the bridge near station {number}."
    )


def deleted(text: str) -> str:
    """What a good teacher answers."""
    return " ".join(word for word in text.split() if word.casefold() not in STOPWORDS)


def text_of(message: str) -> str:
    """The passage in a request, between its marks."""
    return message.split(">\n", 1)[1].rsplit("\n</", 1)[0]


def completion(content, tokens_in=100, tokens_out=50, reason="stop"):
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": reason}
    return {"choices": [choice], "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}}


class Service:
    """``script`` maps the number of a request (from 0) to what happens: a function of the handler, or (status, body, headers)."""

    def __init__(self):
        self.requests, self.headers, self.script, self.answer = [], [], {}, deleted
        self.most_at_once = self._now = 0
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with service._lock:
                    number = len(service.requests)
                    service.requests.append(body)
                    service.headers.append(dict(self.headers))
                    service._now += 1
                    service.most_at_once = max(service.most_at_once, service._now)
                try:
                    service.respond(self, number, body)
                finally:
                    with service._lock:
                        service._now -= 1

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def respond(self, handler, number, body):
        step = self.script.get(number, self.script.get("always"))
        if callable(step):
            step(handler)
        elif step is not None:
            self.send(handler, *step)
        else:
            self.send(handler, 200, completion(self.answer(text_of(body["messages"][1]["content"]))))

    @staticmethod
    def send(handler, status, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"content-length": str(len(data)), "content-type": "application/json", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    @property
    def texts(self):
        return [text_of(body["messages"][1]["content"]) for body in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def hang_up(handler):
    """Closes the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def stall(seconds):
    return lambda handler: time.sleep(seconds) or hang_up(handler)
