"""Tiny selectors with random heads, saved as training saves them."""

from importlib import resources
from pathlib import Path

import pytest


def _selector(width, seed=0):
    import torch
    from transformers import BertConfig, BertModel

    from linguapress.models.pair_model import PairModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=30522, hidden_size=width, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64, initializer_range=0.2
    )
    return PairModel(BertModel(config)).eval()


@pytest.fixture(scope="session")
def embedded_tokenizer():
    """The tokenizer of the embedded model."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(resources.files("linguapress").joinpath("assets/mini")))


@pytest.fixture(scope="session")
def selector(tmp_path_factory, embedded_tokenizer):
    """Folder of a selector that holds its own word embeddings."""
    from linguapress.models.pair_weights import save_selector

    folder = tmp_path_factory.mktemp("selectors") / "small"
    save_selector(_selector(32), embedded_tokenizer, folder, None)
    return str(folder)


@pytest.fixture(scope="session")
def sharing(tmp_path_factory, embedded_tokenizer):
    """Folders of one selector with the embedded model's word embeddings: saved with them, and saved without."""
    from linguapress.models.embedded import model_folder
    from linguapress.models.pair_weights import WORDS, save_selector
    from linguapress.models.stored import read_weight

    model = _selector(384)
    model.get_parameter(WORDS).data.copy_(read_weight(Path(model_folder("mini")), "word_embeddings.weight"))
    folders = [tmp_path_factory.mktemp("sharing") / name for name in ("own", "shared")]
    for folder, words_of in zip(folders, (None, "mini"), strict=True):
        save_selector(model, embedded_tokenizer, folder, words_of)
    return [str(folder) for folder in folders]
