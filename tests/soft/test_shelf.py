"""The shelf: memories made once, found again, and texts that are never lost."""

import random
import re
from dataclasses import replace

import pytest
import torch
from samples import BRIDGE, OVEN

from linguapress.errors import InvalidDocuments, InvalidPrompt, UnsupportedModel, WrongModel
from linguapress.soft import FolderStore, Icae, Memory, MemoryShelf, TextShelf, XCompressor, resolve

from .conftest import stirred

SECRET = b"known to all of us"
TEXTS = [BRIDGE[:70].strip(), OVEN[:30].strip(), "Green."]
ODD = ["a\0b", "🧑🏽‍🚀 flew", "قال: نعم", "</s><s> [[memory:x:y]]", "é" * 3, "\ud800 lone"]


class Counting:
    """A store in memory that LangChain could have made, which counts what it is asked."""

    def __init__(self):
        self.kept, self.written = {}, []

    def mget(self, keys):
        return [self.kept.get(key) for key in keys]

    def mset(self, key_value_pairs):
        self.written += [key for key, _ in key_value_pairs]
        self.kept.update(key_value_pairs)


@pytest.fixture
def store():
    return Counting()


@pytest.fixture
def shelf(press, store):
    return MemoryShelf(press, store, SECRET)


def segments(shelf, prompt):
    return resolve(shelf, prompt).segments


def same(one, other):
    pairs = zip(one.tensors().values(), other.tensors().values(), strict=True)
    return one.source == other.source and one.maker == other.maker and all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)


def forget(store, prefix):
    for key in [key for key in store.kept if key.startswith(prefix)]:
        del store.kept[key]


def test_a_reference_becomes_the_memory_that_the_compressor_makes(shelf, press):
    shelf.keep(TEXTS)
    one, two = shelf.refer(TEXTS[:2])
    first, between, second, last = segments(shelf, f"{one}\n\n{two} What?")
    assert (between, last) == ("\n\n", " What?")
    for found, made in zip((first, second), press.compress(TEXTS[:2]), strict=True):
        assert isinstance(found, Memory)
        assert same(found, made)


def test_nothing_is_compressed_twice(shelf, store, press, monkeypatch):
    seen = []
    compress = press.compress
    monkeypatch.setattr(press, "compress", lambda texts, *args: seen.append(list(texts)) or compress(texts, *args))
    shelf.keep([TEXTS[0], TEXTS[1], TEXTS[0], f"  {TEXTS[0]}\n"])
    keys = shelf.keep([TEXTS[1], TEXTS[2]])
    MemoryShelf(press, store).keep(TEXTS)
    assert seen == [TEXTS[:2], [TEXTS[2]]]
    assert len(store.written) == len(set(store.written)) == 6
    assert all(key in store.kept for key in keys)


def test_what_is_done_before_an_interruption_stays_done(shelf, press, monkeypatch):
    compress, calls = press.compress, []

    def interrupted(texts, *args):
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compress(texts, *args)

    monkeypatch.setattr(press, "compress", interrupted)
    texts = [f"Text {n}." for n in range(20)]
    with pytest.raises(KeyboardInterrupt):
        shelf.keep(texts, batch_size=1)
    shelf.keep(texts, batch_size=1)
    assert calls == [16, 4, 4]


def test_without_a_memory_the_text_is_read(shelf, store):
    (reference,) = shelf.refer(TEXTS[:1])
    assert segments(shelf, f"Read {reference}, please.") == ["Read ", TEXTS[0], ", please."]
    assert resolve(shelf, reference * 2).missing == 2
    shelf.keep(TEXTS)
    assert resolve(shelf, reference).missing == 0
    forget(store, "memory")
    assert segments(shelf, reference) == TEXTS[:1]


@pytest.mark.parametrize("spoil", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"nonsense" * 9])
def test_damaged_bytes_are_as_good_as_none_and_are_made_anew(shelf, store, spoil):
    (key,) = shelf.keep(TEXTS[:1])
    whole = store.kept[key]
    store.kept[key] = spoil(whole)
    (reference,) = shelf.refer(TEXTS[:1])
    assert segments(shelf, reference) == TEXTS[:1]
    shelf.keep(TEXTS[:1])
    assert store.kept[key] == whole


def test_a_memory_of_another_text_under_the_key_is_none(shelf, store):
    one, two = shelf.keep(TEXTS[:2])
    store.kept[one] = store.kept[two]
    (reference,) = shelf.refer(TEXTS[:1])
    assert segments(shelf, reference) == TEXTS[:1]


def test_a_memory_of_another_maker_under_the_key_is_none_and_is_made_anew(shelf, store):
    (key,) = shelf.keep(TEXTS[:1])
    whole = Memory.from_bytes(store.kept[key])
    (reference,) = shelf.refer(TEXTS[:1])
    for maker in (replace(whole.maker, model="0" * 16), replace(whole.maker, adapter="0" * 16)):
        store.kept[key] = replace(whole, maker=maker).to_bytes()
        assert segments(shelf, reference) == TEXTS[:1]
        shelf.keep(TEXTS[:1])
        assert same(segments(shelf, reference)[0], whole)


def test_another_model_adapter_or_k_finds_no_memory_and_reads_the_text(shelf, store, frozen):
    shelf.keep(TEXTS)
    (reference,) = shelf.refer(TEXTS[:1])
    others = [
        MemoryShelf(stirred(XCompressor.new(frozen("qwen3"), k=3, longest=32, rank=4)), store, SECRET),
        MemoryShelf(XCompressor.new(frozen(), k=3, longest=32, rank=4, seed=1), store, SECRET),
        MemoryShelf(Icae.new(frozen(), k=3, longest=32, rank=4), store, SECRET),
        MemoryShelf(shelf.press, store, SECRET, k=2),
    ]
    for other in others:
        assert segments(other, reference) == TEXTS[:1]
        other.keep(TEXTS[:1])
        (memory,) = segments(other, reference)
        assert memory.k == other.k
    assert len({shelf.key("a"), *(other.key("a") for other in others)}) == 5


def test_a_compressor_that_was_trained_on_is_refused(shelf, press):
    press.tokens.data += 1
    with pytest.raises(WrongModel, match="make a new shelf"):
        shelf.keep(TEXTS)


def test_another_process_or_a_restarted_one_finds_memory_and_text(press, tmp_path):
    here = MemoryShelf(press, FolderStore(tmp_path), SECRET)
    here.keep(TEXTS[:1])
    kept, unkept = TextShelf(FolderStore(tmp_path), SECRET).refer(TEXTS[:2])
    there = MemoryShelf(press, FolderStore(tmp_path), SECRET)
    memory, text = segments(there, kept + unkept)
    assert isinstance(memory, Memory)
    assert text == TEXTS[1]


@pytest.mark.parametrize(
    "spoil", [lambda store: store.kept.clear(), lambda store: store.kept.update({k: b"x" for k in store.kept})]
)
def test_what_is_lost_altogether_is_an_error_and_swapping_again_mends_it(shelf, store, spoil):
    (reference,) = shelf.refer(TEXTS[:1])
    spoil(store)
    with pytest.raises(InvalidPrompt, match="swap the documents again"):
        resolve(shelf, f"Read {reference}")
    assert shelf.refer(TEXTS[:1]) == [reference]
    assert segments(shelf, reference) == TEXTS[:1]


class Guarded(Counting):
    def __repr__(self):
        return "RedisStore('redis://admin:hunter2@db')"


def test_an_error_names_the_store_and_never_its_password(press):
    shelf = MemoryShelf(press, Guarded())
    (reference,) = shelf.refer(TEXTS[:1])
    shelf.store.kept.clear()
    with pytest.raises(InvalidPrompt, match=r"Guarded [0-9a-f]{8} has lost") as caught:
        resolve(shelf, reference)
    assert "hunter2" not in str(caught.value)


def test_a_reference_that_was_cut_anywhere_is_refused(shelf):
    (reference,) = shelf.refer(TEXTS[:1])
    for rest in (reference[20:], reference[:-20], reference[:20], reference[-20:]):
        with pytest.raises(InvalidPrompt, match="was cut"):
            resolve(shelf, f"Read {rest} now")


def test_what_others_write_is_text(shelf, press, caplog):
    shelf.keep(TEXTS)
    (reference,) = shelf.refer(TEXTS[:1])
    forged = reference[:-6] + ("aaaa]]" if reference[-6:-2] != "aaaa" else "bbbb]]")
    foreign = MemoryShelf(press, shelf.store).refer(TEXTS[:1])[0]
    for text in (forged, foreign, "[[memory:x:y]]"):
        assert segments(shelf, text) == [text]
    assert "not signed" in caplog.text
    assert resolve(shelf, forged + foreign).unsigned == 2
    assert resolve(shelf, reference).unsigned == 0


def test_a_document_that_holds_a_reference_does_not_become_another_one(shelf):
    (reference,) = shelf.refer(TEXTS[:1])
    (quoting,) = shelf.refer([f"See {reference}"])
    assert segments(shelf, quoting) == [f"See {reference}"]
    assert shelf.refers(reference)
    assert shelf.refers(f" {reference}\n")
    assert not shelf.refers(f"See {reference}")
    assert not shelf.refers("plain")


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_read_either_way(shelf, store, press, text):
    (reference,) = shelf.refer([text])
    (read,) = segments(shelf, reference)
    assert press.lm.tokens(read) == press.lm.tokens(text)
    shelf.keep([text])
    (memory,) = segments(shelf, reference)
    assert same(memory, press.compress([text])[0])


def test_blanks_around_a_text_stay_in_the_prompt(shelf):
    swapped = shelf.refer(["\n a  b \t", "", " \n ", "a  b"])
    assert swapped[1:3] == ["", " \n "]
    assert swapped[0] == f"\n {swapped[3]} \t"
    assert shelf.keep(["", " \n "]) == [None, None]
    assert segments(shelf, swapped[0]) == ["\n ", "a  b", " \t"]


def test_a_large_text_is_kept_whole(shelf, press):
    text = " ".join(random.Random(0).choices(OVEN.split(), k=220_000))
    assert len(text) > 1_000_000
    (reference,) = shelf.refer([text])
    assert len(reference) < 80
    assert segments(shelf, reference) == [text]
    long = text[:3000]
    shelf.keep([long])
    (memory,) = segments(shelf, shelf.refer([long])[0])
    assert same(memory, press.compress([long])[0])


def test_a_text_that_the_model_cannot_reach_is_refused(frozen):
    shelf = MemoryShelf(XCompressor.new(frozen("gpt2"), k=3, longest=32, rank=4), Counting())
    with pytest.raises(UnsupportedModel, match="cut the text"):
        shelf.keep([BRIDGE * 9])


def test_one_text_is_no_list_of_texts(shelf):
    with pytest.raises(InvalidDocuments, match="put a single text in a list"):
        shelf.keep("Green.")
    with pytest.raises(InvalidDocuments, match="put a single text in a list"):
        shelf.refer("Green.")
    with pytest.raises(InvalidDocuments, match="put a single text in a list"):
        shelf.refer([b"Green."])
    for take in (shelf.keep, shelf.refer):
        with pytest.raises(InvalidDocuments, match="are a list of strings"):
            take(text for text in TEXTS)


def test_what_makes_no_shelf_is_refused(press, store):
    with pytest.raises(TypeError, match="a dict keeps no bytes"):
        TextShelf({})
    with pytest.raises(ValueError, match="can be guessed"):
        MemoryShelf(press, store, b"short")
    for k in (0, 4):
        with pytest.raises(ValueError, match="has 1 to 3 memory tokens"):
            MemoryShelf(press, store, k=k)


class Held(Counting):
    def __repr__(self):
        return f"Held({self.kept})"


def test_a_shelf_names_its_store_the_same_in_every_process(shelf, press, tmp_path):
    folder, name = FolderStore(tmp_path), "FolderStore [0-9a-f]{8}"
    assert re.fullmatch(rf"TextShelf\({name}\)", repr(TextShelf(folder)))
    assert re.fullmatch(rf"MemoryShelf\({name}, {re.escape(str(shelf.maker))}, k=3\)", repr(MemoryShelf(press, folder)))
    assert repr(TextShelf(folder)) == repr(TextShelf(FolderStore(tmp_path)))
    assert repr(TextShelf(folder)) != repr(TextShelf(FolderStore(tmp_path / "other")))
    assert repr(TextShelf(shelf.store)) == "TextShelf(Counting)"
    assert repr(shelf) == f"MemoryShelf(Counting, {shelf.maker}, k=3)"
    held = TextShelf(Held())
    held.refer(TEXTS)
    assert repr(held) == "TextShelf(Held)"


def test_the_secret_is_shown_nowhere(shelf):
    assert "known" not in repr(shelf) + repr(shelf.marks) + repr(TextShelf(shelf.store, SECRET))
    assert shelf.maker.adapter in repr(shelf)
