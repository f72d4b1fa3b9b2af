"""Opens the configured store. Apart from `wiring`, whose rooms the supervisor has no use for."""

from feeds.store.database import Database
from service.settings import Settings


def open_database(settings: Settings) -> Database:
    """The configured database; nothing is connected to yet."""
    return Database.open(settings.store.url.reveal())
