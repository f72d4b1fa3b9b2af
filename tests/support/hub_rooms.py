"""What the hub's routes work with, for a test: a newsroom, and a configuration that may change."""

import json
from pathlib import Path
from typing import Any

from feeds.categories import Catalogue
from feeds.store.database import Database
from service.settings import Settings
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import Office

#: Callbacks of tests are on this machine, and a test is no client that asks too often.
MAIN: dict[str, dict[str, Any]] = {
    "site": {"base_url": "https://news.example.org"},
    "outbound": {"allow_networks": ["127.0.0.0/8"]},
    "own_hub": {"burst": 100_000},
}


class HubRoom:
    """A hub over a newsroom."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self._config = ConfigFolder(folder)
        self.configure()

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self.office.settings

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.office.catalogue

    @property
    def database(self) -> Database:
        """Holds the requests."""
        return self.office.database

    def configure(self, **sections: dict[str, Any]) -> None:
        """Take these keys beside those of `MAIN`."""
        written = {name: {**MAIN.get(name, {}), **keys} for name, keys in sections.items()}
        self.office.change(settings=self._config.load(json.dumps({**MAIN, **written})))
