"""The ledger outlives crashes and keeps other runs out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.errors import DistillationError
from linguapress.training.distill.ledger import Entry, Ledger, key_of


def test_what_was_added_is_there_again(tmp_path):
    entries = [Entry("a", "reply \ud83d\n\u2028 今", "", 5, 3), Entry("b", None, "refused")]
    with Ledger(tmp_path / "new" / "ledger.jsonl") as ledger:
        for entry in entries:
            ledger.add(entry)
    with Ledger(ledger.path) as again:
        assert again.entries["b"] == entries[1]
        assert again.entries["a"].reply == "reply \ufffd\n\u2028 今"


def test_a_torn_line_is_lost_alone(tmp_path):
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        ledger.add(Entry("a", "one"))
        ledger.add(Entry("b", "two é"))
    whole = path.read_bytes()
    for cut in range(len(whole.splitlines()[0]) + 1, len(whole)):
        path.write_bytes(whole[:cut])
        with Ledger(path) as torn:
            assert torn.entries["a"].reply == "one"
            torn.add(Entry("c", "three"))
        with Ledger(path) as mended:
            assert {"a", "c"} <= set(mended.entries)


def test_the_latest_entry_counts(tmp_path):
    with Ledger(tmp_path / "l") as ledger:
        ledger.add(Entry("a", None, "refused"))
        ledger.add(Entry("a", "answer"))
    with Ledger(tmp_path / "l") as again:
        assert again.entries["a"].reply == "answer"


def test_a_second_run_is_kept_out_until_the_first_has_ended(tmp_path):
    with Ledger(tmp_path / "l"), pytest.raises(DistillationError, match="another run"), Ledger(tmp_path / "l"):
        pass
    with Ledger(tmp_path / "l"):
        pass


def test_what_is_no_entry_is_skipped(tmp_path):
    (tmp_path / "l").write_bytes(b'[1]\n{"key": 1, "unknown": 2}\n\xff\xfe\n\n{"key": "a", "reply": "x"}\n')
    with Ledger(tmp_path / "l") as ledger:
        assert set(ledger.entries) == {"a"}


@given(st.lists(st.text(max_size=4), min_size=3, max_size=3), st.lists(st.text(max_size=4), min_size=3, max_size=3))
def test_keys_are_equal_when_all_parts_are(first, second):
    if "\0" not in "".join(first + second):
        assert (key_of(*first) == key_of(*second)) == (first == second)
