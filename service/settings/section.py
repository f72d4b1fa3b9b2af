"""What all parts of the configuration have in common."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Strict, model_validator

_Item = TypeVar("_Item")

#: A YAML list. Frozen settings hold a tuple, which strict validation would not take a list for.
Items = Annotated[tuple[_Item, ...], Strict(strict=False)]


class Section(BaseModel):
    """A mapping of the configuration: only keys that are known, only values of the right type.

    Strict, so that ``port: "8000"`` or ``title: 2024`` is told instead of guessed at. The
    description of each field is the line of help that stands in the shipped file.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, validate_default=False
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_all_defaults(cls, data: object) -> object:
        # A section whose keys are all commented out is null to YAML.
        return {} if data is None else data
