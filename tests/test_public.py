"""The public face: names, and what importing costs."""

import json
import subprocess
import sys

import linguapress

NAMES = {
    "BrokenModel", "Budget", "Chain", "Compression", "Compressor", "Draft", "Guard", "InvalidBudget", "InvalidDocuments",
    "InvalidRecord", "KeyRule", "MissingExtra", "ModelNotFound", "Passage", "Prepared", "Prompt", "PromptCompression", "Quote",
    "Rating", "Segment", "Segmented", "Span", "Stage", "Tagged", "TokenCounter", "UnitCompressor", "Units", "UnknownName",
    "__version__", "compress_json", "compress_prompt", "compress_prompts", "compress_segments", "keep_best", "list_methods",
    "load", "parse_tags", "quotes", "recover", "token_counter", "word_labels",
}  # fmt: skip


def fresh(code, **environment):
    """What a new Python process prints, as JSON."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_public_names_are_these():
    assert set(linguapress.__all__) == NAMES
    assert all(hasattr(linguapress, name) for name in NAMES)


def test_importing_and_constructing_loads_no_model_library():
    code = """
import sys, json, linguapress as l
[l.load(name) for name in l.list_methods()]
l.Budget(tokens=5)
print(json.dumps(list(sys.modules)))
"""
    loaded = fresh(code)
    bare = fresh("import sys, json, linguapress; print(json.dumps(list(sys.modules)))")
    heavy = {"torch", "transformers", "sentence_transformers", "tiktoken", "langchain_core", "llama_index"}
    assert not heavy & set(bare)
    assert not heavy & set(loaded)


def test_importing_is_quick():
    code = "import time, json; t = time.process_time(); import linguapress; linguapress.load(); print(json.dumps(time.process_time() - t))"
    assert min(fresh(code) for _ in range(3)) < 0.6  # seconds of CPU, since other tests run beside it; 0.3 to 0.4 alone


def test_importing_changes_nothing_global():
    code = """
import json, logging, os, random, warnings
import numpy

def world():
    seeds = random.getstate()[1][:5], numpy.random.get_state()[1][:5].tolist()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TORCH")}  # torch sets its own
    return environment, seeds, logging.root.level, len(logging.root.handlers)

before, filters = world(), list(warnings.filters)
import linguapress
press = linguapress.load()
unfiltered = filters == list(warnings.filters)
press.compress(["Some words. More words."] * 3, "Which?", budget=linguapress.Budget(tokens=6))
print(json.dumps(unfiltered and world() == before))
"""
    assert fresh(code) is True


def test_it_works_without_network_home_or_hub(tmp_path):
    code = """
import json, socket
def refuse(*_): raise OSError("no network in this test")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from linguapress import Budget, load
print(json.dumps(load().compress(["The bridge is old. It is green. Nobody cares."], "What colour?", budget=Budget(tokens=6)).tokens_after))
"""
    assert 1 <= fresh(code, HF_HUB_OFFLINE="1", HOME=str(tmp_path), HF_HOME=str(tmp_path / "hf"), XDG_CACHE_HOME=str(tmp_path)) <= 6
    assert not list(tmp_path.rglob("*.safetensors"))


def test_two_processes_agree():
    code = """
import json
from linguapress import Budget, load
print(json.dumps(load("lingua").compress(["The bridge is old. It is green. Nobody cares about it."] * 2, "What colour?", budget=Budget(tokens=9)).text))
"""
    assert fresh(code, PYTHONHASHSEED="1") == fresh(code, PYTHONHASHSEED="2")
