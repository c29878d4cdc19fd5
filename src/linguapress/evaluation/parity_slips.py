"""Where the package ``llmlingua`` 0.2.2 departs from the papers and from us; each departure can be switched on in our stead."""

from __future__ import annotations

from collections.abc import Set
from enum import Enum
from typing import TypeAlias


class Slip(Enum):
    """One departure of the reference; its value says what the reference does."""

    RANKING = "documents are ranked with no starting token, and the question is glued to the document without a break"
    BUDGET = "documents may take the budget + 100 tokens, and the one that overruns it still gets in"
    RATES = "each document counts two tokens more, and rates by rank are not shifted until they meet the budget"
    START = "no starting token: what comes first is not judged but conditioned on"
    GLUED = "question and text are cut into tokens in one piece"
    SHIFT = "a token is judged by the surprisal of the token behind it (off by one)"
    POOLED = "the threshold is that of all tokens: those kept before, and all that is still to come, at first the whole text"
    STRICT = "of n tokens that the rate allows, the n-th is the threshold and goes, and so do all its equals"
    SEGMENTS = "segments of M tokens, the first shorter by one, whatever they cut through; a threshold for each document in one"
    TAIL = "what is left behind the last full segment is not shortened"
    TOKENS = "tokens are kept one by one, not whole words"
    GUARD = "nothing is protected: not structure, numbers, negations or names"


Slips: TypeAlias = Set[Slip]
ALL: frozenset[Slip] = frozenset(Slip)
NONE: frozenset[Slip] = frozenset()
SETTINGS = {"all": ALL, **{slip.name.lower(): ALL - {slip} for slip in Slip}, "none": NONE}
"""Sets of slips that are compared: all, all but the one named, none."""
