"""Both databases find the same releases, in the same order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from feeds.errors import SearchTooSlow
from feeds.model.search import TermQuery
from feeds.search.query import parse_query
from feeds.search.terms import MAX_OF_ONE, MAX_POSITIONS, language_term
from feeds.store import search, search_upkeep
from feeds.store.changes import Changes, Waiting
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later

#: By key: title, text, language. Published one day after the other.
RELEASES = {
    "de": ("Hochwasser in Stuttgart/München", "<p>Der Bund/Länder-Rat tagt.</p>", "de"),
    "fr": ("L'État et les ministères", "<p>Une crue à Besançon.</p>", "fr-CA"),
    "hi": ("दान", "<p>हिन्दी में</p>", "hi"),
    "day": ("दिन", "<p>दीन</p>", "hi"),
    "ja": ("東京都知事の会見", "<p>二〇二六年、カフェで。</p>", "ja"),
    "zh": ("关于北京大学的公告", "<p>水</p>", "zh-Hans"),
    "th": ("กรุงเทพมหานคร", "<p>น้ำท่วม</p>", "th"),
    "ko": ("서울에서 회의", "<p>정부가 발표했다</p>", "ko"),
    "ar": ("بَيَان صحفي من الإدارة", "<p>في مدرســة مصطفى عام ٢٠٢٦</p>", "ar"),
    "en": ("COVID-19: the floods", "<p>Human rights. <b>bold</b>ly said, 2026-11-05</p>", "en"),
}

#: Search, and who is found, newest first.
FOUND = {
    "münchen": "de", "MUNCHEN stuttgart": "de", "länder": "de", '"stuttgart münchen"': "de",
    '"münchen stuttgart"': "", "etat": "fr", "l’état": "fr", "ministere": "fr", "besancon": "fr",
    "दान": "hi", "दिन": "day", "हिन्दी": "hi",
    "東京": "ja", "京都": "ja", "東京都知事": "ja", "都": "ja", "東都": "", "カフェ": "ja",
    "北京": "zh", "大学 水": "zh", "水": "zh", "年": "ja", "ท่วม": "th", "น้ำ": "th",
    "서울": "ko", "회의 정부": "ko",
    "بيان": "ar", "الاداره": "ar", "مدرسة": "ar", "2026": "en ar",
    "covid 19": "en", "covid-19": "en", "flood": "en", '"human rights"': "en", "boldly": "en",
    '"2026 11 05"': "en", "2026-11-05": "en", '"floods human"': "", "nothing": "",
}  # fmt: skip


@contextmanager
def _office(database: Database) -> Iterator[Office]:
    office = Office(database)
    for number, (key, (title, body, language)) in enumerate(RELEASES.items()):
        names = ("Finance",) if number % 2 else ("Health",)
        published = NOON - timedelta(days=20 - number)
        office.add(
            draft(f"id:{key}", *names, title=title, body=body, language=language, summary="",
                  published=published)
        )  # fmt: skip
    office.index()
    yield office


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    """A newsroom with releases in many languages."""
    with _office(database) as opened:
        yield opened


def _find(
    office: Office,
    typed: str,
    *others: tuple[str, ...],
    feed: str | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
    skip: int = 0,
    limit: int = 10,
) -> str:
    office.index()
    conditions = [*(each.terms for each in parse_query(typed).conditions), *others]
    query = TermQuery(conditions=conditions, feed=feed, since=since, before=before)
    with office.database.searching() as tx:
        found = tx.search.find(query, skip=skip, limit=limit)
        releases = tx.releases.by_ids(found)
    return " ".join(releases[one].source_key.removeprefix("id:") for one in found)


def test_words_of_many_languages_are_found(office: Office) -> None:
    assert {typed: _find(office, typed) for typed in FOUND} == FOUND


@pytest.mark.parametrize("looked_at", [0, search.LOOKED_AT])
def test_hits_are_narrowed_down(
    office: Office, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways of looking find the same."""
    monkeypatch.setattr(search, "LOOKED_AT", looked_at)
    assert _find(office, "2026", feed="finance") == "en"
    assert _find(office, "2026", feed="health") == "ar"
    assert _find(office, "2026", feed="nothing") == ""
    assert _find(office, "2026", (language_term("ar"),)) == "ar"
    assert _find(office, "crue", (language_term("fr"),)) == "fr"
    assert _find(office, "crue", (language_term("fr-ca"),)) == "fr"
    assert _find(office, "crue", (language_term("fr-fr"),)) == ""
    assert _find(office, "2026", since=NOON - timedelta(days=11)) == "en"
    assert _find(office, "2026", before=NOON - timedelta(days=11)) == "ar"
    assert _find(office, "2026", feed="health", before=NOON - timedelta(days=11)) == "ar"
    assert _find(office, "2026", feed="finance", before=NOON - timedelta(days=11)) == ""
    assert _find(office, "2026", limit=1) == "en"
    assert _find(office, "2026", skip=1) == "ar"
    assert _find(office, "2026", skip=2) == ""
    assert _find(office, "2026", feed="health", skip=1) == ""


def test_releases_of_one_second_are_all_found_and_have_an_order(office: Office) -> None:
    for number in range(5):
        office.add(draft(f"id:{number}", title="Same second"))
    office.add(*(draft(f"id:{number}", title="Same second") for number in range(5, 30)))
    pages = [_find(office, "second", skip=skip).split() for skip in range(0, 40, 10)]
    assert [len(page) for page in pages] == [10, 10, 10, 0]
    assert len({one for page in pages for one in page}) == 30


def test_what_is_found_is_what_stands(office: Office) -> None:
    newsroom = office.newsroom
    newsroom.retract("id:de", reason="In error.", by="test", now=later(minutes=1))
    assert _find(office, "münchen") == ""
    office.add(
        draft("id:de", "Health", title="München corrected", language="de"), now=later(minutes=2)
    )
    assert _find(office, "münchen") == ""  # it stays retracted
    newsroom.restore("id:de", by="test", now=later(minutes=3))
    assert _find(office, "münchen corrected") == "de"
    assert _find(office, "stuttgart") == ""
    old = NOON - timedelta(days=300)
    office.add(draft("id:en", title="Moved floods", published=old), now=later(minutes=4))
    assert _find(office, "floods", before=NOON - timedelta(days=200)) == "en"
    assert _find(office, "covid") == ""
    with office.database.transaction() as tx:
        tx.search.require_whole()
        assert tx.search.count() == len(RELEASES)


def test_what_comes_is_marked_and_indexed_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, whose rest stays marked: nothing is lost wherever a process ends."""
    monkeypatch.setattr(search_upkeep, "MARKED_AT_ONCE", 2)
    office, changes = Office(database), Changes(database)
    office.add(*(draft(f"id:{number}", title=f"Release {number}") for number in range(3)))
    assert changes.has(Waiting.WORDS)
    with office.database.read() as tx:
        assert (len(tx.search.marked(limit=9)), tx.search.count()) == (3, 0)
    assert list(search_upkeep.not_as_they_are(database)) == []
    assert [search_upkeep.index_marked(database) for _ in range(3)] == [2, 1, 0]
    assert not changes.has(Waiting.WORDS)
    assert _find(office, "release").split() == ["2", "1", "0"]
    office.add(draft("id:1", title="Release corrected"), now=later(minutes=1))
    assert changes.has(Waiting.WORDS)
    office.newsroom.retract("id:1", reason="In error.", by="test", now=later(minutes=2))
    with office.database.read() as tx:
        assert tx.search.count() == 2  # it is not found any more, at once
    assert _find(office, "release").split() == ["2", "0"]
    assert not changes.has(Waiting.WORDS)
    changes.close()


def test_nothing_under_embargo_is_found(office: Office) -> None:
    until = later(hours=1)
    secret = replace(draft("id:secret", title="Sesame"), embargoed_until=until)
    office.add(secret, now=NOON)
    assert _find(office, "sesame") == ""
    office.newsroom.embargoes.release(now=until)
    assert _find(office, "sesame") == "secret"


def test_very_long_texts_are_found_alike(office: Office) -> None:
    words = " ".join(f"the w{number}" for number in range(MAX_POSITIONS // 2))
    office.add(draft("id:long", title="Long", body=f"<p>{words} beyond</p>", summary=""))
    assert _find(office, f'"w{MAX_OF_ONE - 5} the"') == "long"
    assert _find(office, f'"w{MAX_OF_ONE + 5} the"') == ""
    assert _find(office, "w7900") == "long"
    assert _find(office, "beyond") == ""
    office.add(draft("id:wide", body=f"<p>{' '.join('ж' * 60 + str(n) for n in range(9000))}</p>"))
    assert _find(office, "treaty") == "wide"


def test_a_search_that_takes_too_long_is_given_up(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = text("(SELECT 'a'::tsquery FROM pg_sleep(9))")
    monkeypatch.setattr(search, "cast", lambda *_: slow)
    with _office(postgres_database) as office, office.database.searching() as tx:
        tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 1")
        with pytest.raises(SearchTooSlow):
            tx.search.find(TermQuery(conditions=[["a"]]), skip=0, limit=10)


def test_a_full_text_table_that_differs_is_noticed(sqlite_database: Database) -> None:
    with _office(sqlite_database) as office:
        with office.database.transaction() as tx:
            tx.search.require_whole()
            tx.connection.exec_driver_sql("UPDATE release_search SET terms = 'other'")
        with pytest.raises(DatabaseError), sqlite_database._writer.connect() as connection:
            search.SearchIndex(connection).require_whole()
