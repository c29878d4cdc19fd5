"""Kneser-Ney: it normalises, agrees with a count by hand, and prefers what it has read."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from linguapress.training.ngram import NGram

VOCABULARY = 12


@pytest.fixture(scope="module")
def text():
    """A stream in which token 11 never occurs and most tokens depend on the two before."""
    rng, tokens = np.random.default_rng(0), [0, 1]
    for _ in range(3000):
        tokens.append(int(rng.integers(11)) if rng.random() < 0.3 else (3 * tokens[-1] + tokens[-2]) % 11)
    return np.array(tokens, np.uint16)


@pytest.fixture(scope="module")
def model(text):
    return NGram(text, VOCABULARY, 4)


@pytest.mark.parametrize("context", [[], [3], [11], [2, 5], [0, 1, 3], [11, 11, 4], [4, 11, 2, 6, 1], [9, 9, 9, 9, 9]])
def test_the_chances_after_any_context_sum_to_one(model, context):
    chances = [model.probabilities(np.array([*context, token]))[-1] for token in range(VOCABULARY)]
    assert sum(chances) == pytest.approx(1, abs=1e-12)
    assert min(chances) > 0


def test_only_the_last_tokens_matter(model):
    first, second = (model.probabilities(np.array([head, 2, 5, 1, 7]))[-1] for head in (3, 8))
    assert first == second


def test_lower_orders_count_how_many_tokens_come_before():
    """In "a b a b a b c d" b follows one token thrice: as a unigram it weighs no more than c."""
    tokens = np.array([0, 1, 0, 1, 0, 1, 2, 3])
    model = NGram(tokens, 4, 2)
    pairs = set(pairwise(tokens.tolist()))
    before = Counter(last for _, last in pairs)  # 0 after 1; 1 after 0; 2 after 1; 3 after 2
    spared = 0.5 * 4 / 4  # each of the four types gives half a count
    unigram = [(before[token] - 0.5) / 4 + spared * 1 / 4 for token in range(4)]
    assert [model.probabilities(np.array([token]))[0] for token in range(4)] == pytest.approx(unigram)
    after_b = (2 - 1.0 + (1.0 + 0.5) * unigram[0]) / 3  # b a twice, b c once
    assert model.probabilities(np.array([1, 0]))[1] == pytest.approx(after_b)


def test_longer_contexts_predict_better(text):
    train, test = text[:2400], text[2400:]
    nats = [float(-np.log(NGram(train, VOCABULARY, order).probabilities(test)).mean()) for order in (1, 2, 3)]
    assert nats[2] + 0.3 < min(nats[:2])  # the rule needs two tokens


def test_too_few_tokens_are_refused():
    with pytest.raises(ValueError, match="3 tokens are fewer than the order 5"):
        NGram(np.arange(3), 4)
