"""The mean of selectors' weights."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from linguapress import load
from linguapress.errors import InvalidRecord
from linguapress.models.pair_model import PairModel
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_weights import load_selector, save_selector, selector_state, whose_words, write_odds
from linguapress.models.sentence_odds import PLAIN, SentenceOdds
from linguapress.training.cli import app
from linguapress.training.soup import soup


@pytest.fixture
def selector(tmp_path, embedded_tokenizer):
    """A function that writes a tiny selector of random weights and returns its folder."""

    def make(seed, width=32, odds=PLAIN):
        torch.manual_seed(seed)
        config = BertConfig(vocab_size=30522, hidden_size=width, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
        folder = tmp_path / f"selector{seed}"
        save_selector(PairModel(BertModel(config)), embedded_tokenizer, folder, None)
        write_odds(folder, odds)
        return str(folder)

    return make


def stored(folder):
    return load_file(Path(folder) / "model.safetensors")


def test_weights_are_the_mean_of_those_of_the_models(selector, tmp_path):
    first, second = selector(1), selector(2)
    soup({first: 1, second: 1}, tmp_path / "soup")
    made, one, two = (stored(folder) for folder in (tmp_path / "soup", first, second))
    assert made.keys() == one.keys()
    for name, weight in made.items():
        assert torch.allclose(weight.float(), (one[name].float() + two[name].float()) / 2, atol=1e-3), name
    assert not all(torch.equal(weight, one[name]) for name, weight in made.items())


def test_the_soup_of_one_is_that_one(selector, tmp_path):
    only = selector(1, odds=SentenceOdds(0.5, 0.3, 0.1, -1.0))
    soup({only: 3}, tmp_path / "soup")
    assert all(torch.equal(weight, stored(only)[name]) for name, weight in stored(tmp_path / "soup").items())
    assert PairReader(str(tmp_path / "soup"), "cpu").odds == SentenceOdds(0.5, 0.3, 0.1, -1.0)


def test_odds_are_the_mean_where_there_is_nothing_to_fit_them_on(selector, tmp_path):
    models = {selector(1, odds=SentenceOdds(1, 0, 0, 0)): 3, selector(2, odds=SentenceOdds(0, 1, 0, -2)): 1}
    soup(models, tmp_path / "soup")
    assert PairReader(str(tmp_path / "soup"), "cpu").odds == SentenceOdds(0.75, 0.25, 0, -0.5)


def test_odds_are_fitted_on_questions(selector, tmp_path):
    texts = ["Ann was born in Rome. It rained a lot.", "It rained a lot. Ann was born in Rome."]
    rows = [
        {"question": f"where was ann born {n}", "passages": [{"text": text, "needed": [[at := text.index("Ann"), at + 21]]}]}
        for n in range(20)
        for text in texts
    ]
    file = tmp_path / "apart.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    soup({selector(1): 1, selector(2): 1}, tmp_path / "soup", (file,))
    assert PairReader(str(tmp_path / "soup"), "cpu").odds != PLAIN


def test_words_stay_shared_and_the_soup_of_the_embedded_selector_says_what_it_says(tmp_path):
    asked = ["Ann was born in Rome in 1900. She liked tea.", "Rome is the capital of Italy."], "Where was Ann born?"
    soup({"select": 1}, tmp_path / "soup")
    assert json.loads((tmp_path / "soup" / "config.json").read_text())["words_of"] == "mini"
    found, expected = (load("query_select", model=name).compress(*asked) for name in (str(tmp_path / "soup"), "select"))
    assert found.text == expected.text


def test_words_of_its_own_count_whatever_the_order(selector, tmp_path):
    owner, other, sharing = selector(1), selector(2), tmp_path / "sharing"
    save_selector(*load_selector(Path(owner)), sharing, owner)
    for out, order in (("one", (str(sharing), other)), ("two", (other, str(sharing)))):
        soup(dict.fromkeys(order, 1), tmp_path / out)
        assert whose_words(tmp_path / out) is None
    one, two = (selector_state(tmp_path / out) for out in ("one", "two"))
    assert all(torch.equal(weight, two[name]) for name, weight in one.items())


def test_models_of_different_architectures_are_refused(selector, tmp_path):
    with pytest.raises(ValueError, match="only those of one architecture can be averaged"):
        soup({selector(1): 1, selector(2, width=16): 1}, tmp_path / "soup")
    assert not (tmp_path / "soup").exists()


@pytest.mark.parametrize("shares", [{}, {"select": 0}, {"select": -1}, {"select": float("nan")}, {"select": float("inf")}])
def test_shares_that_are_no_shares_are_refused(shares, tmp_path):
    with pytest.raises(ValueError, match="the shares of the models must be 0 or more"):
        soup(shares, tmp_path / "soup")


def test_shares_weigh_the_models(selector, tmp_path):
    first, second = selector(1), selector(2)
    soup({first: 3, second: 1}, tmp_path / "soup")
    made, one, two = (stored(folder) for folder in (tmp_path / "soup", first, second))
    assert all(torch.allclose(made[name].float(), 0.75 * one[name].float() + 0.25 * two[name].float(), atol=1e-3) for name in made)


def test_no_model_is_written_over(selector):
    one = selector(1)
    before = stored(one)
    with pytest.raises(ValueError, match="is one of the models; choose another folder"):
        soup({one: 1, selector(2): 1}, Path(one))
    assert all(torch.equal(weight, before[name]) for name, weight in stored(one).items())


def test_questions_are_read_before_anything_is_written(selector, tmp_path):
    file = tmp_path / "apart.jsonl"
    file.write_text("{}\n")
    with pytest.raises(InvalidRecord, match=r"apart\.jsonl, line 1"):
        soup({selector(1): 1}, tmp_path / "soup", (file,))
    assert not (tmp_path / "soup").exists()


def test_the_command_writes_one_and_names_its_folder(selector, tmp_path):
    done = CliRunner().invoke(
        app, ["soup", "--model", selector(1), "--model", f"{selector(2)}=0.5", "--out", str(tmp_path / "soup")]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "soup" / "model.safetensors").is_file()
    wrong = CliRunner().invoke(app, ["soup", "--model", str(tmp_path / "none"), "--out", str(tmp_path / "other")])
    assert wrong.exit_code == 1
    assert "error:" in wrong.output
