"""What becomes of the items of other people's feeds, polled from a real server."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from feeds.model.release import SourceFeed
from tests.service.upstreams.conftest import CarryingOffice
from tests.support.newsrooms import NOON, later
from tests.support.upstream_server import Page, UpstreamServer, atom, entry


def source_of(stamp: str) -> str:
    """An ``atom:source`` that was stamped then."""
    return (
        "<source><id>tag:water.example.org,2020:news</id><title>Water Works</title>"
        f"<updated>{stamp}</updated><generator version='{stamp}'>G</generator>"
        "<link rel='alternate' href='https://water.example.org/'/></source>"
    )


def rfc822(stamp: str) -> str:
    """The date as RSS has it."""
    return format_datetime(datetime.fromisoformat(stamp), usegmt=True)


def test_items_become_releases_with_their_ids_and_their_source(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1), entry(2, title="A bridge")), etag='"a"')
    result = office.poll()["council"]
    assert (result.taken, result.result) == (2, "2 items: 2 taken")
    bridge = office.releases()["A bridge"]
    assert bridge.atom_id == bridge.guid == "tag:council.example.org,2020:2"
    assert office.feeds_of("A bridge") == {"all", "finance"}
    source = bridge.content.details.source
    assert source is not None
    assert (source.title, source.id) == ("City Council", "tag:council.example.org,2020:news")
    assert source.url == server.url("/feed")
    assert bridge.content.authors[0].name == "City Council"
    # No news: in its place by date, and nobody is told.
    assert bridge.placed_at == bridge.content.published == NOON - timedelta(hours=28)
    assert office.pings_wanted() == set()


def test_an_unchanged_feed_is_asked_conditionally_and_leaves_everything(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1)), etag='"a"')
    office.poll()
    before = office.releases()
    assert office.poll_next().is_not_modified
    assert server.asked("/feed")[1].headers["if-none-match"] == '"a"'
    assert office.releases() == before
    assert office.state().not_modified_share == 0.5


def test_a_change_is_a_correction_that_keeps_id_and_place(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1)))
    office.poll()
    [before] = office.releases().values()
    server.pages["/feed"] = Page(
        body=atom(
            entry(1, body="<p>It was <em>not</em> decided.</p>", updated="2026-03-02T12:30:00Z")
        )
    )
    assert office.poll_next().corrected == 1
    [after] = office.releases().values()
    assert (after.id, after.revision, after.placed_at) == (before.id, 2, before.placed_at)
    assert after.updated == later(minutes=30)
    assert not after.notes


def test_a_feed_that_only_stamps_its_items_anew_changes_nothing(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1)))
    office.poll()
    server.pages["/feed"] = Page(body=atom(entry(1, updated="2026-03-02T12:30:00Z")))
    assert office.poll_next().result == "1 item, none new"


UNCHANGED = [
    pytest.param(
        lambda stamp: atom(
            entry(1), entry(2), head=f"<generator version='{stamp}'>G</generator>", updated=stamp
        ),
        id="the head of an Atom document",
    ),
    pytest.param(
        lambda stamp: atom(entry(1, updated=stamp), entry(2, updated=stamp)), id="each entry"
    ),
    pytest.param(
        lambda stamp: atom(
            entry(1, more=source_of(stamp)), entry(2, more=source_of(stamp)), updated=stamp
        ),
        id="the source of each entry",
    ),
    pytest.param(
        lambda stamp: (
            "<rss version='2.0'><channel><title>C</title><link>https://c.example/</link>"
            f"<description>D</description><lastBuildDate>{rfc822(stamp)}</lastBuildDate>"
            f"<generator>G {stamp}</generator><ttl>{stamp[14:16]}</ttl>"
            "<item><title>Decision 1</title><guid>https://c.example/1</guid>"
            "<pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate><description>Text.</description>"
            "</item></channel></rss>"
        ).encode(),
        id="the head of an RSS document",
    ),
]


@pytest.mark.parametrize("document", UNCHANGED)
def test_a_document_that_is_only_stamped_anew_makes_no_correction_edition_or_ping(
    office: CarryingOffice, server: UpstreamServer, document: Callable[[str], bytes]
) -> None:
    office.carry({"as_news": True})
    server.pages["/feed"] = Page(body=document("2026-03-02T10:01:00Z"))
    assert office.poll()["council"].taken > 0
    assert "finance" in office.publish(now=office.now)
    before = office.releases()
    for minute in (31, 59):
        server.pages["/feed"] = Page(body=document(f"2026-03-02T11:{minute}:00Z"))
        result = office.poll_next()
        assert result.result.endswith(", none new")
        assert (result.corrected, result.deleted) == (0, 0)
        assert office.newsstand.stale(now=office.now, worker="test") == []
    assert office.releases() == before
    assert office.pings_wanted() == set()


def test_an_item_that_was_in_another_feed_names_that_one_and_its_stamps_change_nothing_else(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1, more=source_of("2026-03-02T10:00:00Z"))))
    office.poll()
    [before] = office.releases().values()
    assert before.content.details.source == SourceFeed(
        title="Water Works",
        id="tag:water.example.org,2020:news",
        site_url="https://water.example.org/",
    )
    # A real change comes with the stamp, and is one correction.
    server.pages["/feed"] = Page(
        body=atom(entry(1, body="<p>Other.</p>", more=source_of("2026-03-02T11:00:00Z")))
    )
    assert office.poll_next().corrected == 1
    [after] = office.releases().values()
    assert (after.revision, after.content.details.source) == (2, before.content.details.source)


def test_a_feed_behind_another_address_each_time_is_named_by_its_own_and_changes_nothing(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/node"] = Page(body=atom(entry(1)))
    for token in ("1", "2", "3"):
        location = server.url(f"/node?token={token}")
        server.pages["/feed"] = Page(status=302, headers={"Location": location})
        result = office.poll_next()
        assert (result.is_success, result.corrected) == (True, 0)
    [release] = office.releases().values()
    assert release.revision == 1
    source = release.content.details.source
    assert source is not None
    assert source.url == server.url("/feed")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//[", "mailto:a@example.org"]
)
def test_addresses_of_a_source_that_nobody_may_follow_are_left_out(
    office: CarryingOffice, server: UpstreamServer, address: str
) -> None:
    body = (
        f"<rss version='2.0'><channel><title>C</title><link>{address}</link>"
        "<item><title>One</title><guid>1</guid><description>Text.</description>"
        "</item></channel></rss>"
    )
    server.pages["/feed"] = Page(body=body.encode())
    office.poll()
    [release] = office.releases().values()
    source = release.content.details.source
    assert source is not None
    assert (source.site_url, source.url) == (None, server.url("/feed"))


def test_an_id_of_a_source_that_is_no_address_is_left_out(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    known = atom(entry(1)).replace(b"tag:council.example.org,2020:news", b"news of the council")
    server.pages["/feed"] = Page(body=known)
    office.poll()
    [release] = office.releases().values()
    source = release.content.details.source
    assert source is not None
    assert source.id is None


def test_new_items_are_news_if_that_is_configured_but_not_those_of_the_first_poll(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    office.carry({"as_news": True})
    server.pages["/feed"] = Page(body=atom(entry(1)))
    office.poll()
    [first] = office.releases().values()
    assert first.own_place is not None
    server.pages["/feed"] = Page(body=atom(entry(2), entry(1)))
    office.poll_next()
    assert office.releases()["Decision 2"].own_place is None
    assert office.releases()["Decision 1"].own_place is not None


def test_summaries_alone_lead_to_the_original_and_whole_texts_are_cleaned(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    long = "<p>First.</p><script>alert(1)</script><p onclick='x()'>" + "Word. " * 100 + "</p>"
    server.pages["/feed"] = Page(body=atom(entry(1, body=long)))
    server.pages["/whole"] = Page(body=atom(entry(2, body=long)))
    office.carry({}, {"slug": "whole", "url": server.url("/whole"), "take": "whole"})
    office.poll("council", "whole")
    summary = office.releases()["Decision 1"].content
    assert '<a href="https://council.example.org/1">City Council</a>' in summary.body
    assert summary.body.count("Word.") < 60
    whole = office.releases()["Decision 2"].content
    assert whole.body.count("Word.") == 100
    assert "alert" not in whole.body
    assert "onclick" not in whole.body


def test_filters_names_rights_and_language_are_as_configured(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(
        body=atom(
            entry(1, title="Vacancy: clerk", categories=("Press",)),
            entry(2, title="Clinic opens", categories=("Press", "WELL-being")),
            entry(3, title="Minutes", categories=("Minutes",)),
            entry(4, title="Budget", categories=("Press",), body="<p>Confidential draft.</p>"),
        )
    )
    office.carry(
        {
            "names": {"Well-Being": "health"},
            "language": "de-CH",
            "attribution": "Stadtrat",
            "rights": "© Stadtrat",
            "license": "https://creativecommons.org/licenses/by/4.0/",
            "only": {"categories": ["press"]},
            "without": {"titles": ["vacancy"], "text": ["confidential"]},
        }
    )
    result = office.poll()["council"]
    assert list(office.releases()) == ["Clinic opens"]
    assert result.left_out == {"not wanted by the filters": 3}
    clinic = office.releases()["Clinic opens"].content
    assert office.feeds_of("Clinic opens") == {"all", "finance", "health"}
    assert clinic.language == "de-CH"
    assert clinic.details.rights == "© Stadtrat"
    assert clinic.details.license == "https://creativecommons.org/licenses/by/4.0/"
    assert clinic.details.source is not None
    assert clinic.details.source.title == "Stadtrat"
    # Counted once, and looked at again when the filters change.
    assert office.poll_next().left_out == {}
    office.carry({})
    assert office.poll_next().taken == 3


def test_a_day_has_a_limit_and_what_waits_comes_although_the_feed_is_unchanged(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    entries = [entry(n, published=f"2026-02-{n:02}T08:00:00Z") for n in range(1, 6)]
    server.pages["/feed"] = Page(body=atom(*entries), etag='"a"')
    office.carry({"at_most_a_day": 2})
    result = office.poll()["council"]
    assert result.result == "5 items: 2 taken, 3 wait for tomorrow"
    assert sorted(office.releases()) == ["Decision 1", "Decision 2"]
    assert office.poll_next().taken == 0
    for expected in (4, 5):
        office.pass_time(days=1, minutes=1)
        office.poll()
        assert len(office.releases()) == expected
    assert office.poll_next().is_not_modified


def test_items_without_a_date_are_of_when_they_were_first_seen(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1, published=None)))
    office.poll()
    assert office.releases()["Decision 1"].content.published == NOON
    server.pages["/feed"] = Page(body=atom(entry(1, published=None, body="<p>Other.</p>")))
    assert office.poll_next().corrected == 1
    assert office.releases()["Decision 1"].content.published == NOON


def test_items_of_the_future_are_not_public_before(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1, published="2026-03-04T08:00:00Z")))
    assert office.poll()["council"].taken == 1
    assert office.releases() == {}
    office.now = later(hours=44)
    assert office.newsroom.embargoes.release(now=office.now) == 1
    assert list(office.releases()) == ["Decision 1"]


@pytest.mark.parametrize("is_news", [False, True])
def test_items_of_the_future_are_news_at_their_minute_only_if_that_is_configured(
    office: CarryingOffice, server: UpstreamServer, is_news: bool
) -> None:
    office.carry({"as_news": is_news})
    server.pages["/feed"] = Page(body=atom(entry(1)))
    office.poll()
    future = entry(2, published="2026-03-04T08:00:00Z")
    server.pages["/feed"] = Page(body=atom(future, entry(1)))
    assert office.poll_next().taken == 1
    assert office.pings_wanted() == set()
    assert list(office.releases()) == ["Decision 1"]
    # Nor does the source of another say that there is one.
    server.pages["/feed"] = Page(body=atom(future, entry(1, body="<p>Anew.</p>")))
    assert office.poll_next().corrected == 1
    source = office.releases()["Decision 1"].content.details.source
    assert source is not None
    assert source.updated == NOON - timedelta(hours=28)
    # What it will be was decided when it came, and not by a later version.
    changed = entry(2, published="2026-03-04T08:00:00Z", body="<p>Other.</p>")
    server.pages["/feed"] = Page(body=atom(changed, entry(1)))
    office.poll_next()
    [waiting] = office.newsroom.embargoes.all()
    assert "Other." in waiting.draft.content.body
    office.now = later(hours=44)
    assert office.newsroom.embargoes.release(now=office.now) == 1
    released = office.releases()["Decision 2"]
    assert (released.own_place is None) == is_news
    assert released.placed_at == released.content.published
    assert office.pings_wanted() == ({"all", "finance"} if is_news else set())


def test_items_of_the_future_that_are_withdrawn_never_become_public(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    future = entry(2, published="2026-03-04T08:00:00Z")
    server.pages["/feed"] = Page(body=atom(entry(1), future))
    office.poll()
    server.pages["/feed"] = Page(body=atom(entry(1), head="<fh:complete/>"))
    assert office.poll_next().deleted == 1
    assert office.newsroom.embargoes.all() == []
    # It waits again when the upstream has it again.
    server.pages["/feed"] = Page(body=atom(entry(1), future))
    office.poll_next()
    assert len(office.newsroom.embargoes.all()) == 1
    office.now = later(hours=44)
    assert office.newsroom.embargoes.release(now=office.now) == 1
    assert set(office.releases()) == {"Decision 1", "Decision 2"}


def test_items_of_the_future_in_the_first_poll_are_never_news(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    office.carry({"as_news": True})
    server.pages["/feed"] = Page(body=atom(entry(1, published="2026-03-04T08:00:00Z")))
    office.poll()
    office.now = later(hours=44)
    assert office.newsroom.embargoes.release(now=office.now) == 1
    assert office.releases()["Decision 1"].own_place is not None
    assert office.pings_wanted() == set()


def test_what_the_upstream_deletes_is_retracted_and_restored_when_it_returns(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1), entry(2)))
    office.poll()
    stone = '<at:deleted-entry ref="tag:council.example.org,2020:1" when="2026-03-02T12:00:00Z"/>'
    server.pages["/feed"] = Page(body=atom(stone, entry(2)))
    assert office.poll_next().deleted == 1
    retraction = office.releases()["Decision 1"].retraction
    assert retraction is not None
    assert retraction.reason == "Withdrawn by its publisher."
    assert office.poll_next().deleted == 0
    server.pages["/feed"] = Page(body=atom(entry(1), entry(2)))
    office.poll_next()
    assert office.releases()["Decision 1"].retraction is None


def test_what_another_newsroom_retracts_is_retracted_and_not_corrected_to_a_stand_in(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    """Both were public, twice: as "Retracted: …", the stand-in and the notice."""
    server.pages["/feed"] = Page(body=atom(entry(1), entry(2)))
    office.poll()
    title, changed = "Retracted: Decision 1", "2026-03-02T12:00:00Z"
    stone = f'<at:deleted-entry ref="tag:council.example.org,2020:1" when="{changed}"/>'
    stand_in = entry(1, title=title, updated=changed, body="<p>It is no longer valid.</p>")
    server.pages["/feed"] = Page(body=atom(stone, stand_in, entry(2)))
    assert office.poll_next().deleted == 1
    assert office.releases()["Decision 1"].retraction is not None
    assert title not in office.releases()
    assert office.poll_next().deleted == 0


def test_only_a_complete_feed_deletes_by_leaving_out_and_never_by_being_empty(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1), entry(2)))
    office.poll()
    for body, deleted in (
        (atom(entry(2)), 0),
        (atom(head="<fh:complete/>"), 0),
        (atom(entry(2), head="<fh:complete/>"), 1),
    ):
        server.pages["/feed"] = Page(body=body)
        assert office.poll_next().deleted == deleted, body
    assert office.releases()["Decision 1"].retraction is not None


def test_deletions_are_kept_if_that_is_configured(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    office.carry({"deletions": "keep"})
    server.pages["/feed"] = Page(body=atom(entry(1), entry(2)))
    office.poll()
    server.pages["/feed"] = Page(body=atom(entry(2), head="<fh:complete/>"))
    assert office.poll_next().deleted == 0
    assert office.releases()["Decision 1"].retraction is None


def test_one_id_in_two_upstreams_is_one_release_in_both_feeds(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1)))
    server.pages["/other"] = Page(body=atom(entry(1, title="Copied", body="<p>Other words.</p>")))
    office.carry({}, {"slug": "other", "url": server.url("/other"), "categories": ["health"]})
    office.poll("council")
    result = office.poll("other")["other"]
    assert result.result == "1 item: 1 carried with another upstream"
    assert list(office.releases()) == ["Decision 1"]
    assert office.feeds_of("Decision 1") == {"all", "finance", "health"}
    # The first decides what it says, and keeps the feeds of the other.
    server.pages["/feed"] = Page(body=atom(entry(1, title="Decided")))
    office.poll("council")
    assert list(office.releases()) == ["Decided"]
    assert office.feeds_of("Decided") == {"all", "finance", "health"}
    # When the first deletes it, the other has it still.
    server.pages["/feed"] = Page(body=atom(entry(2), head="<fh:complete/>"))
    office.poll("council")
    assert office.feeds_of("Decided") == {"all", "health"}
    office.poll("other")
    assert set(office.releases()) == {"Copied", "Decision 2"}


def test_two_upstreams_with_bare_numbers_for_ids_never_write_each_others_releases(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    for path in ("/feed", "/other"):
        server.pages[path] = Page(
            body=atom(entry(1, title=f"Of {path}", entry_id="http://localhost/?p=1"))
        )
    office.carry({}, {"slug": "other", "url": server.url("/other")})
    office.poll("council", "other")
    assert set(office.releases()) == {"Of /feed", "Of /other"}
    assert len({one.atom_id for one in office.releases().values()}) == 2


def test_our_own_releases_do_not_come_back(office: CarryingOffice, server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(body=atom(entry(1)))
    office.poll()
    [ours] = office.releases().values()
    own = entry(2, title="Ours", entry_id=ours.id)
    server.pages["/other"] = Page(body=atom(own))
    office.carry({}, {"slug": "other", "url": server.url("/other")})
    result = office.poll("other")["other"]
    assert result.left_out == {"a release of this newsroom": 1}
    assert list(office.releases()) == ["Decision 1"]


def test_items_of_one_guid_and_without_any_are_told_apart_by_their_links(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    items = "".join(
        f"<item>{guid}<title>{title}</title><link>https://council.example.org/{title}</link>"
        f"<description>Text of {title}.</description></item>"
        for title, guid in (("A", "<guid>same</guid>"), ("B", "<guid>same</guid>"), ("C", ""))
    )
    body = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()
    server.pages["/feed"] = Page(body=body)
    assert office.poll()["council"].taken == 3
    assert sorted(office.releases()) == ["A", "B", "C"]
    assert office.poll_next().result == "3 items, none new"


def test_a_site_that_moves_to_https_keeps_its_items(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    for scheme in ("http", "https"):
        guid = f"{scheme}://council.example.org/?p=1"
        server.pages["/feed"] = Page(body=atom(entry(1, entry_id=guid)))
        office.poll("council")
    [one] = office.releases().values()
    assert one.guid == "http://council.example.org/?p=1"
