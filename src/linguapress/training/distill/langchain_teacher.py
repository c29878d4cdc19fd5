"""A teacher that is any LangChain chat model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from linguapress.errors import DistillationError, MissingExtra, UnknownName
from linguapress.imported import chat_model
from linguapress.training.distill.teacher import (
    Reply,
    TeacherBusy,
    TeacherError,
    TeacherGarbled,
    TeacherRefused,
    TeacherUnusable,
    Usage,
    failure,
)

_MISTAKES = (TypeError, AttributeError, ImportError, NotImplementedError)  # no second try mends the caller's code
_CUT = frozenset({"length", "max_tokens", "MAX_TOKENS"})


@dataclass
class LangChainTeacher:
    """A ``BaseChatModel`` of any provider.

    Attributes:
        model: the chat model, with its key, temperature and so on.
        name: part of every key in the ledger; by default the model's own name.
    """

    model: Any = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        """Finds a name; refuses what is no chat model."""
        if not hasattr(self.model, "ainvoke"):
            raise DistillationError(f"{type(self.model).__name__} is no LangChain chat model; it must have the method ainvoke")
        own = getattr(self.model, "model_name", None) or getattr(self.model, "model", None)
        self.name = self.name or str(own or type(self.model).__name__)

    async def ask(self, system: str, message: str) -> Reply:
        """One reply; errors as :class:`~linguapress.training.distill.teacher.Teacher` says."""
        messages, human = _messages()
        try:
            answer = await self.model.ainvoke([messages(content=system), human(content=message)])
        except Exception as error:  # every provider has its own kinds
            raise _failure(error) from error
        return _reply(answer)

    async def aclose(self) -> None:
        """Nothing to give back: the model is the caller's."""


def langchain_teacher(spec: str) -> LangChainTeacher:
    """The teacher that ``package.module:factory`` names: a function without arguments, or a chat model.

    Raises:
        DistillationError: nothing of that name can be imported, or the function fails.
    """
    try:
        return LangChainTeacher(chat_model(spec, "ainvoke"))
    except UnknownName as error:
        raise DistillationError(str(error)) from error
    except Exception as error:  # the caller's code may raise anything
        raise DistillationError(f"the teacher {spec!r} cannot be made: {type(error).__name__}: {error}") from error


def _failure(error: Exception) -> TeacherError:
    """What a provider's exception means: by its HTTP status where it has one; else worth another try, unless it is a mistake."""
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return failure(status, said, headers.get("retry-after"))
    return TeacherUnusable(said) if isinstance(error, _MISTAKES) else TeacherBusy(said)


def _reply(answer: Any) -> Reply:
    counted = getattr(answer, "usage_metadata", None) or {}
    usage = Usage(int(counted.get("input_tokens") or 0), int(counted.get("output_tokens") or 0))
    facts = getattr(answer, "response_metadata", None) or {}
    reason = facts.get("finish_reason") or facts.get("stop_reason")
    if reason in _CUT:
        raise TeacherRefused("the answer was cut off at the model's limit of tokens", usage)
    text = str(answer.text)
    if not text.strip():
        raise TeacherGarbled("the answer is empty", usage)
    return Reply(text, usage)


def _messages() -> tuple[Callable[..., Any], Callable[..., Any]]:
    try:
        from langchain_core.messages import HumanMessage, SystemMessage
    except ImportError as error:
        raise MissingExtra("langchain-core", "distill") from error
    return SystemMessage, HumanMessage
