"""Records: what they hold, what they weigh, and that they change nothing but the time."""

import copy
import pickle
import shutil
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from fakes import FakeKeep, FakeRelevance
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, CHINESE, DOCUMENTS, HOSTILE, OVEN, PROSE, hostile

from linguapress import Budget, Chain, Guard, InvalidDocuments, InvalidRecord, Passage, Prepared, Units, load
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.lingua import Lingua
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.methods.query_select import QuerySelect
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.fingerprints import fingerprint
from linguapress.models.relevance import relevance_of
from linguapress.models.selector import selector_of
from linguapress.models.token_classifier import TokenClassifier
from linguapress.notes import KeepNote, UnitNote, probabilities, rounded_odds
from linguapress.packing import packed, unpacked
from linguapress.prepared import VERSION
from linguapress.segment import sentences, words

QUERY = "Who built the Lion Bridge?"
RELEVANCE, KEEP = relevance_of("mini", "cpu"), TokenClassifier("mini", "cpu")
PRESSES = {
    "lingua": Lingua(RELEVANCE, KEEP),
    "lingua by relevance": Lingua(RELEVANCE, KEEP, order="relevance"),
    "lingua with ends": Lingua(RELEVANCE, KEEP, order="ends"),
    "lingua without guard": Lingua(RELEVANCE, KEEP, guard=Guard.off()),
    "lingua that reads twice": Lingua(selector_of(first="mini", device="cpu", most=3), KEEP, document_weight=0.0),
    "query_select": QuerySelect(selector_of(first="mini", device="cpu"), KEEP),
    "query_select by words": QuerySelect(selector_of(first="mini", device="cpu"), KEEP, slack=1.5),
    "llmlingua2": LLMLingua2(KEEP),
    "sentence_filter": SentenceFilter(RELEVANCE),
    "document_ranking": DocumentRanking(RELEVANCE),
    "head": load("head"),
    "random_words": load("random_words"),
    "chain": Chain(DocumentRanking(RELEVANCE), SentenceFilter(RELEVANCE), LLMLingua2(KEEP), slack=(3, 1.5, 1)),
}
every_press = pytest.mark.parametrize("press", PRESSES.values(), ids=PRESSES.keys())
QUICK = PRESSES["lingua"]


def told(out):
    return out.text, out.passages, out.dropped, out.tokens_before, out.tokens_after, out.limit, out.warnings


def stored(records):
    """The records as another process would read them."""
    return [record and Prepared.from_text(record.to_text()) for record in records]


@pytest.fixture
def cold():
    """Empties the memory of the embedded model, so that a text that is not read is not known either."""
    shared_encoder("mini", "cpu").forget()
    return shared_encoder("mini", "cpu").forget


@pytest.fixture
def readings(monkeypatch):
    """Texts that an encoder is asked to read."""
    seen, read = [], Encoder.read

    def noting(self, texts, parts=None):
        seen.extend(texts)
        return read(self, texts, parts)

    monkeypatch.setattr(Encoder, "read", noting)
    return seen


@every_press
@pytest.mark.parametrize("query", [QUERY, None])
def test_records_change_no_byte(press, query, cold):
    budgets = [Budget(tokens=tokens) for tokens in (0, 5, 60, 200, 500, 10**6)]
    plain = [told(press.compress(DOCUMENTS, query, budget=budget)) for budget in budgets]
    records = stored(press.prepare(DOCUMENTS))
    for budget, expected in zip(budgets, plain, strict=True):
        cold()
        assert told(press.compress(DOCUMENTS, query, budget=budget, prepared=records)) == expected


@pytest.mark.parametrize("known", [slice(None), slice(0, 60, 2)], ids=["all", "half"])
def test_records_change_no_byte_of_many_documents_of_which_not_all_are_read(known, cold):
    many = [f"{PROSE[number % 4]} Note {number} is about item {number * 7}." for number in range(60)]
    press = replace(QUICK, relevance=replace(QUICK.relevance, least=20))
    records = press.prepare(many)
    given = [record if number in range(*known.indices(60)) else None for number, record in enumerate(records)]
    cold()
    plain = press.compress(many, "Which note is about item 77?", budget=Budget(tokens=200))
    cold()
    assert told(press.compress(many, "Which note is about item 77?", budget=Budget(tokens=200), prepared=given)) == told(plain)


@every_press
def test_records_for_some_documents_change_no_byte_either(press, cold):
    records = stored(press.prepare(DOCUMENTS))
    plain = told(press.compress(DOCUMENTS, QUERY, budget=Budget(tokens=150)))
    for some in ([None] * len(DOCUMENTS), [record if i % 2 else None for i, record in enumerate(records)], tuple(records)):
        cold()
        assert told(press.compress(DOCUMENTS, QUERY, budget=Budget(tokens=150), prepared=some)) == plain


def test_without_a_budget_too(cold):
    press = PRESSES["query_select"]
    plain = press.compress(PROSE, QUERY)
    assert told(press.compress(PROSE, QUERY, prepared=press.prepare(PROSE))) == told(plain)


@pytest.mark.parametrize("batch_tokens", [1, 64, 100_000])
def test_a_record_does_not_depend_on_batches_or_company(batch_tokens):
    alone = [record for text in DOCUMENTS for record in QUICK.prepare([text])]
    encoder = shared_encoder("mini", "cpu")
    encoder.forget()
    before, encoder.batch_tokens = encoder.batch_tokens, batch_tokens
    try:
        assert QUICK.prepare(DOCUMENTS[::-1])[::-1] == alone
    finally:
        encoder.batch_tokens = before


@given(texts=st.lists(hostile, max_size=4), query=hostile, rate=st.floats(0, 1))
def test_no_text_breaks_a_record(texts, query, rate):
    records = QUICK.prepare(texts)
    plain = QUICK.compress(texts, query, budget=Budget(rate=rate))
    assert told(QUICK.compress(texts, query, budget=Budget(rate=rate), prepared=stored(records))) == told(plain)
    for record, text in zip(records, texts, strict=True):
        assert record.fits(text)
        assert not record.fits(text + " ")
        assert Prepared.from_bytes(record.to_bytes()) == record == Prepared.from_text(record.to_text())


@pytest.mark.parametrize("text", ["", "x", "\x00", "👩‍👩‍👧‍👦", "مرحبا بالعالم", "\ud83d", " ", "\n\n", "".join(HOSTILE)], ids=repr)
def test_odd_texts_have_records(text):
    (record,) = QUICK.prepare([text])
    assert record.fits(text)
    plain = QUICK.compress([text, BRIDGE], QUERY, budget=Budget(tokens=40))
    assert told(QUICK.compress([text, BRIDGE], QUERY, budget=Budget(tokens=40), prepared=[record, None])) == told(plain)


@pytest.mark.slow
def test_a_long_text_has_a_record(cold):
    text = (BRIDGE + OVEN) * 600
    assert len(text) > 900_000
    (record,) = QUICK.prepare([text])
    plain = QUICK.compress([text], QUERY, budget=Budget(tokens=300))
    cold()
    assert told(QUICK.compress([text], QUERY, budget=Budget(tokens=300), prepared=[record])) == told(plain)
    assert bound(text, record)


def bound(text, record):
    return record.nbytes <= 3 * len(text.split()) + 400 * len(QUICK.units(text).spans) + 64


@pytest.mark.parametrize("text", [*PROSE, OVEN * 20, "x", "", "One word.", " ".join(PROSE)], ids=lambda text: text[:12])
def test_records_are_small(text):
    assert bound(text, QUICK.prepare([text])[0])


@pytest.mark.parametrize("text", [text for text in DOCUMENTS if text.strip()], ids=lambda text: text[:12])
def test_tables_code_and_other_scripts_weigh_at_most_three_bytes_a_token(text):
    tokens = len(shared_encoder("mini", "cpu").read([text])[0].offsets)
    assert QUICK.prepare([text])[0].nbytes <= 3 * tokens + 400 * len(QUICK.units(text).spans) + 64


@pytest.mark.parametrize("name", ["lingua", "sentence_filter", "document_ranking", "llmlingua2"])
def test_with_records_no_document_is_read(name, cold, readings):
    press = PRESSES[name]
    records = press.prepare(PROSE)
    cold()
    readings.clear()
    press.compress(PROSE, QUERY, budget=Budget(tokens=100), prepared=records)
    assert set(readings) <= {QUERY}


def test_only_documents_without_a_record_are_read(cold, readings):
    records = QUICK.prepare(PROSE)
    cold()
    readings.clear()
    QUICK.compress(PROSE, QUERY, budget=Budget(tokens=100), prepared=[records[0], None, *records[2:]])
    assert set(readings) == {QUERY, PROSE[1]}


def test_the_result_carries_no_records():
    out = QUICK.compress(PROSE, QUERY, budget=Budget(tokens=100), prepared=QUICK.prepare(PROSE))
    assert all(passage.prepared is None for passage in (*out.passages, *out.dropped))


def changed(folder, target):
    """A copy of a model with one weight that differs."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(folder, target)
    weights = load_file(f"{target}/model.safetensors")
    first = sorted(weights)[0]
    weights[first] = weights[first] + 1
    save_file(weights, f"{target}/model.safetensors", metadata={"format": "pt"})
    return str(target)


def test_a_record_of_another_model_is_ignored_with_a_warning(bert, tmp_path):
    own = LLMLingua2(TokenClassifier(bert, "cpu"))
    other = LLMLingua2(TokenClassifier(changed(bert, tmp_path / "model"), "cpu"))
    plain = own.compress(PROSE, budget=Budget(tokens=100))
    for record in (other.prepare(PROSE), QUICK.prepare(PROSE), load("head").prepare(PROSE)):
        out = own.compress(PROSE, budget=Budget(tokens=100), prepared=record)
        assert (out.text, out.passages) == (plain.text, plain.passages)
        assert any("4 of 4 prepared records were made by another model" in warning for warning in out.warnings)


def test_a_model_is_known_by_its_files_and_settings_not_by_its_place(bert, tmp_path):
    shutil.copytree(bert, tmp_path / "moved")
    assert fingerprint(str(tmp_path / "moved")) == fingerprint(bert)
    assert fingerprint(changed(bert, tmp_path / "changed")) != fingerprint(bert)
    assert fingerprint(bert, "keep") != fingerprint(bert, None) == fingerprint(bert, None)
    moved, label = TokenClassifier(str(tmp_path / "moved"), "cpu"), TokenClassifier(bert, "cpu", "drop")
    records = LLMLingua2(TokenClassifier(bert, "cpu")).prepare(PROSE)
    assert not LLMLingua2(moved).compress(PROSE, budget=Budget(tokens=200), prepared=records).warnings
    assert any(
        "another model" in text for text in LLMLingua2(label).compress(PROSE, budget=Budget(tokens=100), prepared=records).warnings
    )


def test_a_record_of_another_text_is_ignored_with_a_warning():
    plain = QUICK.compress(PROSE, QUERY, budget=Budget(tokens=100))
    out = QUICK.compress(PROSE, QUERY, budget=Budget(tokens=100), prepared=QUICK.prepare(PROSE)[::-1])
    assert (out.text, out.passages) == (plain.text, plain.passages)
    assert any("4 of 4 prepared records were made of another text" in warning for warning in out.warnings)


def test_a_record_of_another_version_is_ignored_with_a_warning():
    data = QUICK.prepare([BRIDGE])[0].to_bytes()
    later = Prepared.from_bytes(data[:2] + b"\x63" + data[3:] + b"more")
    assert (later.version, later.notes) == (99, ())
    out = QUICK.compress([BRIDGE], QUERY, budget=Budget(tokens=50), prepared=[later])
    assert out.text == QUICK.compress([BRIDGE], QUERY, budget=Budget(tokens=50)).text
    assert any("another version" in warning for warning in out.warnings)


def test_methods_without_a_model_take_any_record_in_silence():
    for name in ("head", "random_words"):
        out = load(name).compress(PROSE, budget=Budget(tokens=50), prepared=QUICK.prepare(PROSE))
        assert told(out) == told(load(name).compress(PROSE, budget=Budget(tokens=50)))
    fake = Lingua(FakeRelevance(), FakeKeep())
    out = fake.compress(PROSE, QUERY, budget=Budget(tokens=50), prepared=QUICK.prepare(PROSE))
    assert told(out) == told(fake.compress(PROSE, QUERY, budget=Budget(tokens=50)))
    assert fake.prepare(PROSE)[0].notes == ()


def test_other_units_are_read_anew(readings, cold):
    records = PRESSES["document_ranking"].prepare(PROSE)
    plain = PRESSES["sentence_filter"].compress(PROSE, QUERY, budget=Budget(tokens=100))
    assert told(PRESSES["sentence_filter"].compress(PROSE, QUERY, budget=Budget(tokens=100), prepared=records)) == told(plain)


def test_a_passage_that_was_narrowed_uses_no_record_of_the_whole():
    relevance = EmbeddingRelevance("mini", "cpu")
    whole = Units(sentences(BRIDGE))
    record = SentenceFilter(relevance, guard=Guard.off()).prepare([BRIDGE])[0]
    narrow = Passage.whole(0, BRIDGE, record).narrow(whole.spans[2:5])
    units = [Units(sentences(narrow.text))]
    bare = relevance.rate(QUERY, [Passage.whole(0, BRIDGE).narrow(whole.spans[2:5])], units)
    assert np.array_equal(relevance.rate(QUERY, [narrow], units).units[0], bare.units[0])


@pytest.mark.parametrize("place", [*range(8), *range(9, 4000, 37)])
def test_a_flipped_bit_is_an_error_or_another_version(place):
    data = bytearray(QUICK.prepare([BRIDGE])[0].to_bytes())
    data[place % len(data)] ^= 0x10
    if place % len(data) == 2:
        assert Prepared.from_bytes(bytes(data)).version != 1
        return
    with pytest.raises(InvalidRecord, match="prepare"):
        Prepared.from_bytes(bytes(data))


@pytest.mark.parametrize("size", [0, 1, 5, 15, 16, 40, 500, -1])
def test_a_part_of_a_record_is_an_error(size):
    with pytest.raises(InvalidRecord):
        Prepared.from_bytes(QUICK.prepare([BRIDGE])[0].to_bytes()[:size])


@given(body=st.binary(max_size=200), kind=st.integers(0, 3), count=st.integers(0, 3))
def test_nonsense_with_a_right_checksum_is_an_error_too(body, kind, count):
    rest = b"12345678" + bytes([count]) + bytes([kind]) + len(body).to_bytes(4, "little") + b"modelmod" + body
    data = b"LP" + bytes([VERSION]) + zlib.crc32(rest).to_bytes(4, "little") + rest
    with pytest.raises(InvalidRecord):
        Prepared.from_bytes(data if count != 1 or kind not in (1, 2) else data + b"?")


@pytest.mark.parametrize("text", ["", "???", "ÿ", "TFAB", "a" * 7, None, 3, b"\xff"], ids=repr)
def test_text_that_is_no_record_is_an_error(text):
    with pytest.raises(InvalidRecord):
        Prepared.from_text(text)


@pytest.mark.parametrize("prepared", [[], [None], [None] * 5, "abcd", [b"LP"] * 4, ["x"] * 4], ids=repr)
def test_records_have_to_be_one_for_each_document(prepared):
    with pytest.raises(InvalidRecord, match="prepared"):
        QUICK.compress(PROSE, QUERY, budget=Budget(tokens=50), prepared=prepared)


@pytest.mark.parametrize("documents", ["text", [1], None])
def test_only_texts_can_be_prepared(documents):
    with pytest.raises(InvalidDocuments):
        QUICK.prepare(documents)


def test_records_are_values():
    first, second = QUICK.prepare([BRIDGE, OVEN])
    assert first == QUICK.prepare([BRIDGE])[0] != second
    assert len({first, second, *QUICK.prepare([OVEN])}) == 2
    assert copy.deepcopy(first) == first == pickle.loads(pickle.dumps(first))
    assert first.nbytes == len(first.to_bytes()) > 100
    assert len(repr(first)) < 40
    with pytest.raises(FrozenInstanceError):
        first.data = b""


def test_eight_threads_get_the_same_bytes():
    records = QUICK.prepare(PROSE)
    expected = QUICK.compress(PROSE, QUERY, budget=Budget(tokens=100)).text

    def task(number):
        shared_encoder("mini", "cpu").forget()
        given_records = records if number % 2 else QUICK.prepare(PROSE)
        assert given_records == records
        return QUICK.compress(PROSE, QUERY, budget=Budget(tokens=100), prepared=given_records).text

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(task, range(16))) == {expected}


def test_rounding_twice_changes_nothing():
    odds = np.arange(-110, 111).astype(np.int8)
    assert np.array_equal(rounded_odds(probabilities(odds)), odds)
    assert rounded_odds(np.array([0.0, 0.5, 1.0, np.nan])).tolist() == [-111, 0, 111, 0]


@given(probability=st.lists(st.floats(0, 1, width=32), max_size=50))
def test_rounding_moves_a_probability_little(probability):
    values = np.array(probability, dtype=np.float32)
    assert np.abs(probabilities(rounded_odds(values)) - values).max(initial=0) < 0.016


@given(
    steps=st.lists(st.integers(0, 70_000), max_size=60),
    counts=st.lists(st.integers(0, 70_000), max_size=8),
    width=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_notes_survive_packing(steps, counts, width, seed):
    rng = np.random.default_rng(seed)
    odds = rng.integers(-128, 128, len(steps)).astype(np.int8)
    keep = KeepNote(b"keepkeep", np.cumsum(steps, dtype=np.int64), odds)
    lengths = rng.integers(1, 300, len(counts))
    states, scales = rng.integers(-127, 128, (len(counts), width)).astype(np.int8), rng.random(len(counts)).astype(np.float16)
    units = UnitNote(lengths, np.array(counts, dtype=np.int64), scales, states, np.float32(0.25), b"unitunit")
    first, second = unpacked(packed(keep) + packed(units), 2)
    assert np.array_equal(first.starts, keep.starts)
    assert np.array_equal(first.odds, odds)
    for name in ("lengths", "counts", "scales", "states", "legibility"):
        assert np.array_equal(getattr(second, name), getattr(units, name))
    assert (first.model, second.model) == (b"keepkeep", b"unitunit")


def test_rounded_states_point_where_the_states_point():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(20, 384)).astype(np.float32)
    note = UnitNote.of(Units([(i, i + 1) for i in range(20)]), np.ones(20, dtype=np.int64), means, 1.0)
    rounded = note.states * note.scales.astype(np.float32)[:, None]
    cosine = (rounded * means).sum(axis=1) / np.linalg.norm(rounded, axis=1) / np.linalg.norm(means, axis=1)
    assert cosine.min() > 0.9999


def test_a_keep_note_gives_words_what_its_tokens_give_them():
    scores = TokenClassifier("mini", "cpu").keep_probabilities([BRIDGE + CHINESE])[0]
    spans = words(BRIDGE + CHINESE)
    assert np.array_equal(KeepNote.of(b"12345678", scores).scores.pool(spans), scores.pool(spans), equal_nan=True)
