"""A question and a passage read in one pass: how relevant is the passage, and which of its tokens are needed?"""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn


class PairOutput(NamedTuple):
    """What a :class:`PairModel` says of a batch of pairs.

    Attributes:
        relevance: logit of each passage against the others of its question, shape [pairs].
        need: logit of each token being needed to answer, shape [pairs, tokens].
        answer: logit of each token being part of the answer, shape [pairs, tokens].
    """

    relevance: Tensor
    need: Tensor
    answer: Tensor


class PairModel(nn.Module):
    """An encoder over ``[CLS] question [SEP] passage [SEP]`` with a passage head and a token head.

    Relative: Provence (arXiv 2501.16214), which ranks and prunes in one pass. Here the relevance adds to the output of the
    first token the evidence of the tokens, log-sum-exp of the answer logits, so that ranking learns from where answers stand.
    """

    def __init__(self, encoder: Any) -> None:
        """Puts new heads on an encoder.

        Args:
            encoder: a Hugging Face model that returns hidden states.
        """
        super().__init__()
        encoder.pooler = None
        self.encoder = encoder
        width = int(encoder.config.hidden_size)
        self.passage = nn.Linear(width, 1)
        self.tokens = nn.Linear(width, 2)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor, inside: Tensor) -> PairOutput:
        """Logits of pairs; all arguments have the shape [pairs, tokens].

        Args:
            ids: token ids.
            mask: 1 for tokens, 0 for padding.
            types: token types, as the tokenizer numbers them.
            inside: true for the tokens of the passage.
        """
        typed = {"token_type_ids": types} if getattr(self.encoder.config, "type_vocab_size", 0) > 1 else {}
        hidden = self.encoder(input_ids=ids, attention_mask=mask, **typed).last_hidden_state
        need, answer = self.tokens(hidden).float().unbind(-1)
        answer = answer.masked_fill(~inside, -1e4)
        own = (hidden[:, 0].float() * self.passage.weight.float()).sum(-1)  # a matrix product would mix the order of rows in
        return PairOutput(own + self.passage.bias.float() + answer.logsumexp(-1), need, answer)
