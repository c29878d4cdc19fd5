"""``linguapress methods``, and methods with settings that are written as text."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from inspect import Parameter, signature
from typing import Any

import regex
from rich.console import Console
from rich.table import Table

from linguapress.commands.terminal import write
from linguapress.compressor import Compressor
from linguapress.failures import USAGE, fail, reported
from linguapress.guard import Guard
from linguapress.order import checked_order
from linguapress.presets import PRESETS, list_methods, load

_GUARD = "Guard | None"


def show_methods() -> None:
    """List the methods and their settings."""
    watched = sys.stdout is not None and sys.stdout.isatty()
    console = Console(markup=False, highlight=False, emoji=False, width=None if watched else 200)
    table = Table("method", "what it does", "settings", box=None, pad_edge=False, header_style="bold")
    for name, about in list_methods().items():
        table.add_row(name, about, ", ".join(signature(PRESETS[name]).parameters))
    with reported():
        with console.capture() as shown:
            console.print(table)
        write(shown.get())


def parameters(method: str) -> Mapping[str, Parameter]:
    """The settings of a method.

    Raises:
        UnknownName: no method of that name.
    """
    if method not in PRESETS:
        load(method)
    return signature(PRESETS[method]).parameters


def settings_of(methods: Sequence[str], assignments: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The settings of each method; what cannot be read ends the command.

    Args:
        methods: their names.
        assignments: ``NAME=VALUE`` is for all methods that have it, ``METHOD.NAME=VALUE`` for that one, and outdoes the other.
    """
    known = {method: parameters(method) for method in methods}
    shared: dict[str, dict[str, Any]] = {method: {} for method in methods}
    own: dict[str, dict[str, Any]] = {method: {} for method in methods}
    for assignment in assignments:
        place, equals, value = assignment.partition("=")
        only, dot, name = place.strip().rpartition(".")
        if not (equals and name):
            fail(f"--set {assignment!r} is no NAME=VALUE; {_offered(methods)}", USAGE)
        if dot and only not in known:
            fail(f"--set {assignment!r}: {only!r} is none of the methods, {', '.join(methods)}", USAGE)
        asked = [only] if dot else methods
        takers = [method for method in asked if name in known[method]]
        if not takers:
            fail(f"{', '.join(asked)} has no setting {name!r}; {_offered(asked)}", USAGE)
        found = own if dot else shared
        for method in takers:
            if name in found[method]:
                fail(f"--set {place.strip()} is given twice", USAGE)
            found[method][name] = _read(method, known[method][name], value)
    return {method: shared[method] | own[method] for method in methods}


def loaded(method: str, settings: Mapping[str, Any]) -> Compressor:
    """The method with these settings; what it does not take ends the command.

    Raises:
        UnknownName: no method of that name.
    """
    known = parameters(method)
    if strange := [name for name in settings if name not in known]:
        fail(f"{method} has no setting {', '.join(map(repr, strange))}; {_offered([method])}", USAGE)
    try:
        if "order" in settings:
            checked_order(settings["order"])
        return load(method, **settings)
    except (ValueError, TypeError) as error:
        fail(f"{error}; {_offered([method])}", USAGE)


def _offered(methods: Iterable[str]) -> str:
    """The settings of the methods, each with what it is when nothing is said."""
    found = {method: [f"{name}={_written(item)}" for name, item in parameters(method).items()] for method in methods}
    return "; ".join(f"settings of {method}: {', '.join(settings) or 'none'}" for method, settings in found.items())


def _written(item: Parameter) -> str:
    """A setting's default as ``--set`` takes it."""
    value = item.default
    if value is None:
        return "on" if item.annotation == _GUARD else "none"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(method: str, item: Parameter, value: str) -> Any:
    """The value as the setting's type."""
    types = [item.annotation] if item.annotation == _GUARD else item.annotation.split(" | ")
    wanted = {kind if kind in _KINDS else "str" for kind in types}
    kinds = [kind for kind in _KINDS if kind in wanted]
    for kind in kinds:
        with suppress(ValueError):
            return _KINDS[kind][1](value)
    form = " or ".join(_KINDS[kind][0] for kind in reversed(kinds))
    fail(f"{item.name} takes {form}, not {value!r}; {_offered([method])}", USAGE)


def _one_of(choices: Mapping[str, Any]) -> Callable[[str], Any]:
    def read(value: str) -> Any:
        if value.lower() not in choices:
            raise ValueError(value)
        return choices[value.lower()]

    return read


def _number(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _text(value: str) -> str:
    if not value:
        raise ValueError(value)
    return value


def _texts(value: str) -> tuple[str, ...]:
    parts = (part.strip().replace(r"\,", ",").replace(r"\n", "\n").replace(r"\t", "\t") for part in regex.split(r"(?<!\\),", value))
    return tuple(part for part in parts if part)


_KINDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {  # by type, the narrowest first: what to write, and how to read it
    _GUARD: ("on or off", _one_of({"on": None, "off": Guard.off()})),
    "None": ("none", _one_of({"none": None})),
    "bool": ("true or false", _one_of({"true": True, "false": False})),
    "int": ("a whole number", int),
    "float": ("a number", _number),
    "tuple[str, ...]": ("a comma-separated list", _texts),
    "str": ("a text", _text),
}
