"""Relevance by sentence-transformers models, tiny ones that are saved in a folder."""

import numpy as np
import pytest
from transformers import BertConfig, BertForSequenceClassification, BertModel

from linguapress import Budget, ModelNotFound, Passage, Units, load
from linguapress.models.blend import BlendedRelevance
from linguapress.models.relevance import relevance_of
from linguapress.models.sentence_transformer import CrossEncoderRelevance, SentenceTransformerRelevance
from linguapress.segment import sentences

pytest.importorskip("sentence_transformers")

TEXTS = ["The bridge opened in 1939. It is three kilometres long.", "", "Ferries left every hour."]
SMALL = {"vocab_size": 30522, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    from importlib import resources

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(resources.files("linguapress").joinpath("assets/mini")))
    made = {}
    for name, kind, labels in (
        ("bi", BertModel, 2),
        ("cross", BertForSequenceClassification, 1),
        ("two", BertForSequenceClassification, 2),
    ):
        made[name] = str(tmp_path_factory.mktemp(name))
        kind(BertConfig(**SMALL, num_labels=labels)).save_pretrained(made[name])
        tokenizer.save_pretrained(made[name])
    return made


def drafts():
    passages = [Passage.whole(i, text) for i, text in enumerate(TEXTS)]
    return passages, [Units(sentences(text)) for text in TEXTS]


@pytest.mark.parametrize("name", ["bi", "cross"])
def test_every_passage_and_sentence_is_rated(folders, name):
    relevance = {"bi": SentenceTransformerRelevance, "cross": CrossEncoderRelevance}[name](folders[name], "cpu")
    rating = relevance.rate("When did the bridge open?", *drafts())
    assert [len(row) for row in rating.units] == [2, 0, 1]
    assert rating.passages.shape == (3,)
    assert np.isfinite(np.concatenate([rating.passages, *rating.units])).all()


def test_a_sentence_rates_itself_highest(folders):
    rating = SentenceTransformerRelevance(folders["bi"], "cpu").rate("Ferries left every hour.", *drafts())
    assert rating.units[2][0] == pytest.approx(1, abs=1e-4)


def test_names_choose_the_kind(folders):
    assert isinstance(relevance_of(f"cross-encoder:{folders['cross']}"), CrossEncoderRelevance)
    blend = relevance_of(folders["bi"])
    assert isinstance(blend, BlendedRelevance)
    assert isinstance(blend.embedding, SentenceTransformerRelevance)


@pytest.mark.parametrize("name", ["bi", "cross"])
def test_the_default_method_takes_them(folders, name):
    model = folders[name] if name == "bi" else f"cross-encoder:{folders[name]}"
    out = load("lingua", model=model, device="cpu").compress(TEXTS, "When did it open?", budget=Budget(tokens=9))
    assert 0 < out.tokens_after <= 9


def test_a_cross_encoder_of_two_outputs_is_refused(folders):
    with pytest.raises(ModelNotFound, match="2 outputs"):
        CrossEncoderRelevance(folders["two"], "cpu").rate("q", *drafts())


def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelNotFound, match="nowhere"):
        SentenceTransformerRelevance(str(tmp_path / "nowhere"), "cpu").rate("q", *drafts())
