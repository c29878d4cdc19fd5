"""An LLM that runs here, and reads memories where a prompt refers to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llama_index.core.base.llms.generic_utils import (
    completion_response_to_chat_response,
    stream_completion_response_to_chat_response,
)
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.bridge.pydantic import ConfigDict, Field, model_validator
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.postprocessor.linguapress.errors import refusals_heard
from llama_index.postprocessor.linguapress.memories import OnShelf

from linguapress import UnknownName
from linguapress.errors import InvalidPrompt
from linguapress.soft import AnswerSettings, ChatFormat, MemoryShelf, Usage, answer, pieces

_PER_CALL = ("layout", "max_tokens", "seed", "temperature", "top_p")


class LinguaPressLLM(OnShelf, CustomLLM):
    """The model of a shelf as an LLM: references in a prompt become memories, or their texts where there is none.

    Whatever looks like a reference and was not signed by the shelf is text, and so are control tokens that a prompt spells out.
    With a chat template it is a chat model. Calls may give other ``max_tokens``, ``temperature``, ``top_p``, ``seed``, ``layout``
    and ``stop``. For another ``shelf`` or ``template``, take a ``model_copy`` with it.

    What it refuses, such as a prompt that is too long or a reference that was cut, is a ``CannotAnswer``, however it is asked.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    shelf: MemoryShelf = Field(frozen=True, description="Resolves references; its compressor's model answers.")
    max_tokens: int = Field(default=256, ge=1, description="Tokens of an answer.")
    temperature: float = Field(default=0.0, ge=0, description="0 = the likeliest tokens.")
    top_p: float = Field(default=1.0, gt=0, le=1, description="Only the likeliest tokens that sum up to this take part, 0..1.")
    seed: int = Field(default=0, description="Of the sampling.")
    stop: tuple[str, ...] = Field(default=(), description="Texts at which an answer ends.")
    layout: Literal["spread", "contiguous", "parallel"] = Field(default="spread", description="Where memories stand.")
    template: str | None = Field(
        default=None, frozen=True, description="Chat template in Jinja; None = the tokenizer's own, if it has one."
    )

    @classmethod
    def class_name(cls) -> str:
        """Name in serialized form."""
        return "LinguaPressLLM"

    @model_validator(mode="before")
    @classmethod
    def _formatted(cls, data: Any) -> Any:
        """Messages become prompts by the chat template, unless the caller has a function for it."""
        if isinstance(data, dict) and isinstance(data.get("shelf"), MemoryShelf) and not data.get("messages_to_prompt"):
            return {**data, "messages_to_prompt": _ByTemplate(data["shelf"], data.get("template"))}
        return data

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> LinguaPressLLM:
        """A copy, whose messages become prompts by its own shelf and template."""
        copied = super().model_copy(update=update, deep=deep)
        if isinstance(copied.messages_to_prompt, _ByTemplate):
            copied.messages_to_prompt = _ByTemplate(copied.shelf, copied.template)
        return copied

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex wants to know of the model."""
        lm = self.shelf.press.lm
        chat = bool(ChatFormat(lm, self.shelf.marks, self.template).template)
        return LLMMetadata(context_window=lm.window, num_output=self.max_tokens, is_chat_model=chat, model_name=lm.name)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The answer to a prompt; ``raw`` has what it cost."""
        with refusals_heard():
            text, usage = answer(self.shelf, self._prompt(prompt, formatted), self._settings(kwargs))
        return _response(text, text, usage)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """The same, piece by piece; the last piece has what it cost."""
        return self._stream(self._prompt(prompt, formatted), kwargs)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """:meth:`complete` in a thread."""
        with refusals_heard():
            text, usage = await asyncio.to_thread(answer, self.shelf, self._prompt(prompt, formatted), self._settings(kwargs))
        return _response(text, text, usage)

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """:meth:`stream_complete` in a thread."""
        return _threaded(self._stream(self._prompt(prompt, formatted), kwargs))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """:meth:`chat` in a thread."""
        return completion_response_to_chat_response(await self.acomplete(self._conversation(messages), formatted=True, **kwargs))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """:meth:`stream_chat` in a thread."""
        made = self._stream(self._conversation(messages), kwargs)
        return _threaded(stream_completion_response_to_chat_response(made))

    def _stream(self, prompt: str, given: dict[str, Any]) -> CompletionResponseGen:
        with refusals_heard():
            return _streamed(pieces(self.shelf, prompt, self._settings(given)))

    def _conversation(self, messages: Sequence[ChatMessage]) -> str:
        return str(self.messages_to_prompt(messages))  # type: ignore[misc]  # a validator of the base sets it

    def _prompt(self, prompt: str, formatted: bool) -> str:
        return prompt if formatted else str(self.completion_to_prompt(prompt))  # type: ignore[misc]

    def _settings(self, given: dict[str, Any]) -> AnswerSettings:
        if unknown := sorted(given.keys() - {*_PER_CALL, "stop"}):
            raise UnknownName(f"LinguaPressLLM takes no {unknown[0]!r}; it takes {', '.join(_PER_CALL)} and stop")
        now = {name: getattr(self, name) if given.get(name) is None else given[name] for name in _PER_CALL}
        stop = given.get("stop") or ()
        return AnswerSettings.named(**now, stop=(*self.stop, *((stop,) if isinstance(stop, str) else stop)))


@dataclass(frozen=True, slots=True)
class _ByTemplate:
    """Messages to prompts, by a chat template."""

    shelf: MemoryShelf
    template: str | None

    def __call__(self, messages: Sequence[ChatMessage]) -> str:
        with refusals_heard():
            chat = ChatFormat(self.shelf.press.lm, self.shelf.marks, self.template)
            return chat.write([_message(message) for message in messages])


def _message(message: ChatMessage) -> dict[str, str]:
    if strange := [block.block_type for block in message.blocks if block.block_type != "text"]:
        raise InvalidPrompt(f"a message holds a block of type {strange[0]!r}, and the model reads text alone; leave it out")
    return {"role": message.role.value, "content": message.content or ""}


def _response(text: str, delta: str, usage: Usage | None) -> CompletionResponse:
    if usage is None:
        return CompletionResponse(text=text, delta=delta)
    counts = {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens}
    counts["total_tokens"] = sum(counts.values())
    raw = {"usage": counts, "finish_reason": usage.finish, "linguapress": usage.report()}
    return CompletionResponse(text=text, delta=delta, raw=raw, additional_kwargs=dict(counts))


def _streamed(told: Iterator[Any]) -> CompletionResponseGen:
    text = ""
    with refusals_heard():
        for delta, usage in told:
            text += delta
            yield _response(text, delta, usage)


async def _threaded(items: Iterator[Any]) -> AsyncGenerator[Any, None]:
    """The items, each made in a thread."""
    end = object()
    while (item := await asyncio.to_thread(next, items, end)) is not end:
        yield item
