"""Problems (RFC 9457) that the API answers with; each names the field that is wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from feeds.model.intake import Refusal
from service.web.api.shapes import Fault

#: A step of a field's name in the notation of the intake: ``enclosures[0].url``.
_STEP = re.compile(r"[^.\[\]]+")


class ApiProblem(HTTPException):
    """The problem that answers a failed request to the API."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = status.value
        self.errors = [fault.model_dump(exclude_none=True) for fault in errors]
        self._own_headers = dict(headers or {})

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Returns Werkzeug's own headers, and those of this problem."""
        return [*super().get_headers(*arguments), *self._own_headers.items()]


def intake_refused(refusal: Refusal) -> ApiProblem:
    """Returns the answer to a document that the intake refused."""
    return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, refusal.reason, errors=faults_of(refusal))


def faults_of(refusal: Refusal) -> list[Fault]:
    """Returns every fault of a refused document, with a pointer to the field."""
    if not refusal.faults:
        return [
            Fault(
                detail=refusal.reason,
                remedy=refusal.remedy,
                pointer=_pointer(refusal.field),
            )
        ]
    return [
        Fault(detail=each.reason, remedy=each.remedy, pointer=_pointer(each.field))
        for each in refusal.faults
    ]


def invalid_body(error: ValidationError, value: object) -> ApiProblem:
    """Returns the answer to a body that does not match the schema."""
    by_pointer: dict[str, list[str]] = {}
    for details in error.errors(include_url=False, include_input=False):
        is_missing = details["type"] == "missing"
        pointer = json_pointer(_path_in(value, details["loc"], is_missing=is_missing))
        by_pointer.setdefault(pointer, []).append(_message(details))
    # Where a field may be written in several ways, only the faults of the deepest match are shown.
    deepest = {
        pointer: messages
        for pointer, messages in by_pointer.items()
        if not any(other.startswith(f"{pointer}/") for other in by_pointer)
    }
    return ApiProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "the body has not the shape of a record",
        errors=[
            Fault(pointer=pointer, detail=", or ".join(dict.fromkeys(messages)))
            for pointer, messages in deepest.items()
        ],
    )


def invalid_query(error: ValidationError) -> ApiProblem:
    """Returns the answer to a query with invalid parameters."""
    return ApiProblem(
        HTTPStatus.BAD_REQUEST,
        "the query cannot be understood",
        errors=[
            Fault(parameter=str(details["loc"][0]), detail=_message(details))
            for details in error.errors(include_url=False, include_input=False)
        ],
    )


def bad_parameter(name: str, detail: str) -> ApiProblem:
    """Returns the answer to a query with one invalid parameter."""
    fault = Fault(parameter=name, detail=detail)
    return ApiProblem(HTTPStatus.BAD_REQUEST, f"{name}: {detail}", errors=[fault])


def json_pointer(steps: Iterable[str | int]) -> str:
    """Writes a JSON Pointer (RFC 6901 section 3): ``~`` and ``/`` are escaped."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _pointer(field: str | None) -> str | None:
    return None if field is None else json_pointer(_STEP.findall(field))


def _path_in(
    value: object, location: Sequence[str | int], *, is_missing: bool
) -> Iterator[str | int]:
    """Yields the steps of pydantic's *location* that are in the body, without those of unions."""
    for position, step in enumerate(location):
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        elif isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif not (is_missing and position == len(location) - 1):
            continue  # a member of a union
        yield step


def _message(details: Mapping[str, Any]) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return "no such parameter"
    if kind == "missing":
        return "is missing"
    message = str(details["msg"])
    return message.removeprefix("Value error, ").replace("Input should be", "expected")
