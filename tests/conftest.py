"""Fixtures: tiny tokenizers and models, made on the spot, saved where nothing is downloaded from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # fakes and samples
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from architectures import CAUSAL
from fakes import count_bytes, count_words, count_zipped
from samples import BRIDGE, CHINESE, OVEN

_RULES = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("quick", max_examples=40, derandomize=True, **_RULES)
settings.register_profile("deep", max_examples=1000, **_RULES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

CORPUS = [BRIDGE, OVEN, CHINESE]
COUNTERS = ("words", "bytes", "bpe", "zipped")


def _bpe(size=600, **tokens):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(**{key: value for key, value in tokens.items() if key == "unk_token"}))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


@pytest.fixture(scope="session")
def bpe():
    """A byte-level BPE of the ``tokenizers`` library."""
    return _bpe()


@pytest.fixture(scope="session")
def counters(bpe):
    """Functions from text to tokens, by name."""
    from linguapress import token_counter

    return dict(zip(COUNTERS, (count_words, count_bytes, token_counter(bpe), count_zipped), strict=True))


def _saved(folder, tokenizer, config, kind, **special):
    import torch
    import transformers

    torch.manual_seed(0)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **special)
    fast.save_pretrained(folder)
    getattr(transformers, kind)(config).eval().save_pretrained(folder)
    return str(folder)


_SMALL = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48, "initializer_range": 0.5,
    "id2label": {0: "drop", 1: "keep"}, "label2id": {"drop": 0, "keep": 1},
}  # fmt: skip
_ROBERTA = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
}


def _pair(first, last):
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(single=f"{first[0]} $A {last[0]}", special_tokens=[first, last])


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """Folder of a random BERT token classifier with WordPiece; the name says nothing about labels."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import BertConfig

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False))
    tokenizer.post_processor = _pair(("[CLS]", 2), ("[SEP]", 3))
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=64, **_SMALL)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return _saved(tmp_path_factory.mktemp("models") / "bert", tokenizer, config, "BertForTokenClassification", **names)


@pytest.fixture(scope="session")
def xlmr(tmp_path_factory):
    """Folder of a random XLM-R token classifier with Unigram pieces that carry the blank before a word."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import XLMRobertaConfig

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=400, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = _pair(("<s>", 0), ("</s>", 2))
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=66, pad_token_id=1, type_vocab_size=1, **_SMALL
    )
    return _saved(tmp_path_factory.mktemp("models") / "xlmr", tokenizer, config, "XLMRobertaForTokenClassification", **_ROBERTA)


@pytest.fixture(scope="session")
def modern(tmp_path_factory):
    """Folder of a random ModernBERT token classifier with a byte-level BPE, which cuts one character into several tokens."""
    from transformers import ModernBertConfig

    tokenizer = _bpe()
    tokenizer.post_processor = _pair(("<s>", 0), ("</s>", 2))
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=64, pad_token_id=1, bos_token_id=0, eos_token_id=2, cls_token_id=0,
        sep_token_id=2, local_attention=16, **{key: value for key, value in _SMALL.items() if key != "initializer_range"},
    )  # fmt: skip
    return _saved(tmp_path_factory.mktemp("models") / "modern", tokenizer, config, "ModernBertForTokenClassification", **_ROBERTA)


@pytest.fixture(params=["bert", "xlmr", "modern"])
def folder(request):
    """Each of the tiny models in turn."""
    return request.getfixturevalue(request.param)


"""Shapes of tiny causal language models, by architecture; the attention of some slides, the last keeps no key-values."""


def _causal(folder, kind, bos=True):
    import transformers

    tokenizer = _bpe()
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=tokenizer.get_vocab_size(), initializer_range=0.3, **ids, **CAUSAL[kind]
    )
    names = {"bos_token": "<s>"} if bos else {}
    model = type(transformers.AutoModelForCausalLM.from_config(config)).__name__
    return _saved(folder, tokenizer, config, model, eos_token="</s>", pad_token="<pad>", **names)


@pytest.fixture(scope="session")
def causal_folder(tmp_path_factory):
    """From architecture to the folder of a tiny random causal language model with a byte-level BPE and a window of 64 tokens."""
    import functools

    parent = tmp_path_factory.mktemp("causal")

    @functools.cache
    def folder(kind="llama", bos=True):
        return _causal(parent / f"{kind}-{bos}", kind, bos)

    return folder


@pytest.fixture
def exact(monkeypatch):
    """Causal language models in float32, whatever the processor multiplies fastest."""
    import torch

    from linguapress.models import causal_loading

    monkeypatch.setattr(causal_loading, "precision_of", lambda device: torch.float32)
