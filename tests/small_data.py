"""A data folder in the form of the public ones, a handful of records a data set."""

import gzip
import json

REQUEST = "Please book a table for two in Oslo."


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def spec(name, *parameters):
    """A function as BFCL documents it."""
    properties = {parameter: {"type": "string", "description": f"The {parameter} to use."} for parameter in parameters}
    return {"name": name, "description": f"Does {name}.", "parameters": {"type": "dict", "properties": properties}}


def _nq(folder):
    docs = [{"title": f"Topic {i}", "text": f"Number {i} is here. It rained a lot in town {i}."} for i in range(19)]
    gold = {"title": "Tower", "text": "The Eiffel tower opened in 1889. Many people visit it."}
    docs[3] = {"title": "Other tower", "text": "It also opened in 1889."}
    for place in (0, 9, 19):
        order = [*docs[:place], gold, *docs[place:]]
        rows = [
            {"id": str(i), "question": f"when did the tower open {i}", "answers": ["1889"], "gold_index": place, "docs": order}
            for i in range(6)
        ]
        write(folder / "nq_multidoc" / f"nq_20docs_gold_at_{place}_dev.jsonl.gz", rows)


def _paragraphs(file, articles):
    rows = []
    for number in range(articles * 4):
        context = f"Paragraph {number} is long. It says that the answer is {number * 7}. Nothing else matters."
        asked = {"id": f"q{number}", "question": f"what says paragraph {number}?", "answers": [str(number * 7)], "starts": [0]}
        rows.append({"title": f"Article {number // 4}", "context": context, "qas": [asked]})
    write(file, rows)


def _meetings(folder):
    rows = []
    for number in range(8):
        turns = [["Ada", f"{{vocalsound}} Word {turn} was said about the plan."] for turn in range(60)]
        turns[20] = ["Bob", "We bought 12 remote controls from Oslo."]
        specific = [{"query": "what was bought", "answer": "Remote controls were bought in Norway.", "spans": [[20, 20]]}]
        rows.append({"id": f"m{number}", "turns": turns, "specific": specific, "general": []})
    write(folder / "qmsum" / "val.jsonl.gz", rows)


def _functions(folder):
    for name in ("bfcl_multiple", "bfcl_live_multiple"):
        rows = []
        for number in range(20):
            offered = [spec(f"{name}.book{number}", "city", "people"), spec(f"{name}.cancel{number}", "code")]
            messages = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"{REQUEST} {number}"}]]
            answer = [{offered[0]["name"]: {"city": ["Oslo"]}}]
            rows.append({"id": f"{name}{number}", "messages": messages, "functions": offered, "answer": answer})
        write(folder / "api_docs" / f"{name}.jsonl.gz", rows)


def write_all(folder):
    """Writes every data set that the bench reads but multi-hop questions and reviews."""
    _nq(folder)
    for language in ("en", "es", "zh", "ar", "ru", "th"):
        _paragraphs(folder / "xquad" / f"xquad.{language}.jsonl.gz", 10)
    _paragraphs(folder / "cmrc2018" / "dev.jsonl.gz", 10)
    _paragraphs(folder / "covidqa" / "covidqa_200423.jsonl.gz", 30)
    _meetings(folder)
    abstracts = [
        {"id": str(i), "question": f"does drug {i} help?", "contexts": [f"We gave drug {i}.", "It helped 9 of 10."],
         "long_answer": f"Drug {i} certainly helped.", "answer": "yes"}
        for i in range(80)
    ]  # fmt: skip
    write(folder / "pubmedqa" / "pqal.jsonl.gz", abstracts)
    shots = "\n\n".join(f"Question: what is {i} plus {i}?\nIt is {i} + {i} = {2 * i}.\nThe answer is {2 * i}." for i in range(1, 5))
    write(folder / "gsm8k" / "cot_prompts.jsonl", [{"name": "prompt_hardest", "text": shots}])
    write(folder / "gsm8k" / "test.jsonl", [{"id": f"g{i}", "question": f"what is {i} plus 1?"} for i in range(12)])
    prompt = "Add numbers.\n\nQ: 1 + 1?\nA: So the answer is 2.\n\nQ: 2 + 2?\nA: So the answer is 4."
    write(folder / "bbh" / "cot_prompts.jsonl", [{"task": "sums", "prompt": prompt}])
    write(
        folder / "bbh" / "bbh.jsonl.gz", [{"id": f"b{i}", "task": "sums", "input": f"{i} + 1?", "target": "1"} for i in range(12)]
    )
    _functions(folder)
    sentences = ["Ada was born in 1815.", "She liked maths.", "It rained."]
    labelled = [
        {
            "id": f"l{i}",
            "source": "nq",
            "question": f"when was Ada {i} born",
            "sentences": sentences,
            "needed": [0] if i % 3 else [],
        }
        for i in range(90)
    ]
    write(folder / "query_sentences" / "train.jsonl", labelled)
    distilled = [
        {"id": f"d{i}", "source": "chat", "text": f"It is the case that {i} people came.", "compressed": f"{i} people came."}
        for i in range(12)
    ]
    write(folder / "distilled" / "dev.jsonl", distilled)
    return folder
