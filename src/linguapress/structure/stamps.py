"""Chats in which a name and a time stand on a line of their own ("Ann Lee  09:42") and the message beneath."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from linguapress.segment import line_starts

_LONGEST = 100  # characters of a line that is nothing but a name and a time

_BLANK = r"[^\S\n\r]"
_CLOCK = (
    rf"\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d{{1,3}})?)?(?:{_BLANK}?(?i:[ap]\.?m\b\.?|uhr\b))?(?:{_BLANK}(?:UTC|GMT|[A-Z]{{1,3}}S?T)\b)?"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)\p{L}{0,7}\.?"
_YEAR = r"(?:,?[ ]\d{4})?"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
_DATE = (
    rf"\d{{1,4}}[-./]\d{{1,2}}[-./]\d{{1,4}}|\d{{1,2}}(?:st|nd|rd|th|\.)?[ ]{_MONTH}{_YEAR}"
    rf"|{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?{_YEAR}|today|yesterday|heute|gestern"
)
_DAY = rf"(?i:(?:on[ ])?(?:(?:{_WEEKDAY}),?[ ](?:(?:{_DATE}),?[ ])?|(?:{_DATE}),?[ ])(?:at[ ]|um[ ])?)"
_WHEN = rf"(?:\[{_DAY}?{_CLOCK}\]|\({_DAY}?{_CLOCK}\)|{_DAY}?{_CLOCK})"
_WORD = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}_.'’&/-]*+"
NAME = rf"@?(?=\p{{L}}){_WORD}(?:[ \u00a0\u3000]{_WORD}){{0,4}}"  # one to five words of who speaks
_NAME = rf"(?P<name>{NAME}?)"
_ASIDE = rf"(?:{_BLANK}?\([^()\n]{{1,40}}\))?"
_PART = rf"(?:,?{_BLANK}{{1,20}}(?:[-–—|·•]{_BLANK}{{1,4}})?)"
_MARKS = r"[*_]{0,3}"
_TIME = regex.compile(r"\d:\d\d(?!\d)")
_NAMED = regex.compile(  # every word with a capital, but for "van der" and the like; or one word, as nicknames are
    r"(?:\p{Lu}|\p{Lo}|\p{Lt})\S*+(?:\s(?:[\p{Lu}\p{Lo}\p{Lt}\p{N}]\S*+|van|von|der|den|de|da|do|di|du|la|del|al|bin))*+|@?\p{Ll}[^\s.]++"
)
_WORDS = """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun mo di mi do fr sa so montag
    dienstag mittwoch donnerstag freitag samstag sonntag today yesterday tomorrow daily weekdays weekend weekends at from until till
    to by before after since the and noon midnight morning afternoon evening night am pm start end opening closing open close
    opens closes begin begins arrival arrive arrives departure depart departs dep arr gate doors break breaks lunch dinner
    breakfast coffee tea talk talks keynote session sessions workshop panel registration reception ceremony welcome intro outro
    introduction music track chapter part debug trace warn fatal critical log day time news show film movie match game race
    train bus flight tram ferry line platform stop station shift check-in check-out
"""
_EVENTS = frozenset(_WORDS.split())


@cache
def _line() -> regex.Pattern[str]:
    """A name and a time on a line; compiled when first needed, which takes a tenth of a second."""
    return regex.compile(
        rf"[\u200e\ufeff]?{_BLANK}{{0,8}}{_MARKS}(?|{_NAME}{_MARKS}{_ASIDE}{_MARKS}{_PART}{_MARKS}(?P<when>{_WHEN})(?:{_BLANK}\(edited\))?"
        rf"|(?P<when>{_WHEN}){_MARKS}{_PART}{_MARKS}{_NAME}{_ASIDE}){_MARKS}:?{_MARKS}{_BLANK}*+(?:\r?\n(?:{_BLANK}*+\r?\n)*+|\Z)"
    )


def stamps(text: str) -> Iterator[regex.Match[str]]:
    """Lines that are a name and a time, with the blank lines beneath: groups ``name`` and ``when``; each line is looked at once."""
    for start in line_starts(text, _TIME, _LONGEST):
        line = _line().match(text, start, min(len(text), start + _LONGEST + 200))
        if line and len(line.group().strip()) <= _LONGEST and line.group().count("*") % 2 == 0 and _NAMED.fullmatch(line["name"]):
            yield line


def is_event(name: str) -> bool:
    """Whether what stands beside a time is rather what happens then than who writes: "Monday", "Lunch break"."""
    words = regex.sub(r"[\d_#-]+$", "", name.casefold()).split()
    return not words or words[-1] in _EVENTS or words[0] in _EVENTS
