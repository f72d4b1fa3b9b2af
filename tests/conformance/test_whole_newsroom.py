"""The shipped newsroom, whole: every sample release in every feed and format, as readers see it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from feeds.categories import Catalogue
from feeds.ingest import read_documents
from feeds.model.edition import newest_first
from feeds.model.feed import ALL, Format, Window
from feeds.model.intake import Refusal
from feeds.model.release import Draft, Release, ReleaseId
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.render.checks import check
from service.application import CurrentApplication
from service.settings import Settings, catalogue, intake_rules, load
from service.web import create_app
from service.wiring import build_application
from tests.support.atom_grammar import assert_valid
from tests.support.leftward import in_feeds
from tests.support.parsers import ReadEntry, by_atoma, by_feedparser, by_hand
from tests.support.ready_stores import make_sqlite
from tests.support.rendering import TAKEN_IN

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "config" / "samples", ROOT / "tests" / "data" / "seed_shape")

#: Samples reach into 2026.
NOW = TAKEN_IN.replace(year=2027)


class WholeNewsroom:
    """Every sample, taken in by the shipped configuration and published."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.catalogue = _with_endless_all(catalogue(settings))
        self.database = make_sqlite(folder / "store.db")
        numbers = count(1)
        newsroom = Newsroom(
            self.database,
            self.catalogue,
            mint_id=lambda: ReleaseId(uuid5(NAMESPACE_URL, str(next(numbers))).urn),
        )
        newsroom.apply_catalogue(now=NOW)
        self.refused: list[Refusal] = []
        for path in sorted(path for folder in FOLDERS for path in folder.iterdir()):
            with path.open("rb") as stream:
                read = list(
                    read_documents(stream, document=path.name, rules=intake_rules(settings))
                )
            self.refused += [one for one in read if isinstance(one, Refusal)]
            drafts = [one for one in read if isinstance(one, Draft)]
            taken = newsroom.take_in(drafts, now=NOW)
            self.refused += [one for one in taken if isinstance(one, Refusal)]
        self.newsstand = Newsstand(self.database, self.catalogue)
        self.application = replace(
            build_application(settings, self.database),
            catalogue=self.catalogue,
            newsstand=self.newsstand,
        )
        self.newsstand.regenerate(self.newsstand.stale(now=NOW), now=NOW, worker="suite")

    def releases(self, feed: str) -> list[Release]:
        """All releases of a feed, as the store has them, in a document's order."""
        with self.database.read() as tx:
            return newest_first(tx.releases.latest(limit=10_000, feed=feed))

    def document(self, feed: str, feed_format: Format) -> bytes:
        """A document as it would be served."""
        return self.newsstand.render(feed, feed_format)

    def findings(self, feed: str, feed_format: Format) -> list[str]:
        """What our own checks say of a document."""
        topic = self.catalogue.site.topic(feed, feed_format)
        return list(check(self.document(feed, feed_format), feed_format, topic=topic, now=NOW))

    def published(self, release: Release) -> ReadEntry:
        """What a reader should find."""
        categories = self.newsstand.categories_of(release)
        return ReadEntry(
            id=release.id,
            title=release.content.title,
            link=self.catalogue.site.release_page(release.slug),
            published=release.content.published,
            labels=tuple(sorted(category.title for category in categories)),
            content=in_feeds(release.content).strip(),
            summary=release.content.summary,
        )


def _with_endless_all(shipped: Catalogue) -> Catalogue:
    """The shipped newsroom, with a feed of everything that really holds everything."""
    endless = Window(entries=5_000, days=100_000, bytes=1_000_000_000)
    everything = replace(shipped.feeds[ALL], window=endless)
    others = [feed for slug, feed in shipped.feeds.items() if slug != ALL]
    return Catalogue(shipped.site, list(shipped.categories.values()), [everything, *others])


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNewsroom]:
    """Made once for all tests of this module."""
    settings = load(ROOT / "config" / "communique.yaml", environ={})
    whole = WholeNewsroom(tmp_path_factory.mktemp("whole"), settings)
    yield whole
    whole.database.close()


def test_every_sample_but_two_without_a_time_zone_is_published(newsroom: WholeNewsroom) -> None:
    assert {str(one.origin) for one in newsroom.refused} == {
        "opensuse-news.jsonl:78",
        "opensuse-news.jsonl:109",
    }
    releases = newsroom.releases(ALL)
    assert len(releases) == 1_006 - 2 + 1 + 38
    assert len({release.content.language.partition("-")[0] for release in releases}) == 31


@pytest.mark.parametrize("feed_format", Format)
def test_two_readers_agree_with_the_store_on_every_release(
    newsroom: WholeNewsroom, feed_format: Format
) -> None:
    """Ids, titles, links, dates, categories, content and summary of all that is published."""
    expected = [newsroom.published(release) for release in newsroom.releases(ALL)]
    document = newsroom.document(ALL, feed_format)
    assert by_atoma(document, feed_format) == expected
    assert _by_another(document, feed_format) == expected


@pytest.mark.parametrize("feed_format", Format)
def test_two_readers_agree_with_the_store_on_every_feed(
    newsroom: WholeNewsroom, feed_format: Format
) -> None:
    for slug in newsroom.catalogue.feeds:
        document = newsroom.document(slug, feed_format)
        read = by_atoma(document, feed_format)
        assert _by_another(document, feed_format) == read
        filed = {release.id: release for release in newsroom.releases(slug)}
        # The window may be shorter than the feed, but nothing stands in it that is not filed.
        assert read == [newsroom.published(filed[ReleaseId(entry.id)]) for entry in read], slug
        assert bool(read) == bool(filed), slug
        assert [entry.published for entry in read] == sorted(
            (entry.published for entry in read), reverse=True
        )


def test_every_atom_document_satisfies_the_grammar(newsroom: WholeNewsroom) -> None:
    """RFC 4287, appendix B."""
    for slug in newsroom.catalogue.feeds:
        assert_valid(newsroom.document(slug, Format.ATOM))


@pytest.mark.parametrize("feed_format", Format)
def test_our_own_checks_find_nothing(newsroom: WholeNewsroom, feed_format: Format) -> None:
    """``communique feed check``, but for the size of the feed that was made endless above."""
    for slug in newsroom.catalogue.feeds:
        if slug != ALL:
            assert newsroom.findings(slug, feed_format) == [], slug


def _by_another(document: bytes, feed_format: Format) -> list[ReadEntry]:
    """By feedparser; or as JSON, which feedparser does not read, by hand."""
    if feed_format is not Format.JSON:
        return by_feedparser(document)
    return by_hand(document)


def test_links_alone_lead_to_every_release_and_to_no_other(newsroom: WholeNewsroom) -> None:
    """From the newsroom's page, by lists of months, as a reader without a search finds them."""
    client = create_app(CurrentApplication(newsroom.application), clock=lambda: NOW).test_client()
    seen, reached, waiting = set[str](), set[str](), ["/"]
    while waiting:
        answer = client.get(waiting.pop())
        assert answer.status_code == 200
        for link in re.findall(r'<a [^>]*href="(/[^"]*)"', answer.text):
            if re.fullmatch(r"/releases(/\d{4}/\d\d(/page/\d+)?)?", link) and link not in seen:
                seen.add(link)
                waiting.append(link)
            elif re.fullmatch(r"/releases/[^/]+", link):
                reached.add(link)
    assert reached == {f"/releases/{one.slug}" for one in newsroom.releases(ALL)}
