"""What a compressor can be told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_serializer, model_validator

from linguapress import Budget, Compressor, Guard, UnknownName, list_methods, load


class Settings(BaseModel):
    """A method and a budget, checked when they are given; weights are loaded when the method first compresses.

    Attributes:
        method: one of :func:`linguapress.list_methods`.
        rate: share of the tokens that may remain, 0..1; None once ``target_tokens`` is given. None without ``target_tokens`` =
            as much as the query needs, for methods that can tell, such as ``query_select``.
        target_tokens: tokens that may remain of all documents together, instead of a rate.
        token_counter: the reader's tokenizer: a tiktoken or Hugging Face name, a function from text to int, or a tokenizer; only
            a name can be written as JSON. None = the embedded tokenizer.
        separator: what will stand between two documents; it is counted.
        model: folder or name of the method's model. None = the method's own; so for the next three.
        device: ``"auto"`` or a torch device.
        order: order of the documents, for methods that have one.
        guard: what must survive, such as ``Guard(keep=("INV-[0-9]+",))``.
        settings: further settings of the method, as JSON values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = "lingua"
    rate: float | None = 0.5
    target_tokens: int | None = None
    token_counter: Any = None
    separator: str = "\n\n"
    model: str | None = None
    device: str | None = None
    order: Literal["original", "relevance", "ends"] | None = None
    guard: Guard | None = None
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _without_default_rate(cls, values: Any) -> Any:
        return {"rate": None, **values} if isinstance(values, dict) and values.get("target_tokens") is not None else values

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        if self.method not in list_methods():
            raise UnknownName(f"unknown method {self.method!r}; choose one of {', '.join(list_methods())}")
        if twice := self.settings.keys() & type(self).model_fields.keys():
            raise ValueError(f"give {', '.join(sorted(twice))} as an argument of its own, not in settings")
        budget = self.budget
        if not isinstance(self.token_counter, str):  # a name may need a file, which can wait
            _ = budget.counter
        if budget.open:
            self.press.unbudgeted()
        return self

    @field_serializer("token_counter", when_used="json")
    def _name_of_counter(self, counter: Any) -> str | None:
        if counter is None or isinstance(counter, str):
            return counter
        raise ValueError(f"only the name of a token counter can be written as JSON, not {counter!r}")

    @property
    def budget(self) -> Budget:
        """How much may remain, counted by whom."""
        return Budget(self.target_tokens, self.rate, self.token_counter, self.separator)

    @property
    def press(self) -> Compressor:
        """The method, ready to compress."""
        named = {"model": self.model, "device": self.device, "order": self.order, "guard": self.guard}
        given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        return load(self.method, **given, **self.settings)
