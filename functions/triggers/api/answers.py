"""What all answers of the API are based on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class OpenAnswer(BaseModel):
    """Base of answers that also carry a strategy's or a document's own fields."""

    model_config = ConfigDict(extra="allow")


class Health(Answer):
    """That the function answers."""

    status: str
