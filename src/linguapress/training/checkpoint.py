"""The state of a training run on disk, so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch


def plain(settings: Any) -> dict[str, Any]:
    """A settings dataclass as JSON values."""
    return json.loads(json.dumps(asdict(settings), default=str))  # type: ignore[no-any-return]


def digest(parts: Iterable[bytes]) -> str:
    """Checksum of what is learnt from: a run that goes on must find the same."""
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()


def write_state(file: Path, settings: Any, state: Mapping[str, Any], data: str = "") -> None:
    """Writes the state, the settings, the checksum of the data and torch's random state; an interruption leaves the former file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    torch.save({**state, "settings": plain(settings), "data": data, "random": torch.get_rng_state()}, new)
    new.replace(file)


def read_state(file: Path, settings: Any, device: str, data: str = "") -> dict[str, Any] | None:
    """What :func:`write_state` wrote, None when there is no file; sets torch's random state.

    Raises:
        ValueError: it was written by a run with other settings, or on other data.
    """
    check_state(file, settings, data)
    if not file.exists():
        return None
    state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    torch.set_rng_state(state["random"].cpu())
    return state


def check_state(file: Path, settings: Any, data: str = "") -> None:
    """Reads of a state, if there is one, only whose it is.

    Raises:
        ValueError: it was written by a run with other settings, or on other data.
    """
    if not file.exists():
        return
    state = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    own = plain(settings)
    held = {name: value for name, value in state["settings"].items() if name in own}  # others are no settings any more
    if held != own:
        raise ValueError(f"{file} was written with other settings; remove it or choose another --out")
    if state.get("data", data) != data:
        raise ValueError(f"{file} was written by a run on other data; remove it or choose another --out")
