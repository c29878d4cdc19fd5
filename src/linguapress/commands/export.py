"""``linguapress export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguapress.commands.terminal import quiet_libraries, status
from linguapress.failures import USAGE, fail, reported


def export(
    models: Annotated[
        list[str] | None, typer.Argument(help="mini, select, or folders and hub names. Default: mini select.")
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the one model. Default: in the user's cache, where runtime=onnx looks.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Write 8-bit weights as well, for runtime=onnx-int8.")] = False,
) -> None:
    """Write models for ONNX Runtime, so that they run without torch.

    The names of the folders go to standard output.
    """
    named = models or ["mini", "select"]
    if out and len(named) > 1:
        fail(f"--out is the folder of one model, and {len(named)} are named; leave it out, or name one", USAGE)
    quiet_libraries()
    with reported():
        from linguapress.models.onnx_export import export_model

        for model in named:
            with status(f"exporting {model}"):
                folder = export_model(model, out, int8)
            typer.echo(folder)
