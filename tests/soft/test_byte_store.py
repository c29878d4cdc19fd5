"""The folder store: bytes by key, whole or not at all, for several processes."""

import subprocess
import sys
import threading

import pytest

from linguapress.soft import ByteStore, FolderStore, byte_store


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "not" / "there")


def test_what_is_kept_comes_back_in_order(store):
    assert store.mget(["aa", "bb"]) == [None, None]
    store.mset([("aa", b"1"), ("bb", b""), ("cc", bytes(range(256)))])
    assert store.mget(["cc", "zz", "aa", "bb", "aa"]) == [bytes(range(256)), None, b"1", b"", b"1"]
    store.mset([("aa", b"2")])
    assert store.mget(["aa"]) == [b"2"]
    assert store.mget([]) == []


def test_another_store_of_the_folder_sees_it(store, tmp_path):
    store.mset([("aa", b"1")])
    assert FolderStore(str(tmp_path / "not" / "there")).mget(["aa"]) == [b"1"]


def test_keys_are_listed_and_forgotten(store):
    assert list(store.yield_keys()) == []
    store.mset([("memory-aa", b"1"), ("memory-bb", b"2"), ("text-aa", b"3")])
    assert sorted(store.yield_keys(prefix="memory-")) == ["memory-aa", "memory-bb"]
    store.mdelete(["memory-aa", "memory-cc"])
    assert sorted(store.yield_keys()) == ["memory-bb", "text-aa"]


@pytest.mark.parametrize("key", ["", "a", "../aa", "a/b", ".aa", "aa\0", "aa\n", "AA", "café", "a" * 201, "a\\b", "c:aa"])
def test_keys_that_are_no_safe_file_names_are_refused_before_anything_is_written(store, tmp_path, key):
    with pytest.raises(ValueError, match="is no key of a FolderStore"):
        store.mget([key])
    with pytest.raises(ValueError, match="is no key of a FolderStore"):
        store.mset([("aa", b"1"), (key, b"2")])
    assert list(tmp_path.rglob("*")) == []


def test_a_write_that_fails_leaves_what_was_there(store, tmp_path, monkeypatch):
    store.mset([("aa", b"old")])

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("linguapress.soft.byte_store.os.replace", full)
    with pytest.raises(OSError, match="no space"):
        store.mset([("aa", b"new")])
    assert store.mget(["aa"]) == [b"old"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["aa"]


def test_readers_see_one_of_the_values_whole(store):
    values = [bytes([n]) * 100_000 for n in range(4)]
    store.mset([("aa", values[0])])
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add(store.mget(["aa"])[0])

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=lambda v=v: [store.mset([("aa", v)]) for _ in range(20)]) for v in values]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert seen <= set(values)


def test_processes_share_it(store, tmp_path):
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1])['FolderStore'](sys.argv[2]).mset([('aa', b'from afar')])"  # without torch
    )
    subprocess.run([sys.executable, "-c", code, byte_store.__file__, str(tmp_path / "not" / "there")], check=True)
    assert store.mget(["aa"]) == [b"from afar"]


def test_it_is_a_byte_store(store):
    assert isinstance(store, ByteStore)
    assert "there" in repr(store)
