"""A document that waits for its minute: nowhere before, then everywhere; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from feeds.errors import (
    EmbargoChanged,
    EmbargoNotFound,
    EmbargoOver,
    ReleaseNotFound,
    StoreConflict,
)
from feeds.model.intake import (
    Embargo,
    EmbargoPosition,
    EmbargoQuery,
    Intake,
    IntakeVerdict,
    Refusal,
)
from feeds.model.release import AuditAction, AuditEvent, Draft, ExpectedEmbargo
from feeds.newsroom import embargoes
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later

MINUTE = later(hours=1)


def embargoed(
    key: str = "id:1", *names: str, until: datetime = MINUTE, title: str = "A treaty is signed"
) -> Draft:
    """A document as it is read: nobody could see it before its embargo ends."""
    read = draft(key, *names, title=title, published=until)
    return replace(read, embargoed_until=until)


def acts(office: Office, subject: str) -> list[tuple[AuditAction, str, str | None]]:
    """What was done to a release, by whom, and until when."""
    with office.database.read() as tx:
        return [(act.action, act.by, act.detail) for act in tx.audit_log.of(subject)]


def test_a_document_waits_and_then_comes_out_under_the_id_that_was_promised(
    database: Database,
) -> None:
    office = Office(database)
    office.publish()
    [taken] = office.newsroom.take_in([embargoed("id:1", "Finance")], now=NOON, by="Ana")
    assert isinstance(taken, Intake)
    assert (taken.verdict, taken.feeds, taken.embargoed_until) == (
        IntakeVerdict.EMBARGOED,
        (),
        MINUTE,
    )
    assert office.newsroom.releases() == []
    assert office.newsstand.stale(now=later(minutes=59)) == []
    assert office.newsroom.embargoes.next_end() == MINUTE
    assert office.newsroom.embargoes.release(now=MINUTE - timedelta(microseconds=1)) == 0

    assert office.newsroom.embargoes.release(now=MINUTE) == 1
    [listed] = office.newsroom.releases()
    assert listed.release == taken.release
    assert listed.release.content.published == listed.release.updated == MINUTE
    assert listed.feeds == ("all", "finance")
    assert office.newsstand.stale(now=MINUTE) == ["all", "finance"]
    assert office.newsroom.embargoes.all() == []
    assert office.newsroom.embargoes.next_end() is None
    assert acts(office, taken.release.id) == [
        (AuditAction.EMBARGOED, "Ana", "until 2026-03-02T13:00:00Z"),
        (AuditAction.PUBLISHED, "Ana", "embargo until 2026-03-02T13:00:00Z"),
    ]


def test_the_same_document_is_unchanged_before_its_minute_and_after(database: Database) -> None:
    office = Office(database)
    office.add(embargoed())
    [again] = office.add(embargoed(), now=later(minutes=1))
    assert (again.verdict, again.embargoed_until) == (IntakeVerdict.UNCHANGED, MINUTE)
    office.newsroom.embargoes.release(now=MINUTE)
    office.publish(now=MINUTE)
    [after] = office.add(embargoed(), now=later(hours=2))
    assert (after.verdict, after.embargoed_until) == (IntakeVerdict.UNCHANGED, None)
    assert office.newsstand.stale(now=later(hours=2)) == []


def test_a_document_that_comes_late_to_its_own_minute_comes_out_at_once(
    database: Database,
) -> None:
    """The timer did not run yet; the document is read again."""
    office = Office(database)
    [waits] = office.add(embargoed())
    [out] = office.add(embargoed(), now=MINUTE)
    assert (out.verdict, out.release.id) == (IntakeVerdict.NEW, waits.release.id)
    assert office.newsroom.embargoes.all() == []


def test_a_document_whose_embargo_is_over_never_waits(database: Database) -> None:
    office = Office(database)
    over = NOON - timedelta(days=2)
    [taken] = office.add(embargoed(until=over))
    assert (taken.verdict, taken.release.content.published) == (IntakeVerdict.NEW, over)
    [again] = office.add(embargoed(until=over), now=later(hours=1))
    assert again.verdict is IntakeVerdict.UNCHANGED


def test_a_changed_document_takes_the_place_of_what_waits(database: Database) -> None:
    office = Office(database)
    [first] = office.add(embargoed())
    [second] = office.add(embargoed(title="The treaty is signed"), now=later(minutes=1))
    assert second.verdict is IntakeVerdict.EMBARGOED
    assert second.release.id == first.release.id
    office.newsroom.embargoes.release(now=MINUTE)
    [listed] = office.newsroom.releases()
    assert (listed.release.content.title, listed.release.revision) == ("The treaty is signed", 1)
    assert listed.release.slug.startswith("the-treaty-is-signed-")


def test_nothing_becomes_public_because_a_field_is_missing(database: Database) -> None:
    office = Office(database)
    [first] = office.add(embargoed())
    [same] = office.add(draft(), now=later(minutes=1))
    assert (same.verdict, same.embargoed_until) == (IntakeVerdict.UNCHANGED, MINUTE)
    [changed] = office.add(draft(title="The treaty is signed"), now=later(minutes=2))
    assert (changed.verdict, changed.embargoed_until) == (IntakeVerdict.EMBARGOED, MINUTE)
    assert office.newsroom.releases() == []
    office.newsroom.embargoes.release(now=MINUTE)
    [listed] = office.newsroom.releases()
    assert listed.release.id == first.release.id
    assert listed.release.content.published == MINUTE


def test_after_its_minute_a_document_that_lost_the_field_is_still_the_same(
    database: Database,
) -> None:
    """It says an earlier day then, on which nobody could see it."""
    office = Office(database)
    office.add(embargoed())
    office.newsroom.embargoes.release(now=MINUTE)
    [again] = office.add(draft(), now=later(hours=2))
    assert again.verdict is IntakeVerdict.UNCHANGED


def test_a_document_may_say_another_end(database: Database) -> None:
    office = Office(database)
    [first] = office.add(embargoed())
    [moved] = office.newsroom.take_in([embargoed(until=later(hours=3))], now=NOON, by="Ana")
    assert isinstance(moved, Intake)
    assert (moved.verdict, moved.embargoed_until) == (IntakeVerdict.EMBARGOED, later(hours=3))
    assert office.newsroom.embargoes.release(now=MINUTE) == 0
    assert acts(office, first.release.id)[-1] == (
        AuditAction.EMBARGO_MOVED,
        "Ana",
        "until 2026-03-02T15:00:00Z, was until 2026-03-02T13:00:00Z",
    )
    [out] = office.add(embargoed(until=NOON - timedelta(days=1)), now=later(minutes=5))
    assert (out.verdict, out.release.id) == (IntakeVerdict.NEW, first.release.id)
    assert out.release.content.published == later(minutes=5)
    assert [deed for deed, *_ in acts(office, first.release.id)][-2:] == [
        AuditAction.EMBARGO_LIFTED,
        AuditAction.PUBLISHED,
    ]


def test_a_correction_waits_and_the_release_stays_as_it_is(database: Database) -> None:
    office = Office(database)
    [public] = office.add(draft("id:1", "Finance"))
    office.publish()
    [waits] = office.add(embargoed("id:1", "Health", title="Corrected"), now=later(minutes=1))
    assert (waits.verdict, waits.release.id) == (IntakeVerdict.EMBARGOED, public.release.id)
    assert waits.release.revision == 2
    assert office.newsroom.release("id:1").release == public.release
    assert office.newsstand.stale(now=later(minutes=1)) == []
    [old] = office.add(draft("id:1", "Finance"), now=later(minutes=2))
    assert (old.verdict, old.embargoed_until) == (IntakeVerdict.UNCHANGED, None)

    office.newsroom.embargoes.release(now=MINUTE)
    listed = office.newsroom.release("id:1")
    assert listed.release.content.title == "Corrected"
    assert listed.release.content.published == public.release.content.published
    assert (listed.release.updated, listed.release.revision) == (MINUTE, 2)
    assert listed.feeds == ("all", "health")
    assert office.newsstand.stale(now=MINUTE) == ["all", "finance", "health"]
    [again] = office.add(embargoed("id:1", "Health", title="Corrected"), now=later(hours=2))
    assert again.verdict is IntakeVerdict.UNCHANGED


def test_an_embargo_is_moved_by_who_and_a_document_that_comes_again_leaves_it_so(
    database: Database,
) -> None:
    office = Office(database)
    [waits] = office.add(embargoed())
    moved = office.newsroom.embargoes.move("id:1", until=later(hours=5), by="Bo", now=NOON)
    assert (moved.until, moved.by) == (later(hours=5), "Bo")
    [again] = office.add(embargoed(), now=later(minutes=1))
    assert (again.verdict, again.embargoed_until) == (IntakeVerdict.UNCHANGED, later(hours=5))
    [changed] = office.add(embargoed(title="The treaty is signed"), now=later(minutes=2))
    assert (changed.verdict, changed.embargoed_until) == (IntakeVerdict.EMBARGOED, later(hours=5))
    [late] = office.add(embargoed(title="The treaty is signed"), now=later(hours=2))
    assert (late.verdict, late.embargoed_until) == (IntakeVerdict.UNCHANGED, later(hours=5))
    assert office.newsroom.embargoes.release(now=later(hours=5)) == 1
    release = office.newsroom.release(waits.release.id).release
    assert release.content.published == later(hours=5)
    [after] = office.add(embargoed(title="The treaty is signed"), now=later(hours=6))
    assert after.verdict is IntakeVerdict.UNCHANGED
    assert acts(office, waits.release.id)[1] == (
        AuditAction.EMBARGO_MOVED,
        "Bo",
        "until 2026-03-02T17:00:00Z, was until 2026-03-02T13:00:00Z",
    )


def test_an_embargo_is_moved_forward_too(database: Database) -> None:
    office = Office(database)
    office.add(embargoed())
    office.newsroom.embargoes.move("id:1", until=later(minutes=10), by="Bo", now=NOON)
    assert office.newsroom.embargoes.release(now=later(minutes=10)) == 1
    release = office.newsroom.release("id:1").release
    assert release.content.published == later(minutes=10)
    [again] = office.add(embargoed(), now=later(minutes=20))
    assert again.verdict is IntakeVerdict.UNCHANGED


def test_an_embargo_is_lifted_by_who(database: Database) -> None:
    office = Office(database)
    [waits] = office.add(embargoed("id:1", "Finance"))
    now = later(minutes=1, milliseconds=700)
    lifted = office.newsroom.embargoes.lift(waits.release.slug, by="Bo", now=now)
    assert (lifted.verdict, lifted.feeds) == (IntakeVerdict.NEW, ("all", "finance"))
    assert office.newsroom.release(waits.release.id).release == lifted.release
    assert lifted.release.content.published == later(minutes=1)
    assert [(deed, by) for deed, by, _ in acts(office, waits.release.id)] == [
        (AuditAction.EMBARGOED, "folder"),
        (AuditAction.EMBARGO_LIFTED, "Bo"),
        (AuditAction.PUBLISHED, "Bo"),
    ]
    [again] = office.add(embargoed("id:1", "Finance"), now=later(minutes=2))
    assert (again.verdict, again.embargoed_until) == (IntakeVerdict.UNCHANGED, None)


def test_an_embargo_is_dropped_by_who(database: Database) -> None:
    office = Office(database)
    [waits] = office.add(embargoed("file:a.json"))
    dropped = office.newsroom.embargoes.drop("a.json", by="Bo", now=NOON)
    assert dropped.release_id == waits.release.id
    assert office.newsroom.embargoes.release(now=later(days=9)) == 0
    assert acts(office, waits.release.id)[-1][:2] == (AuditAction.EMBARGO_DROPPED, "Bo")
    with pytest.raises(ReleaseNotFound):
        office.newsroom.release(waits.release.id)
    with pytest.raises(EmbargoNotFound):
        office.newsroom.embargoes.named("a.json")


def test_an_embargo_is_not_moved_into_the_past(database: Database) -> None:
    office = Office(database)
    office.add(embargoed())
    with pytest.raises(EmbargoOver):
        office.newsroom.embargoes.move("id:1", until=NOON, by="Bo", now=NOON)


@pytest.mark.parametrize(
    "name", [lambda waits: waits.id, lambda _: "id:1", lambda waits: waits.slug]
)
def test_what_waits_answers_to_its_names(
    sqlite_database: Database, name: Callable[..., str]
) -> None:
    office = Office(sqlite_database)
    [waits, _] = office.add(embargoed(), embargoed("id:2", title="Another"))
    assert office.newsroom.embargoes.named(name(waits.release)).release_id == waits.release.id


def test_many_embargoes_end_in_one_minute_in_steps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embargoes, "RELEASES_PER_TRANSACTION", 10)
    office = Office(database)
    office.add(*[embargoed(f"id:{number}", "Finance") for number in range(25)])
    office.add(embargoed("id:late", until=MINUTE + timedelta(seconds=1)))
    assert office.newsroom.embargoes.release(now=MINUTE) == 25
    assert len(office.newsroom.releases(feed="finance")) == 25
    assert office.newsroom.embargoes.next_end() == MINUTE + timedelta(seconds=1)


def test_only_one_of_several_machines_ends_an_embargo(database: Database) -> None:
    office = Office(database)
    office.add(*[embargoed(f"id:{number}") for number in range(30)])
    with ThreadPoolExecutor(4) as machines:
        ended = machines.map(lambda _: office.newsroom.embargoes.release(now=MINUTE), range(4))
        assert sum(ended) == 30
    assert len(office.newsroom.releases()) == 30
    assert {listed.release.revision for listed in office.newsroom.releases()} == {1}


def test_a_crash_in_its_minute_loses_nothing_and_makes_nothing_public(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database)
    office.add(embargoed())

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("feeds.newsroom.newsroom.announce", crash)
        with pytest.raises(KeyboardInterrupt):
            office.newsroom.embargoes.release(now=MINUTE)
    assert office.newsroom.releases() == []
    assert Office(database).newsroom.embargoes.release(now=later(hours=3)) == 1


def test_a_document_cannot_be_dated_after_its_embargo(database: Database) -> None:
    office = Office(database)
    late = replace(embargoed(), content=replace(embargoed().content, published=later(days=1)))
    [refused] = office.newsroom.take_in([late], now=NOON)
    assert isinstance(refused, Refusal)
    assert refused.field == "published"
    assert office.newsroom.embargoes.all() == []


def test_what_no_format_can_hold_is_refused_at_the_door(database: Database) -> None:
    office = Office(database)
    broken = embargoed()
    broken = replace(broken, content=replace(broken.content, language="\x01"))
    [refused] = office.newsroom.take_in([broken], now=NOON)
    assert isinstance(refused, Refusal)
    assert "cannot be written as" in refused.reason
    assert office.newsroom.embargoes.all() == []


def test_a_copy_of_a_file_under_another_name_waits_once(database: Database) -> None:
    office = Office(database)
    office.add(embargoed("file:a.json"))
    [copy] = office.add(embargoed("file:copy.json"))
    assert copy.verdict is IntakeVerdict.UNCHANGED
    assert len(office.newsroom.embargoes.all()) == 1


def test_another_file_of_the_same_name_is_refused_without_a_word_of_what_waits(
    database: Database,
) -> None:
    office = Office(database)
    office.add(embargoed("file:release.json"))
    other = draft("file:release.json", title="Floods")
    [refused] = office.newsroom.take_in([other], now=NOON)
    assert isinstance(refused, Refusal)
    assert "treaty" not in f"{refused.reason} {refused.remedy}"


def test_a_preview_says_the_same_and_stores_nothing(database: Database) -> None:
    office = Office(database)
    [preview] = office.newsroom.preview([embargoed()], now=NOON)
    assert isinstance(preview, Intake)
    assert (preview.verdict, preview.embargoed_until) == (IntakeVerdict.EMBARGOED, MINUTE)
    assert office.newsroom.embargoes.all() == []


def test_one_batch_may_hold_a_document_and_another_version_of_it(database: Database) -> None:
    office = Office(database)
    taken = office.add(embargoed(), embargoed(title="The treaty is signed"), embargoed("id:2"))
    assert [one.verdict for one in taken] == [IntakeVerdict.EMBARGOED] * 3
    assert sorted(one.draft.content.title for one in office.newsroom.embargoes.all()) == [
        "A treaty is signed",
        "The treaty is signed",
    ]


def test_a_change_that_meets_another_one_is_done_again(database: Database) -> None:
    """Somebody moved it between our look and our writing: a typing error must not undo that."""
    office = Office(database)
    office.add(embargoed())
    [was] = office.newsroom.embargoes.all()
    office.newsroom.embargoes.move("id:1", until=later(hours=5), by="Bo", now=NOON)
    with pytest.raises(StoreConflict), database.transaction() as tx:
        tx.embargoes.change(was, replace(was, draft=draft(title="Other")))
    office.newsroom.embargoes.drop("id:1", by="Bo", now=NOON)
    with pytest.raises(StoreConflict), database.transaction() as tx:
        tx.embargoes.end([was])


def test_a_list_is_read_page_by_page_in_the_order_of_the_ends(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the hour of their end: two end together, and are in the order of their ids."""
    monkeypatch.setattr("feeds.store.embargoes.ROWS_PER_SEARCH", 2)
    office = Office(database)
    names = ["Finance", "Health", "Finance", "Nobody's", "Finance"]
    ends = [later(hours=1 + number // 2) for number in range(5)]
    office.add(
        *[embargoed(f"id:{n}", name, until=ends[n]) for n, name in enumerate(names)],
        replace(embargoed("id:both", "Finance", until=ends[1]),
                content=draft("id:both", "Finance", "Health", published=ends[1]).content),
    )  # fmt: skip
    office.add(embargoed("id:none", until=ends[0]))

    def listed(query: EmbargoQuery, limit: int = 50) -> list[str]:
        found: list[str] = []
        after = None
        while page := office.newsroom.embargoes.listed(query, after=after, limit=limit):
            assert [(e.until, e.release_id) for e in page] == sorted(
                (e.until, e.release_id) for e in page
            )
            found += [embargo.draft.source_key for embargo in page]
            after = EmbargoPosition(until=page[-1].until, release_id=page[-1].release_id)
        return found

    everything = listed(EmbargoQuery())
    assert len(everything) == len(set(everything)) == 7
    for query, expected in (
        (EmbargoQuery(), set(everything)),
        (EmbargoQuery(categories=("finance",)), {"id:0", "id:2", "id:4"}),
        (EmbargoQuery(categories=("finance", "health")), {*everything} - {"id:3", "id:none"}),
        (EmbargoQuery(categories=("sport",)), set()),
        (EmbargoQuery(ends_from=ends[2]), {"id:2", "id:3", "id:4"}),
        (EmbargoQuery(ends_before=ends[4], ends_from=ends[2]), {"id:2", "id:3"}),
        (EmbargoQuery(categories=("finance",), ends_before=ends[4]), {"id:0", "id:2"}),
    ):
        for limit in (1, 2, 50):
            assert listed(query, limit) == [one for one in everything if one in expected]


def test_whoever_looked_at_something_else_changes_nothing(database: Database) -> None:
    """Two people at one embargo: the second is told, whatever he is about to do."""
    office = Office(database)
    office.add(embargoed())
    waiting = office.newsroom.embargoes
    seen = waiting.named("id:1").seen
    first = waiting.move("id:1", until=later(hours=5), by="Ana", now=NOON, seen=seen)
    for do in (
        partial(waiting.move, until=later(hours=6)),
        waiting.lift,
        waiting.drop,
    ):
        with pytest.raises(EmbargoChanged, match="look at it again"):
            do("id:1", by="Bo", now=NOON, seen=seen)
    for expected in (seen, ""):
        late = replace(
            embargoed(title="The treaty is signed"),
            expected_embargo=ExpectedEmbargo(seen=expected),
        )
        with pytest.raises(EmbargoChanged):
            office.newsroom.take_in([late], now=NOON, by="Bo")
    assert waiting.all() == [first]
    current = replace(late, expected_embargo=ExpectedEmbargo(seen=first.seen, until=later(hours=7)))
    office.newsroom.take_in([current], now=NOON, by="Bo")
    changed = waiting.named("id:1")
    assert (changed.until, changed.draft.content.title) == (
        later(hours=7),
        "The treaty is signed",
    )
    assert waiting.drop("id:1", by="Bo", now=NOON, seen=changed.seen) == changed
    office.add(embargoed(), now=later(minutes=1))
    assert waiting.named("id:1").seen not in (seen, first.seen, changed.seen)


def test_of_a_lift_and_a_move_at_once_one_wins_and_the_other_is_told(
    database: Database,
) -> None:
    """Two machines: both looked at the same embargo."""
    office = Office(database)
    for number in range(10):
        office.add(embargoed(f"id:{number}", title=f"Treaty {number}"))
        waiting = office.newsroom.embargoes
        seen = waiting.named(f"id:{number}").seen
        acts_of = [
            partial(waiting.lift, f"id:{number}", by="Ana", now=NOON, seen=seen),
            partial(
                waiting.move, f"id:{number}", until=later(hours=9), by="Bo", now=NOON, seen=seen
            ),
        ]

        def result(do: Callable[[], Intake | Embargo]) -> Intake | Embargo | str:
            try:
                return do()
            except (EmbargoChanged, EmbargoNotFound) as told:
                return str(told)

        with ThreadPoolExecutor(2) as machines:
            [lifted, moved] = machines.map(result, acts_of)
        is_public = [one.release.source_key for one in office.newsroom.releases()]
        if isinstance(lifted, Intake):
            assert f"id:{number}" in is_public
            assert "the release with this name is public" in str(moved)
        else:
            assert f"id:{number}" not in is_public
            assert isinstance(moved, Embargo)
            assert "moved or ended meanwhile" in str(lifted)


def test_what_waits_is_read_as_it_will_be(database: Database) -> None:
    office = Office(database)
    [public] = office.add(draft("id:1", "Finance"))
    office.publish()
    office.add(embargoed("id:1", "Health", title="Corrected"), now=later(minutes=1))
    [new] = office.add(embargoed("id:2", "Finance"), now=later(minutes=1))
    waiting = [office.newsroom.embargoes.named(name) for name in ("id:1", new.release.slug)]
    [correction, listed] = office.newsroom.upcoming(waiting, now=later(minutes=2))
    assert (correction.release.id, correction.release.revision) == (public.release.id, 2)
    assert (correction.release.slug, correction.feeds) == (public.release.slug, ("all", "health"))
    assert waiting[0].slug == public.release.slug
    assert listed.release == new.release
    assert [act.action for act in office.newsroom.audit_events(new.release.id)] == [
        AuditAction.EMBARGOED
    ]


def test_acts_tell_when(database: Database) -> None:
    office = Office(database)
    [waits] = office.add(embargoed(), now=later(minutes=3))
    with database.read() as tx:
        [act] = tx.audit_log.of(waits.release.id)
    assert act == AuditEvent(
        subject=waits.release.id,
        action=AuditAction.EMBARGOED,
        at=later(minutes=3),
        by="folder",
        detail="until 2026-03-02T13:00:00Z",
    )
