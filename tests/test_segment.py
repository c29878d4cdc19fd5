"""Splitters: they tile, and they never cut what a reader takes for one thing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, CHINESE, hostile

from linguapress.segment import join_blank, lines, passages, sentences, tile, whole, words

SPLITTERS = [words, sentences, lines, passages, whole]


def parts(split, text):
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize("split", SPLITTERS)
@given(text=hostile)
def test_every_splitter_tiles_its_text(split, text):
    assert "".join(parts(split, text)) == text
    assert all(end > start for start, end in split(text))


@pytest.mark.parametrize("split", [words, sentences])
@given(text=hostile)
def test_no_unit_is_blank_unless_the_text_is(split, text):
    units = parts(split, text)
    assert all(unit.strip() for unit in units) or not text.strip()
    assert not text.isspace() or len(units) == 1


@pytest.mark.parametrize("split", [words, sentences])
@given(text=hostile)
def test_no_unit_begins_inside_a_grapheme(split, text):
    joiners = "\u200d\ufe0f\u0301\u0300\u0302"
    assert not any(unit.startswith(tuple(joiners)) for unit in parts(split, text)[1:] if text[text.find(unit) - 1].isalpha())


@given(cuts=st.lists(st.integers(-3, 30)), length=st.integers(0, 25))
def test_tiles_meet(cuts, length):
    spans = tile(cuts, length)
    assert [span.start for span in spans] + [length] == [0] * bool(spans) + [span.end for span in spans] or not length
    assert join_blank("x" * length, spans) == spans


ATOMS = [
    "3.5 km", "20 °C", "5 MB/s", "72 kg", "$3.2 million", "€ 5", "50 %", "1,234.56", "10,000", "1 000 000", "-40", "1.5e-3", "5–10", "10:30", "10:30 p.m.",
    "March 3, 1939", "3 March 1939", "3rd of May", "2024-05-01T12:00:00Z", "01/02/2024", "2024年5月1日", "https://example.org/a_(b)?c=d&e=f#g",
    "jane.doe+x@example.org", "/usr/local/bin/python3.12", r"C:\Users\jane\x.txt", "v1.2.3-rc.1", "192.168.0.1:8080", "snake_case_name", "camelCase",
    "obj.method(x)", "CVE-2024-3094", "ISO/IEC", "#1234", "@user", "state-of-the-art", "don't", "don’t", "l’homme", "O'Neill", "naïve", "Straße", "e\u0301tude",
    "👩‍👩‍👧‍👦", "क्षत्रिय", "C++", "AT&T", "U.S.A.", "978-3-16-148410-0", "0xDEADBEEF", "+49-30-1234", "10³", "½", "24 hours", "EUR 4.90", "under EUR 30", "at least 5 days", "more than 12", "1 in 10,000",
    "200 to 300", "5-10 minutes", "12 Prozent", "44 BC", "up to 3 metres",
]  # fmt: skip


@pytest.mark.parametrize("atom", ATOMS)
def test_what_is_one_thing_stays_one_word(atom):
    text = f"It says {atom} and more."
    assert [part.strip() for part in parts(words, text)] == ["It", "says", atom, "and", "more."]


@pytest.mark.parametrize(
    ("text", "least"),
    [
        (CHINESE, 12),
        ("สวัสดีชาวโลกวันนี้อากาศดีมากและฉันมีความสุข", 4),
        ("今日はとても良い天気なので公園まで散歩に行きました。", 4),
        ("한국어 문장은 띄어 씁니다", 4),
    ],
)
def test_scripts_without_blanks_are_cut_into_phrases(text, least):
    assert len(parts(words, text)) >= least


def test_punctuation_stays_with_its_chinese_phrase():
    assert not any(part[0] in "。，" for part in parts(words, CHINESE))


@pytest.mark.parametrize("run", ["今天天气很好。", "とても良い天気です。", "อากาศดีมาก"])
@pytest.mark.parametrize("escape", ["\\n", '\\"', "\\\\", "\\u4f60"])
def test_no_cut_falls_into_an_escape_after_a_run_without_blanks(run, escape):
    text = f'{{"a": "{run}{escape}{run}"}}'
    inside = text.index(escape) + 1
    assert inside not in {start for start, _ in words(text)}
    assert text.rindex('"') in {start for start, _ in words(text)}


@pytest.mark.parametrize("text", ["GPT4模型很好用而且便宜ABC公司", "第3章有12个例子和100页"])
def test_mixed_scripts_tile(text):
    assert "".join(parts(words, text)) == text
    assert len(parts(words, text)) > 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith arrived at 5 p.m. on Jan. 3. He left at once.", 2),
        ("Pi is 3.14159. That is well known! Is it? Yes.", 4),
        ("Die Brücke ist alt, d.h. sie wurde 1894 gebaut. Sie steht noch.", 2),
        ("Le pont est vieux. Il est vert, car le vert était bon marché.", 2),
        ("El puente es viejo. ¿Quién lo construyó? ¡Nadie lo sabe!", 3),
        ("这座桥很旧。它是绿色的！谁建的？没人知道。", 4),
        ("この橋は古い。緑色です。", 2),
        ("الجسر قديم. من بناه؟ لا أحد يعرف.", 3),
        ("Мост старый. Он зелёный. Кто его построил?", 3),
        ("पुल पुराना है। यह हरा है।", 2),
        ("One sentence without a stop", 1),
        ("First line\nSecond line\nThird line", 3),
        ("# A title\nSome text under it. More text.\n- item one\n- item two", 5),
    ],
)
def test_sentences_are_found(text, expected):
    assert len(parts(sentences, text)) == expected


def test_hard_wrapped_prose_is_one_sentence():
    text = "The Lion Bridge crosses the river Elm at a place\nwhere the current is strong and the banks are\nhigh. It was built in 1894."
    assert [part.strip() for part in parts(sentences, text)] == [text[: text.index(" It")], "It was built in 1894."]


def test_a_heading_does_not_run_into_the_text_below():
    text = "Opening hours of the museum in the summer season\n\nthe doors open at nine."
    assert len(parts(sentences, text)) == 2


def test_passages_are_parted_by_empty_lines():
    assert parts(passages, "a\nb\n\nc\n \t\r\n\nd") == ["a\nb\n\n", "c\n \t\r\n\n", "d"]


def test_lines_keep_their_ends():
    assert parts(lines, "a\r\nb\n\nc") == ["a\r\n", "b\n", "\n", "c"]


MEGABYTE = {
    "prose": BRIDGE * (10**6 // len(BRIDGE)), "chinese": CHINESE * (10**6 // len(CHINESE) // 3), "one word": "x" * 10**6, "digits": "1" * 10**6,
    "new lines": "\n" * 10**6, "blanks": " " * 10**6, "stops": "." * 10**6, "short lines": "ab\n" * 333_000,
    "wrapped": ("word " * 12 + "word\n") * 15_000,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("split", [words, sentences])
@pytest.mark.parametrize("name", MEGABYTE)
def test_a_megabyte_is_split_in_seconds(split, name):
    start = time.perf_counter()
    split(MEGABYTE[name])
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("split", [words, sentences])
@pytest.mark.parametrize("name", MEGABYTE)
def test_splitting_takes_time_in_proportion(split, name):
    text = MEGABYTE[name][:100_000]
    start = time.perf_counter()
    split(text)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    "text",
    [
        "Die Brücke ist ein Bau der Stadt. |Sie wurde am 11. Januar 2017 eröffnet und kostete rund 866 Mio. Euro. |Am 3. Okt. 1990 war das Fest.",
        "Le musée a ouvert le 1er mai. |M. Dupont l'a dirigé, cf. art. 5 de la loi. |L'entrée coûte env. 15 euros et elle est au fond.",
        "El Sr. Pérez pagó aprox. 20 euros en la av. Libertador. |La Dra. Ruiz nació el 3 de mayo en una casa.",
        "De brug is van de stad. |Dhr. Jansen woont op nr. 5. |Het is bijv. mooi en het kost ca. 20 mln. euro.",
        "The bridge cost approx. 4.5 million roubles, of which the state paid est. $2 million. |See pp. 12-15 of Vol. 2. |It is old.",
        "He sells it. |iPhones are in the shop. |It is est. 5 percent of the sales.",
        "i went home. |then i slept. |it was late. |we ate. |he ran. |it is ok.",
        "We lost.|The other team won. |All was fine. |Born in 44 a.C. he died.",
        "It is about 24 mm. |The cornea is thin. |The score was 21. |Janet won. |He was 14. |Separate rules apply.",
        "World War and all that came after it in the long years of\n|II. |Many died in the war.",
        "I. Introduction\n|II. Methods are new. |They work.",
        "Ingredients\n\n|1. Preheat the oven to 200 C.\n\n|2. Mix the flour well. |Rest.",
        "It is.\n|4. Liability is limited.\n|§ 3. The court decides.\n|Art. 5. No one is above it.",
        "Manual on the Law of the Air and of Missiles\n|which in turn will help improve the protection of civilians in armed conflicts "
        "of every kind, wherever they are.",
        "The bridge that was built by Marta Holm long before the war\nof 1894 is the oldest one that spans the river and the\nwalls of the town.",
    ],
    ids=[
        "de",
        "fr",
        "es",
        "nl",
        "en",
        "brands",
        "small letters",
        "no blank",
        "no month",
        "wrapped numeral",
        "numerals",
        "items",
        "sections",
        "title",
        "wrapped",
    ],
)
def test_an_abbreviation_or_an_ordinal_ends_no_sentence(text):
    parts = text.split("|")
    whole = "".join(parts)
    assert [whole[start:end] for start, end in sentences(whole)] == parts


@pytest.mark.parametrize(
    "heading",
    [
        "## 4. Descaling", "### 2.1. The tank", "> # 4. Descaling", "## Step 2. Rinse it", "## Why? How it works", "## IV. Descaling",
        "4.2. Descaling", "Chapter 4. Descaling", "Kapitel 4. Entkalken", "**4. Descaling**", "__4. Descaling__", "| 4. Descaling | x |",
        "| x | 4.1. Descaling |", "Table 3. Means of ten years", "- 4. Descaling",
    ],
)  # fmt: skip
def test_a_heading_keeps_its_number(heading):
    assert parts(sentences, f"{heading}\nIt takes long. It ends.") == [f"{heading}\n", "It takes long. ", "It ends."]


@pytest.mark.parametrize("number", ["**4.** ", "**Step 2.** "])
def test_a_number_in_bold_begins_its_sentence(number):
    assert parts(sentences, f"{number}Rinse the tank. Then go.") == [
        f"{number.split('Dupont. ')[-1]}Rinse the tank. ",
        "Then go.",
    ]


def test_a_line_of_prose_behind_a_number_sign_is_cut():
    assert len(sentences(f"# The first sentence of a long line {'goes on ' * 12}here. The second one ends.")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "1." * 100_000,
        "| 1." * 50_000,
        "# " * 100_000,
        "a. " * 100_000,
        "1. " * 100_000,
        "A.b" * 100_000,
        ("x" * 50 + "\na") * 10_000,
    ],
)
def test_hostile_full_stops_are_quick(text):
    start = time.perf_counter()
    sentences(text)
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    "amount", ["11 December 2022 by a freight train.", "£31.5 million, mainly by sale.", "87.1 per cent of all trains."]
)
def test_a_wrapped_line_goes_on_with_an_amount(amount):
    assert len(sentences(f"The last of the Class 153 railcars of the group were withdrawn on\n{amount}")) == 1


@pytest.mark.parametrize("item", ["1 drain hose", "2. Open the valve slowly.", "12,5"])
def test_a_line_with_another_number_is_one_of_its_own(item):
    assert len(sentences(f"What stands in this box for the first year of the machine\n{item}\n")) == 2


def test_a_mark_in_a_cell_ends_no_sentence():
    assert len(sentences("mysql      812  2.1 41.0 1814416 812344 ?        Ssl  Jan03 812:11 mysqld")) == 1
    assert len(sentences("Is it late ? Yes it is.  It rains.")) == 3
