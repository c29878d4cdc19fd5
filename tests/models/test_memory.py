"""What has been read lately is read once; the memory has a bound."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.models.memory import Memory


class Reads:
    """A memory over a reader that doubles strings, and what the reader was asked for."""

    def __init__(self, most=100, size=len):
        self.memory, self.asked = Memory(size, most), []

    def __call__(self, *keys):
        return self.memory.through(keys, self.read)

    def read(self, keys):
        self.asked.append(list(keys))
        return [key * 2 for key in keys]


def test_values_come_in_the_order_of_the_keys_and_each_is_read_once():
    reads = Reads()
    assert reads("b", "a", "b") == ["bb", "aa", "bb"]
    assert reads("c", "a") == ["cc", "aa"]
    assert reads.asked == [["b", "a"], ["c"]]


def test_nothing_is_read_when_all_is_known():
    reads = Reads()
    reads("a")
    assert reads("a", "a") == ["aa", "aa"]
    assert reads() == []
    assert reads.asked == [["a"]]


def test_the_value_unused_for_longest_goes_first():
    reads = Reads(most=6)  # two values of two tokens, one more counted for each
    for key in "abac":
        reads(key)
    reads.asked.clear()
    reads("a", "c", "b")
    assert reads.asked == [["b"]]


def test_a_value_larger_than_the_memory_is_given_but_not_kept():
    reads = Reads(most=6)
    reads("a")
    assert reads("x" * 3) == ["x" * 6]
    assert reads("x" * 3, "a") == ["x" * 6, "aa"]
    assert reads.asked == [["a"], ["xxx"], ["xxx"]]


def test_values_without_tokens_do_not_stay_for_ever():
    reads = Reads(most=3, size=lambda value: 0)
    for key in "abcd":
        reads(key)
    reads("d", "a")
    assert reads.asked[-1] == ["a"]


def test_forgetting_empties_the_memory_and_its_bill():
    reads = Reads(most=6)
    for _ in range(2):
        reads("a")
        reads("b")
        assert reads("a", "b") == ["aa", "bb"]
        reads.memory.forget()
    assert reads.asked == [["a"], ["b"]] * 2


def test_a_reader_that_fails_leaves_the_memory_as_it_was():
    reads = Reads()
    reads("a")

    def fail(keys):
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        reads.memory.through(["a", "b"], fail)
    assert reads("a", "b") == ["aa", "bb"]
    assert reads.asked == [["a"], ["b"]]


def test_a_reader_that_leaves_one_out_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        Memory(len).through(["a", "b"], lambda keys: ["aa"])


@given(calls=st.lists(st.lists(st.text("abcdef", min_size=1, max_size=3), max_size=5), max_size=12), most=st.integers(1, 20))
def test_whatever_is_forgotten_the_values_are_right_and_within_the_bound(calls, most):
    reads = Reads(most)
    for keys in calls:
        assert reads(*keys) == [key * 2 for key in keys]
    reads.asked.clear()
    keys = {key for call in calls for key in call}
    reads(*keys)
    known = keys.difference(*reads.asked)
    assert sum(2 * len(key) + 1 for key in known) <= most


def test_many_threads_get_their_own_values():
    reads, start = Reads(most=12), threading.Barrier(8)

    def work(number):
        start.wait()
        return [reads(*keys) for keys in (("a", "b"), ("c", "d"), ("e", str(number))) * 50]

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(work, range(8))):
            assert found == [["aa", "bb"], ["cc", "dd"], ["ee", str(number) * 2]] * 50
