"""Stored memories beside full prefill: what is read in which order, with which result, and what is said of it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from samples import BRIDGE, OVEN
from typer.testing import CliRunner

from linguapress.cli import app
from linguapress.evaluation import memories
from linguapress.evaluation.memories_cases import FULL, GENERATE, KEYS, QUESTION, Case, cases_of, chunks_of
from linguapress.evaluation.memories_models import random_llama
from linguapress.evaluation.memories_page import markdown, shares
from linguapress.evaluation.memories_store import key_values, sides_of, store
from linguapress.evaluation.memories_worker import measured
from linguapress.soft import FrozenLM, Memory, SoftReader

TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48}


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """Folder of a random Llama that the benchmark makes, only smaller, and less sure of nothing."""
    return random_llama(tmp_path_factory.mktemp("models") / "llama", max_position_embeddings=256, initializer_range=0.3, **TINY)


@pytest.fixture
def lm(llama):
    return FrozenLM.load(str(llama), "cpu", exact=True)


@pytest.fixture
def texts(tmp_path):
    file = tmp_path / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in (BRIDGE, OVEN)), "utf-8")
    return file


def test_the_random_model_reads_as_far_as_it_says_and_is_made_once(llama, lm):
    assert lm.window == 256
    assert lm.tokenizer.get_vocab_size() <= lm.model.config.vocab_size
    before = (llama / "config.json").stat().st_mtime_ns
    assert random_llama(llama) == llama
    assert (llama / "config.json").stat().st_mtime_ns == before


def test_chunks_are_consecutive_pieces_of_one_size(texts, lm):
    chunks = chunks_of(texts, lm.tokenizer, 3, 8)
    assert (BRIDGE + "\n\n").startswith("".join(chunks))
    assert [len(lm.tokens(chunk)) for chunk in chunks] == [8, 8, 8]


def test_a_file_that_is_too_short_says_what_it_has(texts, lm):
    with pytest.raises(ValueError, match=r"whole pieces of 8 tokens .* 1000 are needed"):
        chunks_of(texts, lm.tokenizer, 1000, 8)


def test_every_length_is_read_in_every_way_and_a_longer_one_begins_with_a_shorter_one():
    chunks, paths = ["a ", "b ", "c "], [Path("0"), Path("1"), Path("2")]
    cases = cases_of(chunks, {"500x-4": paths, KEYS: paths}, [10, 25], 10)
    assert [case.name for case in cases] == [f"{side}-{n}" for n in (10, 25) for side in (FULL, GENERATE, "500x-4", KEYS)]
    assert [list(case.chunks) for case in cases[4:]] == [chunks, chunks, ["0", "1", "2"], ["0", "1", "2"]]
    assert [list(case.chunks) for case in cases[:3]] == [["a "], ["a "], ["0"]]
    assert [case.to_dict()["text"] for case in cases[:4]] == [True, True, False, False]


def test_key_values_of_all_tokens_are_read_like_the_text(lm):
    ids = lm.tokens(BRIDGE[:60])
    (stored,), (plain,) = (
        SoftReader(lm).score([prompt], [" green"]) for prompt in ([key_values(lm, BRIDGE[:60]), "?"], [ids, "?"])
    )
    np.testing.assert_allclose(stored, plain, rtol=1e-4)


def test_memories_are_made_of_every_chunk_in_every_way(llama, tmp_path):
    chunks = [BRIDGE[:40], OVEN[:50]]
    for side in sides_of((4, 2)):
        found = store(side, str(llama), "cpu", chunks, tmp_path)
        read = [Memory.load(path) for path in found.paths]
        assert [memory.source.parts for memory in read] == [1, 1]
        assert read[0].k == found.slots == {"4": 4, "2": 2}.get(side.partition("-")[2], read[0].source.tokens)
        assert len(found.seconds) == 2
        assert min(wall for wall, _ in found.seconds) > 0


def test_a_measured_answer_is_that_of_the_reader(llama, lm, tmp_path):
    text, rest = BRIDGE[:40], BRIDGE[40:80]
    both = [measured(lm, Case(side, 16, [text, rest]).to_dict()) for side in (FULL, GENERATE)]
    (expected,) = SoftReader(lm).generate([text + rest + QUESTION], most=1)
    assert [one["first"] for one in both] == [expected, expected]
    paths = store("500x-2", str(llama), "cpu", [text, rest], tmp_path).paths
    found = measured(lm, Case("500x-2", 16, [str(path) for path in paths]).to_dict())
    (expected,) = SoftReader(lm).generate([[*map(Memory.load, paths), QUESTION]], most=1)
    assert found["first"] == expected
    assert 0 < found["loading"][0] < found["seconds"][0] < 60


def test_rounds_go_forth_and_back_after_one_that_does_not_count():
    log = []

    def answer(name):
        log.append(name)
        return {"seconds": [len(log), 0.5], "loading": [0.0, 0.0], "first": "x"}

    cases = [Case(FULL, 10, ["a"]), Case(KEYS, 10, ["b"])]
    rows = memories.answered(SimpleNamespace(run=answer), cases, 2)
    forth = ["full-10", "all-keys-10"]
    assert log == [*forth[::-1], *forth, *forth[::-1]]
    assert rows["full-10"]["seconds"] == [[3, 0.5], [6, 0.5]]


def page_of(busy=False, quick=0.2):
    def row(*seconds, peak=150):
        pairs = [[wall, 10 * wall] for wall in seconds]
        return {"seconds": pairs, "loading": [[0.01, 0.02]] * len(pairs), "first": "x", "peak_mib": peak, "loaded_mib": 100}

    rows = {"full-2000": row(1.0, 2.0, 4.0, peak=1234), "transformers-2000": row(1.1, 2.2, 4.4)}
    rows |= {"500x-16-2000": row(quick, 2 * quick, 8 * quick), "all-keys-2000": row(0.5, 0.5, 0.5)}
    stored = {
        "500x-16": {"bytes": 200000, "slots": 16, "seconds": [[0.3, 3.0], [0.4, 4.0], [0.9, 9.0]]},
        KEYS: {"bytes": 6e6, "slots": 500, "seconds": [[0.2, 2.0]]},
    }
    settings = {"chunk": 500, "rounds": 3, "threads": 1, "device": "cpu", "busy": busy}
    about = {"parameters": 88e6, "precision": "bfloat16", "window": 16384, "versions": {"torch": "2"}}
    return {
        "date": "2030-01-01", "data": "x.jsonl", "model": "random Llama", "machine": {"processor": "P", "cores": 2}, "about": about,
        "settings": settings, "tokens": {"2000": 2004}, "question": 20, "text_bytes": 2000, "stored": stored, "rows": rows,
    }  # fmt: skip


def test_shares_are_taken_by_round():
    assert shares(page_of(), "500x-16", "2000") == [0.2, 0.2, 0.4]


@pytest.mark.parametrize(("quick", "told"), [(0.2, "**reached** (500xCompressor, k = 16 20.0%)"), (0.3, "**missed**")])
def test_the_page_says_whether_the_goal_is_reached(quick, told):
    assert told in markdown(page_of(quick=quick))


@pytest.mark.parametrize(
    ("busy", "unit", "full", "made"),
    [(False, "seconds,", "2.000", "0.400"), (True, "seconds of processor time", "20.000", "4.000")],
)
def test_the_page_gives_times_shares_memory_and_bytes(busy, unit, full, made):
    page = markdown(page_of(busy))
    assert f"Time to the first token, {unit}" in page
    assert f"| full prefill | {full} |" in page
    assert f"| 200,000 | 100.0 | {made} |" in page
    assert "(20.0%; 20.0%-40.0%) |" in page
    assert "| full prefill | 1,134 |" in page
    assert "are the same at every length" in page


def test_the_page_says_where_the_two_readers_differ():
    found = page_of()
    found["rows"]["transformers-2000"]["first"] = "y"
    assert "differ at 2,000 tokens" in markdown(found)


def test_the_command_is_there():
    told = CliRunner().invoke(app, ["bench-memories", "--help"])
    assert told.exit_code == 0, told.output
    assert "--slots" in told.output


@pytest.mark.slow
def test_the_command_measures_every_way(llama, texts, tmp_path):
    options = ["--model", str(llama), "--length", "16", "--chunk", "8", "--slots", "2", "--rounds", "1"]
    told = CliRunner().invoke(app, ["bench-memories", str(texts), *options, "--out", str(tmp_path / "out" / "memories")])
    assert told.exit_code == 0, told.output
    found = json.loads((tmp_path / "out" / "memories.json").read_text("utf-8"))
    assert len(found["rows"]) == 5
    assert all(row["seconds"][0][0] > 0 and row["peak_mib"] >= row["loaded_mib"] > 100 for row in found["rows"].values())
    assert found["stored"][KEYS]["bytes"] > found["stored"]["500x-2"]["bytes"] > found["stored"]["icae-2"]["bytes"]
