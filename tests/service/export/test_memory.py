"""A run makes only the release pages that can have changed since the one before."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.categories import Catalogue
from feeds.model.release import Details
from service.export import ExportMemory, ExportResult, ExportRun, Folder, rules_of
from service.web import create_app
from tests.service.export.conftest import by_result
from tests.service.web.offices import CATALOGUE, CATEGORIES, SITE
from tests.support.newsrooms import NOON, Office, draft, later

Remembering = Callable[..., list[str]]


@pytest.fixture
def asked_for(office: Office, root: Path) -> Remembering:
    """Exports at a moment, by some rules; says which release pages were made."""

    def run(now: datetime, rules: str = "rules", ill: str = "nothing") -> list[str]:
        made: set[str] = set()
        app = create_app(office.current)

        def watched(environ: dict[str, Any], start_response: Any) -> Any:
            if re.match(r"/releases/(?!\d{4}/)", environ["PATH_INFO"]):
                made.add(environ["PATH_INFO"])
            if environ["PATH_INFO"] == ill:
                start_response("500 Internal Server Error", [])
                return [b""]
            return app(environ, start_response)

        folder = Folder(root, site_url=SITE.base_url)
        memory = ExportMemory(root=folder.root, rules=rules, now=now)
        results = by_result(
            list(ExportRun(office.application, folder, watched, memory=memory).outcomes())
        )
        assert ill == "nothing" or results[ExportResult.FAILED] == [ill]
        return sorted(made)

    return run


def test_a_release_that_is_as_before_is_not_made_again(
    office: Office, asked_for: Remembering
) -> None:
    assert len(asked_for(later(hours=1))) == 3
    assert asked_for(later(hours=2)) == []
    office.add(
        *(draft(f"id:old{day}", published=NOON - timedelta(days=100 + day)) for day in range(5)),
        now=later(minutes=30),
    )
    asked_for(later(hours=3))
    [corrected] = office.add(draft("id:2", title="A corrected treaty"), now=later(hours=4))
    made, page = asked_for(later(hours=5)), f"/releases/{corrected.release.slug}"
    assert {page, f"{page}/revisions/1"} <= {*made}
    # Pages in its month may show it as a neighbour, and so may those beside; others do not.
    assert len(made) == 4
    assert asked_for(later(hours=6)) == []


def test_a_translation_that_comes_later_has_the_page_of_the_original_made_again(
    office: Office, asked_for: Remembering
) -> None:
    english, french = (
        draft(f"id:{each}", title=f"In {each}", language=each, details=Details(work="treaty"))
        for each in ("en", "fr")
    )
    office.add(english)
    asked_for(later(hours=1))
    office.add(french, now=later(hours=3))
    made = [path.rpartition("-")[0] for path in asked_for(later(hours=4))]
    assert {"/releases/in-en", "/releases/in-fr"} <= {*made}


def test_a_release_of_the_minutes_before_the_last_run_is_made_again(
    office: Office, asked_for: Remembering
) -> None:
    """It may have been committed after that run looked, or be dated by a clock that is late."""
    office.add(draft("id:3", title="Just now"), now=later(minutes=55))
    asked_for(later(hours=1))
    assert "just-now" in " ".join(asked_for(later(hours=2)))
    assert asked_for(later(hours=3)) == []


def test_other_rules_make_every_page_again_and_so_do_the_former_ones_after_them(
    asked_for: Remembering,
) -> None:
    asked_for(later(hours=1))
    assert len(asked_for(later(hours=2), rules="others", ill="/feeds.opml")) == 3
    assert len(asked_for(later(hours=3))) == 3


def test_a_run_with_a_failure_is_not_relied_on(asked_for: Remembering) -> None:
    asked_for(later(hours=1), ill="/feeds.opml")
    assert len(asked_for(later(hours=2))) == 3


def test_a_page_that_somebody_took_away_is_made_again(asked_for: Remembering, root: Path) -> None:
    asked_for(later(hours=1))
    first = next((root / "site" / "releases").glob("*.html"))
    first.resolve().unlink()
    assert len(asked_for(later(hours=2))) == 1


def test_rules_are_configuration_and_program() -> None:
    same = Catalogue(SITE, CATEGORIES, list(CATALOGUE.feeds.values()))
    fewer = Catalogue(SITE, CATEGORIES, [CATALOGUE.feeds["all"]])
    assert rules_of(same, "1.0") == rules_of(CATALOGUE, "1.0")
    assert (
        len({rules_of(CATALOGUE, "1.0"), rules_of(CATALOGUE, "2.0"), rules_of(fewer, "1.0")}) == 3
    )
