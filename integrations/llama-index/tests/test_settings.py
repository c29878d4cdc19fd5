"""Fields: what is refused, what survives serialization, what construction loads."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
from llama_index.core import Settings
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.postprocessor.linguapress import LinguaPostprocessor, LinguaPreparer
from pydantic import ValidationError

from linguapress import Budget, Guard


def test_it_is_a_node_postprocessor():
    assert BaseNodePostprocessor.__name__ in [base.__name__ for base in LinguaPostprocessor.__mro__]
    assert LinguaPostprocessor.class_name() == "LinguaPostprocessor"


def test_it_adds_to_the_namespace_of_the_framework():
    import llama_index
    import llama_index.postprocessor

    assert getattr(llama_index, "__file__", None) is None
    assert getattr(llama_index.postprocessor, "__file__", None) is None


def test_target_tokens_replaces_the_default_rate():
    assert LinguaPostprocessor().rate == 0.5
    assert LinguaPostprocessor(target_tokens=9).rate is None


@pytest.mark.parametrize("fields", [{}, {"rate": 0.3}, {"target_tokens": 9}])
def test_another_budget_takes_the_place_of_the_one_there_was(nodes, fields):
    usual = LinguaPostprocessor(method="head", **fields)
    changed = usual.model_copy()
    for name, value, other in (("target_tokens", 20, "rate"), ("rate", 0.2, "target_tokens")):
        setattr(changed, name, value)
        copied = usual.model_copy(update={name: value})
        for postprocessor in (
            changed,
            copied,
            pickle.loads(pickle.dumps(changed)),
            LinguaPostprocessor.from_dict(copied.to_dict()),
        ):
            assert (getattr(postprocessor, name), getattr(postprocessor, other)) == (value, None)
            assert postprocessor.postprocess_nodes(nodes)
    changed.separator = " "
    assert changed.rate == 0.2
    assert usual.to_dict() == LinguaPostprocessor(method="head", **fields).to_dict()
    with pytest.raises(ValueError, match="give target_tokens or rate, not both"):
        usual.model_copy(update={"target_tokens": 60, "rate": 0.2})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"rate": 0.5, "target_tokens": 9}, "give target_tokens or rate, not both"),
        ({"rate": None}, "lingua needs a budget; give target_tokens or rate "),
        ({"rate": 1.5}, "between 0 and 1, got 1.5"),
        ({"rate": float("nan")}, "between 0 and 1, got nan"),
        ({"rate": "half"}, "valid number"),
        ({"target_tokens": -1}, "target_tokens\n  Input should be greater than or equal to 0"),
        ({"target_tokens": True}, "valid integer"),
        ({"target_tokens": 2.5}, "valid integer"),
        ({"method": "zip"}, "unknown method 'zip'; choose one of lingua"),
        ({"order": "random"}, "'original', 'relevance' or 'ends'"),
        ({"token_counter": 5}, "cannot count tokens with 5"),
        ({"settings": {"model": "lexical"}}, "give model as a field of its own, not inside settings"),
        ({"guard": {"keep": ["("]}}, "does not compile"),
        ({"guard": {"number": False}}, "number"),
        ({"separator": None}, "valid string"),
        ({"tokens": 5}, "LinguaPostprocessor takes no tokens; give target_tokens "),
        ({"count": "embedded"}, "takes no count; give token_counter "),
        ({"budget": Budget(tokens=5)}, "takes no budget; give target_tokens or rate "),
        ({"ratio": 0.5}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused_at_once(fields, sentence):
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        LinguaPostprocessor(**fields)


@pytest.mark.parametrize("kind", [LinguaPostprocessor, LinguaPreparer])
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"settings": {"colour": "red"}}, "lingua has no setting 'colour'; settings of lingua: model='mini', .*, effort='auto', "),
        ({"method": "head", "model": "lexical"}, "head has no setting 'model'; settings of head: none "),
    ],
)
def test_what_the_method_does_not_take_is_refused_at_once(kind, fields, sentence):
    with pytest.raises(ValidationError, match=sentence):
        kind(**fields)


MANY = [
    {},
    {"target_tokens": 12, "method": "random_words", "settings": {"seed": 3}, "token_counter": "embedded"},
    {"rate": 0.25, "model": "lexical", "order": "ends", "device": "cpu", "separator": "\n", "token_counter": "cl100k_base"},
    {"guard": Guard(keep=(r"\[\d+\]",), numbers=False), "settings": {"keep_model": "mini"}},
]


@pytest.mark.parametrize("fields", MANY)
@pytest.mark.parametrize("way", ["dict", "json", "pickle", "deepcopy", "model_copy"])
def test_round_trips(fields, way):
    one = LinguaPostprocessor(**fields)
    other = {
        "dict": lambda: LinguaPostprocessor.from_dict(one.to_dict()),
        "json": lambda: LinguaPostprocessor.from_json(one.to_json()),
        "pickle": lambda: pickle.loads(pickle.dumps(one)),
        "deepcopy": lambda: copy.deepcopy(one),
        "model_copy": lambda: one.model_copy(),
    }[way]()
    assert type(other) is LinguaPostprocessor
    assert other.to_dict() == one.to_dict()
    assert other.guard == one.guard
    assert one.to_dict()["class_name"] == "LinguaPostprocessor"


def test_round_trips_after_use_give_the_same_results(nodes):
    one = LinguaPostprocessor(model="lexical")
    first = [item.model_dump() for item in one.postprocess_nodes(nodes, query_str="How high is the dam?")]
    for other in (one, pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert [item.model_dump() for item in other.postprocess_nodes(nodes, query_str="How high is the dam?")] == first


def test_the_global_tokenizer_is_taken_at_call_time(nodes, monkeypatch):
    monkeypatch.setattr("llama_index.core.global_tokenizer", None)
    monkeypatch.setattr(Settings, "_tokenizer", None)
    postprocessor = LinguaPostprocessor(method="head", target_tokens=5)
    postprocessor.postprocess_nodes(nodes)
    Settings.tokenizer = str.split
    out = postprocessor.postprocess_nodes(nodes)
    assert len("\n\n".join(item.text for item in out).split()) == 5


@pytest.mark.parametrize("tokenizer", [None, str.split])
def test_a_tokenizer_of_the_framework_is_a_counter(nodes, monkeypatch, tokenizer):
    monkeypatch.setattr("llama_index.core.global_tokenizer", tokenizer)
    monkeypatch.setattr(Settings, "_tokenizer", tokenizer)
    out = LinguaPostprocessor(token_counter=Settings.tokenizer, target_tokens=5, method="head").postprocess_nodes(nodes)
    same = LinguaPostprocessor(target_tokens=5, method="head").postprocess_nodes(nodes)
    assert 0 < len(Settings.tokenizer("\n\n".join(item.text for item in out))) <= 5
    assert [item.model_dump() for item in out] == [item.model_dump() for item in same]


def test_construction_loads_no_torch_and_a_bare_machine_suffices(tmp_path):
    code = """
import socket, sys
def refuse(*_, **__): raise AssertionError("network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from llama_index.postprocessor.linguapress import LinguaPostprocessor
postprocessor = LinguaPostprocessor()
assert not {"torch", "transformers", "tokenizers"} & set(sys.modules)
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.schema import TextNode
nodes = [TextNode(text="The dam is 88 metres high. Visitors come in summer. Trout live in the lake.")]
index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=4))
found = index.as_query_engine(llm=MockLLM(), node_postprocessors=[postprocessor]).query("How high is the dam?").source_nodes
assert "88" in found[0].text and len(found[0].text) < len(nodes[0].text)
"""
    env = {"HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "PATH": ""}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
