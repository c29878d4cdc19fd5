"""Selectors that went on from the same one, as one: the mean of their weights.

The mean of several runs is a model soup (Wortsman et al., arXiv 2203.05482). That of a run and what it started from keeps more of
what the start knew than the run alone (arXiv 2109.01903).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from linguapress.models.embedded import model_folder
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_weights import read_odds, save_selector, selector_state, whose_words, write_odds
from linguapress.models.sentence_odds import SentenceOdds
from linguapress.training.own_questions import own_questions
from linguapress.training.select_start import check_selector, selector_of
from linguapress.training.sentence_fit import fit_odds


def soup(models: Mapping[str, float], out: Path, calibrate: Sequence[Path] = (), device: str = "cpu") -> bool:
    """Writes a selector whose weights are the mean of others'; whether there was enough to fit probabilities on.

    Args:
        models: ``"select"`` or folders of selectors of one architecture, with their shares, in any unit; the mean is of use where
            they started from the same weights.
        out: folder for the result.
        calibrate: files of questions on which the probabilities of sentences are fitted, see
            :func:`~linguapress.training.own_questions.own_questions`; without them they are made of the mean of the models' odds.
        device: that reads these questions.

    Raises:
        InvalidRecord: a file of questions has a line that is none.
        ModelNotFound: a model is no selector.
        ValueError: the models' weights have different names or shapes, a share is negative, all are 0, or ``out`` is one of them.
    """
    total = sum(models.values())
    if not 0 < total < math.inf or min(models.values()) < 0:
        raise ValueError(f"the shares of the models must be 0 or more, and one of them more, got {dict(models)}")
    folders, shares = [Path(model_folder(name)) for name in models], [share / total for share in models.values()]
    if out.resolve() in {folder.resolve() for folder in folders}:
        raise ValueError(f"{out} is one of the models; choose another folder")
    apart = list(own_questions(calibrate))
    for name in models:
        check_selector(name)
    model, tokenizer = selector_of(next(iter(models)))
    model.load_state_dict(_mean([selector_state(folder) for folder in folders], shares))
    owners = {whose_words(folder) for folder in folders}
    save_selector(model, tokenizer, out, owners.pop() if len(owners) == 1 else None)
    odds = SentenceOdds(*np.average([read_odds(folder) for folder in folders], axis=0, weights=shares).round(4).tolist())
    fitted = fit_odds(PairReader(str(out), device), apart)
    write_odds(out, fitted or odds)
    return fitted is not None


def _mean(states: Sequence[Mapping[str, torch.Tensor]], shares: Sequence[float]) -> dict[str, torch.Tensor]:
    shapes = [{name: weight.shape for name, weight in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("the models have different weights; only those of one architecture can be averaged")
    parts = [{name: share * weight.float() for name, weight in state.items()} for state, share in zip(states, shares, strict=True)]
    return {name: torch.stack([part[name] for part in parts]).sum(0) for name in parts[0]}
