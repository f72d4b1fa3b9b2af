"""What the folder of a site gives is what the site's own feed says.

The feeds were made of these folders by Jekyll 4.3.1 with jekyll-feed 0.17.0, and by Hugo 0.111.3.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.imports.feed import read_feed
from feeds.imports.folder import read_folder
from feeds.imports.items import ImportedItem, Item, ItemState
from feeds.imports.static_sites import FolderFile, StaticSite, read_site

SITES = Path(__file__).parents[2] / "data" / "static_sites"


def known(items: list[Item]) -> dict[str, tuple[object, ...]]:
    """Address, moment and title of each item, by its id."""
    return {
        item.known_id.value: (
            item.link,
            datetime.fromisoformat(str(item.record.fields["published"])).astimezone(UTC),
            item.record.fields["title"],
        )
        for item in items
        if isinstance(item, ImportedItem)
        and item.known_id is not None
        and item.state is ItemState.PUBLISHED
    }


@pytest.mark.parametrize(
    ("site", "feeds", "count"), [("jekyll", ["jekyll"], 6), ("hugo", ["hugo", "hugo.de"], 9)]
)
def test_ids_addresses_dates_and_titles_are_those_of_the_feed(
    site: str, feeds: list[str], count: int
) -> None:
    folder = SITES / site
    files = [
        FolderFile(path.relative_to(folder).as_posix(), path.read_bytes)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    now = datetime(2026, 11, 30, tzinfo=UTC)
    _, items = read_folder(files, site=read_site(files, StaticSite()), now=now)
    made = [
        item
        for feed in feeds
        for item in read_feed((SITES / f"{feed}.feed.xml").read_bytes()).items
    ]
    assert len(known(made)) == count
    assert known(list(items)) == known(made)
