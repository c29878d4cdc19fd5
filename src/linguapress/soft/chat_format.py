"""A conversation as one prompt: by the chat template of the tokenizer, or with plain roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any

from linguapress.errors import InvalidPrompt
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.marks import Mark, Marks

_SPEAKER = "assistant"


class ChatFormat:
    """Writes prompts in which only the template speaks control tokens: to a message that spells one out, it is text.

    What the model itself has said may hold those that are no special tokens, such as of thinking: templates look for them there.
    """

    def __init__(self, lm: FrozenLM, marks: Marks, template: str | None = None) -> None:
        """A format for a model.

        Args:
            lm: the model.
            marks: sign the control tokens.
            template: in Jinja, as transformers writes them; None = the tokenizer's own, or else plain roles.

        Raises:
            InvalidPrompt: the tokenizer has several templates, none of them the default.
        """
        self._tokenizer, self._marks = lm.fast_tokenizer, marks
        self.template = template or _own_template(lm.fast_tokenizer)
        added = lm.tokenizer.get_added_tokens_decoder().items()
        self._control = {str(token.content): (int(number), token) for number, token in added if token.special}
        own = lm.fast_tokenizer.backend_tokenizer.get_added_tokens_decoder().values()
        self._spelled, self._special = _any_of(self._control), _any_of(str(token.content) for token in own if token.special)

    def write(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The prompt of a conversation, for :func:`~linguapress.soft.resolving.resolve`; the assistant is to speak next.

        Args:
            messages: each with ``role`` (``"system"``, ``"user"``, ``"assistant"`` ...) and ``content``, a text with references.

        Raises:
            InvalidPrompt: no message, or the template refuses them.
        """
        if not messages:
            raise InvalidPrompt("a conversation without messages cannot be continued; give at least one")
        if not self.template:
            return _plain(messages)
        hide = _Hiding()
        hidden = [{**message, "content": hide.hidden(message["content"], self._text_of(message))} for message in messages]
        rendered = self._rendered(hidden)
        return hide.shown(self._marked(rendered))

    def _text_of(self, message: Mapping[str, str]) -> re.Pattern[str]:
        """Control tokens that are text to a message."""
        return self._special if message["role"] == _SPEAKER else self._spelled

    def _rendered(self, messages: Sequence[Mapping[str, str]]) -> str:
        from jinja2 import TemplateError

        ready: dict[str, Any] = {"chat_template": self.template, "tokenize": False, "add_generation_prompt": True}
        try:
            return str(self._tokenizer.apply_chat_template(messages, **ready))
        except TemplateError as error:
            roles = ", ".join(message["role"] for message in messages)
            raise InvalidPrompt(f"the chat template refuses messages of {roles} ({error}); give others") from error

    def _marked(self, text: str) -> str:
        """The text with its control tokens marked, and without the blanks that they swallow."""
        parts = self._spelled.split(text)  # texts and control tokens in turn
        for at in range(1, len(parts), 2):
            number, token = self._control[parts[at]]
            parts[at] = self._marks.write(Mark("token", str(number)))
            parts[at - 1] = parts[at - 1].rstrip() if token.lstrip else parts[at - 1]
            parts[at + 1] = parts[at + 1].lstrip() if token.rstrip else parts[at + 1]
        return "".join(parts)


class _Hiding:
    """Control tokens that messages spell out, out of sight while a template is filled in."""

    def __init__(self) -> None:
        self._code = token_hex(8)
        self._found: list[str] = []

    def hidden(self, text: str, spelled: re.Pattern[str]) -> str:
        return spelled.sub(self._hide, text)

    def shown(self, text: str) -> str:
        return re.sub(rf"{self._code}-(\d+)-", lambda match: self._found[int(match[1])], text)

    def _hide(self, match: re.Match[str]) -> str:
        self._found.append(match[0])
        return f"{self._code}-{len(self._found) - 1}-"


def _own_template(tokenizer: Any) -> str | None:
    """The chat template of a tokenizer, the default of several; None where it has none."""
    found = getattr(tokenizer, "chat_template", None)
    if not isinstance(found, dict):
        return None if found is None else str(found)
    if "default" not in found:
        raise InvalidPrompt(f"the tokenizer has the chat templates {', '.join(found)} and no default; give one of them as template")
    return str(found["default"])


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """One of some texts, the longest that fits; nothing where there are none."""
    longest_first = sorted(map(re.escape, texts), key=len, reverse=True)
    return re.compile(f"({'|'.join(longest_first) or '(?!)'})")


def _plain(messages: Sequence[Mapping[str, str]]) -> str:
    said = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
    return "\n\n".join([*said, "Assistant:"])
