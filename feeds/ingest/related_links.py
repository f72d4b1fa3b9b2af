"""What belongs to a release and stands elsewhere, as an address, an object, or a list of either."""

from collections.abc import Mapping

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.enclosures import media_type_in
from feeds.ingest.fields import at_most, items
from feeds.ingest.languages import read_language
from feeds.ingest.lines import Lines, first_of
from feeds.ingest.rules import IntakeRules
from feeds.model.release import RelatedLink

_FIELD = "related"
_REMEDY = 'write an address, or {"url": …, "title": …, "language": "fr"}, or a list of these'


def read_related_links(
    fields: Mapping[str, object], *, base: str, lines: Lines, rules: IntakeRules
) -> tuple[RelatedLink, ...]:
    """The related links of a record, each address once, in its order.

    Args:
        fields: Of the record.
        base: What relative addresses are relative to.
        lines: Reads texts and addresses.
        rules: Tell the limits.

    Raises:
        DocumentRefused: One has no address, a language or media type that is none, or there are
            too many.
    """
    values = items(fields, _FIELD)
    at_most(len(values), rules.max_related, field=_FIELD)
    by_url: dict[str, RelatedLink] = {}
    for place, value in enumerate(values):
        field = f"{_FIELD}[{place}]"
        link = _read_one(value, field, base, lines, rules)
        by_url.setdefault(link.url, link)
    return tuple(by_url.values())


def _read_one(
    value: object, field: str, base: str, lines: Lines, rules: IntakeRules
) -> RelatedLink:
    members = value if isinstance(value, dict) else {"url": value}
    url = lines.address(members.get("url"), field=f"{field}.url", base=base)
    if url is None:
        raise _refusal(f"{field}.url", "is missing")
    return RelatedLink(
        url=url,
        title=lines.text(members.get("title"), field=f"{field}.title", limit=rules.max_title_chars),
        language=_language(members.get("language"), f"{field}.language", lines),
        media_type=_media_type(first_of(members, "media_type", "type"), f"{field}.media_type"),
    )


def _language(value: object, field: str, lines: Lines) -> str | None:
    if value is None or value == "":
        return None
    try:
        return read_language(value if isinstance(value, str) else "", mended=lines.mended)
    except DocumentRefused as fault:
        raise _refusal(field, f"is not a BCP 47 tag: {shown(value)}") from fault


def _media_type(value: object, field: str) -> str | None:
    if value is None or value == "":
        return None
    media_type = media_type_in(value)
    if media_type is None:
        raise _refusal(field, f"is not a media type: {shown(value)}")
    return media_type


def _refusal(field: str, fact: str) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}", remedy=_REMEDY, field=field)
