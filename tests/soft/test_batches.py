"""Items a few at a time."""

import pytest

from linguapress.soft.batches import batches, in_company


def test_batches_hold_every_item_once():
    assert list(batches("abcde", 2)) == ["ab", "cd", "e"]
    assert list(batches("", 2)) == []
    with pytest.raises(ValueError, match="at least 1"):
        batches("ab", 0)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 7, 9])
def test_no_item_is_alone_if_there_are_two(size, count):
    found = list(in_company(range(count), size))
    assert [item for batch in found for item in batch] == list(range(count))
    assert all(len(batch) >= min(2, count) for batch in found)
    assert all(len(batch) == max(2, size) for batch in found[:-1])
