"""How a document is recognised when it comes again; docs/releases-in.md explains it."""

import json
import re
from collections.abc import Mapping
from hashlib import blake2b

from feeds.errors import DocumentRefused
from feeds.ingest.characters import one_line, shown
from feeds.ingest.fields import SourceRecord
from feeds.ingest.rules import IntakeRules
from feeds.model.release import SourceKey, Written
from feeds.model.text import fold

# By what a document is known to be the one that came before, whatever is made of it.

#: All fields that a release is made of. Not ``updated``, which some exports stamp anew each time;
#: nor what a document says of its embargo or of itself as a correction.
_FIELDS = frozenset(
    """
    title body body_format published categories language url summary subtitle author authors
    components enclosures attachments contacts contact place number release_number rights license
    related work translation_of
    """.split()  # noqa: SIM905
)


def written(fields: Mapping[str, object], rules: IntakeRules, *, is_html: bool) -> Written:
    """What *fields* say, as they say it, under these rules."""
    body = fields.get("body")
    said = {name: fields[name] for name in sorted(_FIELDS & fields.keys())}
    assumed = (rules.base_url, rules.language, str(rules.time_zone), rules.time_of_day.isoformat())
    text = json.dumps([said, assumed, rules.derived_summary_chars], sort_keys=True, default=str)
    return Written(
        digest=blake2b(text.encode("ascii"), digest_size=16).hexdigest(),
        body=body if isinstance(body, str) else "",
        is_html=is_html,
    )


# By what a document is recognised when it comes again; docs/releases-in.md tells it to people.

#: The fields in which a document may name itself, the first one that is there wins.
ID_FIELDS = ("source_key", "id", "guid")
#: An index entry has to hold it, in every database.
MAX_ID_CHARS = 500
#: Of a record that names itself nowhere: where it stands, and what a reader would call it by.
#: Its body, summary, authors, categories and time of day may be corrected; its title may not.
#: The day is in because "Weekly address" is many releases; the language, because a translation
#: may keep a title that is a name. The document's own name is not: an export is often renamed.
_IDENTIFYING = ("source", "source_file", "language")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def source_key(record: SourceRecord, *, document: str, title: str, url: str | None) -> SourceKey:
    """The key of *record*.

    Args:
        record: As parsed.
        document: The file's path relative to the intake root, or ``-``.
        title: Clean.
        url: Clean and absolute.

    Raises:
        DocumentRefused: The record's id is not usable.
    """
    if (own_id := _own_id(record.fields)) is not None:
        return own_id
    if url is not None:
        # A site that moves to https has not written its releases anew.
        return SourceKey(f"url:{re.sub('^http:', 'https:', url)}")
    # Standard input has no name: everything that ever came through it would be one release.
    if record.is_whole_document and document != "-":
        return SourceKey(f"file:{document}")
    return SourceKey(f"record:{_identity(record.fields, title)}")


def key_of_id(own_id: object, *, field: str = ID_FIELDS[0]) -> SourceKey:
    """The key of a record that names itself *own_id*.

    Raises:
        DocumentRefused: It is no id.
    """
    return SourceKey(f"id:{_read_id(field, own_id)}")


def _own_id(fields: Mapping[str, object]) -> SourceKey | None:
    for name in ID_FIELDS:
        value = fields.get(name)
        if value is not None and value != "":
            return key_of_id(value, field=name)
    return None


def _read_id(name: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        own_id = one_line(value, field=name, is_markup=False, mended=[])
        if 0 < len(own_id) <= MAX_ID_CHARS:
            return own_id
    raise DocumentRefused(
        f"{name} is not usable as an id: {shown(value)}",
        remedy=f"give a text of 1 to {MAX_ID_CHARS} characters, or leave it out",
        field=name,
    )


def _identity(fields: Mapping[str, object], title: str) -> str:
    """A hash of what a record without id and address is recognised by."""
    parts = [_text(fields.get(name)) for name in _IDENTIFYING]
    day = _DAY.match(_text(fields.get("published")))
    identity = json.dumps([*parts, day[0] if day else "", fold(title)])
    return blake2b(identity.encode(), digest_size=16).hexdigest()


def _text(value: object) -> str:
    return fold(value) if isinstance(value, str) else ""
