"""Words inside sentences: what they bring along."""

import pytest

from linguapress import Budget, load

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
