"""The comparison of perplexity methods with ``llmlingua`` 0.2.2, without that package: a stand-in answers in its place."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from samples import BRIDGE, OVEN
from typer.testing import CliRunner

from linguapress.evaluation import parity_perplexity as parity
from linguapress.evaluation import parity_perplexity_worker as worker
from linguapress.evaluation.parity_models import ExactLM, Surprisal, portable, tiny
from linguapress.evaluation.parity_ours import Ours
from linguapress.evaluation.parity_page import markdown
from linguapress.evaluation.parity_slips import ALL, NONE, Slip
from linguapress.evaluation.parity_surprisals import Readings

PYTHON = os.environ.get("LLMLINGUA_PYTHON")  # an interpreter that has llmlingua 0.2.2
SHOTS = [
    f"Question: {name} has {number} boxes. How many?\nLet's think\nHe has {number} boxes." for number, name in enumerate("ABCDEFGH")
]
PASSAGES = [f"{BRIDGE} {name}\n{OVEN}" for name in ("Torvik", "Hagen", "Elm")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return ExactLM(tiny("llama", [*SHOTS, *PASSAGES], tmp_path_factory.mktemp("parity") / "llama"))


@pytest.fixture
def cases(model):
    return parity.cases_of([("gsm8k", tuple(PASSAGES), ""), ("nq", tuple(PASSAGES), "Who built the bridge?")], model)


def stand_in(model):
    """Answers as the reference does, with our own numbers and all its slips."""

    def answer(python, folder, question):
        ours, alone = Ours(model), Surprisal(model.loaded)
        none = np.zeros(0, dtype=np.int64)

        def losses(row):
            found = alone(none, np.array(row["ids"]))[row["given"] :]
            return [found.tolist(), float(found.mean())]

        def ranks(row):
            case = parity.Case(**row)
            found = ours.ratings(case, ALL) * (-1 if case.question else 1)
            return [[int(index), float(found[index])] for index in np.argsort(-ours.ratings(case, ALL), kind="stable")]

        def kept(row):
            case = parity.Case(**{name: value for name, value in row.items() if name != "spread"})
            found = ours.found(case, ALL)
            draft = parity.draft_of(case, found.order)
            places = ours.offsets(draft, ALL)[:, 1] - 1
            numbers = [number for number, at in enumerate(places.tolist()) if parity.located(draft, [at]) <= found.kept]
            return {"order": list(found.order), "tokens": list(found.tokens), "kept": numbers}

        return {
            "versions": {"llmlingua": "0.0"},
            "losses": [losses(row) for row in question["losses"]],
            "plain": [alone(none, model.encode(text))[1:].tolist() for text in question["texts"]],
            "ranks": [ranks(row) for row in question["ranks"]],
            "cases": [kept(row) for row in question["cases"]],
        }

    return answer


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "gsm8k").mkdir(parents=True)
    prompt = {"name": parity.PROMPTS, "text": "\n\n".join(SHOTS)}
    (folder / "gsm8k" / "cot_prompts.jsonl").write_text(json.dumps(prompt) + "\n", "utf-8")
    return folder


def test_a_reference_that_is_ours_with_all_slips_agrees_in_everything(model, cases, data, monkeypatch):
    monkeypatch.setattr(parity, "asked", stand_in(model))
    prompts = [(case.data, case.documents, case.question) for case in cases[:: len(parity.RATES)]]
    monkeypatch.setattr(parity, "prompts_of", lambda *given: prompts)
    found = parity.compared("python", Path(model.name), data, parity.Plan())
    assert all(value["largest"] < 1e-4 for value in found["surprisals"].values())
    assert all(value["numbers"] > 0 for value in found["surprisals"].values())
    assert all(row["same"] and row["largest"] < 1e-5 for row in found["ranks"])
    assert len(found["tokens"]) == len(cases)
    for row in found["tokens"]:
        both, either, _ = row["settings"]["all"]
        assert both == either > 0
        both, either, _ = row["settings"]["none"]
        assert both < 0.9 * either
    page = markdown({"tiny": found})
    assert all(slip.value in page for slip in Slip)
    assert "| all | 1.000 | 1.000 |" in page


def test_without_slips_it_is_what_is_shipped_but_for_the_last_selection(model, cases):
    ours = Ours(model)
    for case in cases:
        thresholds, shipped = ours.found(case, NONE).kept, ours.shipped(case)
        assert len(thresholds & shipped) >= 0.75 * len(thresholds | shipped)
        assert len(thresholds & shipped) > 1.2 * len(ours.found(case, ALL).kept & shipped)


def test_a_reference_that_cuts_other_tokens_is_refused(model, cases):
    with pytest.raises(ValueError, match="other tokens"):
        parity.theirs_found(Ours(model), cases[0], {"order": [0, 1], "tokens": [1, 2, 3], "kept": [0]})


def test_prompts_are_as_long_as_the_window_takes(model, data, monkeypatch):
    monkeypatch.setattr(parity, "examples", lambda *given: [])
    assert parity.prompts_of(data, model, parity.Plan()) == [("gsm8k", tuple(SHOTS), "")]
    few = parity.prompts_of(data, model, parity.Plan(prompts=2, tokens=model.count("\n\n".join(SHOTS[:3]))))
    assert few == [("gsm8k", tuple(SHOTS[:3]), ""), ("gsm8k", tuple(SHOTS[3:6]), "")]
    assert parity.fitting(SHOTS, model, model.count("\n\n".join(SHOTS[:5]))) == tuple(SHOTS[:5])
    assert parity.fitting(SHOTS, model, 1) == tuple(SHOTS[:2])


def test_surprisals_without_a_starting_token_begin_with_none(model):
    ids = model.encode(BRIDGE)
    bare, started = Surprisal(model.loaded), Surprisal(model.loaded, model.loaded.start)
    none = ids[:0]
    assert np.isnan(bare(none, ids)[0])
    assert not np.isnan(bare(none, ids)[1:]).any()
    np.testing.assert_allclose(started(none, ids), model.surprisals([BRIDGE])[0].values, atol=1e-4)
    np.testing.assert_allclose(bare(ids[:9], ids[9:]), bare(none, ids)[9:], atol=1e-4)
    assert len(bare(none, none)) == 0


def test_a_portable_folder_says_what_the_older_version_looks_for(model):
    folder = Path(model.name)
    assert json.loads((folder / "config.json").read_text("utf-8"))["rope_theta"] == 10000
    assert json.loads((folder / "tokenizer_config.json").read_text("utf-8"))["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert all(isinstance(pair, str) for pair in json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["merges"])


def test_a_tokenizer_with_blanks_in_its_merges_is_refused(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "tokenizer.json").write_text(json.dumps({"model": {"merges": [["a ", "b"]]}}), "utf-8")
    with pytest.raises(ValueError, match="byte-level"):
        portable(tmp_path / "raw", tmp_path / "new")


def test_rows_for_the_reference_begin_with_the_starting_token(model, cases):
    rows = Readings.of(cases[:: len(parity.RATES)]).rows(model)
    assert len(rows) == 3 * len(PASSAGES)
    assert {row["ids"][0] for row in rows} == {int(model.loaded.start[0])}
    assert [row["given"] for row in rows[: len(PASSAGES)]] == [1] * len(PASSAGES)
    assert all(row["given"] > 1 for row in rows[len(PASSAGES) :])


@pytest.mark.parametrize(("values", "share"), [([3, 2, 1], 1), ([1, 2, 3], 0), ([3, 1, 2], 2 / 3), ([1], 0)])
def test_pairs_alike(values, share):
    assert parity.alike(np.array(values)) == pytest.approx(share)


class Halving:
    """Drops every other token of each call, as the reference drops some of its own."""

    class tokenizer:
        def __new__(cls, text, add_special_tokens):
            return type("Encoded", (), {"input_ids": list(range(len(text)))})

    def control_context_budget(self, context):
        return context[::-1], [0.0] * len(context), [1, 0]

    def get_compressed_input(self, loss, input_ids, keep_flag=None):
        stay = [number % 2 == 0 for number in range(input_ids.shape[1])]
        return input_ids[:, stay], None, keep_flag[stay], 0

    def iterative_compress_prompt(self, context, target, start=0):
        import torch

        ids = torch.arange(sum(map(len, context)) + 2 * (len(context) - 1))[None]
        for _ in range(2):
            ids, _, flags, _ = self.get_compressed_input(None, ids)
            assert flags is None
        return ids

    def compress_prompt(self, documents, question, target_token, **named):
        texts = self.control_context_budget(documents)[0]
        return {"compressed_prompt": str(self.iterative_compress_prompt(texts, target_token, start=3).tolist())}


def test_the_kept_tokens_of_the_reference_are_told_by_its_flags():
    compressor = Halving()
    case = {"documents": ["abcdefg", "hij"], "question": "", "target": 4, "size": 2, "spread": 0.3}
    for _ in range(2):  # the compressor is left as it was
        found = worker.compressed(compressor, case)
        assert found["order"] == [1, 0]
        assert found["text"] == "[[0, 4, 8]]"
        assert found["kept"] == [1, 5]
        assert found["tokens"] == list(range(12))[3:]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="LLMLINGUA_PYTHON names no interpreter that has llmlingua")
def test_the_reference_keeps_what_ours_keeps_with_its_slips(model, cases):
    question = {
        "threads": 1,
        "losses": [],
        "texts": [],
        "ranks": [],
        "cases": [{**parity.asdict(case), "spread": 0.3} for case in cases],
    }
    ours = Ours(model)
    for case, theirs in zip(cases, parity.asked(PYTHON, Path(model.name), question)["cases"], strict=True):
        both, either, _ = parity.token_row(ours, case, theirs)["settings"]["all"]
        assert both >= 0.99 * either


def test_the_command_says_what_it_needs():
    assert CliRunner().invoke(parity.app, ["--help"]).exit_code == 0
    assert CliRunner().invoke(parity.app, ["nowhere"]).exit_code == 2
