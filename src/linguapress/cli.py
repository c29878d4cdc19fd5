"""The command line. Whatever loads a model or measures one is imported by the command that needs it."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from linguapress import __version__
from linguapress.commands.compress import compress
from linguapress.commands.distill import distill
from linguapress.commands.export import export
from linguapress.commands.methods import show_methods
from linguapress.commands.terminal import write
from linguapress.failures import FAILURE, discard_output, reported

_LATER = {  # module of the command, and what it does
    "train": ("linguapress.training.cli", "Train the models that linguapress ships."),
    "serve": ("linguapress.serve.cli", "Serve a web page and a JSON endpoint."),
    "bench": ("linguapress.evaluation.cli", "Measure methods at equal budgets."),
    "bench-grid": ("linguapress.evaluation.grid_cli", "Measure methods on many tasks at once, resumable, over processes."),
    "bench-reader": ("linguapress.evaluation.asking_cli", "Measure what a reader answers from compressed contexts."),
    "report": ("linguapress.evaluation.report_cli", "Draw what bench-grid found: tables, curves, one HTML page."),
    "bench-runtimes": ("linguapress.evaluation.runtimes", "Measure torch, ONNX Runtime and llmlingua on the same weights."),
    "bench-prepared": ("linguapress.evaluation.prepared", "Measure what prepared records save, and that they change nothing."),
    "bench-perplexity": ("linguapress.evaluation.perplexity", "Measure llmlingua and longllmlingua beside the package llmlingua."),
    "bench-prompts": ("linguapress.evaluation.prompts", "Measure methods on few-shot prompts."),
    "bench-soft": ("linguapress.evaluation.soft_bench", "Measure what the memories of a soft compressor are worth."),
    "replicate-soft": ("linguapress.commands.soft_replication", "Replicate 500xCompressor and ICAE on a small model."),
    "bench-parity": (
        "linguapress.evaluation.parity_perplexity",
        "Prove llmlingua and longllmlingua against the package llmlingua.",
    ),
    "bench-memories": ("linguapress.evaluation.memories", "Measure what stored memories save."),
    "break-even": ("linguapress.evaluation.break_even", "Tell from which context length on compressing pays."),
    "bench-distortion": ("linguapress.evaluation.rate_distortion", "Measure the distance to the optimum."),
}


class Commands(TyperGroup):
    """Commands of which some live in modules that are imported when they are called."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a command; help that cannot be written is a failure of one line."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            discard_output()
            typer.echo(f"error: {error}", err=True)
            raise SystemExit(FAILURE) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` begin with; a placeholder gives way to the ``app`` of its module."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in _LATER:
            command = typer.main.get_command(import_module(_LATER[name][0]).app)
        return name, command, rest


app = typer.Typer(
    cls=Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        with reported():
            write(f"linguapress {__version__}")
        raise typer.Exit


@app.callback(no_args_is_help=True)
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Context compression for RAG: fewer tokens, the same characters, a budget that holds."""


app.command("compress")(compress)
app.command("methods")(show_methods)
app.command("distill")(distill)
app.command("export")(export)


@app.command()
def demo(
    question: Annotated[str | None, typer.Option("--question", "-q", help="A question of your own.", show_default=False)] = None,
    tokens: Annotated[int, typer.Option("--tokens", "-t", min=1, help="Tokens that may remain of the retrieved passages.")] = 200,
) -> None:
    """Try it on bundled Wikipedia passages.

    For each question: retrieve passages, compress them, show what was kept, look for the answer. Works offline.
    """
    from linguapress.demo import run

    run(question, tokens)


def _placeholder() -> None:
    raise NotImplementedError("the group replaces this command before it is called")


for _name, (_module, _help) in _LATER.items():
    app.command(_name, help=_help)(_placeholder)

if __name__ == "__main__":
    app(prog_name="linguapress")
