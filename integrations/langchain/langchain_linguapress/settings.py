"""What a compressor can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_serializer, model_validator
from typing_extensions import Self

from langchain_linguapress.method import Method
from linguapress import Budget
from linguapress.hosts import check_decided, instead, one_budget


class Settings(Method):
    """A method and a budget, checked when they are given.

    Attributes:
        rate: share of the tokens that may remain, 0..1; None once ``target_tokens`` is given. None without ``target_tokens`` =
            as much as the query needs, for methods that can tell, such as ``query_select``.
        target_tokens: tokens that may remain of all documents together, instead of a rate.
        token_counter: the reader's tokenizer: a tiktoken or Hugging Face name, a function from text to a number or to a list of
            tokens, or a tokenizer; only a name can be written as JSON. None = the embedded tokenizer.
        separator: what will stand between two documents; it is counted.
    """

    rate: float | None = 0.5
    target_tokens: int | None = Field(default=None, ge=0)
    token_counter: Any = None
    separator: str = "\n\n"

    @model_validator(mode="before")
    @classmethod
    def _one_budget(cls, values: Any) -> Any:
        return one_budget(cls.__name__, values)

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        budget = self.budget
        if not isinstance(self.token_counter, str):  # a name may need a file, which can wait
            _ = budget.counter
        check_decided(budget, self.press, self.method)
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other settings; ``target_tokens`` takes the place of the rate, and a ``rate`` that of the tokens.

        Raises:
            ValueError: both are given.
        """
        return super().model_copy(update=instead(update or {}), deep=deep)

    @field_serializer("token_counter", when_used="json")
    def _name_of_counter(self, counter: Any) -> str | None:
        if counter is None or isinstance(counter, str):
            return counter
        raise ValueError(f"only the name of a token counter can be written as JSON, not {counter!r}")

    @property
    def budget(self) -> Budget:
        """How much may remain, counted by whom."""
        return Budget(self.target_tokens, self.rate, self.token_counter, self.separator)
