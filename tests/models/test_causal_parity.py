"""Our surprisals are the losses that the package ``llmlingua`` 0.2.2 computes with the same weights.

Goldens lie in ``tests/data/causal``. To make models and goldens anew: ``LLMLINGUA_PYTHON=REF/bin/python python THIS_FILE``.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "data" / "causal"
MODELS = ("gpt2", "llama")
PYTHON = os.environ.get("LLMLINGUA_PYTHON")  # an interpreter that has llmlingua 0.2.2
TEXTS = [
    "Question: Sam bought 12 boxes with 30 highlighters each for $10 a box. He put 5 of these boxes into packages of six and sold them.",
    "The Lion Bridge crosses the river Elm at Torvik, not at Hagen. It was built between 1894 and 1897 by Marta Holm.",
    "狮子桥建于一八九四年。 Brücke 😀",
    "def area(width, height):\n    return width * height\n",
    "Ja.",
]
PREFIXES = ["Who built the bridge?\n\n", "How much does he earn? ", "Why?", "", "Is it so that the tower burnt down in 1931? "]


def asked(folder, make):
    """What the reference answers."""
    question = json.dumps({"folder": str(folder), "make": make, "texts": TEXTS, "prefixes": PREFIXES})
    done = subprocess.run(
        [PYTHON, str(FOLDER / "reference.py")], input=question, stdout=subprocess.PIPE, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


def golden(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.usefixtures("exact")
def test_surprisals_equal_the_losses_of_the_reference(name):
    from linguapress.models.causal_lm import CausalLM

    model, expected = CausalLM(str(FOLDER / name), "cpu"), golden(name)
    for found, losses in ((model.surprisals(TEXTS), expected["plain"]), (model.surprisals(TEXTS, PREFIXES), expected["behind"])):
        for scores, values in zip(found, losses, strict=True):
            np.testing.assert_allclose(scores.values, values, atol=1e-4)
    plain, behind = (np.concatenate(expected[key]) for key in ("plain", "behind"))
    assert plain.std() > 0.5
    assert np.abs(plain - behind).max() > 0.5


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="LLMLINGUA_PYTHON names no interpreter that has llmlingua")
@pytest.mark.parametrize("name", MODELS)
def test_the_reference_still_says_so(name, tmp_path):
    shutil.copytree(FOLDER / name, tmp_path / name)
    found, expected = asked(tmp_path / name, make=False), golden(name)
    for key in ("plain", "behind"):
        for one, other in zip(found[key], expected[key], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)


if __name__ == "__main__":
    for name in MODELS:
        rounded = {
            key: [[round(value, 5) for value in row] for row in rows] for key, rows in asked(FOLDER / name, make=True).items()
        }
        (FOLDER / f"{name}.json").write_text(json.dumps(rounded) + "\n", "utf-8")
