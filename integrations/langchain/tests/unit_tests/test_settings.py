from __future__ import annotations

import copy
import pickle

import pytest
from langchain_core.runnables import ConfigurableField
from langchain_linguapress import CompressionRetriever, LinguaCompressor, LinguaPreparer
from pydantic import ValidationError

from linguapress import Budget, Guard

FIELDS = [
    {},
    {"target_tokens": 40},
    {"rate": 0.3, "order": "ends", "device": "cpu"},
    {"method": "llmlingua2", "settings": {"force_tokens": ["\n"], "drop_consecutive": True}},
    {"method": "sentence_filter", "model": "lexical", "guard": Guard(keep=("INV-[0-9]+",)), "token_counter": "cl100k_base"},
]


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("fields", FIELDS)
def test_round_trips(fields):
    compressor = LinguaCompressor(**fields)
    assert LinguaCompressor.model_validate_json(compressor.model_dump_json()) == compressor
    assert LinguaCompressor.model_validate(compressor.model_dump()) == compressor
    assert pickle.loads(pickle.dumps(compressor)) == compressor
    assert copy.deepcopy(compressor) == compressor


def test_a_counting_function_can_be_copied_but_not_written_as_json():
    compressor = LinguaCompressor(token_counter=words)
    assert pickle.loads(pickle.dumps(compressor)) == copy.deepcopy(compressor) == compressor
    assert LinguaCompressor.model_validate(compressor.model_dump()) == compressor
    with pytest.raises(ValueError, match="only the name of a token counter"):
        compressor.model_dump_json()


def test_a_function_may_list_tokens_instead_of_counting_them(documents):
    listing, counting = (LinguaCompressor(method="head", token_counter=f) for f in (str.split, words))
    assert listing.compress_documents(documents, "") == counting.compress_documents(documents, "")


def test_exactly_one_budget_is_in_force():
    assert (LinguaCompressor().rate, LinguaCompressor().target_tokens) == (0.5, None)
    assert (LinguaCompressor(target_tokens=7).rate, LinguaCompressor(target_tokens=7).target_tokens) == (None, 7)
    assert LinguaCompressor(rate=0.2, target_tokens=None).rate == 0.2


@pytest.mark.parametrize("fields", [{}, {"rate": 0.3}, {"target_tokens": 9}])
def test_a_copy_may_have_another_budget(documents, fields):
    compressor = LinguaCompressor(method="head", **fields)
    for update, budget in (({"target_tokens": 60}, Budget(tokens=60)), ({"rate": 0.2}, Budget(rate=0.2))):
        copied = compressor.model_copy(update=update)
        assert copied.budget == budget
        assert copied.compress_documents(documents, "")
        assert LinguaCompressor.model_validate_json(copied.model_dump_json()) == copied
        assert copied.model_copy(deep=True) == copied
    assert compressor == LinguaCompressor(method="head", **fields)
    assert compressor.model_copy(update={"separator": " "}).budget.tokens == compressor.target_tokens
    with pytest.raises(ValueError, match="give target_tokens or rate, not both"):
        compressor.model_copy(update={"target_tokens": 60, "rate": 0.2})


def test_a_retriever_takes_another_budget_per_request(retriever):
    usual = CompressionRetriever(base_retriever=retriever, compressor=LinguaCompressor(method="head"))
    changing = usual.configurable_fields(compressor=ConfigurableField(id="compressor"))
    tight = changing.invoke("Who?", {"configurable": {"compressor": LinguaCompressor(method="head", target_tokens=7)}})
    assert tight[0].metadata["linguapress"]["limit"] == 7
    assert changing.invoke("Who?") == usual.invoke("Who?")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"method": "lingua2"}, "unknown method 'lingua2'; choose one of lingua, "),
        ({"rate": 1.5}, "between 0 and 1, got 1.5"),
        ({"rate": -0.1, "token_counter": "cl100k_base"}, "between 0 and 1, got -0.1"),
        ({"rate": float("nan")}, "between 0 and 1, got nan"),
        ({"target_tokens": -1}, r"target_tokens\n.*greater than or equal to 0"),
        ({"rate": 0.5, "target_tokens": 5}, "give target_tokens or rate, not both"),
        ({"rate": None}, "lingua needs a budget; give target_tokens or rate "),
        ({"tokens": 30}, "LinguaCompressor takes no tokens; give target_tokens "),
        ({"count": "cl100k_base"}, "takes no count; give token_counter "),
        ({"budget": Budget(tokens=5)}, "takes no budget; give target_tokens or rate "),
        ({"order": "best"}, "'original', 'relevance' or 'ends'"),
        ({"token_counter": 5}, "cannot count tokens with 5"),
        ({"guard": {"keep": ["("]}}, "does not compile"),
        ({"settings": {"model": "lexical"}}, "give model as an argument of its own"),
        ({"ratio": 0.5}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused_at_once(fields, message):
    with pytest.raises(ValidationError, match=message):
        LinguaCompressor(**fields)


@pytest.mark.parametrize("kind", [LinguaCompressor, LinguaPreparer])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"method": "head", "order": "ends"}, "head has no setting 'order'; settings of head: none "),
        ({"settings": {"efort": "low"}}, "lingua has no setting 'efort'; settings of lingua: model='mini', .*, effort='auto', "),
        ({"settings": {"effort": "lo"}}, "unknown effort 'lo'; choose one of low, auto, high "),
    ],
)
def test_a_setting_that_the_method_does_not_have(kind, fields, message):
    with pytest.raises(ValidationError, match=message):
        kind(**fields)


def test_a_compressor_is_frozen():
    with pytest.raises(ValidationError):
        LinguaCompressor().rate = 0.1


def test_a_name_is_not_looked_up_before_it_is_needed():
    assert LinguaCompressor(token_counter="no-such-tokenizer", model="no-such-model").token_counter == "no-such-tokenizer"
