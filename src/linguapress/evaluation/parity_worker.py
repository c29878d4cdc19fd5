"""The reference's side of :mod:`linguapress.evaluation.parity`: runs as a script in the environment that has ``llmlingua`` 0.2.2.

Reads one JSON object from standard input, answers with one on standard output. Imports nothing of linguapress: that environment
does not have it. Tiny models are made here too, since its ``tokenizers`` 0.19 cannot read the files of newer versions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SMALL = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0, "num_labels": 2, "initializer_range": 0.1,
}  # fmt: skip
VOCABULARY = 1500


def make(folder: Path, texts: Sequence[str]) -> None:
    """Saves a token classifier with random weights whose layout is that of the published checkpoint of the folder's name.

    The head is scaled and centred so that probabilities spread around a half; positions and attention count for less than the
    token itself, as in a trained model. The vocabulary lacks all emoji.

    Args:
        folder: its name holds "xlm-roberta-large" or "bert-base-multilingual-cased".
        texts: what the tokenizer is trained on, and the head centred on.
    """
    import torch

    torch.manual_seed(0)
    known = ["".join(character for character in text if ord(character) < 0x10000) for text in texts]
    tokenizer, model = _xlm_roberta(known) if "xlm-roberta-large" in folder.name else _bert(known)
    embeddings = model.base_model.embeddings
    with torch.no_grad():
        embeddings.word_embeddings.weight.mul_(10)
        embeddings.position_embeddings.weight.mul_(0.5)
        model.classifier.weight.normal_(0, 0.4)
        logits = torch.cat([model.eval()(**tokenizer(text, return_tensors="pt")).logits[0] for text in known])
        model.classifier.bias.sub_(logits.median(0).values)
    tokenizer.save_pretrained(folder)
    model.half().save_pretrained(folder)


def _xlm_roberta(texts: Sequence[str]) -> tuple[Any, Any]:
    """SentencePiece Unigram with the blank before a word in its first piece; positions begin behind the padding token."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import XLMRobertaConfig, XLMRobertaForTokenClassification, XLMRobertaTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace("▁", "always")])
    tokenizer.decoder = decoders.Metaspace("▁", "always")
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator([*texts] * 20, trainer)  # it takes no piece that occurs once
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    fast = XLMRobertaTokenizerFast(tokenizer_object=tokenizer, model_max_length=512)
    size = {"vocab_size": len(fast), "max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    return fast, XLMRobertaForTokenClassification(XLMRobertaConfig(**_SMALL, **size, **ids))


def _bert(texts: Sequence[str]) -> tuple[Any, Any]:
    """WordPiece that keeps case and accents."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece("##")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    pair = "[CLS] $A [SEP] $B:1 [SEP]:1"
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", pair, [("[CLS]", 2), ("[SEP]", 3)])
    fast = BertTokenizerFast(tokenizer_object=tokenizer, do_lower_case=False, model_max_length=512)
    return fast, BertForTokenClassification(BertConfig(vocab_size=len(fast), max_position_embeddings=512, **_SMALL))


def answers(folder: Path, texts: Sequence[str], rates: Sequence[float]) -> dict[str, Any]:
    """What ``llmlingua`` keeps.

    Returns:
        ``versions``; ``texts``: for each text its ``words`` as the reference cuts them (in reading order, the piece that begins a
        word spelled as in the vocabulary), the ``tokens`` of GPT-3.5 that it counts for each, and under ``kept`` for each rate one
        digit a word, "1" = kept.
    """
    from llmlingua import PromptCompressor

    compressor = PromptCompressor(model_name=str(folder), device_map="cpu", use_llmlingua2=True)
    return {"versions": _versions(), "texts": [_answer(compressor, text, rates) for text in texts]}


def _answer(compressor: Any, text: str, rates: Sequence[float]) -> dict[str, Any]:
    chunks = compressor._PromptCompressor__chunk_context(text, {".", "\n"})
    if len(chunks) != 1:
        raise ValueError(f"a text of {len(chunks)} chunks; give one that is shorter: {text[:40]!r}")
    tokenizer = compressor.tokenizer
    pieces = tokenizer.convert_ids_to_tokens(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(chunks[0])))  # names the unknown
    words, *_ = compressor._PromptCompressor__merge_token_to_word(pieces, [0.0] * len(pieces), [], {}, False)
    kept = {str(rate): _labels(compressor, text, rate) for rate in rates}
    return {"words": words, "tokens": [len(compressor.oai_tokenizer.encode(word)) for word in words], "kept": kept}


def _labels(compressor: Any, text: str, rate: float) -> str:
    found = compressor.compress_prompt([text], rate=rate, use_context_level_filter=False, return_word_label=True, word_sep="\n")
    return "".join(line[-1] for line in found["fn_labeled_original_prompt"].split("\n"))


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("llmlingua", "torch", "transformers", "tokenizers", "tiktoken", "numpy")}


def main() -> None:
    """Makes the model if asked to, and answers."""
    from workers import own_output  # beside this script

    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    with own_output() as say:
        if asked["make"]:
            make(folder, asked["texts"])
        say(**answers(folder, asked["texts"], asked["rates"]))


if __name__ == "__main__":
    main()
