"""What travels: requests, answers and errors, as OpenAPI describes them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linguapress.compression import Compression


def _whole(text: str) -> str:
    """The text, if UTF-8 can write it: JSON can escape half a character, and no answer could repeat that."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character, a lone surrogate; send whole ones") from error
    return text


_EXAMPLE: dict[str, Any] = {"documents": ["Paris is in France. It is big."], "query": "Where is Paris?", "rate": 0.5}
Text = Annotated[str, AfterValidator(_whole)]


class Ask(BaseModel):
    """Documents to shorten; ``tokens`` or ``rate`` says to what, neither leaves it to a method that can tell."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [_EXAMPLE]})
    documents: list[Text] = Field(description="Texts, in the order in which the reader will see them.")
    query: Text | None = Field(None, description="What the reader will be asked.")
    method: Text | None = Field(None, description="One of the methods that this server offers; the first of them when left out.")
    tokens: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = Field(None, description="Tokens that may remain.")
    rate: Annotated[float, Field(ge=0, le=1)] | None = Field(None, description="Share of tokens that may remain.")


class PassageAnswer(BaseModel):
    """A document of which something is kept."""

    index: int = Field(description="Which of the documents, from 0.")
    text: str = Field(description="What is kept of it.")
    spans: list[tuple[int, int]] = Field(description="Where that stands in the document: [start, end) in Unicode code points.")
    score: float | None = Field(description="Its relevance to the query, larger = more; null when nothing measured it.")


class StageAnswer(BaseModel):
    """What one step of the method removed."""

    name: str
    tokens_in: int
    tokens_out: int
    milliseconds: float = Field(description="Time of the step; requests that are computed side by side share it equally.")


class Answer(BaseModel):
    """What is kept, and what that cost."""

    text: str = Field(description="The string to send to the reader.")
    method: str
    passages: list[PassageAnswer] = Field(description="Documents of which something is kept, in the order of the text.")
    dropped: list[int] = Field(description="Documents of which nothing is kept.")
    tokens_before: int
    tokens_after: int
    limit: int = Field(description="Tokens that were allowed.")
    rate: float = Field(description="tokens_after / tokens_before.")
    ratio: float | None = Field(description="tokens_before / tokens_after; null when nothing is kept.")
    stages: list[StageAnswer]
    warnings: list[str]
    milliseconds: float = Field(description="From the request's arrival in the queue to its answer, waiting included.")
    batch: int = Field(description="Requests that were computed together with this one, itself included.")

    @classmethod
    def of(cls, method: str, found: Compression, milliseconds: float, batch: int) -> Answer:
        """The answer that a compression stands for."""
        return cls.model_validate({**found.to_dict(), "method": method, "milliseconds": milliseconds, "batch": batch})


class Refusal(BaseModel):
    """Why there is no answer."""

    error: str = Field(description="A word for programs, such as too_large.")
    message: str = Field(description="A sentence for people: what is wrong, and what to do.")


class Health(BaseModel):
    """That the server is up, and what it offers."""

    status: str
    version: str
    methods: list[str]
