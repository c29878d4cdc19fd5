"""Words inside sentences: what they bring along."""

import pytest

from linguapress import Budget, Guard, load

SALES = """# Sales 2022

| Region | Sum |
|---|---|
| North | 12 |
| South | 7 |

# Sales 2023

| Region | Sum |
|---|---|
| North | 15 |
| South | 6 |

# Staff

The company had 120 people in 2023, and most of them worked in the North. The office moved to Kiel in May."""
SETTINGS = """Ann: Can you show me the settings that you use for the new server?
Bob:
```yaml
port: 8080
host: localhost
```
Ann: Thanks. I will try them tomorrow in the afternoon.
Bob: Fine."""


@pytest.mark.parametrize("rate", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
def test_a_table_keeps_its_heading(rate):
    out = load("lingua").compress([SALES], "What were the sales of the South in 2023?", budget=Budget(rate=rate)).text
    for year, rows in (("2022", ("| North | 12 |", "| South | 7 |")), ("2023", ("| North | 15 |", "| South | 6 |"))):
        assert f"# Sales {year}" in out or not any(row in out for row in rows), out


@pytest.mark.parametrize("rate", [0.4, 0.5, 0.6, 0.7])
def test_code_keeps_the_label_of_who_sends_it(rate):
    out = load("lingua").compress([SETTINGS], "Which port does the server use?", budget=Budget(rate=rate)).text
    assert "Bob:\n```yaml\nport: 8080" in out or "port: 8080" not in out, out


ALERTS = """The lamps of the harbour

The office sends these to the watch:

- `LampOut`: no light has been seen from the tower within the last two minutes of the night.
- `LampDim`: the light of the tower is weaker than usual, as people on ships have told the office.
- Fog horn: the horn on the eastern pier has been silent although there is a lot of thick fog.
- Anything else that the watch on the pier thinks is worth a call, by day or by night.

8.1 The keeper of the lamps must tell the office whenever he leaves the tower for longer.
8.2 The keeper of the lamps shall live in the house beside the tower with the family of his."""
BEGINNINGS = {
    "- `LampOut`: ": ("no light", "two minutes"),
    "- `LampDim`: ": ("weaker", "told", "people"),
    "- Fog horn: ": ("eastern", "silent", "fog"),
    "- ": ("Anything", "worth", "call"),
    "8.1 ": ("must", "whenever", "longer"),
    "8.2 ": ("shall", "house", "family"),
}


@pytest.mark.parametrize("query", ["When is an alert sent about the light?", "Where does the keeper live?", None])
def test_words_of_an_item_keep_its_label(query):
    for rate in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        lines = load("lingua").compress([ALERTS], query, budget=Budget(rate=rate)).text.split("\n")
        for line in lines:
            assert line.rstrip() not in {label.rstrip() for label in BEGINNINGS}
            for label, words in BEGINNINGS.items():
                assert line.startswith(label) or not any(word in line for word in words), line


def test_without_a_guard_labels_go_like_other_words():
    labels = [label for rate in (0.3, 0.4, 0.5, 0.6) for label in _kept(Guard.off(), rate)]
    assert len(labels) < len([label for rate in (0.3, 0.4, 0.5, 0.6) for label in _kept(Guard(), rate)])


def _kept(guard, rate):
    text = load("lingua", guard=guard).compress([ALERTS], "When is an alert sent about the light?", budget=Budget(rate=rate)).text
    return [label for label in BEGINNINGS if f"\n{label}" in text]
