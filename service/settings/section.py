"""Sections of the configuration, and the keys that they have."""

from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Strict, model_validator
from pydantic.fields import FieldInfo

from service.settings.faults import KeyPath, dotted

_Item = TypeVar("_Item")

#: A YAML list, stored as a tuple because settings are frozen; strict validation would refuse lists.
Items = Annotated[tuple[_Item, ...], Strict(strict=False)]


class Section(BaseModel):
    """A section of the configuration: it accepts only known keys and values of the right type.

    Validation is strict, so that ``port: "8000"`` or ``title: 2024`` is an error and not a guess.
    The description of each field is its line of help in the shipped file.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, validate_default=False
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_all_defaults(cls, data: object) -> object:
        # YAML reads a section whose keys are all commented out as null.
        return {} if data is None else data


# The known keys, read from the models: their paths and the types of their values.


def plain_type(annotation: Any) -> Any:
    """Returns *annotation* without validators and ``| None``; larger unions are unchanged."""
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not NoneType]
        if len(parts) == 1:
            return plain_type(parts[0])
    return annotation


def section_type(annotation: Any) -> type[Section] | None:
    """Returns the section class of a key of this type, or None if its value is no section."""
    plain = plain_type(annotation)
    return plain if isinstance(plain, type) and issubclass(plain, Section) else None


def item_section_type(annotation: Any) -> type[Section] | None:
    """Returns the section class of a list's items, or None if it is no list of sections."""
    plain = plain_type(annotation)
    return section_type(get_args(plain)[0]) if get_origin(plain) is tuple else None


def is_list(field: FieldInfo) -> bool:
    """Whether the key's value is a list."""
    return get_origin(plain_type(field.annotation)) is tuple


def takes_text(field: FieldInfo) -> bool:
    """Whether the key's value is text, used verbatim: ``no`` is no boolean there."""
    return not is_list(field) and plain_type(field.annotation) not in (int, float, bool)


def fields_of(section: type[Section], path: KeyPath = ()) -> Iterator[tuple[KeyPath, FieldInfo]]:
    """Yields all keys below *section*, sections before their keys. Items of lists are left out."""
    for name, field in section.model_fields.items():
        yield (*path, name), field
        if inner := section_type(field.annotation):
            yield from fields_of(inner, (*path, name))


@cache
def leaves(section: type[Section]) -> dict[str, FieldInfo]:
    """Returns the keys below *section* that have values, by dotted path."""
    return {
        dotted(path): field
        for path, field in fields_of(section)
        if section_type(field.annotation) is None
    }


def section_at(root: type[Section], path: KeyPath) -> type[Section] | None:
    """Returns the section class at *path*, which may lead through lists; None if there is none."""
    section: type[Section] | None = root
    annotation: Any = root
    for part in path:
        if isinstance(part, int):
            section = item_section_type(annotation)
        elif section and part in section.model_fields:
            annotation = section.model_fields[part].annotation
            section = section_type(annotation)
        else:
            return None
    return section
