"""The components built from one configuration: immutable, and swapped as a whole on reload."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.categories import Catalogue
from feeds.ingest import IntakeRules
from feeds.model.release import Draft
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.redirects import RedirectMap
from feeds.store.database import Database
from service.media import MediaStore
from service.settings import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Application:
    """All components for one configuration. A reload builds a new one over the same database."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    rules: IntakeRules  #: how documents are read
    newsroom: Newsroom
    newsstand: Newsstand
    redirects: RedirectMap  #: old addresses, as configured
    clock: Clock  #: for everything that is stored; see ``service.store_clock``
    #: Completes the length and type of enclosures; all drafts pass through it before intake.
    measure: Callable[[Sequence[Draft]], list[Draft]]

    @property
    def media(self) -> MediaStore:
        """Pictures and files of releases that are stored here."""
        return MediaStore(
            self.database,
            self.catalogue.site,
            self.settings.media,
            folder=self.settings.data_folder,
            now=self.clock,
        )


class CurrentApplication:
    """The application in force in this process.

    A request or a run reads `application` once and keeps that object to its end, so it sees one
    configuration even when a reload swaps it meanwhile.
    """

    __slots__ = ("application",)

    def __init__(self, application: Application) -> None:
        self.application = application
