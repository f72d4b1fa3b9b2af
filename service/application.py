"""Everything that one configuration gives: built once, never changed, swapped as a whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.categories import Catalogue
from feeds.ingest import IntakeRules
from feeds.model.release import Draft
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.store.database import Database
from service.settings import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Application:
    """All components for one configuration. A reload builds another one over the same database."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    rules: IntakeRules  #: how documents are read
    newsroom: Newsroom
    newsstand: Newsstand
    clock: Clock  #: for all that is stored; see ``service.store_clock``
    #: Completes the length and type of files; documents from anywhere pass it before intake.
    measure: Callable[[Sequence[Draft]], list[Draft]]


class CurrentApplication:
    """The application in force in this process.

    A request or a run reads `application` once and works with what it got: so it sees one
    configuration, whatever is swapped meanwhile.
    """

    __slots__ = ("application",)

    def __init__(self, application: Application) -> None:
        self.application = application
