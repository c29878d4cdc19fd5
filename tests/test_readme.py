"""The README's Python runs, top to bottom, offline."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_the_python_blocks_of_the_readme_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one of them writes a folder
    pytest.importorskip("langchain_linguapress")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 8
    names = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert "accident" in str(names["out"])
    assert names["out"].tokens_after <= 40
    assert "Pierre" in capsys.readouterr().out
