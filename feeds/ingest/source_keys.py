"""Source keys: how a document is recognised when it comes again (see docs/releases-in.md)."""

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

# Change detection: a digest of the input tells whether a document has changed since last time.

#: All fields that a release is made of. ``updated`` is missing, because some exports change it
#: every time; embargo and correction are missing too.
_FIELDS = frozenset(
    """
    title body body_format published categories language url summary subtitle author authors
    components enclosures attachments contacts contact place number release_number rights license
    related work translation_of
    """.split()  # noqa: SIM905
)


def as_written(fields: Mapping[str, object], rules: IntakeRules, *, is_html: bool) -> Written:
    """Returns *fields* and the relevant rules as a digest, and the body as written."""
    body = fields.get("body")
    relevant = {name: fields[name] for name in sorted(_FIELDS & fields.keys())}
    assumed = (rules.base_url, rules.language, str(rules.time_zone), rules.time_of_day.isoformat())
    text = json.dumps([relevant, assumed, rules.derived_summary_chars], sort_keys=True, default=str)
    return Written(
        digest=blake2b(text.encode("ascii"), digest_size=16).hexdigest(),
        body=body if isinstance(body, str) else "",
        is_html=is_html,
    )


# Identity: the key of a release (see docs/releases-in.md).

#: The fields in which a document may give its own id; the first one present wins.
ID_FIELDS = ("source_key", "id", "guid")
#: It must fit an index entry of every database.
MAX_ID_CHARS = 500
#: Fields that identify a record without an id or address, besides its day and title. Body, summary,
#: authors, categories and time of day may be corrected; the title may not. The day is included
#: because "Weekly address" is many releases; the language, because a translation may keep a title
#: that is a name. The name of the document is not included: exports are often renamed.
_IDENTIFYING = ("source", "source_file", "language")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def source_key(record: SourceRecord, *, document: str, title: str, url: str | None) -> SourceKey:
    """Returns the source key of *record*.

    Args:
        record: As parsed.
        document: Path of its file relative to the intake root, or ``-``.
        title: The cleaned title.
        url: The absolute address, if there is one.

    Raises:
        DocumentRefused: The record's own id is unusable.
    """
    if (own_id := _own_id(record.fields)) is not None:
        return own_id
    if url is not None:
        # A site that moves to https does not make its releases new ones.
        return SourceKey(f"url:{re.sub('^http:', 'https:', url)}")
    # Standard input has no name: all documents read from it would be one release.
    if record.is_whole_document and document != "-":
        return SourceKey(f"file:{document}")
    return SourceKey(f"record:{_identity(record.fields, title)}")


def key_of_id(own_id: object, *, field: str = ID_FIELDS[0]) -> SourceKey:
    """Returns the source key of a record with the id *own_id*.

    Raises:
        DocumentRefused: *own_id* is not a valid id.
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
        own_id = one_line(value, field=name, is_markup=False, warnings=[])
        if 0 < len(own_id) <= MAX_ID_CHARS:
            return own_id
    raise DocumentRefused(
        f"{name} is not usable as an id: {shown(value)}",
        remedy=f"give a text of 1 to {MAX_ID_CHARS} characters, or leave it out",
        field=name,
    )


def _identity(fields: Mapping[str, object], title: str) -> str:
    """Returns a hash that identifies a record without id and address."""
    parts = [_text(fields.get(name)) for name in _IDENTIFYING]
    day = _DAY.match(_text(fields.get("published")))
    identity = json.dumps([*parts, day[0] if day else "", fold(title)])
    return blake2b(identity.encode(), digest_size=16).hexdigest()


def _text(value: object) -> str:
    return fold(value) if isinstance(value, str) else ""
