from collections.abc import Mapping, Sequence
from pathlib import Path

from service.settings import ConfigInvalid, Settings, Sources, parse, read_sources

MAIN = "site: {base_url: https://news.example}\n"
CATEGORIES = "categories: []\n"


class ConfigFolder:
    """A folder with the two files of a configuration; every test writes its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.main = folder / "communique.yaml"
        self.categories = folder / "categories.yaml"

    def write(self, main: str = MAIN, categories: str = CATEGORIES) -> None:
        self.main.write_text(main, encoding="utf-8")
        self.categories.write_text(categories, encoding="utf-8")

    def sources(
        self, environ: Mapping[str, str] | None = None, overrides: Sequence[str] = ()
    ) -> Sources:
        return read_sources(
            Path("communique.yaml"),
            environ=environ or {},
            overrides=overrides,
            working_folder=self.folder,
        )

    def load(
        self,
        main: str = MAIN,
        categories: str = CATEGORIES,
        environ: Mapping[str, str] | None = None,
        overrides: Sequence[str] = (),
    ) -> Settings:
        self.write(main, categories)
        return parse(self.sources(environ, overrides))

    def faults(
        self,
        main: str = MAIN,
        categories: str = CATEGORIES,
        environ: Mapping[str, str] | None = None,
        overrides: Sequence[str] = (),
    ) -> list[str]:
        """What a person is told of these files; nothing when they are good."""
        self.write(main, categories)
        return self.faults_as_found(environ, overrides)

    def faults_as_found(
        self, environ: Mapping[str, str] | None = None, overrides: Sequence[str] = ()
    ) -> list[str]:
        """What a person is told of what lies in the folder."""
        try:
            parse(self.sources(environ, overrides))
        except ConfigInvalid as invalid:
            return [str(fault) for fault in invalid.faults]
        return []
