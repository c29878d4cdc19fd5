"""A teacher behind an OpenAI-compatible ``/chat/completions`` endpoint: a cloud service, vLLM, llama.cpp, Ollama and so on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linguapress.errors import MissingExtra
from linguapress.training.distill.teacher import Reply, TeacherBusy, TeacherGarbled, TeacherRefused, TeacherUnusable, Usage, failure

if TYPE_CHECKING:
    import httpx

BASE_URL = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
_SHOWN = 300  # characters of an error that are worth showing


@dataclass
class OpenAITeacher:
    """One model of one endpoint.

    Attributes:
        model: its name there.
        base_url: address without ``/chat/completions``.
        key: secret; None = from the environment variable ``OPENAI_API_KEY``. It is neither logged, shown nor stored, and may be
            empty for servers that ask for none.
        timeout: seconds without a byte after which a call is given up.
        options: further fields of the request, such as ``temperature``; none are sent unless given, since models differ in
            what they take (the paper's GPT-4 ran at 0.3).
    """

    model: str
    base_url: str = BASE_URL
    key: str | None = field(default=None, repr=False)
    timeout: float = 120.0
    options: Mapping[str, Any] = field(default_factory=dict)
    _client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        """The model's, with the options that it is asked with."""
        return f"{self.model} {json.dumps(dict(self.options), sort_keys=True)}" if self.options else self.model

    async def ask(self, system: str, message: str) -> Reply:
        """One reply; errors as :class:`~linguapress.training.distill.teacher.Teacher` says."""
        httpx = _httpx()
        told = [{"role": "system", "content": system}, {"role": "user", "content": message}]
        try:
            body = {"model": self.model, "messages": told, **self.options}
            response = await self._connected().post("chat/completions", json=body)
        except httpx.TimeoutException as error:
            raise TeacherBusy(f"no answer within {self.timeout:g} s") from error
        except httpx.DecodingError as error:
            raise TeacherGarbled("the answer cannot be unpacked") from error
        except httpx.RequestError as error:
            raise TeacherBusy(f"{self.base_url} cannot be reached: {self._scrubbed(str(error))}") from error
        if not response.is_success:
            raise failure(response.status_code, self._scrubbed(_said(response))[:_SHOWN], response.headers.get("retry-after"))
        return _reply(response)

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            key = self._key()
            if not key.isascii() or not key.isprintable():
                raise TeacherUnusable("the key holds characters that no key has; copy it anew")
            headers = {"authorization": f"Bearer {key}"} if key else {}
            limits = _httpx().Limits(max_connections=None)
            self._client = _httpx().AsyncClient(base_url=self._address(), headers=headers, timeout=self.timeout, limits=limits)
        return self._client

    def _address(self) -> httpx.URL:
        try:
            address: httpx.URL = _httpx().URL(self.base_url)
        except _httpx().InvalidURL as error:
            raise TeacherUnusable(f"{self.base_url!r} is no address: {error}") from error
        if address.scheme not in ("http", "https") or not address.host:
            raise TeacherUnusable(f"{self.base_url!r} is no address; write it as https://host/v1")
        return address

    def _key(self) -> str:
        return (os.environ.get(KEY_VARIABLE, "") if self.key is None else self.key).strip()

    def _scrubbed(self, text: str) -> str:
        """Without the key, which some services repeat when they refuse it."""
        key = self._key()
        return text.replace(key, "***") if key else text


def _said(response: httpx.Response) -> str:
    """The error's message, wherever it stands."""
    try:
        error = response.json()["error"]
        said = f"{error.get('code') or ''} {error['message']}" if isinstance(error, dict) else str(error)
    except (ValueError, KeyError, TypeError, RecursionError):
        said = response.text
    return " ".join(said.split())


def _reply(response: httpx.Response) -> Reply:
    try:
        body = response.json()
    except (ValueError, RecursionError) as error:
        raise TeacherGarbled("the answer is not JSON") from error
    usage = _usage(body)
    try:
        choice = body["choices"][0]
        message, reason = choice["message"], choice.get("finish_reason")
        text, refusal = message["content"], message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise TeacherGarbled("the answer holds no message", usage) from error
    if refusal or reason == "content_filter":
        raise TeacherRefused(f"the teacher refuses: {str(refusal or reason)[:_SHOWN]}", usage)
    if reason == "length":
        raise TeacherRefused("the answer was cut off at the model's limit of tokens", usage)
    if not isinstance(text, str) or not text.strip():
        raise TeacherGarbled("the answer is empty", usage)
    return Reply(text, usage)


def _usage(body: Any) -> Usage:
    counted = body.get("usage") if isinstance(body, dict) else None
    found = [counted.get(name) if isinstance(counted, dict) else None for name in ("prompt_tokens", "completion_tokens")]
    return Usage(*(value if isinstance(value, int) and value > 0 else 0 for value in found))


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise MissingExtra("httpx", "distill") from error
    return httpx
