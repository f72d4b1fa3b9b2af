"""A newsroom, and a folder that it is exported to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from service.export import AddressOutcome, ExportResult, ExportRun, Folder
from service.web import create_app
from tests.service.web.offices import open_office, read_sample
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.postgres import fastest_folder


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A newsroom with a few releases, published."""
    opened = open_office(tmp_path)
    opened.add(
        *read_sample("000_e053d2e383822934.txt"), draft("id:1", "cooperation"), draft("id:2")
    )
    opened.publish(now=NOON)
    yield opened
    opened.database.close()


@pytest.fixture
def root() -> Iterator[Path]:
    """Where nginx's workers, another user, may look; in memory, as each file is waited for."""
    with TemporaryDirectory(prefix="export", dir=fastest_folder()) as name:
        Path(name).chmod(0o755)
        yield Path(name) / "public"


Export = Callable[..., dict[ExportResult, list[str]]]


@pytest.fixture
def export(office: Office, root: Path) -> Export:
    """Exports the newsroom as it is now; says which addresses met with which result."""

    def run(grace_s: float = 60.0) -> dict[ExportResult, list[str]]:
        folder = Folder(root, site_url=office.catalogue.site.base_url)
        app = create_app(office.current, clock=lambda: later(hours=1))
        return by_result(list(ExportRun(office.application, folder, app).outcomes(grace_s=grace_s)))

    return run


def by_result(outcomes: list[AddressOutcome]) -> dict[ExportResult, list[str]]:
    """Paths by what became of them."""
    found: dict[ExportResult, list[str]] = {result: [] for result in ExportResult}
    for outcome in outcomes:
        found[outcome.result].append(outcome.path)
    return found
