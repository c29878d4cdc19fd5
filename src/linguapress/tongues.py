"""Which language a text is written in, as far as sentence splitting asks: by its commonest words."""

from __future__ import annotations

_COMMON = {
    "en": "the of and in to is was are that for it with as on by at from this be which had has have his her their not or an",
    "de": "der die und das ist nicht ein eine mit von den dem des im auf für sich auch wurde zu wird sind als am bei nach",
    "fr": "le la les des et est une un du dans pour que qui au sur pas il elle par avec ce sont été aux plus ou",
    "es": "el la los las y es de que en un una por con del se su para al como fue más lo sus no entre",
    "it": "il la di che è e un una per con del della non si sono le dei alla nel al da più come gli fu",
    "pt": "o a os as e é de que em um uma do da para com não no na por foi dos das se ao mais",
    "nl": "de het een en van is dat op te in voor met zijn niet aan door werd ook bij naar uit er als of om",
    "sv": "och att det som en ett är på för med av den till har inte om var från de sig vid eller",
    "da": "og at det som en et er på for med af den til har ikke om var fra de sig ved eller blev",
    "pl": "i w na z do nie się jest to że o jak po od przez dla są był oraz ale jego",
}
_SETS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
COMMON = frozenset().union(*_SETS.values())  # words that tell nothing, in any of these languages
_LOOK = 600  # characters that are looked at
_LEAST = 3  # common words below which nothing is said


def tongue(text: str) -> str:
    """Two-letter code of the language whose commonest words are most frequent at the beginning; English where none is."""
    beginning = text[:_LOOK]
    if beginning.count(" the ") >= _LEAST:  # most texts
        return "en"
    found = beginning.casefold().split()
    counts = {language: sum(map(words.__contains__, found)) for language, words in _SETS.items()}
    best = max(counts, key=counts.__getitem__)  # of equals the first, which is English
    return best if counts[best] >= _LEAST else "en"
