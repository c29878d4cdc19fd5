"""``python -m linguapress``."""

from linguapress.cli import app

app(prog_name="linguapress")
