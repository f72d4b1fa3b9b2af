"""A newsroom as the service installs it: its configuration, its store, and its rooms."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.ports import free_port
from feeds.store import migrate
from service.application import Application
from service.processes.active_configuration import activate
from service.settings import parse, read_sources
from service.stores import open_database
from service.wiring import build_application

Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Nothing serves it yet."""

    port: int  #: that it is to be served at
    main_file: Path
    accepted_file: Path  #: that the service's processes work from
    rooms: Application


@contextmanager
def installed(
    slugs: Sequence[str], *, redirects: Sequence[Section] = (), **sections: Section
) -> Iterator[Installed]:
    """A newsroom with a category for each slug, over a new store; as it ships, but for *sections*.

    The store is a file on the disk that ``TMPDIR`` is on.
    """
    with TemporaryDirectory(prefix="communique-bench-") as name:
        folder, port = Path(name), free_port()
        main_file, accepted_file = folder / "communique.yaml", folder / "accepted.json"
        _configure(main_file, port, slugs, redirects, sections)
        sources = read_sources(main_file, environ={})
        settings = parse(sources)
        settings.data_folder.mkdir()
        activate(sources, accepted_file)
        database = open_database(settings)
        try:
            migrate.upgrade(database)
            yield Installed(
                port=port,
                main_file=main_file,
                accepted_file=accepted_file,
                rooms=build_application(settings, database),
            )
        finally:
            database.close()


def _configure(
    main_file: Path,
    port: int,
    slugs: Sequence[str],
    redirects: Sequence[Section],
    sections: Mapping[str, Section],
) -> None:
    """Write the files. JSON is YAML."""
    main = {
        "site": {"title": "Example News", "base_url": f"http://127.0.0.1:{port}"},
        "data_folder": str(main_file.parent / "data"),
        "log": {"level": "warning"},
        **sections,
        "http": {"port": port, "workers": 1, **sections.get("http", {})},
    }
    main_file.write_text(json.dumps(main), encoding="utf-8")
    categories = {
        "categories": [{"slug": slug, "title": slug.capitalize()} for slug in slugs],
        "redirects": list(redirects),
    }
    (main_file.parent / "categories.yaml").write_text(json.dumps(categories), encoding="utf-8")
