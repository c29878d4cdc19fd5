"""Instructions as files hold them."""

import json

from linguapress.training.align_pairs import Pair, read_instructions


def test_json_lines_are_known_in_any_case_and_behind_a_byte_order_mark(tmp_path):
    file = tmp_path / "ASKED.JSONL"
    file.write_bytes(("\ufeff" + json.dumps({"instruction": "Say it."})).encode())
    assert read_instructions(file) == [Pair("Say it.")]
