"""Both sides of the comparison of perplexity methods, and the models that it makes."""

import json
from pathlib import Path

import numpy as np
import pytest

from linguapress.errors import UnknownName
from linguapress.evaluation import perplexity_models, perplexity_reference
from linguapress.evaluation.perplexity_cases import counted
from linguapress.evaluation.perplexity_rounds import Plan

torch = pytest.importorskip("torch")

DOCUMENTS = [
    f"The {word} was built in {year} by a man of that town, who was old."
    for word, year in zip("abcd", range(1900, 1904), strict=True)
]


@pytest.fixture(scope="module")
def worker(causal_folder):
    """Both methods on a tiny model, and its weights."""
    from linguapress.evaluation import perplexity_worker
    from linguapress.presets import load

    folder = causal_folder("llama")
    presses = {name: load(name, model=folder, device="cpu", runtime="torch-float32") for name in ("llmlingua", "longllmlingua")}
    return perplexity_worker, folder, presses, presses["llmlingua"].language_model.loaded


@pytest.mark.parametrize("method", ["llmlingua", "longllmlingua"])
def test_one_call_answers_all_requests_within_their_limits(worker, method):
    from linguapress.counters import token_counter

    module, folder, presses, weights = worker
    count = token_counter(folder)
    case = counted(method, 2, [(DOCUMENTS, "who built it"), (DOCUMENTS[::-1], "when was it")], count)
    with module.noted(weights) as passes:
        found = module.measured(presses[method], folder, case.to_dict(), passes)
    assert found["seconds"] > 0
    assert module.bare_seconds(weights, passes)["seconds"] > 0
    assert len(found["texts"]) == 2
    assert all(0 < count(text) <= limit for text, limit in zip(found["texts"], case.limits, strict=True))
    assert found["read"] > sum(case.tokens)
    assert all(text.endswith(asked) for text, asked in zip(found["texts"], case.questions, strict=True)) == (method == "llmlingua")


def test_passes_hold_what_the_model_read_without_padding(worker):
    module, _, _, weights = worker
    rows = [np.arange(3, 9), np.arange(3, 5)]
    from linguapress.models.causal_cache import Feed

    with module.noted(weights) as passes:
        weights.score([Feed.after(weights.start, row, 0) for row in rows])
    assert passes == [(2, 8, 8, 0, False)]
    with module.noted(weights) as more:
        pass
    assert len(passes) == 1
    assert more == []


def test_a_bare_pass_has_the_shape_of_what_was_read(worker, monkeypatch):
    module, _, _, weights = worker
    shapes = []
    trunk = weights._trunk

    def spied(**inputs):
        past = inputs.get("past_key_values")
        held = past.get_seq_length() if past is not None else None
        shapes.append((tuple(inputs["input_ids"].shape), tuple(inputs["attention_mask"].shape), held))
        return trunk(**inputs)

    one = weights.remember([weights.start.repeat(2)])
    monkeypatch.setattr(weights, "_trunk", spied)
    for item in (module.Pass(2, 15, 9, 0, False), module.Pass(2, 15, 9, 11, True)):
        assert module._bare(weights, item, one)[0] > 0
    assert shapes == [((2, 8), (2, 8), None), ((2, 8), (2, 14), 6)]


class Stopping:
    """A reference that stops at the second request."""

    def __init__(self):
        self.told = []

    def compress_prompt(self, documents, **settings):
        if self.told:
            raise AssertionError("odd prefix")
        self.told.append(settings)
        return {"compressed_prompt": " ".join(documents)}


def test_the_reference_is_scaled_and_its_failure_is_an_answer(monkeypatch):
    monkeypatch.syspath_prepend(Path(perplexity_reference.__file__).parent)  # as where it runs as a script
    case = {"method": "longllmlingua", "documents": [["a"], ["b"], ["c"], ["d"]], "questions": ["q"] * 4, "targets": [3, 4, 5, 6]}
    compressor = Stopping()
    found = perplexity_reference.measured(compressor, case, 1)
    assert found["texts"] == ["a"]
    assert compressor.told[0] | {"question": "q", "target_token": 3} == compressor.told[0]
    assert perplexity_reference.measured(compressor, case, 2) == {"error": "AssertionError: odd prefix"}


def test_random_models_are_made_once_and_read_by_both_versions(tmp_path, causal_folder, monkeypatch):
    from transformers import GPT2Config, GPT2LMHeadModel

    made = []

    def tiny():
        made.append(1)
        return GPT2LMHeadModel(GPT2Config(vocab_size=700, n_embd=16, n_layer=1, n_head=2, n_positions=64))

    monkeypatch.setattr(perplexity_models, "SHAPES", {"tiny": tiny})
    before = torch.random.get_rng_state()
    folder = perplexity_models.portable_once(causal_folder("llama"), tmp_path)
    found = [perplexity_models.random_once("tiny", tmp_path, folder) for _ in range(2)]
    assert found == [tmp_path / "tiny"] * 2
    assert len(made) == 1
    assert torch.equal(before, torch.random.get_rng_state())
    assert json.loads((found[0] / "tokenizer_config.json").read_text())["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert all(isinstance(merge, str) for merge in json.loads((found[0] / "tokenizer.json").read_text())["model"]["merges"])
    assert perplexity_models.portable_once(causal_folder("llama"), tmp_path) == folder
    with pytest.raises(UnknownName, match="choose one of tiny"):
        perplexity_models.random_once("huge", tmp_path, folder)


@pytest.mark.slow
def test_our_processes_speak_the_same(tmp_path, causal_folder):
    from linguapress.counters import token_counter
    from linguapress.evaluation import perplexity
    from linguapress.evaluation.reference import side

    folder = perplexity_models.portable_once(causal_folder("llama"), tmp_path)
    case = counted("llmlingua", 2, [(DOCUMENTS, "who built it")], token_counter(str(folder)))
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(case.to_dict()) + "\n")
    starts = perplexity.commands(folder, file, Plan(), None)
    assert list(starts) == ["own", "float32"]
    with side(starts["float32"], 1) as one:
        assert one.about["precision"] == "float32"
        assert len(one.run(case.name)["texts"]) == 1
        assert set(one.run("bare")) == {"seconds", "processor"}
