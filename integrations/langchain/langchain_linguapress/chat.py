"""A chat model that runs here, and reads memories where a prompt refers to them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ChatMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field

from linguapress import UnknownName
from linguapress.errors import InvalidPrompt
from linguapress.soft import AnswerSettings, ChatFormat, Memory, MemoryShelf, Usage, answer, pieces, resolve

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
_PER_CALL = ("layout", "max_tokens", "seed", "temperature", "top_p")


class ChatLinguaPress(BaseChatModel):
    """The model of a shelf as a chat model: references in a prompt become memories, or their texts where there is none.

    Whatever looks like a reference and was not signed by the shelf is text, and so are control tokens that a message spells out.
    Calls may give other ``max_tokens``, ``temperature``, ``top_p``, ``seed``, ``layout`` and ``stop``.

    Attributes:
        shelf: resolves references; its compressor's model answers.
        max_tokens: of an answer.
        temperature: 0 = the likeliest tokens.
        top_p: only the likeliest tokens whose probabilities sum up to this take part, 0..1.
        seed: of the sampling.
        stop: texts at which an answer ends.
        layout: where memories stand: ``"spread"``, ``"contiguous"`` or ``"parallel"``.
        template: chat template in Jinja; None = the tokenizer's own, or else plain roles.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    shelf: MemoryShelf = Field(exclude=True)
    max_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    stop: tuple[str, ...] = ()
    layout: Literal["spread", "contiguous", "parallel"] = "spread"
    template: str | None = None

    def get_token_ids(self, text: str) -> list[int]:
        """Tokens of a text by the model's own tokenizer; each slot of a memory that it refers to is -1, having no number.

        Raises:
            InvalidPrompt: a reference was cut, or is lost.
        """
        return _read(self.shelf, text) if self.custom_get_token_ids is None else self.custom_get_token_ids(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Tokens that the model reads for the messages: those of the whole prompt, where a memory counts its slots.

        Where the template refuses just these messages, such as the end of a conversation, each counts as the only one of a user.

        Raises:
            InvalidPrompt: a message that the model cannot read, or a reference that was cut or is lost.
        """
        if tools:
            warnings.warn("ChatLinguaPress takes no tools, so they are not counted", stacklevel=2)
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens_from_messages(messages)
        alone = [[HumanMessage(_text(message))] for message in messages]
        try:
            prompts = [self._prompt(messages)] if messages else []
        except InvalidPrompt:
            prompts = [self._prompt(one) for one in alone]
        return sum(len(_read(self.shelf, prompt, self.shelf.press.lm.start)) for prompt in prompts)

    @property
    def model_name(self) -> str:
        """Name of the model."""
        return self.shelf.press.lm.name

    @property
    def _llm_type(self) -> str:
        return "linguapress"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in (*_PER_CALL, "stop", "template")}
        return {"model_name": self.model_name, "shelf": repr(self.shelf), **own}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(**{**super()._get_ls_params(stop, **kwargs), "ls_provider": "linguapress"})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text, usage = answer(self.shelf, self._prompt(messages), self._settings(stop, kwargs))
        message = AIMessage(content=text, usage_metadata=_counted(usage), response_metadata=self._told(usage))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for text, usage in pieces(self.shelf, self._prompt(messages), self._settings(stop, kwargs)):
            message = AIMessageChunk(content=text)
            if usage:
                message.usage_metadata, message.response_metadata = _counted(usage), self._told(usage)
                message.chunk_position = "last"
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                run_manager.on_llm_new_token(text, chunk=chunk)
            yield chunk

    def _prompt(self, messages: Sequence[BaseMessage]) -> str:
        chat = ChatFormat(self.shelf.press.lm, self.shelf.marks, self.template)
        return chat.write([{"role": _role(message), "content": _text(message)} for message in messages])

    def _settings(self, stop: Sequence[str] | None, given: dict[str, Any]) -> AnswerSettings:
        if unknown := sorted(given.keys() - set(_PER_CALL)):
            raise UnknownName(f"ChatLinguaPress takes no {unknown[0]!r}; it takes {', '.join(_PER_CALL)} and stop")
        now = {name: getattr(self, name) if given.get(name) is None else given[name] for name in _PER_CALL}
        more = (stop,) if isinstance(stop, str) else stop or ()
        return AnswerSettings.named(**now, stop=(*self.stop, *more))

    def _told(self, usage: Usage) -> dict[str, Any]:
        return {"model_name": self.model_name, "finish_reason": usage.finish, "linguapress": usage.report()}


def _counted(usage: Usage) -> UsageMetadata:
    total = usage.input_tokens + usage.output_tokens
    return UsageMetadata(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=total)


def _read(shelf: MemoryShelf, text: str, start: Sequence[int] = ()) -> list[int]:
    """Tokens that the model reads for a text with references, behind ``start`` if it begins with a text; -1 for a slot."""
    segments = resolve(shelf, text).segments
    ids = list(start) if segments and isinstance(segments[0], str) else []
    for written, group in groupby(segments, lambda segment: isinstance(segment, str)):
        if written:
            ids += shelf.press.lm.tokens("".join(map(str, group)))  # texts side by side are one
            continue
        for segment in group:
            ids += [-1] * segment.k if isinstance(segment, Memory) else map(int, segment)
    return ids


def _role(message: BaseMessage) -> str:
    kind = message.type.removesuffix("MessageChunk").lower()  # chunks of messages are messages too
    return message.role if isinstance(message, ChatMessage) else _ROLES.get(kind, kind)


def _text(message: BaseMessage) -> str:
    if isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls):
        raise InvalidPrompt("a message calls tools, and the model reads text alone; leave it out, or write the call as text")
    blocks = [] if isinstance(message.content, str) else [b for b in message.content if isinstance(b, dict)]
    if strange := [block.get("type") for block in blocks if block.get("type") != "text"]:
        raise InvalidPrompt(f"a message holds a block of type {strange[0]!r}, and the model reads text alone; leave it out")
    return str(message.text)
