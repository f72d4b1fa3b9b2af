"""Reloads that meet other work: in the end all is filed and published by the last configuration."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import ConfigurationSuperseded
from feeds.model.feed import Category, Format
from feeds.newsroom import COMMAND, Newsroom
from feeds.newsstand import Newsstand
from feeds.newsstand.edition_builder import EditionBuilder
from feeds.store.database import Database
from service.wiring import mint_id
from tests.support.newsrooms import NOON, Office, catalogue, draft, later

#: The name "Money" is claimed by Finance, and later by Health.
BEFORE = catalogue(
    [
        Category(slug="finance", title="Finance", names=("Money",)),
        Category(slug="health", title="Health"),
    ]
)
AFTER = catalogue(
    [
        Category(slug="finance", title="Finance and more"),
        Category(slug="health", title="Health", names=("Money",)),
    ],
    title="After",
)


class Process:
    """A process over the same store that has a configuration, and did not apply it."""

    def __init__(self, database: Database, described: Catalogue) -> None:
        self.newsroom = Newsroom(database, described, mint_id=mint_id)
        self.newsstand = Newsstand(database, described)

    def publish(self, *, now: datetime = NOON) -> list[str]:
        made = self.newsstand.regenerate(self.newsstand.stale(now=now), now=now, worker="other")
        return [edition.feed for edition in made]


def feeds_by_key(office: Office) -> dict[str, tuple[str, ...]]:
    """Where each release is filed, by source key."""
    listed = office.newsroom.releases(limit=1_000)
    return {each.release.source_key: each.feeds for each in listed}


def wanted_title(office: Office, slug: str) -> str:
    """What the feed's next edition would be called."""
    return _title(office.newsstand.render(slug, Format.JSON))


def published_title(office: Office, slug: str) -> str:
    """What its present edition is called."""
    document = office.newsstand.document(slug, Format.JSON)
    assert document is not None
    return _title(render.decompress(document.gzip))


def _title(body: bytes) -> str:
    title: str = json.loads(body)["title"]
    return title


def test_a_run_with_the_former_configuration_publishes_nothing(database: Database) -> None:
    office = Office(database, BEFORE)
    office.publish()
    former = Process(database, BEFORE)
    office.configure(AFTER, now=later(minutes=1))
    assert former.publish(now=later(minutes=2)) == []
    assert set(office.publish(now=later(minutes=3))) >= {"finance"}
    assert published_title(office, "finance") == wanted_title(office, "finance")


def test_a_run_that_a_reload_overtakes_stores_nothing_and_holds_up_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database, BEFORE)
    office.publish()
    former = Process(database, BEFORE)
    former.newsroom.take_in([draft("id:1", "Finance")], now=later(minutes=1))
    render_all = EditionBuilder._render

    def overtaken(edition_builder: EditionBuilder, *args: object) -> object:
        made = render_all(edition_builder, *args)  # type: ignore[arg-type]
        monkeypatch.undo()
        office.configure(AFTER, now=later(minutes=2))
        return made

    monkeypatch.setattr(EditionBuilder, "_render", overtaken)
    assert former.publish(now=later(minutes=2)) == []
    assert set(office.publish(now=later(minutes=2))) >= {"all", "finance"}
    assert published_title(office, "finance") == wanted_title(office, "finance")


def test_an_edition_of_another_configuration_is_made_anew_at_the_next_start(
    database: Database,
) -> None:
    """As stores have it that older versions left, or a crash between two reloads."""
    office = Office(database, BEFORE)
    office.publish()
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE feeds SET rendered_settings = 'another' WHERE slug = 'health'"
        )
    assert office.newsstand.stale(now=NOON) == []
    office.configure(BEFORE, now=later(minutes=1))
    assert office.newsstand.stale(now=later(minutes=1)) == ["health"]


def test_the_same_configuration_applied_again_makes_no_feed_stale(database: Database) -> None:
    office = Office(database, BEFORE)
    office.publish()
    office.configure(BEFORE, now=later(days=1))
    assert office.newsstand.stale(now=later(days=1)) == []


def test_what_a_process_files_that_has_not_reloaded_is_filed_again(database: Database) -> None:
    office = Office(database, BEFORE)
    former = Process(database, BEFORE)
    office.configure(AFTER, now=NOON)
    former.newsroom.take_in([draft("id:1", "Money")], now=NOON)
    assert feeds_by_key(office) == {"id:1": ("all", "finance")}
    office.publish()
    assert office.newsroom.reassign_doubtful(now=later(minutes=1)) == 1
    assert feeds_by_key(office) == {"id:1": ("all", "health")}
    assert {"finance", "health"} <= set(office.publish(now=later(minutes=1)))
    assert office.newsroom.reassign_doubtful(now=later(minutes=2)) == 0


def test_what_is_restored_by_a_process_that_has_not_reloaded_is_filed_again(
    database: Database,
) -> None:
    office = Office(database, BEFORE)
    office.add(draft("id:1", "Money"))
    office.newsroom.retract("id:1", reason="Wrong.", by="a test", now=later(minutes=1))
    former = Process(database, BEFORE)
    office.configure(AFTER, now=later(minutes=2))
    former.newsroom.restore("id:1", by="a test", now=later(minutes=3))
    office.newsroom.reassign_doubtful(now=later(minutes=4))
    assert feeds_by_key(office) == {"id:1": ("all", "health")}


def test_a_process_that_reloads_first_does_not_hide_what_a_name_meant(database: Database) -> None:
    """It files a release under the new claim; those that wait for it are refiled all the same."""
    office = Office(database, BEFORE)
    office.add(draft("id:1", "Money"))
    early = Process(database, AFTER)
    early.newsroom.take_in([draft("id:2", "Money"), draft("id:3", "Care")], now=NOON)
    office.configure(AFTER, now=NOON)
    assert feeds_by_key(office) == {
        "id:1": ("all", "health"),
        "id:2": ("all", "health"),
        "id:3": ("all",),
    }


def test_a_configuration_that_another_one_overtakes_is_not_applied_further(
    database: Database,
) -> None:
    office = Office(database, BEFORE)
    office.add(draft("id:1", "Money"))
    other = Process(database, AFTER)
    other.newsroom.apply_catalogue(now=later(minutes=1), by="another host")
    with database.transaction() as tx:
        [release] = tx.releases.latest(limit=1)
        tx.feed_entries.mark_for_reassignment([release.id])
    with pytest.raises(ConfigurationSuperseded):
        office.newsroom.reassign_doubtful(now=later(minutes=2))
    assert not office.newsroom.is_in_force(office.newsroom.in_force())
    in_force = office.newsroom.in_force()
    assert in_force is not None
    assert in_force.applied_by == "another host"


def test_who_applied_it_and_since_when_is_known(database: Database) -> None:
    office = Office(database, BEFORE)
    known = office.newsroom.in_force()
    assert known is not None
    assert (known.since, known.applied_by) == (NOON, COMMAND)
    office.configure(BEFORE, now=later(days=1))
    again = office.newsroom.in_force()
    assert again is not None
    assert again.since == NOON


def test_names_that_move_under_load_end_where_the_last_configuration_has_them(
    database: Database,
) -> None:
    """Three processes take releases in while two configurations are applied in turns."""
    office = Office(database, BEFORE)
    processes = [Process(database, each) for each in (BEFORE, AFTER, AFTER)]

    def take_in(number: int) -> Callable[[], None]:
        newsroom = processes[number].newsroom

        def work() -> None:
            for each in range(12):
                newsroom.take_in([draft(f"id:{number}-{each}", "Money")], now=NOON)

        return work

    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(take_in(number)) for number in range(3)]
        for turn in range(4):
            office.configure([AFTER, BEFORE][turn % 2], now=NOON)
        for each in working:
            each.result()
    office.configure(AFTER, now=NOON)
    assert set(feeds_by_key(office).values()) == {("all", "health")}
    assert len(feeds_by_key(office)) == 36
