"""The embedded model's tokenizer for tiny encoders, and tiny data sets where training looks for them."""

import gzip
import json
from importlib import resources

import pytest

FILES = {
    "nq": "nq_multidoc/nq_oracle_train.jsonl.gz",
    "dev": "nq_multidoc/nq_20docs_gold_at_9_dev.jsonl.gz",
    "wiki": "squadshifts/new_wiki.jsonl.gz",
    "reddit": "squadshifts/reddit.jsonl.gz",
    "amazon": "squadshifts/amazon.jsonl.gz",
    "covid": "covidqa/covidqa_200423.jsonl.gz",
    "labelled": "query_sentences/train.jsonl",
    "hotpotqa": "multihop_small/hotpotqa_train100.jsonl.gz",
    "musique": "multihop_small/musique_train100.jsonl.gz",
    "corpus": "multihop_small/2wiki_corpus.jsonl.gz",
    "pubmed": "pubmedqa/pqal.jsonl.gz",
    "meetings": "qmsum/train.jsonl.gz",
    "articles": "lm_wikipedia_en/train_0.jsonl.gz",
}


@pytest.fixture(scope="session")
def embedded_tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(resources.files("linguapress").joinpath("assets/mini")))


@pytest.fixture
def data_sets(tmp_path):
    """A function that writes records by the names of :data:`FILES`, and leaves the other files empty; returns their folder."""

    def write(**records):
        unknown = records.keys() - FILES.keys()
        assert not unknown, unknown
        for name, file in FILES.items():
            path = tmp_path / "data" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(json.dumps(record) + "\n" for record in records.get(name, ())).encode()
            path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
        return tmp_path / "data"

    return write
