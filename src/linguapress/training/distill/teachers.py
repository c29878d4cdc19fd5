"""A teacher by the name that the command line gives it."""

from __future__ import annotations

import os

from linguapress.errors import UnknownName
from linguapress.training.distill.langchain_teacher import langchain_teacher
from linguapress.training.distill.openai_teacher import BASE_URL, KEY_VARIABLE, OpenAITeacher
from linguapress.training.distill.teacher import Teacher


def teacher_of(
    spec: str,
    base_url: str | None = None,
    key_variable: str = KEY_VARIABLE,
    temperature: float | None = None,
    timeout: float = 120.0,
) -> Teacher:
    """The teacher ``openai:MODEL`` of a service, or the chat model ``langchain:package.module:factory``.

    Args:
        spec: its name; modules beside the user are found, as ``python -m`` finds them.
        base_url: address of the service; None = OpenAI's, which asks for a key.
        key_variable: environment variable with the service's key.
        temperature: of the service; None = its own.
        timeout: seconds without a byte after which a call to the service is given up.

    Raises:
        UnknownName: a name of neither form.
        ValueError: the service needs a key, or settings of a service come with a chat model.
        DistillationError: there is no such chat model.
    """
    kind, _, rest = spec.partition(":")
    if kind not in ("openai", "langchain") or not rest:
        raise UnknownName(f"unknown teacher {spec!r}; write openai:MODEL or langchain:package.module:factory")
    if kind == "langchain":
        if base_url is not None or temperature is not None:
            raise ValueError("--base-url and --temperature are for openai:MODEL; set them in the LangChain factory")
        return langchain_teacher(rest)
    key = os.environ.get(key_variable, "")
    if not key and base_url is None:
        raise ValueError(f"the environment variable {key_variable} holds no key; set it, or name another with --key-variable")
    options = {} if temperature is None else {"temperature": temperature}
    return OpenAITeacher(rest, base_url or BASE_URL, key, timeout, options)
