"""Which method, with which model: what a compressor and a preparer have to agree on."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from linguapress import Compressor, Guard, UnknownName, list_methods, load


class Method(BaseModel):
    """A method, checked when it is named; weights are loaded when they are first needed.

    Attributes:
        method: one of :func:`linguapress.list_methods`.
        model: folder or name of the method's model. None = the method's own; so for the next three.
        device: ``"auto"`` or a torch device.
        order: order of the documents, for methods that have one.
        guard: what must survive, such as ``Guard(keep=("INV-[0-9]+",))``.
        settings: further settings of the method, as JSON values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = "lingua"
    model: str | None = None
    device: str | None = None
    order: Literal["original", "relevance", "ends"] | None = None
    guard: Guard | None = None
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Method:
        if self.method not in list_methods():
            raise UnknownName(f"unknown method {self.method!r}; choose one of {', '.join(list_methods())}")
        if twice := self.settings.keys() & type(self).model_fields.keys():
            raise ValueError(f"give {', '.join(sorted(twice))} as an argument of its own, not in settings")
        _ = self.press
        return self

    @property
    def press(self) -> Compressor:
        """The method, ready to compress and to prepare."""
        named = {"model": self.model, "device": self.device, "order": self.order, "guard": self.guard}
        given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        return load(self.method, **given, **self.settings)
