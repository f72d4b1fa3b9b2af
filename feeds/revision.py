"""What an incoming document is to the release that is held: new, a correction, or nothing new."""

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
    UNSAID,
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

# What two readings of one document have in common: its words, and where its links lead.

#: What no reading ever took for words.
_NO_WORDS = frozenset(
    """
    applet button canvas embed head iframe math noembed noframes object script select style svg
    template textarea title
    """.split()  # noqa: SIM905
)


def words_of(html: str) -> str:
    """All characters of *html* that can be seen, without white space, as the source has them.

    What is hidden by style counts, and what stands in the place of something else does not.
    """
    texts: list[str] = []
    waiting = [tree.parse(html.encode("utf-8", "replace").decode())]
    while waiting:
        node = waiting.pop()
        if node.tag == TEXT:
            texts.append(tree.text_of(node))
        elif node.tag not in _NO_WORDS:
            waiting += [*tree.children(node)][::-1]
    return seen(" ".join(texts))


def seen(text: str) -> str:
    """The characters of *text* that can be seen, in NFC."""
    return "".join(filter(_is_seen, unicodedata.normalize("NFC", text)))


def _is_seen(character: str) -> bool:
    return character.isprintable() and not character.isspace()


def links_of(html: str) -> set[str]:
    """Where the links of clean *html* lead, those aside that lead to a place on a page."""
    links = (tree.attribute(link, "href") for link in _links(tree.parse(html)))
    return {link for link in links if link and "#" not in link}


def _links(root: Node) -> list[Node]:
    """All links that somebody can see: others are no longer kept."""
    return [link for link in tree.find(root, "a[href]") if seen(tree.text_of(link))]


# What an incoming document is to the release that we hold: new, a correction, or nothing new.

#: A slug is for a person's eye; what makes it unique is the piece of the id behind it.
MAX_SLUG_CHARS = 80
_ID_PIECE_CHARS = 8


def judge(held: Release | None, draft: Draft) -> IntakeVerdict:
    """Say what *draft* is to *held*, the release that came under the same source key."""
    if held is None:
        return IntakeVerdict.NEW
    return IntakeVerdict.UNCHANGED if _is_the_same(held, draft) else IntakeVerdict.CORRECTED


def says_the_same(held: Content, draft: Draft) -> bool:
    """True when *draft* says nothing that *held* does not.

    A summary that we made of the body may have been made otherwise when *held* came. That is no
    correction: the document is the same.
    """
    if held.digest == draft.content.digest:
        return True
    if not draft.is_summary_derived or held.body != draft.content.body:
        return False
    alike = replace(draft.content, summary=held.summary)
    return alike.digest == held.digest and was_made_of(held.summary, parse(held.body))


def _is_the_same(held: Release, draft: Draft) -> bool:
    """True when *draft* says what *held* was made of.

    What we make of a document gets better from one version to another. That is no correction: the
    press office wrote nothing new, so nobody is told, and what was published stays.
    """
    if says_the_same(held.content, draft):
        return True
    if draft.written is None or _files_of(held.content) != _files_of(draft.content):
        return False
    if held.source is not None:
        return held.source == draft.written.digest
    return _has_the_same_words(held, draft, draft.written)


def _files_of(content: Content) -> list[tuple[int, str]]:
    """What servers told of a release's files: it may change though the document does not."""
    return [(each.length_bytes, each.media_type) for each in content.enclosures]


def _has_the_same_words(held: Release, draft: Draft, written: Written) -> bool:
    """Whether *held*, of which it was not noted how its document was written, is made of *draft*.

    Its words are those of the document then, and no link leads elsewhere.
    """
    alike = replace(draft, content=replace(draft.content, body=held.content.body))
    if not says_the_same(held.content, alike):
        return False
    words = words_of(held.content.body)
    theirs = words_of(written.body) if written.is_html else seen(written.body)
    is_same = words in (theirs, _without_heading(theirs, draft.content.title))
    before, now = links_of(held.content.body), links_of(draft.content.body)
    # Those that we give now where an embed was, or no longer take for links, are the one or the
    # other; a link that was corrected is both.
    return is_same and (before <= now or now <= before)


def _without_heading(words: str, title: str) -> str:
    """*Words* without a heading that repeats the title, which is dropped."""
    heading = seen(title)
    is_there = words[: len(heading)].casefold() == heading.casefold()
    return words[len(heading) :] if is_there else words


def first(draft: Draft, release_id: ReleaseId, *, now: datetime) -> Release:
    """The release that a new document becomes.

    ``updated`` is the document's own word on its last change, if it is later than its
    publication and not in the future; the moment of intake is no change of the release and only
    orders the window.
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
    )


def _source_of(draft: Draft) -> str | None:
    return None if draft.written is None else draft.written.digest


def corrected(held: Release, draft: Draft, *, now: datetime) -> Release:
    """The next revision of *held*: same id, same address, new words.

    A minor correction leaves ``updated`` where it is. A major one moves it, to the document's own
    word on its last change if that is news and not in the future, else to *now*, and adds a note
    of that date; it never goes back, and feeds hold a notice of it from now on. ``changed_at``
    moves with both, so that the entry comes back into the window of its feeds.

    Of a release that was retracted only the words change: it stays retracted, and what its readers
    are shown of it, when it changed too, stays as it is.
    """
    if held.retraction is not None:
        return replace(
            held,
            revision=held.revision + 1,
            content=draft.content,
            source=_source_of(draft),
        )
    moment = whole_second(now)
    next_one = replace(
        held,
        revision=held.revision + 1,
        content=draft.content,
        changed_at=_now_for(held, now),
        translations=held.translations,
        document=draft.origin.document,
        source=_source_of(draft),
    )
    if weight_of(held, draft) is Weight.MINOR:
        return next_one
    updated = _moved(held.updated, draft.content.updated, moment)
    note = ChangeNote(at=updated, text=_note_of(draft))
    notes = (*held.notes, note)
    return replace(next_one, updated=updated, notes=notes, notice_since=next_one.changed_at)


def weight_of(held: Release, draft: Draft) -> Weight:
    """How much a correction matters.

    Where a document says nothing, the configuration does; but a release that is only filed
    elsewhere says to its readers what it said before.
    """
    correction = draft.correction or UNSAID
    is_filing = correction.is_assumed and _words_of(held.content) == _words_of(draft.content)
    return Weight.MINOR if is_filing else correction.weight


def _words_of(content: Content) -> Content:
    details = replace(content.details, work=None)
    return replace(content, category_names=(), updated=None, url=None, details=details)


def _moved(held: datetime, stated: datetime | None, moment: datetime) -> datetime:
    if stated is not None and held < stated <= moment:
        return stated
    return max(moment, held)


def _note_of(draft: Draft) -> str:
    given = draft.correction and draft.correction.note
    return given or phrases_in(draft.content.language).was_corrected


def retracted(held: Release, *, reason: str, now: datetime) -> Release:
    """*Held*, taken back; later than anything that was said of it before.

    A second later at least: readers tell by ``updated`` that there is something new, and a
    tombstone that is older than the entry counts for nothing (RFC 6721 section 2).
    """
    retraction = Retraction(at=_next_moment(held, now), reason=reason)
    return _moved_to(retraction.at, replace(held, retraction=retraction), now=now)


def restored(held: Release, *, now: datetime) -> Release:
    """*Held* as it stands again, later than its tombstone."""
    return _moved_to(_next_moment(held, now), replace(held, retraction=None), now=now)


def _moved_to(moment: datetime, release: Release, *, now: datetime) -> Release:
    # By when it was done, and not by its moment: what a document said of its own last change may
    # be anything, and a notice of next year would stand until then.
    changed_at = _now_for(release, now)
    return replace(release, updated=moment, changed_at=changed_at, notice_since=changed_at)


def _next_moment(held: Release, now: datetime) -> datetime:
    return max(whole_second(now), held.updated + timedelta(seconds=1))


def _now_for(held: Release, now: datetime) -> datetime:
    """A second later than before, at least: its page has this date, and HTTP no smaller unit."""
    return max(whole_second(now), held.changed_at + timedelta(seconds=1))


def is_named_by_file(source_key: SourceKey) -> bool:
    """True when a document has nothing but its file's name to be recognised by."""
    return source_key.startswith("file:")


def on_its_day(draft: Draft, held: Release | None, *, now: datetime) -> Draft:
    """*Draft* as it is dated: one that has a bare date is published on that day, now at the latest.

    It is meant at the configured time of that day. Today that may be still to come; but who adds
    it means today. What came out so before its time of day keeps the moment that the public knows.

    Args:
        draft: As its document has it.
        held: The release that it is to become a revision of.
        now: The moment of intake.
    """
    assumed = draft.content.published
    if draft.day_begins is None:
        return draft
    known = None if held is None else held.content.published
    if known is not None and draft.day_begins <= known < assumed:
        published = known
    elif draft.day_begins <= now < assumed:
        published = whole_second(now)
    else:
        return draft
    return replace(draft, content=replace(draft.content, published=published))


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
