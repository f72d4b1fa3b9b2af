"""What an incoming document is to the release that we hold: new, a correction, or nothing new."""

import re
from datetime import datetime

from slugify import slugify

from feeds.model.intake import Verdict
from feeds.model.release import Draft, Release, ReleaseId, SourceKey
from feeds.model.text import whole_second

#: A slug is for a person's eye; what makes it unique is the piece of the id behind it.
MAX_SLUG_CHARS = 80
_ID_PIECE_CHARS = 8


def judge(held: Release | None, draft: Draft) -> Verdict:
    """Say what *draft* is to *held*, the release that came under the same source key."""
    if held is None:
        return Verdict.NEW
    is_same = held.content.digest == draft.content.digest
    return Verdict.UNCHANGED if is_same else Verdict.CORRECTED


def first(draft: Draft, release_id: ReleaseId, *, now: datetime) -> Release:
    """The release that a new document becomes.

    ``updated`` is the document's own word on its last change, if it is later than its
    publication; the moment of intake is no change of the release and only orders the window.
    """
    content = draft.content
    return Release(
        id=release_id,
        source_key=draft.source_key,
        slug=mint_slug(content.title, release_id),
        revision=1,
        content=content,
        updated=max(content.published, content.updated or content.published),
        changed_at=whole_second(now),
        document=draft.origin.document,
    )


def corrected(held: Release, draft: Draft, *, now: datetime) -> Release:
    """The next revision of *held*: same id, same address, new words.

    ``updated`` moves to the document's own word on its last change if that is news and not in
    the future, else to *now*. It never goes back.
    """
    content, moment = draft.content, whole_second(now)
    stated = content.updated
    is_news = stated is not None and held.updated < stated <= moment
    return Release(
        id=held.id,
        source_key=held.source_key,
        slug=held.slug,
        revision=held.revision + 1,
        content=content,
        updated=stated if stated is not None and is_news else max(moment, held.updated),
        changed_at=max(moment, held.changed_at),
        document=draft.origin.document,
    )


def is_named_by_file(source_key: SourceKey) -> bool:
    """True when a document has nothing but its file's name to be recognised by."""
    return source_key.startswith("file:")


def is_another_document(held: Release, draft: Draft) -> bool:
    """True when *draft* has only its source key in common with *held*.

    Two documents called ``release.txt`` from two folders share a source key, and so do the
    records of two systems that both count from 1. A correction changes the title or the time
    stamp, hardly ever both; a document that shares neither must not silently take the place of
    the other. An id that comes again in its own document is that document's to use.
    """
    is_its_own = held.document in (None, draft.origin.document)
    if is_its_own and not is_named_by_file(draft.source_key):
        return False
    mine, theirs = held.content, draft.content
    return mine.title != theirs.title and mine.published != theirs.published


def mint_slug(title: str, release_id: ReleaseId) -> str:
    """The permanent last part of the address of a release's page, in ASCII.

    Other scripts are transliterated; a title of signs alone leaves only the piece of the id.
    """
    piece = re.sub(r"[^0-9a-z]", "", release_id.rpartition(":")[2].lower())[:_ID_PIECE_CHARS]
    words = slugify(title[:400], max_length=MAX_SLUG_CHARS, word_boundary=True)
    return f"{words}-{piece}" if words else piece
