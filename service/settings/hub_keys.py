"""The keys of a hub that is told of changes: its URL alone, or a section with its ways."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from service.settings.address_types import HubUrl
from service.settings.section import Items, Section
from service.settings.text_types import FilePath, Line


def _user(text: str) -> str:
    # RFC 7617 section 2: "a user-id containing a colon character is invalid".
    if ":" in text:
        raise ValueError("expected a user name without a colon")
    return text


class HubSettings(Section):
    """A hub, and how it wants to be told."""

    url: HubUrl = Field(description="Required: where it is told, and what documents name.")
    topics_at_once: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1,
        description="How many feeds one request may name, for a hub that reads the field again "
        "and again.",
    )
    topic_fields: Annotated[Items[Line], Field(min_length=1)] | None = Field(
        default=None,
        description="Form fields that carry the feed's URL; those of websub if unset.",
    )
    extra_fields: dict[str, str] = Field(
        default={}, description="What else it wants in the form, by name. Nothing secret."
    )
    username: Annotated[Line, AfterValidator(_user)] | None = Field(
        default=None, description="For a hub that asks who is there (HTTP Basic)."
    )
    password_file: FilePath | None = Field(
        default=None,
        description="A file that holds the password, on one line. Relative to this file.",
    )

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> object:
        return self.url if self.model_fields_set == {"url"} else dump(self)


def _section_of(value: object) -> object:
    if isinstance(value, str):
        return {"url": value}
    if isinstance(value, dict):
        return value
    raise ValueError("expected the URL of a WebSub hub, or a section with its url")


#: A hub: its URL alone stands for a section that says nothing else.
Hub = Annotated[
    HubSettings, BeforeValidator(_section_of, json_schema_input_type=HubUrl | HubSettings)
]
