"""What a user names as ``package.module:factory``."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from linguapress.errors import UnknownName


def chat_model(spec: str, method: str) -> Any:
    """The LangChain chat model that ``package.module:factory`` names: what is called without arguments, or the model itself.

    Args:
        spec: its name; modules in the working directory are found, as ``python -m`` finds them.
        method: that a chat model has, ``invoke`` or ``ainvoke``.

    Raises:
        UnknownName: there is nothing of that name, or it is no chat model.
    """
    module, _, attribute = spec.partition(":")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownName(f"cannot find {spec!r} ({error}); write langchain:package.module:factory") from error
    model = found() if isinstance(found, type) or (callable(found) and not hasattr(found, method)) else found
    if not hasattr(model, method):
        raise UnknownName(f"{spec!r} gives {type(model).__name__}, no LangChain chat model; it must have the method {method}")
    return model
