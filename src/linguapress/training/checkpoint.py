"""The state of a training run on disk, so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch


def plain(settings: Any) -> dict[str, Any]:
    """A settings dataclass as JSON values."""
    return json.loads(json.dumps(asdict(settings), default=str))  # type: ignore[no-any-return]


def write_state(file: Path, settings: Any, state: Mapping[str, Any]) -> None:
    """Writes the state, the settings and torch's random state; an interruption leaves the former file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    torch.save({**state, "settings": plain(settings), "random": torch.get_rng_state()}, new)
    new.replace(file)


def read_state(file: Path, settings: Any, device: str) -> dict[str, Any] | None:
    """What :func:`write_state` wrote, None when there is no file; sets torch's random state.

    Raises:
        ValueError: it was written by a run with other settings.
    """
    if not file.exists():
        return None
    state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    if state["settings"] != plain(settings):
        raise ValueError(f"{file} was written with other settings; remove it or choose another --out")
    torch.set_rng_state(state["random"].cpu())
    return state
