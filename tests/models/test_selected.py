"""Two looks at the passages, and models that stand in for the embedded selector."""

import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from linguapress import Budget, ModelNotFound, Passage, Rating, Span, Units, load
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.pair_relevance import PairRelevance
from linguapress.models.selected import SelectedRelevance
from linguapress.models.selector import selector_of
from linguapress.models.sentence_transformer import CrossEncoderRelevance, CrossEncoderSelector
from linguapress.scores import TokenScores
from linguapress.section_ratings import sectioned
from linguapress.segment import sentences
from linguapress.structure.sections import with_sections

QUERY = "When did the bridge open?"
TEXTS = ["The bridge is red. It opened in 1939.", "Ferries left every hour.", "Soup needs salt."]


@dataclass
class Said:
    """Rates passages and units by a table of texts; remembers what it was asked to read."""

    passages: dict[str, float]
    units: dict[str, float]
    legible: float = 1.0
    read: list[str] = field(default_factory=list)
    tokens: dict[str, float] | None = None

    def rate(self, query, passages, units):
        self.read += [passage.text for passage in passages]
        rows = [
            np.array([self.units.get(p.text[a:b].strip(), 0.01) for a, b in item.spans])
            for p, item in zip(passages, units, strict=True)
        ]
        told = None if self.tokens is None else [self._told(passage.source) for passage in passages]
        return Rating(rows, np.array([self.passages.get(p.text, 0.0) for p in passages]), tokens=told)

    def _told(self, text):
        found = list(re.finditer(r"\S+", text))
        offsets = np.array([match.span() for match in found], dtype=np.int64).reshape(-1, 2)
        return TokenScores(offsets, np.array([self.tokens.get(match.group(), -20.0) for match in found]))

    def legibility(self, texts):
        return np.array([1.0, *([self.legible] * (len(texts) - 1))])


def drafts(texts=TEXTS):
    return [Passage.whole(i, text) for i, text in enumerate(texts)], [Units(sentences(text)) for text in texts]


def test_a_needed_sentence_of_a_relevant_passage_comes_first():
    selector = Said({TEXTS[0]: 5.0}, {"It opened in 1939.": 0.9})
    rating = SelectedRelevance(selector, Said({}, {})).rate(QUERY, *drafts())
    assert rating.units[0][1] == max(value for row in rating.units for value in row)
    assert rating.passages.argmax() == 0
    assert rating.needed[0][1] == pytest.approx(0.9)


def test_probabilities_are_told_and_the_mean_need_rates():
    class Sure(Said):
        def rate(self, query, passages, units):
            rating = super().rate(query, passages, units)
            return replace(rating, needed=[1 - row for row in rating.units])

    plain, told = (
        SelectedRelevance(kind({TEXTS[0]: 5.0}, {"It opened in 1939.": 0.9}), Said({}, {})).rate(QUERY, *drafts())
        for kind in (Said, Sure)
    )
    assert [row.tolist() for row in told.units] == [row.tolist() for row in plain.units]
    assert told.needed[0].tolist() == pytest.approx([0.99, 0.1])


def test_a_unit_that_holds_the_answer_gains_and_so_do_its_words():
    plain, told = (
        SelectedRelevance(Said({}, {}, tokens=tokens), Said({}, {}), sure=0).rate(QUERY, *drafts())
        for tokens in (None, {"1939.": 5.0})
    )
    assert plain.tokens is None
    assert told.units[0][1] - plain.units[0][1] == pytest.approx(0.0, abs=1e-6)  # 0.04 * ln 1
    assert told.units[0][0] - plain.units[0][0] == pytest.approx(-0.36)  # as far below as counts: 0.04 * 9 nats
    assert told.tokens[0].values.tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0, 0.4])  # 0.05 * 8 nats
    assert not told.tokens[1].values.any()


def test_words_count_as_far_as_the_passage_can_be_read_and_only_if_it_was():
    selector = Said({TEXTS[0]: 1.0}, {}, legible=0.5, tokens={"1939.": 5.0, "salt.": 5.0})
    rating = SelectedRelevance(selector, Said({TEXTS[0]: 0.9, TEXTS[1]: 0.5}, {}), most=2, sure=0).rate(QUERY, *drafts())
    assert rating.tokens[0].values.max() == pytest.approx(0.2)
    assert [len(scores.values) for scores in rating.tokens] == [8, 4, 0]


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 0.0])
def test_tokens_that_say_nothing_change_nothing(value):
    said = {word: value for text in TEXTS for word in text.split()}
    plain, told = (
        SelectedRelevance(Said({}, {}, tokens=tokens), Said({}, {}), sure=0).rate(QUERY, *drafts()) for tokens in (None, said)
    )
    assert told.tokens is None
    assert [row.tolist() for row in told.units] == [row.tolist() for row in plain.units]


def test_a_logit_that_is_no_number_counts_as_the_lowest():
    selector = Said({}, {}, tokens={"1939.": 5.0, "red.": float("nan"), "opened": float("inf")})
    rating = SelectedRelevance(selector, Said({}, {}), sure=0).rate(QUERY, *drafts())
    assert rating.tokens[0].values.tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0, 0.4])


def test_models_without_logits_of_an_answer_are_not_asked_for_them():
    for name in ("cross-encoder:any", "open-provence:any"):
        found = selector_of(name)
        assert (found.sure, found.evidence_weight, found.answer_weight) == (0, 0, 0)


def test_of_many_passages_only_the_most_promising_are_read():
    selector, first = Said({}, {}), Said({TEXTS[2]: 0.9, TEXTS[0]: 0.5}, {})
    rating = SelectedRelevance(selector, first, most=2).rate(QUERY, *drafts())
    assert selector.read == [TEXTS[0], TEXTS[2]]
    assert rating.needed[1].tolist() == [0.0]
    assert rating.units[1].max() < min(rating.units[0].min(), rating.units[2].min())


def test_where_the_selector_cannot_read_the_first_look_decides():
    selector = Said({TEXTS[1]: 9.0}, {TEXTS[1]: 0.99}, legible=0.0)
    first = Said({TEXTS[0]: 0.5}, {"It opened in 1939.": 0.8, TEXTS[1]: 0.2})
    rating = SelectedRelevance(selector, first).rate(QUERY, *drafts())
    assert rating.units[0][1] == max(value for row in rating.units for value in row)
    assert rating.needed[0][1] == pytest.approx(1.0)
    assert rating.needed[1][0] == pytest.approx(0.25**2)  # else nearly everything would count as needed


def test_where_the_selector_finds_nothing_the_first_look_decides():
    selector = Said({TEXTS[1]: 9.0}, {TEXTS[1]: 0.02})
    first = Said({TEXTS[0]: 0.5}, {"It opened in 1939.": 0.8, TEXTS[1]: 0.2})
    rating = SelectedRelevance(selector, first, first_weight=1).rate(QUERY, *drafts())
    assert rating.units[0][1] == max(value for row in rating.units for value in row)
    assert rating.needed[1][0] == pytest.approx(0.02)  # what it says of need is not made up
    unread = SelectedRelevance(Said({TEXTS[1]: 9.0}, {TEXTS[1]: 0.99}, legible=0.5), first)
    assert unread._found([np.array([0.99])], np.array([0.5])) == pytest.approx(0.55)  # what it cannot read it has not found
    always = SelectedRelevance(selector, first, sure=0, first_weight=1).rate(QUERY, *drafts())
    assert always.units[1][0] == max(value for row in always.units for value in row)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_selector_that_says_nothing_harms_nothing(value):
    selector = Said(dict.fromkeys(TEXTS, value), dict.fromkeys(["The bridge is red.", *TEXTS], np.nan))
    rating = SelectedRelevance(selector, Said({TEXTS[0]: 0.5}, {})).rate(QUERY, *drafts())
    assert all(np.isfinite(row).all() for row in rating.units)
    assert rating.passages.argmax() == 0


@pytest.mark.parametrize("texts", [[], [""], ["", " \n"]])
def test_nothing_to_read_is_no_problem(texts):
    rating = SelectedRelevance(Said({}, {}), Said({}, {})).rate(QUERY, *drafts(texts))
    assert [len(row) for row in rating.units] == [len(sentences(text)) for text in texts]


def test_a_cross_encoder_stands_in(monkeypatch):
    chances = Said({TEXTS[0]: 0.9, TEXTS[1]: 0.5, TEXTS[2]: 0.0}, {"It opened in 1939.": 0.8})
    monkeypatch.setattr(CrossEncoderRelevance, "rate", lambda self, *asked: chances.rate(*asked))
    selector = selector_of("cross-encoder:any", "lexical").selector
    assert isinstance(selector, CrossEncoderSelector)
    rating = selector.rate(QUERY, *drafts())
    assert rating.passages[0] == pytest.approx(np.log(9))
    assert np.isfinite(rating.passages).all()
    press = load("query_select", model="cross-encoder:any", first="lexical")
    assert press.compress(TEXTS, QUERY).text == TEXTS[0]  # a sentence brings its subject


class Pruner(nn.Module):
    """Shaped like an OpenProvence model: tokens of digits are kept, and a passage is as relevant as it has digits."""

    def __init__(self, digits):
        super().__init__()
        self.pruning_head = nn.Linear(1, 1)
        self.config = SimpleNamespace(max_length=64)
        self.digits = digits

    def forward(self, input_ids, attention_mask):
        kept = torch.isin(input_ids, self.digits).float()
        return SimpleNamespace(
            ranking_logits=kept.sum(1, keepdim=True), pruning_logits=torch.stack([1 - 4 * kept, 4 * kept - 1], dim=-1)
        )


@pytest.fixture
def embedded_tokenizer():
    from transformers import AutoTokenizer

    from linguapress.models.embedded import model_folder

    return AutoTokenizer.from_pretrained(model_folder("mini"))


def test_an_open_provence_checkpoint_stands_in(monkeypatch, embedded_tokenizer, tmp_path):
    import transformers

    digits = torch.tensor(embedded_tokenizer("1939")["input_ids"][1:-1])
    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", lambda *args, **kwargs: Pruner(digits))
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *args, **kwargs: embedded_tokenizer)
    rating = PairRelevance(f"open-provence:{tmp_path}", "cpu").rate("When?", *drafts())
    assert rating.passages.tolist() == [1.0, 0.0, 0.0]
    assert rating.units[0][1] > rating.units[0][0] == pytest.approx(rating.units[2][0], abs=1e-3)
    press = load("query_select", model=f"open-provence:{tmp_path}", first="lexical", device="cpu")
    assert "1939" in press.compress([TEXTS[0] * 20], "When?", budget=Budget(tokens=12)).text


def test_a_checkpoint_of_another_kind_is_refused(monkeypatch, embedded_tokenizer, tmp_path):
    import transformers

    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", lambda *args, **kwargs: nn.Linear(1, 1))
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *args, **kwargs: embedded_tokenizer)
    with pytest.raises(ModelNotFound, match="no pruning head"):
        PairRelevance(f"open-provence:{tmp_path}", "cpu").rate("When?", *drafts())


def long_text():
    """Forty paragraphs, one of which answers."""
    parts = [f"Paragraph {number} says that ferries left every hour. " + "Soup needs salt and time. " * 15 for number in range(40)]
    parts[23] += "It opened in 1939."
    return "\n\n".join(parts)


def test_of_a_long_passage_the_best_sections_are_read():
    texts = [long_text(), TEXTS[1]]
    passages, units = drafts(texts)
    units = [with_sections(text, item) for text, item in zip(texts, units, strict=True)]
    first, selector = LexicalRelevance(), Said({}, {"It opened in 1939.": 0.9}, tokens={"1939.": 0.0})
    rating = SelectedRelevance(selector, first, most=3).rate("Which one opened in 1939?", passages, units)
    assert len(selector.read) == 3
    assert all(len(text) <= 1000 for text in selector.read)
    best = int(np.argmax(rating.units[0]))
    assert texts[0][slice(*units[0].spans[best])].strip() == "It opened in 1939."
    assert rating.needed[0].argmax() == best
    assert rating.passages.argmax() == 0
    token = rating.tokens[0].offsets[rating.tokens[0].values.argmax()]
    assert texts[0][slice(*token)] == "1939."


@pytest.mark.parametrize("name", ["lingua", "query_select", "sentence_filter"])
def test_the_sentence_that_answers_is_found_in_a_long_document(name):
    out = load(name).compress([f"Ferries and soup\n\n{long_text()}"], QUERY, budget=Budget(tokens=60))
    assert "opened in 1939" in out.text
    assert out.tokens_after <= 60


def test_a_first_look_that_rates_no_sections_still_finds_the_one_with_the_best_unit():
    texts = [long_text()]
    passages, units = drafts(texts)
    units = [with_sections(text, item) for text, item in zip(texts, units, strict=True)]
    first, selector = Said({}, {"It opened in 1939.": 1.0}), Said({}, {"It opened in 1939.": 0.9})
    rating = SelectedRelevance(selector, first, most=1).rate(QUERY, passages, units)
    assert "It opened in 1939." in selector.read[0]
    assert [len(row) for row in rating.sections] == [len(item.sections) + 1 for item in units]
    assert rating.passages[0] == rating.sections[0].max()


def test_a_section_that_cannot_be_rated_does_not_hide_the_others():
    units = [Units([Span(0, 1), Span(1, 2)], sections=(1,))]
    assert sectioned([np.zeros(2)], np.array([np.nan, 0.5]), units).passages.tolist() == [0.5]
