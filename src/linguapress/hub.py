"""Models and tokenizers by a name of the Hugging Face hub: where they are loaded from, told before anybody waits for it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from linguapress.errors import ModelNotFound

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_FILES = ("config.json", "modules.json", "tokenizer.json", "tokenizer_config.json")  # of which models and tokenizers have one
_PATIENCE = 4.0  # seconds for one answer of the hub


def located(name: str, owner: str = "") -> str:
    """What to load a model or tokenizer by: a local folder, or its name where the hub answers.

    Where the hub does not, it is the folder of the local cache. The libraries would try again and again for a minute, file by file.

    Args:
        name: folder, or name on the hub.
        owner: who has the names on the hub that say no owner.

    Raises:
        ModelNotFound: there is no such folder, nothing of that name in the local cache, and the hub does not answer.
    """
    if Path(name).exists() or not _is_hub_name(name) or (silence := _silence(name)) is None:
        return name
    names = (name, f"{owner}/{name}") if owner and "/" not in name else (name,)
    if folder := next(filter(None, map(_cached, names)), None):
        return folder
    raise ModelNotFound(
        f"{name!r} is no folder and not in the local cache of Hugging Face, and the hub could not be reached ({silence}); "
        "give a folder, or download it first where there is a network"
    )


def _is_hub_name(name: str) -> bool:
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # re-exported without saying so

    try:
        validate_repo_id(name)
    except ValueError:
        return False
    return True


def _cached(name: str) -> str | None:
    """The folder of the local cache that holds files of a model."""
    from huggingface_hub import try_to_load_from_cache

    found = (try_to_load_from_cache(name, file) for file in _FILES)
    return next((str(Path(file).parent) for file in found if isinstance(file, str)), None)


def _silence(name: str) -> str | None:
    """Why the hub does not answer; None = it does, be it that it has no such model."""
    from huggingface_hub import HfApi

    found: list[str | None] = []
    asking = Thread(target=lambda: found.append(_refusal(HfApi(), name)), daemon=True)  # finding an address knows no limit of time
    asking.start()
    asking.join(2 * _PATIENCE)
    return found[0] if found else f"no answer in {2 * _PATIENCE:.0f} seconds"


def _refusal(hub: HfApi, name: str) -> str | None:
    from huggingface_hub.errors import HfHubHTTPError

    try:
        hub.model_info(name, timeout=_PATIENCE)
    except HfHubHTTPError:
        return None
    except Exception as error:  # each version of the client has errors of its own
        return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
    return None
