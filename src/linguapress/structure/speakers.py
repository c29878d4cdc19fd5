"""Dialogues: a sentence without the name before its turn might be anybody's."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import regex

from linguapress.segment import ENDED, join_blank, line_starts, sentences, tile
from linguapress.structure.asked import asked, with_asked
from linguapress.structure.label_keys import is_key
from linguapress.structure.replies import with_replies
from linguapress.structure.stamps import NAME, is_event, stamps
from linguapress.text import Span
from linguapress.units import Units

_LONGEST = 40  # characters of a name
_KEYS_BESIDE = 0.34  # keys for each label, up to which they count as notes inside of turns
_SPOKEN = 0.5  # share of the turns that must look like speech
_DENSE, _SPARSE = 0.4, 0.06  # share of the lines that must begin with a label, where none of them comes back, and where they do
_FEW, _SEVERAL = 3, 5  # turns of one speaker alone, and of all, from which the last one goes by the others
_HEARD = 200  # turns by which the others are judged
_STAMPED = 3  # lines that are a name and a time, at least
_SAYING = 0.8  # share of them that something must stand beneath

_BLANK = r"[^\S\n]"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?(?:\s?[AaPp]\.?[Mm]\.?)?"
_DATE = rf"(?:\d{{1,4}}[-./]\d{{1,2}}[-./]\d{{1,4}},?{_BLANK}|\d{{4}}-\d\d-\d\dT)"
_TIME = rf"(?:[\[(<]?{_DATE}?{_CLOCK}[\])>]?{_BLANK}*+(?:[-–—|]{_BLANK})?+)"
_ASIDE = rf"(?:{_BLANK}?[(（\[](?:[^()（）\[\]\n]|\([^()\n]{{1,60}}+\)){{1,60}}+[)）\]]|{_BLANK}{_CLOCK})"
_LABEL = regex.compile(
    rf"[\u200e\ufeff]?+{_BLANK}{{0,8}}+(?:>{_BLANK})?+(?:[-•–—]{_BLANK})?+(?P<open>\*{{1,3}}+|_{{1,3}}+)?+(?P<time>{_TIME})?+(?P<bold>\*\*)?+"
    rf"(?P<name>{NAME})[*_]{{0,3}}+(?P<aside>{_ASIDE})?[*_]{{0,3}}+{_BLANK}?"
    rf"(?:：|:(?=[*_]{{0,3}}(?:\s|\Z)))[*_]{{0,3}}+{_BLANK}*+(?:\n(?:{_BLANK}*+\n)*+)?+"
)
_COLON, _REACH = regex.compile(r"：|:(?=[*_]{0,3}(?:\s|\Z))"), 160  # characters of a line up to the end of its label
_OVER = regex.compile(r"#{1,6}[ \t]|(?:[-*_=][ \t]*+){3,}+\r?(?:\n|\Z)")  # a heading, or a ruler
_LINE = regex.compile(r"^[^\n]*\S", regex.M)
_DATED = regex.compile(rf"^[\u200e\ufeff]?+(?={_DATE}|\[){_TIME}\S", regex.M)
_LOOSE = regex.compile(rf"^(?:[^\s:：]++{_BLANK}?){{1,8}}+(?:：|:(?=\s))", regex.M)  # what may be a label of another kind
_GAP, _NEWLINE = regex.compile(r"\n\s*\n"), regex.compile(r"\S\s*?\n")
_COMES = regex.compile(
    r"^(?P<name>\S[^\n]{0,39}?) (?:has |have )?(?:joined|left|entered)(?: the (?:\w+ ?){1,3}| using [^\n]{1,40})?\.?[^\S\n]*$",
    regex.M,
)
_REST = regex.compile(r"[^\n]{0,300}+")

_ROLE = regex.compile(
    r"(?i:(?:mr|mrs|ms|miss|dr|prof|hon|rev|sir|madam|professor|senator|judge|herr|frau|señora?|mme|monsieur|madame)\b.*"
    r"|(?:(?:the|le|la|el|der|die) )?(?:acting |deputy |vice[ -])?(?:chair\w*|speaker|president|moderator|clerk|witness|court)"
    r"|user|assistant|human|ai|bot|chatbot|system|agent|customer|client|support|operator|caller|doctor|patient|nurse|interviewer"
    r"|interviewee|host|co-?host|guest|moderator|narrator|teacher|student|tutor|prompter|gpt|chatgpt|claude|unknown speaker"
    r"|(?:speaker|participant|person|voice|juror|panelist|respondent|subject)[ _#-]*(?:\d{1,3}|[a-z])?)"
)
_SMALL = regex.compile(r"^\p{Ll}|[ \u00a0]\p{Ll}{4}|\d$")  # "she replied", but "Vincent van Gogh"
_NOUN = regex.compile(r"(?i:(?:[ts]ion|ment|ness|[ae]bility|ology|ography|ivity|ality)s?|ics|isms?)$")
_TALK = regex.compile(
    r"[?？؟]|我|你|您|咱|吗|吧|呢|好的|谢谢|謝謝|私|僕|俺|です|ます|ません|はい|いいえ|ました|습니다|(?:요|네|죠)[.,!]|"
    r"\b(?i:I|we|you|your|my|me|our|us|let['’]?s|yes|no|yeah|yep|nope|ok|okay|hi|hello|hey|thanks?|please|sure|right|well|oh|ah|hmm+"
    r"|mm|um|uh|bye|good (?:morning|evening|afternoon)|welcome|ich|wir|du|mir|uns|ja|nein|danke|bitte|hallo|je|nous|vous|tu|oui|non"
    r"|merci|bonjour|yo|nosotros|usted|sí|gracias|hola|eu|você|nós|sim|obrigad[oa]|io|noi|sì|grazie|ciao|ik|jij|wij|nee|я|мы|ты|вы"
    r"|да|нет|спасибо|привет)\b|\b[JjCc]['’](?:ai|est|y)\b"
)
_REPLY = regex.compile(r"(?i:yes|no|yeah|yep|nope|ja|nein|oui|non|sí|sim|si|no|да|нет)(?!\w)")
_ASKS = regex.compile(r"[?？][\"'”»)]*\s*$", regex.REVERSE)
_WORDY = regex.compile(r"(?:\S++\s++){7}\S|\w{16}")


class Turn(NamedTuple):
    """What somebody says.

    Attributes:
        label: who says it: the characters from the beginning of the line to the first word, or to the next line.
        end: behind the last character of the turn.
        speaker: the name in small letters.
    """

    label: Span
    end: int
    speaker: str


@dataclass(frozen=True)
class Talk:
    """Who speaks in a text, and what is asked there: each is looked for once, and only if somebody wants to know.

    Attributes:
        text: the text.
    """

    text: str

    @cached_property
    def turns(self) -> list[Turn]:
        """The turns of a dialogue; none in a text that is no dialogue."""
        return turns(self.text)

    @cached_property
    def asked(self) -> list[tuple[int, Span]]:
        """Where each question without a mark begins, and its answer; none in a dialogue."""
        return [] if self.turns else asked(self.text)


def turns(text: str) -> list[Turn]:
    """The turns of a dialogue, ascending; none in a text that is no dialogue.

    A label is a short name and a colon at the beginning of a line. Names come back, or are known for roles; where they do neither,
    they must stand before what sounds like speech. Keys such as "Note", "Result" or "Step 2" are no names. A turn ends before
    whatever may be another label: what follows that is rather nobody's than somebody else's. A name and a time on a line of their
    own are a label too where such lines come back, each with what sounds like speech beneath.
    """
    return max(_labelled(text), _stamped(text), key=len)


def _labelled(text: str) -> list[Turn]:
    """The turns that begin with a name and a colon."""
    labels = list(_labels(text))
    names = [label for label in labels if _ROLE.fullmatch(label["name"]) or not is_key(label["name"])]
    if len(names) < 2 or len(labels) - len(names) > _KEYS_BESIDE * len(names) or not _is_dialogue(text, names):
        return []
    loose = (_LOOSE, _DATED) if all(label["time"] for label in names) else (_LOOSE,)
    others = (line.start() for pattern in loose for line in pattern.finditer(text))
    stops = sorted({*(label.start() for label in labels), *others, _over(text, names)})
    ends = [stops[bisect_left(stops, label.end())] for label in names]
    return [Turn(Span(*label.span()), end, _speaker(label["name"])) for label, end in zip(names, ends, strict=True)]


def _over(text: str, names: Sequence[regex.Match[str]]) -> int:
    """Where the last of several turns ends: behind its line where all are lines, at a blank line where none has one, or never."""
    if len(names) < _SEVERAL:
        return len(text)
    before, last = text[names[0].end() : names[-1].start()], names[-1].end()
    if before.rstrip().count("\n") < len(names) - 1:
        end = _NEWLINE.search(text, last)
    else:
        end = None if _GAP.search(before) else _GAP.search(text, last)
    return end.end() if end else len(text)


def _stamped(text: str) -> list[Turn]:
    """The turns beneath lines that are a name and a time."""
    found = list(stamps(text))
    names = [line for line in found if _ROLE.fullmatch(line["name"]) or not (is_event(line["name"]) or is_key(line["name"]))]
    if len(names) < _STAMPED or len(found) - len(names) > _KEYS_BESIDE * len(names):
        return []
    stops = sorted({*(line.start() for line in found), *_comings(text, {line["name"] for line in names}), len(text)})
    ends = [stops[bisect_left(stops, line.end())] for line in names]
    if not any(_GAP.search(text[line.end() : end].strip()) for line, end in zip(names[:-1], ends, strict=False)):
        last = _GAP.search(text, names[-1].end(), ends[-1])
        ends[-1] = last.end() if last else ends[-1]
    said = [text[line.end() : min(end, line.end() + _REACH)] for line, end in zip(names[:_HEARD], ends, strict=False)]
    if not _is_chat(text, names, said):
        return []
    return [Turn(Span(*line.span()), end, _speaker(line["name"])) for line, end in zip(names, ends, strict=True)]


def _comings(text: str, names: Iterable[str]) -> Iterator[int]:
    """Where lines begin that tell who has come or gone: nobody says that."""
    known = frozenset(names)
    return (line.start() for line in _COMES.finditer(text) if line["name"] in known)


def _is_chat(text: str, lines: Sequence[regex.Match[str]], said: Sequence[str]) -> bool:
    """Whether what stands beneath lines of names and times sounds like speech, and the names come back."""
    if len(lines) < _SPARSE * sum(1 for _ in _LINE.finditer(text)) or sum(map(bool, map(str.strip, said))) < _SAYING * len(said):
        return False
    names = Counter(_speaker(line["name"]) for line in lines[: len(said)])
    known = sum(count for name, count in names.items() if _ROLE.fullmatch(name))
    again = sum(count for count in names.values() if count > 1)
    talk = sum(_TALK.search(words) is not None for words in said)
    return (len(names) > 1 or known > 0) and 2 * max(again, known) >= len(said) and talk >= _SPOKEN / 2 * len(said)


def utterances(text: str, talk: Talk | None = None) -> list[Span]:
    """Sentences; in a dialogue the label of a turn is a unit of its own, and a question on a line is one with its answer."""
    talk, spans = talk or Talk(text), with_replies(text, sentences(text))
    if not talk.turns:
        return with_asked(talk.asked, spans)
    cuts = {start for start, _ in spans}
    for (start, end), _, _ in talk.turns:
        cuts.difference_update(range(start + 1, end))
        cuts.update((start, end))
    return join_blank(text, tile(cuts, len(text)))


def with_speakers(text: str, units: Units, talk: Talk | None = None) -> Units:
    """Sentences that bring along the label of their turn, a yes or no and its question one another; a label alone is not kept."""
    needs, alone = dict(units.needs), set()
    question: int | None = None
    for turn, label, said in _parts(talk or Talk(text), units.spans):
        if label in units.verbatim:
            continue
        if _stands_alone(text, units.spans[label], turn.label):
            alone.add(label)
        needs |= {unit: (*needs.get(unit, ()), label) for unit in said}
        if said and question is not None and _REPLY.match(text, units.spans[said[0]].start):
            needs[said[0]] = (*needs[said[0]], question)
            needs[question] = (*needs[question], said[0])
        question = said[-1] if said and _ASKS.search(text, turn.label.end, units.spans[said[-1]].end) else None
    return units if needs == units.needs and not alone else replace(units, needs=needs, frame=units.frame | (alone - units.forced))


def speakers(text: str, spans: Sequence[Span]) -> list[str | None]:
    """Who says each of the ascending spans; None where no label tells."""
    found: list[str | None] = [None] * len(spans)
    for turn, label, said in _parts(Talk(text), spans):
        for unit in (label, *said):
            found[unit] = turn.speaker
    return found


def _parts(talk: Talk, spans: Sequence[Span]) -> Iterator[tuple[Turn, int, range]]:
    """The turns, each with the span that holds its label, and those behind it up to the next turn, a heading or a ruler."""
    starts = [start for start, _ in spans] if talk.turns else []
    for turn in talk.turns:
        label, last = bisect_right(starts, turn.label.start) - 1, bisect_left(starts, turn.end)
        if label >= 0:
            over = (unit for unit in range(label + 1, last) if _OVER.match(talk.text, starts[unit]))
            yield turn, label, range(label + 1, next(over, last))


def _stands_alone(text: str, unit: Span, label: Span) -> bool:
    """Whether a unit is nothing but a label."""
    return unit.end == label.end and not text[unit.start : label.start].strip()


def _labels(text: str) -> Iterator[regex.Match[str]]:
    """What might be labels, keys among them; each line that holds a colon soon enough is looked at once."""
    for start in line_starts(text, _COLON, _REACH):
        label = _LABEL.match(text, start)
        if label and len(label["name"]) <= _LONGEST and _whole_marks(label.group()):
            yield label


def _speaker(name: str) -> str:
    return " ".join(name.casefold().split())


def _whole_marks(label: str) -> bool:
    """Whether what is set in bold or italics ends inside of the label."""
    return label.count("*") % 2 == 0 and label.count("__") % 2 == 0


def _is_dialogue(text: str, labels: Sequence[regex.Match[str]]) -> bool:
    """Whether what stands behind labels sounds like speech, and the labels like names."""
    share = len(labels) / sum(1 for _ in _LINE.finditer(text))
    heard = labels[:_HEARD]
    said = [_REST.match(text, label.end()).group() for label in heard]  # type: ignore[union-attr]
    talk = [_TALK.search(words) is not None for words in said]
    spoken = sum(any((sure, ENDED.search(words), _WORDY.match(words))) for sure, words in zip(talk, said, strict=True))
    if spoken < _SPOKEN * len(heard) or share < _SPARSE:
        return False
    names = Counter(_speaker(label["name"]) for label in heard)
    again = sum(count for count in names.values() if count > 1)
    told = all(label["time"] or _ROLE.fullmatch(label["name"]) for label in heard)
    if told or (len(names) > 1 and 2 * again >= len(heard) and sum(talk) >= _SPOKEN / 2 * len(heard)):
        return True
    if sum(talk) < _SPOKEN * len(heard) or (len(names) == 1 and len(heard) < _FEW):
        return False
    full = all(label["name"].isupper() and " " in label["name"] for label in heard)  # KEVIN SCOTT
    plain = not any(_SMALL.search(label["name"]) or _NOUN.search(label["name"]) for label in heard)
    return plain and (full or share >= _DENSE)
