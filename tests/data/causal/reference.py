"""The reference's side of ``tests/models/test_causal_parity.py``: runs in the environment that has ``llmlingua`` 0.2.2.

Reads one JSON object from standard input, answers with one on standard output. Imports nothing of linguapress. Tiny models are made
here too, since the ``tokenizers`` 0.19 of that environment cannot read the files of newer versions.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

_START = "<s>"


def make(folder, texts):
    """Saves a random causal language model with a byte-level BPE, shaped as the folder is called."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[_START], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    shape = {
        "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 256},
        "llama": {
            "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 24,
            "max_position_embeddings": 256,
        },
    }[folder.name]  # fmt: skip
    size = {"vocab_size": tokenizer.get_vocab_size(), "initializer_range": 0.4}
    config = AutoConfig.for_model(folder.name, bos_token_id=0, eos_token_id=0, **size, **shape)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=_START, eos_token=_START).save_pretrained(folder)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)


def answers(folder, texts, prefixes):
    """Losses of the tokens of each text behind the starting token; then those of each text behind its prefix, whose key-values are kept."""
    import torch
    from llmlingua import PromptCompressor

    reference = PromptCompressor.__new__(PromptCompressor)  # its __init__ would fetch the tokenizer of GPT-3.5
    reference.load_model(str(folder), "cpu")
    plain = [reference.get_ppl(_START + text, granularity="token").tolist() for text in texts]
    behind = []
    for text, prefix in zip(texts, prefixes, strict=True):
        head = reference.tokenizer(_START + prefix)["input_ids"]
        ids = torch.tensor([head + reference.tokenizer(text)["input_ids"]])
        mask = torch.ones_like(ids)
        read = len(head) - 1  # the last token of the prefix predicts the first of the text
        _, past = reference.get_ppl("", "token", ids[:, :read], mask[:, :read], return_kv=True) if read else (None, None)
        behind.append(reference.get_ppl("", "token", ids, mask, past).tolist())
    return {"plain": plain, "behind": behind}


def main():
    """Makes the model if asked to, and answers."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    logging.disable(logging.WARNING)
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    if asked["make"]:
        make(folder, asked["texts"] + asked["prefixes"])
    json.dump(answers(folder, asked["texts"], asked["prefixes"]), out)
    out.close()


if __name__ == "__main__":
    main()
