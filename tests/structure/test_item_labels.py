"""How items begin."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.structure.item_labels import opening


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("- `LampOut`: no light within two minutes.", "- `LampOut`: "),
        ("- **Lamp out** (new): no light.", "- **Lamp out** (new): "),
        ("- **Lamp out:** no light.", "- **Lamp out:** "),
        ("* `--quiet` — says nothing.", "* `--quiet` — "),
        ("- The lamp is out.", "- "),
        ("3. Switch it off.", "3. "),
        ("(b) who lives abroad", "(b) "),
        ("Adults: twenty books.", "Adults: "),
        ("Lamps of the old kind: none left.", "Lamps of the old kind: "),
        ("15.2 The tenant shall not sing.", "15.2 "),
        ("§ 4 Der Mieter singt nicht.", "§ 4 "),
        ("Art. 12a: Nobody sings.", "Art. 12a: "),
        ("1.3 Duties: the tenant sings.", "1.3 Duties: "),
        ("押金：两个月房租。", "押金："),
        ("The lamp that stands in the hall: it is out.", ""),
        ("The lamp is out. Note: call us.", ""),
        ("He came at 10:30 to the hall.", ""),
        ("See https://lamps.example for more.", ""),
        ("12 lamps are out.", ""),
        ("Adults:", ""),
        ("-", ""),
        ("", ""),
    ],
)
def test_a_bullet_a_number_and_a_short_label_open_a_line(text, label):
    assert text[: opening(text, 0, len(text))] == label
    for before in ("Lamps.\n", "Lamps.\n    ", "> "):
        assert opening(before + text, len(before), len(before + text)) == len(before + label)
    assert opening("Lamps. " + text, 7, 7 + len(text)) == 7


@given(text=st.text(alphabet="ab -*`:.1\n>("), start=st.integers(0, 20))
def test_openings_lie_inside(text, start):
    start = min(start, len(text))
    end = opening(text, start, len(text))
    assert start == end or start < end < len(text)


@pytest.mark.parametrize("text", ["a " * 200_000, "a" * 400_000, "`" * 400_000, " " * 400_000, "1.1" * 100_000, "**a" * 100_000])
def test_only_the_beginning_is_read(text):
    start = time.process_time()
    for _ in range(100):
        opening(text, 0, len(text))
    assert time.process_time() - start < 1
