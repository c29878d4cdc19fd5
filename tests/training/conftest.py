"""The embedded model's tokenizer, for tiny encoders with its vocabulary."""

from importlib import resources

import pytest


@pytest.fixture(scope="session")
def embedded_tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(resources.files("linguapress").joinpath("assets/mini")))
