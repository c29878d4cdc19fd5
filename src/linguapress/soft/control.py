"""Control tokens of a tokenizer: those that say who speaks, thinks or calls a tool, and that no text may spell out.

A Unigram vocabulary that holds one among its pieces finds it in texts all the same; those of byte-level and other BPE do not.
"""

from __future__ import annotations

import json
import re
from typing import Any

_BARRED = re.compile(r"<(\||｜).+\1>", re.DOTALL)  # <|fim_prefix|>: nobody writes that for anything else
_BRACKETED = re.compile(r"<[^\s<>]+>|\[[^\s\[\]]+\]|\{[^\s{}]+\}")  # <think>, but <table> as well


def control_ids(tokenizer: Any) -> frozenset[int]:
    """Ids of the control tokens of a fast tokenizer of transformers.

    They are the special tokens, and of the other added ones those in bars and those in brackets that the chat template spells. The
    rest are words of the vocabulary like any other: runs of blanks, tags of HTML, terms of a domain.
    """
    template = _told(getattr(tokenizer, "chat_template", None))
    added = tokenizer.backend_tokenizer.get_added_tokens_decoder().items()
    return frozenset(int(number) for number, token in added if token.special or _controls(token.content, template))


def controlled(tokenizer: Any, ids: frozenset[int]) -> Any:
    """A plain tokenizer of the ``tokenizers`` library to which these tokens are special; itself, where they are so."""
    added = tokenizer.get_added_tokens_decoder()
    if all(added[number].special for number in ids):
        return tokenizer
    told = json.loads(tokenizer.to_str())
    for token in told["added_tokens"]:
        token["special"] = token["special"] or token["id"] in ids
    copy = type(tokenizer).from_str(json.dumps(told))
    copy.encode_special_tokens = True
    return copy


def _controls(content: str, template: str) -> bool:
    spelled = content in template or content.replace("/", "", 1) in template  # what ends with </think> begins with <think>
    return bool(_BARRED.fullmatch(content) or (_BRACKETED.fullmatch(content) and spelled))


def _told(template: Any) -> str:
    """A chat template, or several by name, as one text."""
    return "\n".join(map(str, template.values())) if isinstance(template, dict) else str(template or "")
