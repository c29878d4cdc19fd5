"""Which method, with which model: what a postprocessor and a preparer have to agree on."""

from __future__ import annotations

from typing import Any, Literal

from llama_index.core.bridge.pydantic import Field, model_validator
from llama_index.core.schema import BaseComponent

from linguapress import Compressor, Guard, load


class Method(BaseComponent):
    """Fields that name a method of linguapress, checked at construction, which loads nothing."""

    method: str = Field(default="lingua", description="Name of the method, one of linguapress.list_methods().")
    model: str | None = Field(default=None, description="Model of the method; None = the embedded one.")
    device: str | None = Field(default=None, description="'auto' or a torch device; None = 'auto'.")
    order: Literal["original", "relevance", "ends"] | None = Field(default=None, description="Order of the text nodes.")
    guard: Guard | None = Field(default=None, description="What must survive; None = linguapress.Guard().")
    settings: dict[str, Any] = Field(default_factory=dict, description="Further settings of the method.")

    @model_validator(mode="after")
    def _named(self) -> Method:
        if fields := self.settings.keys() & type(self).model_fields.keys():
            raise ValueError(f"give {', '.join(sorted(fields))} as a field of its own, not inside settings")
        self.press()
        return self

    def press(self) -> Compressor:
        """The method, ready to compress and to prepare."""
        fields = {name: value for name in ("model", "device", "order", "guard") if (value := getattr(self, name)) is not None}
        return load(self.method, **fields, **self.settings)
