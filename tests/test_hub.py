"""Names of the Hugging Face hub without a network: a quick and true word, or what the local cache holds."""

import shutil
import socket
import threading

import pytest
from samples import PROSE

from linguapress import Budget, ModelNotFound, UnknownName, hub, load, token_counter


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty local cache, and a hub that is asked; sockets are blocked."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path / "hub"


@pytest.fixture
def asked(monkeypatch):
    """The addresses that were looked up, in vain."""
    found = []

    def unknown(host, *_, **__):
        found.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    return found


def cached(cache, name, folder):
    """Puts the files of a model where the hub's client would."""
    place = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / "0123abcd")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0123abcd")
    return str(place / "snapshots" / "0123abcd")


@pytest.mark.parametrize(
    ("method", "model"),
    [("llmlingua2", "org/name"), ("llmlingua", "org/name"), ("query_select", "open-provence:org/name"),
     ("lingua", "org/name"), ("sentence_filter", "cross-encoder:org/name")],
)  # fmt: skip
def test_a_model_that_cannot_be_had_is_told_at_once(asked, method, model):
    if method in ("lingua", "sentence_filter"):
        pytest.importorskip("sentence_transformers")
    with pytest.raises(
        ModelNotFound, match=r"'org/name' is no folder and not in the local cache .* could not be reached .*; give a folder"
    ):
        load(method, model=model).compress(PROSE, "Who built it?", budget=Budget(tokens=20))
    assert 1 <= len(asked) <= 2  # the libraries try six times a file


def test_a_tokenizer_that_cannot_be_had_is_told_at_once(asked):
    with pytest.raises(
        UnknownName, match=r"'org/name', which tiktoken does not know: .* not in the local cache .* could not be reached"
    ):
        token_counter("org/name")
    assert 1 <= len(asked) <= 2  # the libraries try six times a file


def test_what_the_cache_holds_needs_no_hub(cache, bert):
    folder = cached(cache, "org/name", bert)
    assert hub.located("org/name") == folder
    assert token_counter("org/name")("the bridge") == token_counter(bert)("the bridge")
    found, own = (load("llmlingua2", model=model).compress(PROSE, budget=Budget(tokens=50)) for model in ("org/name", bert))
    assert found.text == own.text


def test_names_without_an_owner_are_looked_up_under_theirs(cache, bert):
    folder = cached(cache, "sentence-transformers/name", bert)
    assert hub.located("name", "sentence-transformers") == folder
    with pytest.raises(ModelNotFound, match="'name' is no folder"):
        hub.located("name")


def test_a_hub_that_says_nothing_is_not_waited_for(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(hub, "_refusal", lambda hub, name: done.wait(30))
    monkeypatch.setattr(hub, "_PATIENCE", 0.1)
    with pytest.raises(ModelNotFound, match=r"could not be reached .no answer in"):
        hub.located("org/name")
    done.set()


def test_offline_mode_is_named(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelNotFound, match=r"HF_HUB_OFFLINE|offline"):
        hub.located("org/name")


@pytest.mark.parametrize("answer", [200, 401, 404, 503])
def test_a_hub_that_answers_is_left_to_the_libraries(monkeypatch, answer):
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    def said(self, name, timeout):
        assert timeout < 10
        if answer != 200:
            raise HfHubHTTPError.__new__(HfHubHTTPError)

    monkeypatch.setattr(HfApi, "model_info", said)
    assert hub.located("org/name") == "org/name"


@pytest.mark.parametrize("name", ["./none", "/no/such/folder", "a b", "a/b/c"])
def test_what_cannot_be_a_name_of_the_hub_is_not_looked_up(monkeypatch, name):
    monkeypatch.setattr(hub, "_silence", pytest.fail)
    assert hub.located(name) == name


def test_a_folder_is_not_looked_up(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "_silence", pytest.fail)
    assert hub.located(str(tmp_path)) == str(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert hub.located("mine") == "mine"
