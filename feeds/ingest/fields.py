"""The fields of a record, taken out with their type checked."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from feeds.errors import DocumentRefused
from feeds.ingest.characters import one_line, shown

#: White space, controls and references may make a line so many times as long as it will be.
UNCLEAN_TIMES = 20

#: What the required fields are called elsewhere. They are not read (a ``date`` may be anything),
#: but the refusal says what was probably meant.
_ELSEWHERE = {
    "title": ("headline", "subject", "name"),
    "body": ("content", "content_html", "content_text", "html", "text", "description"),
    "published": ("date", "date_published", "published_at", "pubdate", "datetime"),
}


def optional_text(fields: Mapping[str, object], name: str) -> str | None:
    """The text of a field; None when it is missing, null, or white space only.

    Raises:
        DocumentRefused: It is there and no text.
    """
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise DocumentRefused(
            f"{name} is not a text: {shown(value)}", remedy=f"write {name} in quotes", field=name
        )
    return value if value.strip() else None


def required_text(fields: Mapping[str, object], name: str) -> str:
    """The text of a field without which there is no release.

    Raises:
        DocumentRefused: It is missing, empty, or no text.
    """
    value = optional_text(fields, name)
    if value is not None:
        return value
    if name in fields:
        raise DocumentRefused(f"{name} is empty", remedy=f"give the {name}", field=name)
    meant = _near_miss(fields, name)
    remedy = f"rename {shown(meant)} to {name!r}" if meant else f"add the field {name!r}"
    raise DocumentRefused(f"{name} is missing", remedy=remedy, field=name)


def items(fields: Mapping[str, object], name: str) -> list[object]:
    """The values of a field that may be a list, one value, or missing."""
    value = fields.get(name)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def at_most(count: int, limit: int, *, field: str) -> None:
    """Refuse a list that is longer than *limit*.

    Raises:
        DocumentRefused: It is.
    """
    if count > limit:
        raise DocumentRefused(
            f"{field} has {count} entries; at most {limit} are taken",
            remedy=f"shorten {field}",
            field=field,
        )


def fitting(text: str, limit: int, *, field: str) -> str:
    """*Text*, if it has no more than *limit* characters.

    Raises:
        DocumentRefused: It has.
    """
    if len(text) > limit:
        raise DocumentRefused(
            f"{field} has {len(text)} characters; at most {limit} are taken",
            remedy=f"shorten {field}",
            field=field,
        )
    return text


def short_line(text: str, limit: int, *, field: str, is_markup: bool, mended: list[str]) -> str:
    """*Text* as one clean line of plain text with no more than *limit* characters.

    Args:
        text: As the document has it.
        limit: Of what is left of it.
        field: What messages call it.
        is_markup: See `one_line`.
        mended: Gets warnings.

    Raises:
        DocumentRefused: It has more; or so many that to clean them would take seconds.
    """
    if len(text) > limit * UNCLEAN_TIMES:
        return fitting(text, limit, field=field)
    line = one_line(text, field=field, is_markup=is_markup, mended=mended)
    return fitting(line, limit, field=field)


def _near_miss(fields: Mapping[str, object], name: str) -> str | None:
    by_folded = {key.casefold(): key for key in _strings(fields)}
    if name in by_folded:
        return by_folded[name]
    for other in _ELSEWHERE.get(name, ()):
        if other in by_folded:
            return by_folded[other]
    close = get_close_matches(name, by_folded, n=1, cutoff=0.75)
    return by_folded[close[0]] if close else None


def _strings(fields: Iterable[str], limit: int = 100) -> list[str]:
    # A hostile record can have a million fields; the first hundred will do for a hint.
    return [key[:50] for key, _ in zip(fields, range(limit), strict=False)]
