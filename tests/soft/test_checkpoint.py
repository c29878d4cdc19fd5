"""Compressors in folders: whole or refused, and a refusal leaves the model as it was."""

import json

import pytest

from linguapress.errors import ModelNotFound
from linguapress.soft import Memory, XCompressor, byte_store

from .test_memory import key_values, same


@pytest.fixture
def folder(press, tmp_path):
    press.save_pretrained(tmp_path / "press")
    return tmp_path / "press"


def failing(monkeypatch, at):
    """The disk is full when the file of a number is put in its place."""
    replace, calls = byte_store.os.replace, []

    def full(*paths):
        calls.append(paths)
        if len(calls) == at:
            raise OSError(28, "No space left on device")
        replace(*paths)

    monkeypatch.setattr(byte_store.os, "replace", full)


def trained_on(press):
    press.tokens.data += 1
    for weight in press.adapter.weights.values():
        weight.data += 0.1


@pytest.mark.parametrize("at", [2, 3])
def test_a_save_that_was_interrupted_is_not_loaded_as_a_mixture(press, folder, frozen, monkeypatch, at):
    trained_on(press)
    with monkeypatch.context() as patch:
        failing(patch, at)
        with pytest.raises(OSError, match="No space"):
            press.save_pretrained(folder)
    lm = frozen()
    with pytest.raises(ModelNotFound, match="a mixture of two"):
        XCompressor.from_pretrained(folder, lm)
    press.save_pretrained(folder)
    assert XCompressor.from_pretrained(folder, lm).fingerprint == press.fingerprint
    assert not list(folder.glob(".*"))


def test_a_save_that_fails_at_once_leaves_the_older_one(press, folder, frozen, monkeypatch):
    before = press.fingerprint
    trained_on(press)
    failing(monkeypatch, 1)
    with pytest.raises(OSError, match="No space"):
        press.save_pretrained(folder)
    assert XCompressor.from_pretrained(folder, frozen()).fingerprint == before


def test_a_memory_file_is_replaced_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    key_values().save(path)
    failing(monkeypatch, 1)
    with pytest.raises(OSError, match="No space"):
        key_values(k=2).save(path)
    assert same(Memory.load(path), key_values())
    assert list(tmp_path.iterdir()) == [path]


def test_folders_of_before_the_weights_were_named_are_loaded(press, folder, frozen):
    facts = json.loads((folder / "soft.json").read_text())
    del facts["weights_fingerprint"]
    (folder / "soft.json").write_text(json.dumps(facts))
    assert XCompressor.from_pretrained(folder, frozen()).fingerprint == press.fingerprint


@pytest.mark.parametrize(
    ("change", "words"),
    [({"new": 1}, "update linguapress"), ({"k": "3"}, "are damaged"), ({"k": 0}, "are damaged"), ({"k": 3.0}, "k of"), ({"seed": None}, "seed of"),
     ({"dropout": None}, "are damaged"), ({"targets": "none"}, "are damaged"), (None, "update linguapress")],
)  # fmt: skip
def test_settings_that_are_damaged_or_newer_are_refused(folder, frozen, change, words):
    facts = json.loads((folder / "soft.json").read_text())
    facts["settings"] = change and facts["settings"] | change
    (folder / "soft.json").write_text(json.dumps(facts))
    with pytest.raises(ModelNotFound, match=words):
        XCompressor.from_pretrained(folder, frozen())


def test_a_folder_that_does_not_fit_leaves_the_model_as_it_was(press, folder, frozen):
    lm, told = frozen(), (folder / "soft.json").read_text()
    names = [name for name, _ in lm.model.named_parameters()]
    facts = json.loads(told)
    (folder / "soft.json").write_text(json.dumps(facts | {"settings": facts["settings"] | {"rank": 8}}))
    with pytest.raises(ModelNotFound, match="do not fit"):
        XCompressor.from_pretrained(folder, lm)
    assert [name for name, _ in lm.model.named_parameters()] == names
    assert not any(weight.requires_grad for weight in lm.model.parameters())
    (folder / "soft.json").write_text(told)
    found = XCompressor.from_pretrained(folder, lm)
    assert all(map(same, found.compress(["Green."]), press.compress(["Green."])))
