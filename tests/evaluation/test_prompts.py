"""Few-shot prompts: taken apart where their demonstrations begin, shortened, measured, and shown."""

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import count_words
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from linguapress import Budget, InvalidDocuments, Passage, Prompt, compress_prompt, segment
from linguapress.evaluation import prompts, prompts_measure, prompts_page
from linguapress.evaluation.prompts_data import answer_place, few_shots, parse
from linguapress.evaluation.prompts_measure import Frame, figures, torn
from linguapress.methods.head import Head

DATA = Path(__file__).parents[1] / "data" / "few_shot"


@pytest.fixture
def few_shot_data(tmp_path):
    """Two small data sets, the questions of one of them packed."""
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    with gzip.open(folder / "bbh" / "bbh.jsonl.gz", "wt", encoding="utf-8") as handle:
        handle.write((folder / "bbh" / "bbh.jsonl").read_text("utf-8"))
    return folder


ONE = "Q: How many are 2 and 3?\nA: They are 5. The answer is 5."
TWO = "Q: How many are 4 and 3?\nA: They are 7. The answer is 7."


def test_what_precedes_the_first_question_is_the_instruction():
    prompt = parse(f"Add the numbers.\n\nBoth are small.\n\n{ONE}\n\n\n{TWO}")
    assert prompt.instruction == "Add the numbers.\n\nBoth are small."
    assert (prompt.demonstrations, prompt.question) == ((ONE, TWO), "")
    assert parse(f"\n{ONE}\r\n \r\n{TWO}\r\n").demonstrations == (ONE, TWO)
    assert parse(ONE.replace("Q:", "Question:")).instruction == ""


def test_only_a_line_behind_a_blank_one_begins_a_demonstration():
    inside = "Q: Question: who asks?\nQ: The answer of Ann was 3.\n\nQuestions: none.\nSo the answer is Ann."
    assert parse(f"{inside}\n\n{ONE}").demonstrations == (inside, ONE)


def test_the_last_part_is_the_question_when_it_has_no_answer():
    question = "Q: How many are 6 and 3?\nA: Let's think step by step."
    prompt = parse(f"Add.\n\n{ONE}\n\n{TWO}\n\n{question}\n")
    assert prompt.parts == ["Add.", ONE, TWO, question]
    assert (prompt.demonstrations, prompt.question) == ((ONE, TWO), question)
    assert parse(question).demonstrations == ()


@pytest.mark.parametrize("text", ["", "Add the numbers.", "How many? Q: none"])
def test_a_text_without_demonstrations_is_refused(text):
    with pytest.raises(InvalidDocuments, match="begins with 'Question:' or 'Q:'"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Q: a\nThe answer is 4", "4"),
        ("Q: a\nSo the answer is (B).\n", "(B)"),
        ("Q: a\nThe answer is: $1,200.50.", "$1,200.50"),
        ("Q: a\nSo the answer is ] } >.", "] } >"),
        ("The answer is 3.\nNo, the answer is not 4, the answer is 5.", "5"),
        ("So the answer is costume counterpart oven.", "costume counterpart oven"),
        ("The answer is\n", None),
        ("The answer is 3.\nLet's think step by step", None),
        ("Is that the answer? It is 4.", None),
    ],
)
def test_the_final_answer_ends_a_demonstration(text, answer):
    place = answer_place(text)
    assert (place and text[place.start : place.end]) == answer


def test_prompts_of_many_steps_have_no_instruction(few_shot_data):
    shots = few_shots("gsm8k", few_shot_data)
    assert [shot.id for shot in shots] == ["gsm8k-test-0", "gsm8k-test-1", "gsm8k-test-2"]
    for shot in shots:
        prompt = shot.prompt
        assert (prompt.instruction, len(prompt.demonstrations)) == ("", 4)
        answers = [text[slice(*answer_place(text))] for text in prompt.demonstrations]
        assert answers == ["28.50", "9:20", "950", "32"]
        assert prompt.question.endswith("?\nLet's think step by step")
    assert parse("\n\n".join(shots[1].prompt.parts)) == shots[1].prompt


def test_tasks_take_turns(few_shot_data):
    shots = few_shots("bbh", few_shot_data)
    assert [shot.id for shot in shots] == ["bbh-parity-52", "bbh-order-0", "bbh-parity-61", "bbh-parity-70"]
    assert [len(shot.prompt.demonstrations) for shot in shots] == [2, 3, 2, 2]
    assert shots[0].prompt.instruction.endswith("\n\nEven numbers end in 0, 2, 4, 6 or 8.")
    assert shots[0].prompt.question == "Q: Is 52 even?\nOptions:\n(A) yes\n(B) no\nA: Let's think step by step."
    assert len(few_shots("bbh", few_shot_data, 3)) == 3
    assert all(parse("\n\n".join(shot.prompt.parts)) == shot.prompt for shot in shots)


def measured(prompt, budget, press=None, **frame):
    wanted = Frame(**frame)
    out = compress_prompt(
        press or Head(), prompt.instruction, prompt.demonstrations, prompt.question, budget=budget,
        instruction_rate=wanted.instruction, question_rate=wanted.question,
    )  # fmt: skip
    return figures(prompt, budget, out, wanted)


def words(tokens):
    return Budget(tokens=tokens, count=count_words)


def test_the_figures_of_a_prompt_that_lost_its_end():
    prompt = Prompt("Add.", (ONE, TWO, TWO), "Q: How many are 6 and 3?")
    row = measured(prompt, words(1 + 7 + 15 + 15))
    assert (row["tokens_before"], row["tokens_after"], row["limit"]) == (53, 38, 38)
    assert (row["whole"], row["partly"], row["gone"]) == (2, 0, 1)
    assert (row["answers"], row["answers_before"], row["numbers"], row["numbers_before"]) == (2, 3, 8, 12)
    assert (row["question"], row["instruction"], row["frame_fits"], row["torn"]) == (True, True, True, [])
    row = measured(prompt, words(1 + 7 + 15 + 5))
    assert (row["whole"], row["partly"], row["gone"], row["answers"], row["numbers"]) == (1, 1, 1, 1, 5)


def test_what_need_not_or_cannot_be_untouched_is_not_judged():
    prompt = Prompt("", (ONE,), "Q: How many are 6 and 3?")
    assert measured(prompt, words(20))["instruction"] is None
    assert measured(prompt, words(20), question=0.5)["question"] is None
    row = measured(prompt, words(6))
    assert (row["question"], row["frame_fits"]) == (None, False)
    assert prompts_page.summary([row | {"task": "t", "method": "m", "ratio": "2x", "ms": 1.0}])[0]["tight"] == 1


@pytest.mark.parametrize(
    ("source", "spans", "found"),
    [
        ("it cost 1,200.50 then", [(0, 16)], []),
        ("it cost 1,200.50 then", [(0, 13)], ["1,200"]),
        ("it cost 1,200.50 then", [(9, 16)], ["200.50"]),
        ("5 x 12 = 60", [(0, 1), (4, 6)], ["512"]),
        ("5 x 12 = 60", [(0, 2), (4, 6)], []),
        ("5 x 12 = 60", [(0, 5)], ["1"]),
        ("in 3. 5 more", [(3, 5), (6, 7)], ["3.5"]),
        ("no number", [(0, 2)], []),
    ],
)
def test_numbers_that_are_cut_or_put_together_are_torn(source, spans, found):
    assert torn(Passage(0, source, ()).keep(spans)) == found


@given(st.text("a1,. ", max_size=40), st.sets(st.integers(0, 20)))
def test_no_choice_of_whole_words_tears_a_number(source, chosen):
    spans = [span for number, span in enumerate(segment.words(source)) if number in chosen]
    assert torn(Passage(0, source, ()).keep(spans)) == []


def command(folder, out, *options):
    return CliRunner().invoke(prompts.app, [str(folder), "--counter", "embedded", "--out", str(out), *options])


def test_the_command_measures_and_shows(few_shot_data, tmp_path):
    out = tmp_path / "results" / "new"
    result = command(
        few_shot_data, out, "--method", "head", "--method", "random_words", "--ratio", "1", "--ratio", "2.5", "--show", "3"
    )
    assert result.exit_code == 0, result.output
    found = json.loads((out / "prompts.json").read_text("utf-8"))
    keys = [(row["task"], row["method"], row["ratio"], row["prompts"]) for row in found["means"]]
    assert keys == [
        (task, method, ratio, prompts)
        for task, prompts in (("gsm8k", 3), ("bbh", 4))
        for method in ("head", "random_words")
        for ratio in ("1x", "2.5x")
    ]
    everything = found["means"][0]
    assert (everything["whole"], everything["answers"], everything["numbers"], everything["used"]) == (4, 1, 1, None)
    assert all(row["used"] > 0.9 and row["answers"] < 1 for row in found["means"] if row["ratio"] == "2.5x")
    assert (found["about"]["prompts"], found["about"]["counter"]) == (7, "embedded")
    page = (out / "prompts.md").read_text("utf-8")
    assert "| gsm8k | head | 2.5x | 3 | 0 | 0 | 0 | 0 | 0 | 0 |" in page
    assert page.count("\n## ") == 1
    assert len((out / "prompts.jsonl").read_text("utf-8").splitlines()) == 7 * 4
    heads = [line.split(":")[0] for line in result.output.splitlines() if line.startswith("=== ")]
    assert heads == ["=== gsm8k-test-0, head 1x", "=== gsm8k-test-1, head 2.5x", "=== gsm8k-test-2, random_words 1x"]
    assert "Question: Tickets cost $8, for children half of that. What do 2 adults" in result.output


@pytest.mark.parametrize(("wanted", "shots", "tried"), [(0, 3, 4), (2, 3, 4), (12, 3, 4), (99, 3, 4), (99, 4, 2), (5, 0, 4)])
def test_no_prompt_is_shown_twice(wanted, shots, tried):
    chosen = list(prompts._chosen(wanted, shots, tried))
    assert len(set(chosen)) == len(chosen) == min(wanted, shots * tried)
    assert len({trial for _, trial in chosen}) >= min(shots, tried, wanted)
    assert all(shot < shots and trial < tried for shot, trial in chosen)


def careless(press, instruction, demonstrations, question, *, budget, **rates):
    """Takes no budget, and the first and the last character of every part."""
    prompt = Prompt(instruction, demonstrations, question)
    whole = press.compress(prompt.parts, budget=Budget(rate=1.0, count=budget.count))
    passages = tuple(passage.narrow([(1, len(passage.text) - 1)]) for passage in whole.passages)
    text = budget.separator.join(passage.text for passage in passages)
    return prompt.left(replace(whole, passages=passages, text=text, limit=budget.limit(whole.tokens_before)))


def test_broken_promises_are_told_and_fail_the_command(few_shot_data, tmp_path, monkeypatch):
    monkeypatch.setattr(prompts_measure, "compress_prompt", careless)
    result = command(few_shot_data, tmp_path, "--method", "head", "--ratio", "2")
    assert result.exit_code == 1
    told = [line for line in result.output.splitlines() if line.startswith("head on ")]
    assert told == [
        "head on gsm8k at 2x: over budget, 3 of 3 prompts",
        "head on gsm8k at 2x: question touched, 3 of 3 prompts",
        "head on gsm8k at 2x: numbers torn, 3 of 3 prompts",
        "head on bbh at 2x: over budget, 4 of 4 prompts",
        "head on bbh at 2x: question touched, 4 of 4 prompts",
        "head on bbh at 2x: instruction touched, 4 of 4 prompts",
    ]
    assert (tmp_path / "prompts.md").exists()


@pytest.mark.parametrize(
    "wrong",
    [("--method", "nothing"), ("--task", "nothing"), ("--ratio", "0.5"), ("--question-rate", "2"), ("--counter", "no/such")],
)
def test_the_command_refuses_what_cannot_be_run(few_shot_data, tmp_path, wrong):
    assert command(few_shot_data, tmp_path / "out", *wrong).exit_code == 2
    assert not (tmp_path / "out").exists()
