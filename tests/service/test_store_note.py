"""The note beside a store on a server says how much was stored in it, as a process has seen it."""

from contextlib import closing
from pathlib import Path

from service.settings import load
from service.stores import StoreNote, make_ready, open_database, record_known
from tests.support.newsrooms import Office, draft
from tests.support.running_service import Service


def test_it_grows_with_what_was_seen_and_stays_away_when_removed(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = load(Service(folder=tmp_path / "newsroom", store_url=postgres_url).main, environ={})
    note = StoreNote(settings)
    with closing(open_database(settings)) as first:
        make_ready(settings, first)
    begun = note.read()
    assert begun is not None
    with closing(open_database(settings)) as database:
        Office(database).add(draft("id:1"))
        record_known(settings, database)
        assert note.read() == begun, "nobody has asked since"
        database.saw_changes(begun.changes + 3)
        record_known(settings, database)
        seen = note.read()
        assert seen is not None
        assert begun.is_behind(seen)
        note.write(begun)
        record_known(settings, database)
        assert note.read() == seen
        note.remove()  # as 'communique store adopt' does
        record_known(settings, database)
        assert note.read() is None
