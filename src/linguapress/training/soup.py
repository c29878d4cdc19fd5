"""Selectors that went on from the same one, as one: the mean of their weights (model soup, Wortsman et al., arXiv 2203.05482)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from linguapress.models.embedded import model_folder
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_weights import load_selector, read_odds, save_selector, selector_state, whose_words, write_odds
from linguapress.models.sentence_odds import SentenceOdds
from linguapress.training.own_questions import own_questions
from linguapress.training.sentence_fit import fit_odds


def soup(models: Sequence[str], out: Path, calibrate: Sequence[Path] = (), device: str = "cpu") -> None:
    """Writes a selector whose weights are the mean of others'.

    Args:
        models: ``"select"`` or folders of selectors of one architecture; the mean is of use where they started from the same
            weights.
        out: folder for the result.
        calibrate: files of questions on which the probabilities of sentences are fitted, see
            :func:`~linguapress.training.own_questions.own_questions`; without them they are made of the mean of the models' odds.
        device: that reads these questions.

    Raises:
        InvalidRecord: a file of questions has a line that is none.
        ValueError: the models' weights have different names or shapes, or there are no models.
    """
    folders = [Path(model_folder(name)) for name in models]
    if not folders:
        raise ValueError("a soup needs models")
    apart = list(own_questions(calibrate))
    model, tokenizer = load_selector(folders[0])
    model.load_state_dict(_mean([selector_state(folder) for folder in folders]))
    owners = {whose_words(folder) for folder in folders}
    save_selector(model, tokenizer, out, owners.pop() if len(owners) == 1 else None)
    odds = SentenceOdds(*np.mean([read_odds(folder) for folder in folders], axis=0).round(4).tolist())
    write_odds(out, fit_odds(PairReader(str(out), device), apart) or odds)


def _mean(states: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    shapes = [{name: weight.shape for name, weight in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("the models have different weights; only those of one architecture can be averaged")
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}
