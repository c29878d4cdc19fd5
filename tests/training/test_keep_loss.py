"""The losses of a keep head: sums over what a batch teaches."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from linguapress.training.keep_data import IGNORED, Batch
from linguapress.training.keep_loss import Amounts, amounts, hold_loss, keep_loss, teacher_loss


@pytest.fixture
def batch():
    return Batch(
        ids=torch.ones(2, 4, dtype=torch.long),
        mask=torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]),
        labels=torch.tensor([[IGNORED, 1, 0, 1], [IGNORED] * 4]),
        chances=torch.tensor([[-1, 0.9, 0.2, -1], [0.5, -1, -1, -1]]),
        sentences=torch.tensor([[-1, 0, 0, 1], [-1, 2, -1, -1]]),
    )


def test_amounts_count_what_is_there(batch):
    assert amounts(batch) == Amounts(keep=3, hold=5, teacher=3)


def test_the_cross_entropy_is_summed_and_smoothed(batch):
    logits = torch.randn(2, 4, 2, generator=torch.Generator().manual_seed(0))
    for smoothing in (0.0, 0.1):
        target = functional.one_hot(torch.tensor([1, 0, 1]), 2) * (1 - smoothing) + smoothing / 2
        expected = -(target * logits[0, 1:].log_softmax(-1)).sum()
        assert float(keep_loss(logits, batch, smoothing)) == pytest.approx(float(expected), rel=1e-5)


def test_a_student_that_agrees_with_its_teacher_has_nothing_to_learn(batch):
    chances = batch.chances.clamp(1e-4, 1 - 1e-4)
    logits = torch.stack([(1 - chances).log(), chances.log()], dim=-1)
    assert float(teacher_loss(logits, batch)) == pytest.approx(0, abs=1e-5)
    even = torch.zeros(2, 4, 2)
    p = np.array([0.9, 0.2, 0.5])
    expected = (p * np.log(p / 0.5) + (1 - p) * np.log((1 - p) / 0.5)).sum()
    assert float(teacher_loss(even, batch)) == pytest.approx(expected, rel=1e-5)


def test_nothing_known_costs_nothing(batch):
    none = Batch(batch.ids, batch.mask, batch.labels, torch.full((2, 4), -1.0), torch.full((2, 4), -1))
    assert float(teacher_loss(torch.randn(2, 4, 2), none)) == 0
    assert amounts(none) == Amounts(3, 2, 0)
    assert float(hold_loss(torch.ones(2, 4, 3), torch.ones(2, 4, 3), none)) == pytest.approx(0, abs=1e-6)


def test_holding_compares_means_of_sentences_and_of_texts(batch):
    hidden, original = torch.randn(2, 2, 4, 3, generator=torch.Generator().manual_seed(1)).unbind(0)

    def cosine(row, tokens):
        return float(functional.cosine_similarity(hidden[row, tokens].mean(0), original[row, tokens].mean(0), dim=0))

    vectors = [(0, [1, 2]), (0, [3]), (1, [1]), (0, [0, 1, 2, 3]), (1, [0, 1])]
    expected = sum(1 - cosine(*vector) for vector in vectors)
    assert float(hold_loss(hidden, original, batch)) == pytest.approx(expected, rel=1e-5)
