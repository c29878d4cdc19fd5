"""The models that come with the package."""

from __future__ import annotations

from importlib import resources

EMBEDDED = "mini"
SELECTOR = "select"
CAUSAL = "lm"


def model_folder(model: str) -> str:
    """The folder of an embedded model, or the name unchanged."""
    return str(resources.files("linguapress").joinpath("assets", model)) if model in (EMBEDDED, SELECTOR, CAUSAL) else model
