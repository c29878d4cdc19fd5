"""The package ``llmlingua`` 0.2.2 as a method of the bench: LLMLingua-2 with our weights, LLMLingua and LongLLMLingua with our LM.

It is called as its users call it, with the settings of the other comparisons here. It is asked for as many tokens as the budget
allows, by its own count, so that it may exceed the budget: this stands in its results, and nothing is cut.

Its text is rebuilt from tokens, while our figures need ranges of the documents: those of its words, as far as they are found there
(:mod:`~linguapress.evaluation.package_spans`). This is generous: letter case and accents that it loses, and numbers that it parts
with blanks, are not held against it. Tokens are those of the text as the package wrote it, and that text is what a reader reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor, draft_of
from linguapress.draft import Draft
from linguapress.errors import UnknownName
from linguapress.evaluation.package_process import PackageFailed, process_of
from linguapress.evaluation.package_rebuilt import Rebuilt, Request
from linguapress.evaluation.perplexity_reference import SETTINGS
from linguapress.methods.prompts import Prompt
from linguapress.models.embedded import CAUSAL
from linguapress.prepared import Prepared

_OPEN = Budget()
_APART = {"concate_question": False}  # what stays whole we put around its text ourselves
METHODS: Mapping[str, Mapping[str, Any]] = {
    "package_llmlingua2": {"use_context_level_filter": False, "force_tokens": []},
    "package_llmlingua": {**SETTINGS["llmlingua"], **_APART},
    "package_longllmlingua": {**SETTINGS["longllmlingua"], **_APART},
}
_WITHOUT_QUESTION = {"package_longllmlingua": "package_llmlingua"}  # it would refuse; ours turns into the other one as well


@dataclass(frozen=True)
class Package(Compressor):
    """The package, in a process that all methods share.

    Attributes:
        method: one of :data:`METHODS`.
        python: interpreter of an environment that has ``llmlingua``.
        lm: causal language model of the perplexity methods: ``"lm"`` (embedded) or a folder.
    """

    name: ClassVar[str] = "package"
    method: str
    python: str
    lm: str = CAUSAL

    def __post_init__(self) -> None:
        """Refuses a method that does not exist, or that nothing can run.

        Raises:
            UnknownName: so it is.
        """
        if self.method not in METHODS:
            raise UnknownName(f"unknown method {self.method!r}; choose one of {', '.join(METHODS)}")
        if not self.python:
            raise UnknownName(f"{self.method} runs in an environment of its own; name its interpreter with --reference-python")

    @property
    def pid(self) -> int | None:
        """The process that reads; None while there is none."""
        return process_of(self.python, self.lm).pid

    def compress_batch(
        self, documents: Sequence[Sequence[str]], queries: Sequence[str | None] | None = None, *, budget: Budget = _OPEN,
        prepared: Sequence[Sequence[Prepared | None] | None] | None = None,
    ) -> list[Compression]:  # fmt: skip
        """One request after another; nothing is cut to the budget, and nothing can be prepared.

        Raises:
            InvalidBudget: the budget is open.
            InvalidDocuments: a request is no list of strings.
            PackageNotUsable: the interpreter has no ``llmlingua``.
            ModelNotFound: the language model is in no folder.
        """
        asked = queries or [None] * len(documents)
        return [self._compressed(request, query, budget) for request, query in zip(documents, asked, strict=True)]

    def compress_shots(self, prompt: Prompt, *, budget: Budget) -> Compression:
        """A few-shot prompt, its demonstrations shortened to what instruction and question leave of the budget."""
        return self._compressed(prompt.parts, prompt.question, budget, prompt.rates(1, 1))

    def reduce(self, draft: Draft) -> Draft:
        """What is found of its text in the passages; it may exceed the limit."""
        texts = [passage.text for passage in draft.passages]
        found = self._compressed(texts, draft.query, Budget(draft.limit, count=draft.count, separator=draft.separator))
        kept = (draft.passages[passage.index].narrow(passage.spans) for passage in found.passages)
        return draft.having(kept).warning(*found.warnings)

    def _compressed(self, documents: Sequence[str], query: str | None, budget: Budget, frame: Iterable[int] = ()) -> Rebuilt:
        """Everything if it fits; else what the package makes of the documents, but for those that frame them."""
        if budget.open:
            self.unbudgeted()
        draft = draft_of(documents, query, budget)
        request = Request(draft.allowing(budget.limit(draft.tokens)), frozenset(frame))
        if draft.tokens <= request.draft.limit or not request.inner:
            return request.whole()
        try:
            return request.rebuilt(self.method, process_of(self.python, self.lm).ask(self._asked(request)))
        except PackageFailed as error:
            return request.failed(self.method, str(error))

    def _asked(self, request: Request) -> dict[str, Any]:
        query = request.draft.query or ""
        method = self.method if query else _WITHOUT_QUESTION.get(self.method, self.method)
        return {
            "method": method, "model": "keep" if method == "package_llmlingua2" else "lm", "question": query,
            "documents": [passage.source for passage in request.inner], "target": request.target, "settings": METHODS[method],
        }  # fmt: skip
