"""Archive documents, made when somebody first asks for them and kept from then on."""

from datetime import datetime
from threading import Lock

from feeds import render
from feeds.categories import Catalogue
from feeds.model import layout
from feeds.model.archive import Archive, ArchivePage
from feeds.model.edition import FeedDocument, FeedHead, History
from feeds.model.feed import Format, Link
from feeds.model.text import whole_second
from feeds.newsstand.pages import Page, Typesetter
from feeds.newsstand.type_case import TypeCase
from feeds.store.database import Database, Transaction

#: Locks for those who make documents: one is made once, however many ask at the same time.
_LOCKS = 16


class Cabinet:
    """The archives of all feeds. Safe to share between threads and, over one store, processes.

    A bulk intake closes thousands of archives at once, of releases of which nothing was ever
    rendered; so their bytes are not made before they are asked for.
    """

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        # Entries of archives are asked for once; the case of the press must not be filled by them.
        self._case = TypeCase(max_bytes=0)
        self._making = [Lock() for _ in range(_LOCKS)]

    def page(self, slug: str, number: int, feed_format: Format, *, now: datetime) -> ArchivePage:
        """An archive document.

        Raises:
            ArchiveNotFound: The feed has no archive of this number.
        """
        with self._database.read() as tx:
            kept = self._kept(tx, tx.archives.get(slug, number), feed_format)
        if kept is not None:
            return kept
        with self._making[hash((slug, number, feed_format)) % _LOCKS]:
            return self._make(slug, number, feed_format, now)

    def listed(self, slug: str) -> list[Archive]:
        """A feed's archives, the oldest first."""
        with self._database.read() as tx:
            return tx.archives.listed(slug)

    def _kept(self, tx: Transaction, archive: Archive, feed_format: Format) -> ArchivePage | None:
        document = tx.archives.document(archive, feed_format)
        # Under another address it is another document, which has other links.
        if document is None or document.links != self._links(archive, feed_format):
            return None
        return ArchivePage(document, is_final=True)

    def _make(self, slug: str, number: int, feed_format: Format, now: datetime) -> ArchivePage:
        typesetter = Typesetter(self._catalogue, self._case)
        with self._database.transaction() as tx:
            archive = tx.archives.get(slug, number, is_locked=True)
            kept = self._kept(tx, archive, feed_format)
            if kept is not None:  # Whoever was first has made it.
                return kept
            page = typesetter.whole_page(tx, tx.archives.members(archive))
            document = self._document(tx, archive, feed_format, page)
            # A release that is set aside today may be rendered by a later version.
            is_final = page.is_whole(feed_format)
            if is_final:
                tx.archives.keep(document)
            tx.fragments.put(typesetter.take_made(), now=now)
        return ArchivePage(document, is_final=is_final)

    def _document(
        self, tx: Transaction, archive: Archive, feed_format: Format, page: Page
    ) -> FeedDocument:
        links = self._links(archive, feed_format)
        head = FeedHead(
            id=tx.feeds.masthead(archive.feed).id,
            feed=self._catalogue.feeds[archive.feed],
            updated=whole_second(archive.changed_at),
            links=links,
            history=History.ARCHIVE,
        )
        bodies = [entry.body or b"" for entry in page.fragments(feed_format)]
        written = render.assemble(head, feed_format, self._catalogue.site, bodies)
        return FeedDocument(
            feed=archive.feed,
            format=feed_format,
            edition=archive.number,
            digest=render.digest(written),
            modified_at=archive.changed_at,
            links=links,
            size_bytes=len(written),
            gzip=render.compress(written),
            layout=layout.NONE,
        )

    def _links(self, archive: Archive, feed_format: Format) -> tuple[Link, ...]:
        """RFC 5005 section 4.

        ``next-archive`` stands there from the first: until it is closed, its address leads to the
        subscription document, which holds what comes next.
        """
        site, slug, number = self._catalogue.site, archive.feed, archive.number
        links = [
            Link(rel="self", href=site.archive(slug, number, feed_format)),
            Link(rel="current", href=site.topic(slug, feed_format)),
            Link(rel="next-archive", href=site.archive(slug, number + 1, feed_format)),
        ]
        if number > 1:
            links.append(Link(rel="prev-archive", href=site.archive(slug, number - 1, feed_format)))
        return tuple(links)
