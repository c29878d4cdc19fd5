"""The node postprocessor: LlamaIndex's contract around ``linguapress.load(...).compress(...)``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llama_index.core.bridge.pydantic import ConfigDict, Field, model_validator
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.postprocessor.linguapress.counters import counter_of
from llama_index.postprocessor.linguapress.events import dispatcher, tell, traced
from llama_index.postprocessor.linguapress.method import Method
from llama_index.postprocessor.linguapress.nodes import plain_text, replaced
from llama_index.postprocessor.linguapress.preparer import records_of

from linguapress import Budget
from linguapress.hosts import check_decided, displaced, instead, one_budget, refers


class LinguaPostprocessor(Method, BaseNodePostprocessor):
    """Shortens retrieved nodes until their texts, joined, fit a budget; copies them, and keeps ids, scores and metadata.

    References of a ``MemoryPostprocessor`` stay where and as they are, as do nodes with images; neither counts.
    Construction is free and offline; weights are loaded at the first call.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    rate: float | None = Field(default=0.5, strict=True, description="Share of the tokens to keep, 0..1; None = as needed.")
    target_tokens: int | None = Field(default=None, strict=True, ge=0, description="Tokens that may remain, instead of rate.")
    token_counter: Any = Field(default=None, description="What counts tokens; None = LlamaIndex's global tokenizer.")
    separator: str = Field(default="\n\n", description="What stands between two nodes in the prompt; it is counted.")

    @classmethod
    def class_name(cls) -> str:
        """Name in serialized form."""
        return "LinguaPostprocessor"

    @model_validator(mode="before")
    @classmethod
    def _one_budget(cls, data: Any) -> Any:
        return one_budget(cls.__name__, data)

    @model_validator(mode="after")
    def _checked(self) -> LinguaPostprocessor:
        if not isinstance(self.token_counter, str | None):  # names are looked up at the first call
            counter_of(self.token_counter)
        check_decided(Budget(tokens=self.target_tokens, rate=self.rate), self.press(), self.method)
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> LinguaPostprocessor:
        """A copy with other settings; ``target_tokens`` takes the place of the rate, and a ``rate`` that of the tokens.

        Raises:
            ValueError: both are given.
        """
        return super().model_copy(update=instead(update or {}), deep=deep)

    def __setattr__(self, name: str, value: Any) -> None:
        """The same for a setting that is changed in place."""
        for changed, now in instead({name: value}).items():
            super().__setattr__(changed, now)

    def _postprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        with traced(self.callback_manager, self.method, nodes, query_bundle) as done:
            done.extend(self._compressed(nodes, query_bundle))
        return done

    @dispatcher.span
    async def _apostprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        with traced(self.callback_manager, self.method, nodes, query_bundle) as done:
            done.extend(await asyncio.to_thread(self._compressed, nodes, query_bundle))
        return done

    def _compressed(self, nodes: Sequence[NodeWithScore], query: QueryBundle | None) -> list[NodeWithScore]:
        contents = {place: plain_text(item.node) for place, item in enumerate(nodes)}
        texts = {place: t for place, t in contents.items() if t is not None and not refers(nodes[place].node.metadata, t)}
        budget = Budget(self.target_tokens, self.rate, counter_of(self.token_counter), self.separator)
        records, damaged = records_of([nodes[place].node for place in texts])
        asked = query.query_str if query else None
        out = self.press().compress(list(texts.values()), asked, budget=budget, prepared=records)
        warnings = displaced(nodes[list(texts)[passage.index]].node.metadata for passage in out.passages)
        if damaged:
            warnings = (f"{damaged} prepared records could not be read and were ignored; prepare again", *warnings)
        out = replace(out, warnings=(*out.warnings, *warnings))
        tell(self.method, out)
        return replaced(nodes, list(texts), out)
