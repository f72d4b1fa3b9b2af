"""Compares an incoming document with the stored release, and makes the next revision."""

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

from slugify import slugify

from feeds.html import tree
from feeds.html.summary import was_made_of
from feeds.html.tree import TEXT, Node, parse
from feeds.model.intake import IntakeVerdict
from feeds.model.phrases import phrases_in
from feeds.model.release import (
    ASSUMED_CORRECTION,
    ChangeNote,
    Content,
    Draft,
    Release,
    ReleaseId,
    Retraction,
    SourceKey,
    Weight,
    Written,
)
from feeds.model.text import whole_second

# The comparison of two versions of one document: by its words, and by the targets of its links.

#: Elements whose content was never treated as text.
_NO_WORDS = frozenset(
    """
    applet button canvas embed head iframe math noembed noframes object script select style svg
    template textarea title
    """.split()  # noqa: SIM905
)


def words_of(html: str) -> str:
    """Returns all visible characters of *html*, without white space, as the source has them.

    Text that a style hides counts. Fallback content of other elements does not.
    """
    texts: list[str] = []
    pending = [tree.parse(html.encode("utf-8", "replace").decode())]
    while pending:
        node = pending.pop()
        if node.tag == TEXT:
            texts.append(tree.text_of(node))
        elif node.tag not in _NO_WORDS:
            pending += [*tree.children(node)][::-1]
    return visible_characters(" ".join(texts))


def visible_characters(text: str) -> str:
    """Returns the visible characters of *text*, in NFC."""
    return "".join(filter(_is_visible, unicodedata.normalize("NFC", text)))


def _is_visible(character: str) -> bool:
    return character.isprintable() and not character.isspace()


def links_of(html: str) -> set[str]:
    """Returns the targets of the links in clean *html*, except links to an anchor on a page."""
    links = (tree.attribute(link, "href") for link in _links(tree.parse(html)))
    return {link for link in links if link and "#" not in link}


def _links(root: Node) -> list[Node]:
    """Returns all links with visible text; links without any are no longer kept."""
    return [link for link in tree.find(root, "a[href]") if visible_characters(tree.text_of(link))]


# The comparison of a document with the stored release.

#: The words of a slug are for people; the piece of the id at its end makes it unique.
MAX_SLUG_CHARS = 80
_ID_PIECE_CHARS = 8
#: A comma between digits, but for those of thousands ("1,000,000", in India "10,00,000").
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)(?:(?<=\b0,)|(?!(?:\d\d,)*\d{3}(?!\d)))")
#: A date by its year, or a month at the end, where the piece of the id would be its day.
_DATE_IN_WORDS = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-(1[0-2]|0?[1-9])(?:-([12]\d|3[01]|0?[1-9])(?!\d)|$)"
)


def classify(stored: Release | None, draft: Draft) -> IntakeVerdict:
    """Compares *draft* with *stored*, the release with the same source key."""
    if stored is None:
        return IntakeVerdict.NEW
    return IntakeVerdict.UNCHANGED if _is_same_document(stored, draft) else IntakeVerdict.CORRECTED


def has_same_content(stored: Content, draft: Draft) -> bool:
    """Whether *draft* says nothing that *stored* does not.

    A summary that was derived from the body may have been derived by other rules when the release
    was stored. That is not a correction: the document is the same.
    """
    if stored.digest == draft.content.digest:
        return True
    if not draft.is_summary_derived or stored.body != draft.content.body:
        return False
    alike = replace(draft.content, summary=stored.summary)
    return alike.digest == stored.digest and was_made_of(stored.summary, parse(stored.body))


def _is_same_document(stored: Release, draft: Draft) -> bool:
    """Whether *draft* comes from the same document as *stored*.

    Later versions of this program may clean a document differently. That is not a correction: the
    press office wrote nothing new, so no reader is notified, and what was published stays.
    """
    if has_same_content(stored.content, draft):
        return True
    # A server may report another length or type although the document did not change.
    if draft.written is None or _files_of(stored.content) != _files_of(draft.content):
        return False
    if stored.source is not None:
        return stored.source == draft.written.digest
    return _has_same_words(stored, draft, draft.written)


def _files_of(content: Content) -> list[tuple[int, str]]:
    """Returns the lengths and media types of a release's files, as their servers reported them."""
    return [(each.length_bytes, each.media_type) for each in content.enclosures]


def _has_same_words(stored: Release, draft: Draft, written: Written) -> bool:
    """Whether *stored*, which has no source digest, was made from the document of *draft*.

    In that case its words are those of the document, and no link leads elsewhere.
    """
    alike = replace(draft, content=replace(draft.content, body=stored.content.body))
    if not has_same_content(stored.content, alike):
        return False
    words = words_of(stored.content.body)
    source_words = words_of(written.body) if written.is_html else visible_characters(written.body)
    is_same = words in (source_words, _without_heading(source_words, draft.content.title))
    before, now = links_of(stored.content.body), links_of(draft.content.body)
    # Links that now stand in place of an embed, or that are no longer recognised as links, only add
    # or only remove targets. A corrected link does both.
    return is_same and (before <= now or now <= before)


def _without_heading(words: str, title: str) -> str:
    """Returns *words* without a heading that repeats the title, which is dropped."""
    heading = visible_characters(title)
    is_there = words[: len(heading)].casefold() == heading.casefold()
    return words[len(heading) :] if is_there else words


def new_release(
    draft: Draft, release_id: ReleaseId, *, now: datetime, is_news: bool = True
) -> Release:
    """Returns the release that a new document becomes.

    ``updated`` is the date of the last change that the document states, if it is later than its
    publication and not in the future. The moment of intake is not a change of the release and only
    orders the window; of what is no news, not even that.
    """
    content = draft.content
    stated = content.updated if content.updated and content.updated <= now else content.published
    return Release(
        id=release_id,
        source_key=draft.source_key,
        slug=mint_slug(content.title, release_id),
        revision=1,
        content=content,
        updated=max(content.published, stated),
        changed_at=whole_second(now),
        document=draft.origin.document,
        source=_source_of(draft),
        published_id=draft.published_id,
        own_place=None if is_news else content.published,
    )


def _source_of(draft: Draft) -> str | None:
    return None if draft.written is None else draft.written.digest


def updated_quietly(stored: Release, draft: Draft, *, now: datetime) -> Release:
    """Returns the next revision of *stored* when that is no news, as in a second import.

    It keeps its place and gets no note and no notice. ``updated`` moves only to a later date that
    the document states.
    """
    if stored.retraction is not None:
        return corrected(stored, draft, now=now)
    content = draft.content
    stated = content.updated if content.updated and content.updated <= now else stored.updated
    return replace(
        stored,
        revision=stored.revision + 1,
        content=content,
        updated=max(stored.updated, stated, content.published),
        changed_at=_next_change(stored, now),
        own_place=stored.placed_at,
        document=draft.origin.document,
        source=_source_of(draft),
    )


def corrected(stored: Release, draft: Draft, *, now: datetime) -> Release:
    """Returns the next revision of *stored*: same id, same address, new content.

    A minor correction keeps ``updated``. A major one moves it, to the date of the last change that
    the document states if that is new and not in the future, else to *now*, and adds a note with
    that date. It never goes back, and feeds hold a notice of the correction from then on.
    ``changed_at`` moves with both kinds, so that the entry returns to the window of its feeds.

    Of a retracted release only the content changes. It stays retracted, and what readers see of it,
    including its dates, stays as it is.
    """
    if stored.retraction is not None:
        return replace(
            stored,
            revision=stored.revision + 1,
            content=draft.content,
            source=_source_of(draft),
        )
    moment = whole_second(now)
    next_one = replace(
        stored,
        revision=stored.revision + 1,
        content=draft.content,
        changed_at=_next_change(stored, now),
        own_place=None,
        translations=stored.translations,
        document=draft.origin.document,
        source=_source_of(draft),
    )
    if weight_of(stored, draft) is Weight.MINOR:
        return next_one
    updated = _moved(stored.updated, draft.content.updated, moment)
    note = ChangeNote(at=updated, text=_note_text(draft))
    notes = (*stored.notes, note)
    return replace(next_one, updated=updated, notes=notes, notice_since=next_one.changed_at)


def weight_of(stored: Release, draft: Draft) -> Weight:
    """Returns whether a correction is minor or major.

    The configuration decides when the document states nothing. A change of categories alone is
    minor then, because readers see the same text.
    """
    correction = draft.correction or ASSUMED_CORRECTION
    has_same_words = _words_of(stored.content) == _words_of(draft.content)
    is_only_reassigned = correction.is_assumed and has_same_words
    return Weight.MINOR if is_only_reassigned else correction.weight


def _words_of(content: Content) -> Content:
    details = replace(content.details, work=None)
    return replace(content, category_names=(), updated=None, url=None, details=details)


def _moved(stored: datetime, stated: datetime | None, moment: datetime) -> datetime:
    if stated is not None and stored < stated <= moment:
        return stated
    return max(moment, stored)


def _note_text(draft: Draft) -> str:
    given = draft.correction and draft.correction.note
    return given or phrases_in(draft.content.language).was_corrected


def retracted(stored: Release, *, reason: str, now: datetime) -> Release:
    """Returns *stored* as retracted, later than anything that was said of it before.

    Later by at least one second: readers detect a change by ``updated``, and a tombstone that is
    older than the entry is ignored (RFC 6721 section 2).
    """
    retraction = Retraction(at=_next_moment(stored, now), reason=reason)
    return _moved_to(retraction.at, replace(stored, retraction=retraction), now=now)


def restored(stored: Release, *, now: datetime) -> Release:
    """Returns *stored* as public again, later than its tombstone."""
    return _moved_to(_next_moment(stored, now), replace(stored, retraction=None), now=now)


def _moved_to(moment: datetime, release: Release, *, now: datetime) -> Release:
    # Uses the time of the operation, not the release's own date: a document may state any date for
    # its last change, and a notice dated next year would stay until then.
    changed_at = _next_change(release, now)
    return replace(
        release, updated=moment, changed_at=changed_at, notice_since=changed_at, own_place=None
    )


def _next_moment(stored: Release, now: datetime) -> datetime:
    return max(whole_second(now), stored.updated + timedelta(seconds=1))


def _next_change(stored: Release, now: datetime) -> datetime:
    """Returns now, and at least one second after the last change.

    The page of a release has this date, and HTTP dates have no smaller unit.
    """
    return max(whole_second(now), stored.changed_at + timedelta(seconds=1))


def is_import(source_key: SourceKey) -> bool:
    """Whether a document came from another system; see ``feeds.ingest.source_keys``."""
    return source_key.startswith(("import:", "upstream:"))


def is_named_by_file(source_key: SourceKey) -> bool:
    """Whether a document can be recognised only by the name of its file."""
    return source_key.startswith("file:")


def with_resolved_date(draft: Draft, stored: Release | None, *, now: datetime) -> Draft:
    """Returns *draft* with its publication date resolved.

    A document with a bare date is published on that day: now if that is today, otherwise at the
    configured time. A release that was published on that day keeps the moment that the public
    knows. Releases of one day must not share one moment: programs that take what is dated later
    than what they have seen would miss all but the first (``findings/by-date.sh``). A document
    without a date is published now, and its corrections keep that moment.

    Args:
        draft: The draft as its document has it.
        stored: The release that it will become a revision of.
        now: The moment of intake.
    """
    known = None if stored is None else stored.content.published
    if not draft.is_dated and draft.embargoed_until is None:
        return replace(draft, content=replace(draft.content, published=known or whole_second(now)))
    if draft.day is None:
        return draft
    begins, ends = draft.day
    if known is not None and begins <= known < ends:
        published = known
    elif begins <= now < ends:
        published = whole_second(now)
    else:
        return draft
    return replace(draft, content=replace(draft.content, published=published))


def is_different_document(stored: Release, draft: Draft) -> bool:
    """Whether *draft* has only its source key in common with *stored*.

    Two documents called ``release.txt`` from two folders share a source key, and so do the records
    of two systems that both count from 1. A correction changes the title or the time stamp, hardly
    ever both. A document that shares neither must not silently replace the other. An id that
    appears again in its own document is that document's to reuse.
    """
    is_same_origin = stored.document in (None, draft.origin.document)
    if is_same_origin and not is_named_by_file(draft.source_key):
        return False
    if is_import(draft.source_key):  # Its key names the system from which it came.
        return False
    before, after = stored.content, draft.content
    # The date of a draft without one is that of the stored release, and proves nothing.
    return before.title != after.title and (
        not draft.is_dated or before.published != after.published
    )


def mint_slug(title: str, release_id: ReleaseId) -> str:
    """Returns the permanent last part of the address of a release's page, in ASCII.

    Other scripts are transliterated. A title of only symbols leaves only the piece of the id.
    A decimal comma becomes a hyphen, as a decimal point does: "2,5" is `2-5`. A date by its year
    has none: "2026-09-30" is `20260930`, as programs that collect news would take it for the date
    of the release (findings/dates-in-addresses.sh).
    """
    piece = re.sub(r"[^0-9a-z]", "", release_id.rpartition(":")[2].lower())[:_ID_PIECE_CHARS]
    # The library deletes every comma between digits: of "2,5 Prozent" it makes 25.
    title = _DECIMAL_COMMA.sub(".", title[:400])
    words = slugify(title, max_length=MAX_SLUG_CHARS, word_boundary=True)
    words = _DATE_IN_WORDS.sub(_without_hyphens, words)
    return f"{words}-{piece}" if words else piece


def _without_hyphens(date: re.Match[str]) -> str:
    return "".join(number.rjust(2, "0") for number in date.groups() if number)
