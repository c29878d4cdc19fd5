"""Negations of some twenty languages, and what they negate."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from linguapress.text import Span

_WORDS = (
    r"not|no|never|none|nor|neither|nothing|nobody|nowhere|without|cannot|unless|except|fails?|failed|lacks?|lacking|false|den(?:y|ies|ied)|"
    r"\w+n['’]t|hardly|barely|"
    r"nicht|nichts|niemand\w*|nirgends?|kein\w*|nie|niemals|ohne|weder|pas|jamais|aucune?|rien|personne|sans|nunca|nada|nadie|tampoco|jamás|ningún|ninguna|sin|não|nem|sem|non|mai|senza|"
    r"niet|geen|nooit|не|нет|ни|никогда|без|μη|δεν|χωρίς|لا|لم|لن|ليس|بدون|नहीं|ไม่|không|nie|bez|inte|ikke|ei"
)
NEGATION = rf"(?i:\b(?:{_WORDS})\b)|[不没沒無无未非勿莫]|ない|ません|なし|ไม่"
_LITTLE = (  # says nothing by itself
    r"a|an|the|any|all|be|been|being|to|have|has|had|yet|so|very|too|as|it|is|are|was|were|do|does|did|you|we|they|i|he|she|by|if|for|on|in|at"
    r"|of|with|that|this|these|those|its|your|our|their|his|her|my|only|when|where|there"
    r"|der|die|das|den|dem|ein|eine|einen|zu|zum|zur|im|am|le|la|les|un|une|de|des|du|à|el|los|las|una|del|al"
)
_DENIED = regex.compile(rf"(?i)\b(?:{_WORDS})(?:[^\S\n]+(?:{_LITTLE})(?![\w'’])){{0,3}}+[^\S\n]+[\p{{L}}\p{{N}}][\w'’-]*+")


def denials(text: str) -> Iterator[Span]:
    """Negations with the next word that says something, over at most three that do not: "not be covered", "won't sell".

    Ascending and disjoint. Languages that set no blanks between words have none.
    """
    return (Span(*match.span()) for match in _DENIED.finditer(text))
