"""Splitters: every one tiles its text, so units can be dropped and the rest joined unchanged.

A unit carries the blanks that follow it. Sentences come from ``sentencex`` (Wikimedia), phrases of Chinese, Japanese and
Thai, which write no blanks, from ``budoux`` (Google); this file only decides what must never be split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise

import regex
import sentencex

from linguapress.text import Span
from linguapress.tongues import tongue

Splitter = Callable[[str], list[Span]]

_UNIT = (
    r"%|‰|°\s?[CFK]?|[kMGT]i?[Bb](?:/s)?|[kcmµn]?m(?:/s|/h)?[²³]?|km/h|mph|[km]?g|mg|µg|t|[mµ]?[lL]|kcal|[kMG]?Hz|[kMG]?W|kWh|[mk]?V|"
    r"ms|s|min|h|hrs?|seconds?|minutes?|hours?|days?|nights?|years?|weeks?|months?|decades?|centuries|times|"
    r"percent|per\s?cent|percentage\spoints?|hundred|thousand|million|billion|trillion|degrees?|"
    r"dollars?|[Ee]uros?|pounds?|cents?|USD|EUR|GBP|CHF|JPY|RMB|ft|feet|inch(?:es)?|miles?|(?:kilo|centi|milli)?met(?:re|er)s?|acres?|hectares?|"
    r"(?:kilo|milli)?grams?|tonn?es?|lit(?:re|er)s?|lbs?|oz|px|dpi|kDa|mol|[mµn]?M|bp|BCE?|[ap]\.?m\.?|"
    r"Prozent|Tausend|Mio\.?|Mrd\.?|Millionen|Milliarden|Sekunden?|Minuten|Stunden?|Tagen?|Wochen?|Monaten?|Jahren?|Uhr|"
    r"pour\scent|milliards?|heures?|jours?|semaines?|mois|ans|por\sciento|mil|millones|horas?|días?|semanas?|meses|años?"
)
_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|Sep(?:t(?:ember|\.)?|\.)?|"
    r"Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
# What holds blanks (or stands inside a script without blanks) and is yet one thing to a reader.
_ATOM = regex.compile(
    rf"\b{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?:,\s\d{{4}})?\b"  # March 3, 1939
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}})?\b"  # 3 March 1939
    r"|\d{2,4}年(?:\d{1,2}月)?(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日"
    r"|(?<![\w.,])\d{1,3}(?:[\u00a0\u202f ]\d{3})+(?![\w])"  # 1 000 000
    rf"|[$€£¥₹]\s?\d[\d.,]*+(?:\s(?:million|billion|trillion))?"
    rf"|(?<![\d.,])\d[\d.,]*+(?:[–-]\d[\d.,]*+)?[\u00a0\u202f ](?:{_UNIT})(?!\w)"
    r"|(?<![\w.,])\d[\d.,]*+\s(?:in|of|out\sof|to)\s\d[\d.,]*+",
)
# What belongs to the number behind it: a currency, a bound.
_BEFORE_NUMBER = regex.compile(
    r"\b(?:USD|EUR|GBP|CHF|JPY|RMB|CNY|INR|CAD|AUD|NOK|SEK|DKK|PLN|[Uu]nder|[Oo]ver|[Aa]bove|[Bb]elow|[Uu]p\sto|[Aa]t\s(?:least|most)"
    r"|(?:[Mm]ore|[Ll]ess|[Ff]ewer)\sthan)\s(?=[$€£¥₹]?\d|[A-Z]{3}\s\d)"
)
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー]+|\p{Thai}+")
# A backslash and a straight quote may belong to what follows them: an escape, the end of a JSON string.
_CLOSING = r"(?![\\\"])[\p{Pe}\p{Pf}\p{Po}\p{Mn}\p{Me}\p{Mc}\u200d\ufe0e\ufe0f]"
_NUMBERED = (
    r"§|Art(?:icle|ikel)?\.?|Sec(?:tion|\.)|Chapter|Part|Appendix|Rule|Step|Note|Fig(?:ure|\.)?|Table|Box|"
    r"Kap(?:itel|\.)|Abschnitt|Teil|Anhang|Schritt|Abb(?:ildung|\.)|Tab(?:elle|\.)|Chapitre|Étape|Tableau|Capítulo|Paso|Cuadro"
)
_NUMBER = r"(?:\d{1,4}\.){0,5}\d{1,3}[a-z]?[.)]"
# Where no sentence ends: in a heading of Markdown, after the number of a section or an item, an abbreviation before its number, a
# title, a mark in a cell.
_RUNS_ON = regex.compile(
    rf"^[ \t]*+(?:>[ \t]+)*+#{{1,6}}[ \t][^\n]{{1,120}}$"
    rf"|^[ \t>|]*+(?:[-*+][ \t]+)?+(?:\*\*|__)?(?:(?:{_NUMBERED})[ \t]?)?{_NUMBER}(?:\*\*|__)?[ \t]+(?=\S)"
    r"|\|[ \t]*+(?:\d{1,3}\.){1,5}[ \t]+(?=\S)"
    r"|(?i:\b(?:approx|aprox|ca|c|circa|est|vols?|nos?|nr|núm|num|figs?|pp?|art|§|sect?|chap|ch|eqs?|cf|mio|mln|mrd|av|vs)\.\s+(?=\p{Sc}?\d))"
    r"|(?<!\S)(?:MM?|Mme|Mlle|Mgr)\.\s+(?=\p{Lu})|(?<=\S[ \t])[?!.][ \t]{2,}(?=\S)"
    r"|(?<=\A|(?:\A|\n)[^\n]{0,50}\n)[ \t]*[IVX]{1,5}[.)]\s+(?=\S)",
    regex.M,
)
_GERMAN_DATE = regex.compile(
    r"\b\d{1,2}\.\s+(?=(?:Jan(?:uar)?|Feb(?:ruar)?|März|Mär|Apr(?:il)?|Mai|Juni?|Juli?|Aug(?:ust)?|Sept?(?:ember)?|Okt(?:ober)?"
    r"|Nov(?:ember)?|Dez(?:ember)?)\b)"
)
_SMALL = regex.compile(r"\p{Ll}(?!\p{Lu})")
_SHORT = regex.compile(r"(?<!\p{L})\p{L}{1,5}\.[^\S\n]*$")
_INITIAL = regex.compile(r"(?<!\p{L})\p{L}{1,2}\.$")
_FEW = 0.2  # share of the sentences up to which small letters after a full stop are taken for what follows an abbreviation
# A line end inside hard-wrapped prose: a long line that does not end like a sentence, and a small letter or an amount after it.
_AMOUNT = r"\p{Sc}\d|\d[\d.,]*+(?<![.,])%?[ \t]\p{L}[^\n]{12}"
_SOFT_BREAK = regex.compile(rf"(?<=[^\n]{{40,}}[^\n.!?:;\s][ \t]*)\r?\n(?=[ \t]*(?:\p{{Ll}}|{_AMOUNT}))")
STOPS = ".!?…。！？؟।॥۔"  # what ends a sentence
ENDED = regex.compile(rf"[{STOPS}][\p{{Pe}}\p{{Pf}}\"'*_]*\s*$")
_CHUNK = 8192  # characters given to the sentence splitter at once
_STOP = regex.compile(r"(?:[。！？।॥؟۔]|[.!?](?=\s)|\n)\s{0,4}", regex.REVERSE)
_LINE_END = regex.compile(r"\n(?=[^\n])")


def tile(cuts: Iterable[int], length: int) -> list[Span]:
    """Consecutive spans over ``length`` characters, cut at the given positions."""
    inner = sorted(cut for cut in set(cuts) if 0 < cut < length)
    return list(map(Span._make, pairwise([0, *inner, length]))) if length else []


def whole(text: str) -> list[Span]:
    """The text as one unit."""
    return tile((), len(text))


def passages(text: str) -> list[Span]:
    """Paragraphs: blocks parted by one or more empty lines."""
    return tile((match.end() for match in regex.finditer(r"\n(?:[^\S\n]*\n)+", text)), len(text))


def lines(text: str) -> list[Span]:
    """Lines with their line ends."""
    return tile((match.end() for match in regex.finditer(r"\n", text)), len(text))


def line_starts(text: str, mark: regex.Pattern[str], reach: int) -> Iterator[int]:
    """Where lines begin that hold a mark in their first ``reach`` characters, each once, however long the others are."""
    looked = -1
    for found in mark.finditer(text):
        at = found.start()
        start = text.rfind("\n", max(0, at - reach), at) + 1
        if start > looked and (start or at <= reach):
            looked = start
            yield start


def sentences(text: str) -> list[Span]:
    """Sentences; a line end also parts them, unless the sentence visibly runs on.

    Args:
        text: any text; full stops of other scripts (。 । ؟ and so on) count in every language.
    """
    cuts: set[int] = set()
    language = tongue(text)
    for start, end, whole_sentences in _chunks(text):
        found = sentencex.get_sentence_boundaries(language, encodable(text[start:end]))
        cuts.update(start + boundary["end_index"] for boundary in found)
        if not whole_sentences:
            cuts.discard(end)
    cuts = {cut for cut in cuts if not _in_word(text, cut)}
    small = {cut for cut in cuts if _abbreviated(text, cut)}
    if len(small) <= 1 + _FEW * len(cuts):  # else the writer uses small letters for all
        cuts -= small
    for pattern in (_RUNS_ON, _GERMAN_DATE) if language == "de" else (_RUNS_ON,):
        for match in pattern.finditer(text):
            cuts.difference_update(range(match.start() + 1, match.end() + 1))
    if "\n" in text:
        soft = {match.end() for match in _SOFT_BREAK.finditer(text) if _wrapped(text, match.start(), match.end())}
        cuts.update(match.end() for match in _LINE_END.finditer(text) if match.end() not in soft)
    return join_blank(text, tile(cuts, len(text)))


def _in_word(text: str, cut: int) -> bool:
    """Whether a full stop stands before a small letter, or, after one or two letters, before any: "e.g.", "a.C."."""
    if text[cut - 1] != "." or not text[cut : cut + 1].isalpha():
        return False
    return _SMALL.match(text, cut) is not None or _INITIAL.search(text, max(0, cut - 4), cut) is not None


def _abbreviated(text: str, cut: int) -> bool:
    """Whether a short word's full stop is followed, on the same line, by a small letter."""
    return _SMALL.match(text, cut) is not None and _SHORT.search(text, max(0, cut - 10), cut) is not None


def _wrapped(text: str, start: int, end: int) -> bool:
    """Whether the lines around a line end are of like length; a title above a whole paragraph is not."""
    line = start - text.rfind("\n", 0, start) - 1
    stop = text.find("\n", end, end + 2 * line + 1)
    return (len(text) if stop < 0 else stop) - end <= 2 * line


def _chunks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Parts of bounded length, and whether each ends with a sentence: the splitter's time grows with the square of a line."""
    start = 0
    while len(text) - start > _CHUNK:
        stop = _STOP.search(text, start + _CHUNK // 2, start + _CHUNK)
        end = stop.end() if stop else start + _CHUNK
        yield start, end, stop is not None
        start = end
    yield start, len(text), True


def join_blank(text: str, units: list[Span]) -> list[Span]:
    """Gives blank units to the unit before them (to the one after them, at the start)."""
    cuts = [start for start, end in units if not text[start:end].isspace()]
    return units if len(cuts) == len(units) else tile(cuts[1:], len(text))


def words(text: str) -> list[Span]:
    """Words with the punctuation and blanks that follow them.

    Numbers with their units, dates, URLs, e-mails, paths, versions, identifiers, hyphenated and apostrophed words stay whole;
    Chinese, Japanese and Thai are cut into phrases.
    """
    cuts = {match.end() for match in regex.finditer(r"\s+", text)}
    for match in _UNSPACED.finditer(text):
        cuts.update(_phrase_cuts(text, match.start(), match.end()))
    for match in _ATOM.finditer(text):
        cuts.difference_update(range(match.start() + 1, match.end()))
    for match in _BEFORE_NUMBER.finditer(text):
        cuts.difference_update(range(match.start() + 1, match.end() + 1))
    return join_blank(text, tile(cuts, len(text)))


def _phrase_cuts(text: str, start: int, end: int) -> list[int]:
    """Cuts inside and after one run of a script that writes no blanks.

    What stands before the run without a blank stays with its first phrase, so that dropping a phrase never joins two numbers
    or two Latin words.
    """
    run = text[start:end]
    parser = _phrase_parser("th" if regex.match(r"\p{Thai}", run) else "ja" if regex.search(r"\p{Hiragana}", run) else "zh-hans")
    cuts, position = [], start
    for phrase in parser(run):
        position += len(phrase)
        while position < len(text) and regex.match(_CLOSING, text[position]) and position >= end:
            position += 1
        cuts.append(position)
    return cuts


@cache
def _phrase_parser(language: str) -> Callable[[str], list[str]]:
    import budoux

    loaders = {
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
    }
    parse: Callable[[str], list[str]] = loaders[language]().parse
    return parse


def encodable(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 library takes, replaced one for one."""
    return text if text.isascii() else regex.sub(r"[\ud800-\udfff]", "\ufffd", text)
