"""Texts for the tests: ordinary ones, and whatever a crawler may drag in."""

from __future__ import annotations

import json

from hypothesis import strategies as st

BRIDGE = """# The Lion Bridge

The Lion Bridge crosses the river Elm at Torvik, not at Hagen. It was built between 1894 and 1897 by Marta Holm, who had never \
designed a bridge before. The main span measures 212 m and carries about 14,500 vehicles per day.

In 1931 a fire destroyed the eastern tower. The town could not pay for a new one until 1948, when a bequest of $1.2 million \
arrived from Chicago. Since then the tower has been repaired twice, most recently on March 3, 2011.

Pigeons nest under the deck. Tourists like to feed them, although signs forbid it. The paint is green because green was cheap.
"""
OVEN = (
    "Bread needs time more than anything else. A dough that rises for eighteen hours at 4 °C tastes better than one that rises for "
    "two hours at 30 °C. Salt is added late, since it slows the yeast. Bakers do not agree about sugar. Some add 2 % of the flour's "
    "weight; others add none. The oven should be as hot as it gets, usually 250 °C, and steam keeps the crust from setting early. "
    "When the loaf sounds hollow it is done. Let it cool on a rack, never in a plastic bag. Old bread can be revived with water."
)
CHINESE = "狮子桥建于一八九四年，位于托尔维克。它不是在哈根。主跨长二百一十二米。鸽子在桥下筑巢。游客喜欢喂它们。"
TABLE = """Sales by region:

| region | 2022 | 2023 |
| --- | ---: | ---: |
| north | 120 | 131 |
| south | 87 | 92 |
| east | 14 | 11 |
| west | 230 | 255 |

The west leads.
"""
CODE = """Install it first:

```python
def area(width, height):
    return width * height
```

Then call it twice. It never fails.
"""
RECORDS = json.dumps(
    {
        "source": "inventory of the harbour museum, second floor, north wing, as of the last count",
        "items": [
            {"id": number, "name": f"item {number}", "note": note, "tags": ["old", "] odd", "{x}"], "size": {"w": number, "h": 2.5}}
            for number, note in enumerate(
                ['a "quoted" word', "back\\slash", "gr\u00fc\u00df \u4f60\u597d \U0001f600", "", "a, b: c}"] * 3
            )
        ],
        "closed": None,
    },
    ensure_ascii=False,
    indent=1,
)
DOCUMENTS = [BRIDGE, "", OVEN, CHINESE, "   ", TABLE, CODE, BRIDGE, RECORDS]
PROSE = [BRIDGE, OVEN, OVEN.replace("Bread", "Cake"), BRIDGE.replace("Lion", "Bear")]

HOSTILE = [
    "👩‍👩‍👧‍👦", "👍🏽", "🇳🇴🇩🇪", "e\u0301", "a\u0300\u0301\u0302", "क्षि", "สวัสดีชาวโลก", "ภาษาไทย", "مرحبا بالعالم", "؟", "שלום", "中文测试", "。", "日本語のテキスト",
    "한국어", "\u200b", "\u200d", "\ufeff", "\u202e", "\x00", "\x1b[0m", "\ud83d", "\udc00", "\r\n", "\r", "\n", "\n\n", "\u2028", "\x85", "\t", " ", "  ",
    "\u00a0", "\u3000", "[SEP]", "[CLS]", "[PAD]", "[UNK]", "<s>", "</s>", "<|endoftext|>", "<#ref0#>", "##ing", "▁", "Ġ", "# Title\n", "- item\n", "1. one\n",
    "```\n", "```py\nx = [1]\n```\n", "~~~", "[a](b)", "![", "](", "**bold**", "> quote\n", "| a | b |\n", "|---|---|\n", "|", "{", "}", "[", "]", '"',
    '{"a": [1, 2, {"b": "c, d"}]}\n', "[1, 2, 3]\n", "[" * 9, "\\", "https://example.org/a_(b)?c=d#e", "jane@example.org", "$1.5 million", "3 km", "March 3, 1939",
    "2024年5月1日", "1 000 000", "don't", "not", "nicht", "word", "Two words. ", "The end.", "U.S. ", "e.g. ", "x" * 300, "ab" * 200, "-", "—", "...", "…", "!?", "'", "%",
]  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8), st.characters()), max_size=24).map("".join)
