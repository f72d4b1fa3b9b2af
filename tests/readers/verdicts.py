"""What a library or a reader makes of a document, held against what was published in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any

from lxml import etree, html

from feeds.model.feed import Format
from tests.readers.documents import OFFICE, TOPIC, Published

#: An entry as a library gives it. What it does not tell is None or missing.
Read = Mapping[str, Any]


def faults_of(entries: Sequence[Published], read: Sequence[Read], form: Format) -> Counter[str]:
    """How many of *entries* a reader got wrong, by what is wrong with them."""
    by_id = {each["id"]: each for each in read if each.get("id")}
    found: Counter[str] = Counter()
    for number, entry in enumerate(entries):
        # A library that tells no id at all is trusted to keep the order.
        one = by_id.get(entry.id) if by_id else dict(enumerate(read)).get(number)
        found.update(["missing"] if one is None else _faults(entry, one, form))
    return found


def _faults(entry: Published, read: Read, form: Format) -> set[str]:
    checks = {
        "title": _is(read.get("title"), entry.title),
        "link": _is(read.get("link"), entry.link),
        "date": _is_date(read.get("published"), entry.published),
        "authors": _is_authors(read.get("authors"), entry),
        "address": _is_addresses(read.get("emails") or (), entry),
        "categories": _is_labels(read.get("labels"), entry.labels),
        "content": _is_html(read.get("content"), entry.content),
        "summary": _is_summary(read.get("summary"), entry.summary, form),
        "feed's address": _is(read.get("self"), TOPIC) or form is not Format.RSS,
    }
    return {name for name, is_right in checks.items() if not is_right}


def _is(found: object, expected: str) -> bool:
    return found is None or found == expected


def _is_date(found: str | None, expected: str) -> bool:
    try:
        moment = datetime.fromisoformat(found) if found else None
    except ValueError:
        return False
    if moment is None:
        return True
    told = datetime.fromisoformat(expected)
    # Readers who have a true date of before 1970 are as right as those who have the earliest one.
    return moment.astimezone(UTC) in (told, max(told, datetime(1970, 1, 2, tzinfo=UTC)))


def _is_authors(found: Sequence[str | None] | None, entry: Published) -> bool:
    """All names, in one string or several, and no other; or none, which leaves the feed's."""
    text = "; ".join(filter(None, found or ()))
    if not text:
        return True
    return all(name in text for name in entry.authors) and (
        OFFICE in entry.authors or OFFICE not in text
    )


def _is_addresses(found: Sequence[str], entry: Published) -> bool:
    """Nobody has somebody else's."""
    return Counter(found) <= Counter(each for each in entry.emails if each)


def _is_labels(found: Sequence[object] | None, expected: Sequence[str]) -> bool:
    return found is None or sorted(map(str, found)) == list(expected)


def _is_html(found: str | None, expected: str) -> bool:
    """The same text and elements, however they are written."""
    return found is None or found.strip() == expected or _canonical(found) == _canonical(expected)


def _canonical(text: str) -> bytes:
    if not text.strip():
        return b""
    return bytes(etree.tostring(html.fragment_fromstring(text, "div"), method="c14n"))


def _is_summary(found: str | None, expected: str, form: Format) -> bool:
    # A description in RSS is HTML, of which most libraries give the source.
    return found in (None, expected) or (form is Format.RSS and unescape(found or "") == expected)
