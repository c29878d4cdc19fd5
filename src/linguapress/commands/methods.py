"""``linguapress methods``."""

from __future__ import annotations

import sys
from inspect import signature

from rich.console import Console
from rich.table import Table

from linguapress.commands.failures import reported
from linguapress.commands.terminal import write
from linguapress.presets import PRESETS, list_methods


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
