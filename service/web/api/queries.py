"""What may stand behind the question mark."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

MAX_PAGE = 200
USUAL_PAGE = 50
MAX_REASON_CHARS = 500


def _flag(value: object) -> object:
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("expected true or false")


def _count(value: object) -> object:
    if isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,8}", value, re.ASCII):
        return int(value)
    raise ValueError(f"expected a whole number from 1 to {MAX_PAGE}")


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]


class Query(BaseModel):
    """Parameters. One that is not known is told: a slip must not look like success."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )


class NoQuery(Query):
    """Nothing."""


class WriteQuery(Query):
    """How something is to be changed."""

    dry_run: Flag = Field(default=False, description="Say what would be done, and store nothing.")


class RetractQuery(WriteQuery):
    """Why a release is taken back."""

    reason: str = Field(
        min_length=1, max_length=MAX_REASON_CHARS, description="For the public: plain text."
    )


class ListQuery(Query):
    """Which releases."""

    category: str | None = Field(
        default=None, description="Only those in the feed of this category, by its slug."
    )
    language: str | None = Field(default=None, description="Only those in this one, BCP 47.")
    since: str | None = Field(
        default=None,
        description="Only those that were changed here at this moment or later.",
        json_schema_extra={"format": "date-time"},
    )
    unfiled: Flag = Field(
        default=False, description="Only those with a name that no category claims."
    )
    order: Literal["newest", "oldest"] = Field(
        default="newest",
        description="Which change comes first. Who walks from the oldest misses nothing that "
        "changes meanwhile.",
    )
    limit: Annotated[int, BeforeValidator(_count)] = Field(
        default=USUAL_PAGE, ge=1, le=MAX_PAGE, description="How many at the most."
    )
    after: str | None = Field(default=None, description="The next of the page before.")


def parameters(query: type[Query]) -> list[dict[str, Any]]:
    """The parameters as OpenAPI describes them."""
    schema = query.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": described.pop("description", ""),
            "schema": _present(described),
        }
        for name, described in schema["properties"].items()
    ]


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is there is never null; nor has it a title or a null for its default."""
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    merged = {**(kinds[0] if kinds else {}), **schema}
    return {
        name: value
        for name, value in merged.items()
        if name != "title" and not (name == "default" and value is None)
    }
