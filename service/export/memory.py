"""What a run remembers of the one before: which pages need not be made again.

A release's page says nothing but the release, the newsroom's configuration and the program's own
words. So after a whole run, as long as the last two are the same, only the pages are made whose
release changed since.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from feeds.categories import Catalogue
from service.export.folder import write_file
from service.web import load_assets

_NAME = "last-run.json"
#: Nobody is served it.
_OWN_MODE = 0o600

#: A release is dated before it is committed, and perhaps by another machine's clock.
MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What holds in one run."""

    root: Path
    rules: str  #: digest of all that pages are made of beside their releases
    now: datetime  #: when the run began

    def recall(self) -> datetime | None:
        """Pages of releases that changed before this are as they were; None if none is known to be.

        To be called before anything is written: pages that are made by other rules spoil what is
        remembered, also when the run does not come to its end.
        """
        path = self.root / _NAME
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said["rules"] == self.rules:
                return datetime.fromisoformat(said["began_at"]) - MARGIN
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.forget()
        return None

    def forget(self) -> None:
        """Let every page be made again."""
        (self.root / _NAME).unlink(missing_ok=True)

    def note(self) -> None:
        """Remember this run, which came to its end and failed at no address."""
        said = {"rules": self.rules, "began_at": self.now.isoformat()}
        write_file(self.root / _NAME, json.dumps(said).encode() + b"\n", mode=_OWN_MODE)


def rules_of(catalogue: Catalogue, program: str) -> str:
    """Tell configurations and programs apart.

    Args:
        catalogue: All of it: pages name feeds and categories.
        program: Its version.
    """
    assets = sorted(asset.hashed_name for asset in load_assets().by_name.values())
    described = (program, assets, catalogue.site, *catalogue.feeds.values(),
                 *catalogue.categories.values())  # fmt: skip
    return sha256(repr(described).encode()).hexdigest()
