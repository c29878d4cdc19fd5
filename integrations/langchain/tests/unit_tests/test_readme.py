from __future__ import annotations

import re
from pathlib import Path

import langchain_linguapress
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_linguapress import LinguaCompressor

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_code_runs(retriever, capsys):
    names = {"retriever": retriever, "model": FakeListChatModel(responses=["Mary Hale"])}
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(block, names)
    first, *_, answer, context, quick = (line for line in capsys.readouterr().out.splitlines() if line)
    assert "1821" in first
    assert answer == "Mary Hale"
    assert "1821" in context
    assert quick


def test_the_table_has_every_field():
    fields = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", README, re.MULTILINE)
    assert [name for name, _ in fields] == list(LinguaCompressor.model_fields)
    for name, default in fields:
        assert eval(default) == getattr(LinguaCompressor(), name)


def test_public_names():
    assert langchain_linguapress.__all__ == ["CompressionRetriever", "LinguaCompressor", "LinguaPreparer", "format_docs"]
