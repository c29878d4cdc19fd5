from __future__ import annotations

import re
from pathlib import Path

import langchain_linguapress
import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_linguapress import LinguaCompressor

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_code_runs(retriever, capsys):
    names = {"retriever": retriever, "model": FakeListChatModel(responses=["Mary Hale"])}
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(block, names)
    first, *_, answer, context, tight, quick, soft = (line for line in capsys.readouterr().out.splitlines() if line)
    assert "1821" in first
    assert answer == "Mary Hale"
    assert "1821" in context
    assert "1821" in tight
    assert quick
    assert "'memories': 2" in soft


def test_the_table_has_every_field():
    fields = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", README, re.MULTILINE)
    assert [name for name, _ in fields] == list(LinguaCompressor.model_fields)
    for name, default in fields:
        assert eval(default) == getattr(LinguaCompressor(), name)


def test_public_names():
    assert langchain_linguapress.__all__ == [
        "ChatLinguaPress", "CompressionRetriever", "LinguaCompressor", "LinguaPreparer", "MemoryCompressor", "MemoryPreparer",
        "format_docs",
    ]  # fmt: skip
    assert all(hasattr(langchain_linguapress, name) for name in langchain_linguapress.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        langchain_linguapress.Nothing  # noqa: B018
