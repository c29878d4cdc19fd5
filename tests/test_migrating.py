"""What docs/migrating.md shows runs, and what it names exists."""

import re
from pathlib import Path

import linguapress

PAGE = (Path(__file__).parent.parent / "docs" / "migrating.md").read_text("utf-8")


def test_the_examples_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    exec("\n".join(blocks), {})  # each goes on where the one before ended
    assert capsys.readouterr().out


def test_the_names_exist():
    names = "compress_prompts|compress_prompt|Prompt|recover|parse_tags|compress_segments|compress_json|word_labels|Segmented|KeyRule|Segment|Guard|Budget"
    named = set(re.findall(rf"`({names})\b", PAGE))
    assert named <= set(linguapress.__all__)
    assert len(named) > 6
