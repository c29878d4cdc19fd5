"""Which model is it? Told by its files, wherever they lie and whatever they are called."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

from linguapress.errors import ModelNotFound
from linguapress.models.embedded import model_folder
from linguapress.packing import FINGERPRINT

_ENDINGS = (".safetensors", ".onnx", ".bin")
_FILES = ("config.json", "tokenizer.json")
_PIECES, _PIECE = 32, 1 << 14  # bytes; reading the whole of a large model would take seconds


def fingerprint(model: str, *settings: object) -> bytes:
    """8 bytes that change with the weights, the tokenizer or the settings of a model.

    Of large files the size and evenly spread pieces count, both ends among them.

    Raises:
        ModelNotFound: its files are not on this machine.
    """
    folder = _folder(model)
    kinds = (sorted(folder.glob(f"*{ending}")) for ending in _ENDINGS)
    weights = next(filter(None, kinds), [])  # an export to another format leaves the model what it is
    if not weights:
        raise ModelNotFound(f"no weights of {model!r} on this machine; load the model once, or give its folder")
    found = blake2b(repr(settings).encode(), digest_size=FINGERPRINT)
    for path in (*weights, *(folder / name for name in _FILES if (folder / name).is_file())):
        found.update(f"{path.name} {path.stat().st_size} ".encode())
        found.update(_pieces(path))
    return found.digest()


def written(model: str) -> tuple[tuple[str, int, int], ...]:
    """When the files of a local folder were written, and how large they are: it changes with the model; () of a hub name."""
    try:
        with os.scandir(model) as files:
            return tuple(sorted((file.name, *_written(file)) for file in files if file.name.endswith((*_ENDINGS, *_FILES))))
    except OSError:
        return ()


def _written(file: os.DirEntry[str]) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def _folder(model: str) -> Path:
    """Where the files of a model lie: its folder, or where the hub's client has put them."""
    folder = Path(model_folder(model))
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(model, "config.json")
        folder = Path(cached).parent if isinstance(cached, str) else folder
    return folder


def _pieces(path: Path) -> bytes:
    size = path.stat().st_size
    if size <= _PIECES * _PIECE:
        return path.read_bytes()
    with path.open("rb") as file:
        parts = []
        for number in range(_PIECES):
            file.seek((size - _PIECE) * number // (_PIECES - 1))
            parts.append(file.read(_PIECE))
    return b"".join(parts)
