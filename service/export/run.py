"""One run: every address is asked for, and what is new is written."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypeVar

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format
from service.application import Application
from service.export.addresses import PublicAddress, count_addresses, public_addresses
from service.export.folder import GRACE_S, Folder, StagedVersion, write_file, write_if_changed
from service.export.layout import (
    ENDINGS,
    GONE,
    NGINX,
    PROBLEMS,
    UNDATED,
    VERSIONS,
    Version,
    file_of,
    is_safe,
)
from service.export.nginx import Serving, configuration
from service.export.renditions import (
    Profile,
    UnstableDocument,
    WsgiApplication,
    WsgiResponse,
    all_forms,
    rendition,
    request,
)
from service.web import load_assets
from service.web.problems import RETRACTED_CACHE_CONTROL

# What a run remembers of the one before: which pages need not be made again.
#
# A release's page says nothing but the release, the newsroom's configuration and the program's own
# words. So after a whole run, as long as the last two are the same, only the pages are made whose
# release changed since.

_NAME = "last-run.json"
#: Nobody is served it.
_OWN_MODE = 0o600

#: A release is dated before it is committed, and perhaps by another machine's clock.
MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMemory:
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

    def record(self) -> None:
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


# One run: every address is asked for, and what is new is written.

_T = TypeVar("_T")

#: Addresses that are shown together, after one wait for the disk.
BATCH = 200

_PROFILES = "profiles.json"
_OK, _MOVED, _ABSENT, _GONE = 200, (301, 308), 404, 410

#: How the application is brought to each problem that nginx will have to tell, by status.
_WAYS_TO_PROBLEMS: dict[int, tuple[str, str, dict[str, str]]] = {
    404: ("/no-such-address", "GET", {}),
    405: ("/feeds.opml", "POST", {}),
    406: ("/feeds.opml", "GET", {"Accept-Encoding": "*;q=0"}),
    412: ("/feeds.opml", "GET", {"If-Match": '"x"'}),
    416: ("/feeds.opml", "GET", {"Range": "bytes=99999999999-"}),
}
_ACCEPT_BY_FORM = {"html": "text/html", "json": "application/json"}


class ExportResult(StrEnum):
    """What became of one address."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    MOVED = "moved"
    GONE = "gone"
    FAILED = "failed"  #: what was there stays


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOutcome:
    """What became of one address, and what an upload needs to know of it."""

    result: ExportResult
    path: str
    reason: str | None = None
    fields: tuple[tuple[str, str], ...] = ()  #: to be sent with it
    files: dict[str, str] = field(default_factory=dict)  #: by coding, below the folder
    location: str | None = None


class ExportRun:
    """One run over one folder."""

    def __init__(
        self,
        newsroom: Application,
        folder: Folder,
        application: WsgiApplication,
        *,
        memory: ExportMemory | None = None,
    ) -> None:
        """Prepare to write the public site of *newsroom*.

        Args:
            newsroom: Names the addresses.
            folder: Nobody else writes into it meanwhile.
            application: Answers for them: the web application of that newsroom.
            memory: Of the run before; without it, every page is made again.
        """
        self._memory = memory
        self._same_before: datetime | None = None
        self._failures = 0
        self._newsroom = newsroom
        self._folder = folder
        self._application = application
        self._public: set[str] = set()  # all but the releases' pages, of which there may be many
        self._profiles: dict[str, Profile] = {}
        self._before = _read_profiles(folder.root / _PROFILES)
        self._moved: dict[str, tuple[int, str]] = {}
        self._gone: dict[str, str] = {}
        self._notices: set[Path] = set()  # files that say why an address is gone
        self.is_reload_due = False  #: nginx has to read its configuration again
        self.swept = 0  #: files of former editions that were removed

    def __len__(self) -> int:
        """About how many addresses there are."""
        return count_addresses(self._newsroom.catalogue, self._newsroom.newsstand)

    def outcomes(self, *, grace_s: float = GRACE_S) -> Iterator[AddressOutcome]:
        """Write; tell of each address as soon as readers have it.

        Raises:
            FeedsError: The store cannot be asked. What was written until then is good.
        """
        self._same_before = None if self._memory is None else self._memory.recall()
        addresses = public_addresses(self._newsroom.catalogue, self._newsroom.newsstand)
        for batch in _batches(addresses, BATCH):
            yield from self._publish(batch)
        yield from self._remove()
        self._configure()
        self._folder.keep()
        if self._memory is not None and not self._failures:
            self._memory.record()
        self.swept = self._folder.sweep(grace_s=grace_s)

    def _publish(self, addresses: Iterable[PublicAddress]) -> Iterator[AddressOutcome]:
        placed: list[tuple[StagedVersion, AddressOutcome]] = []
        for address in addresses:
            found = self._remembered(address) or self._look(address.path)
            if isinstance(found, AddressOutcome):
                yield found
            else:
                placed.append(found)
        if placed:
            self._folder.keep()
        for one, outcome in placed:
            self._folder.show(one)
            yield outcome

    def _remembered(self, address: PublicAddress) -> AddressOutcome | None:
        """What is known of an address without asking for it; None if it has to be asked for."""
        path, changed_at = address
        if changed_at is None or self._same_before is None or changed_at >= self._same_before:
            return None
        held = self._folder.current(path) if is_safe(path) else None
        profile = None if held is None else self._profile(held.profile)
        # One without a date may have one by now.
        if held is None or profile is None or held.date == UNDATED:
            return None
        self._expect(path)  # what is not asked for is as public as before
        return _told(ExportResult.UNCHANGED, path, profile, held)

    def _profile(self, key: str) -> Profile | None:
        """A profile of this run, or of one before, which is then one of this run, too."""
        if key not in self._profiles and key in self._before:
            self._profiles[key] = self._before[key]
        return self._profiles.get(key)

    def _look(self, path: str) -> AddressOutcome | tuple[StagedVersion, AddressOutcome]:
        """Place what is new at an address; or say what became of it."""
        if not is_safe(path):
            self._failures += 1
            return AddressOutcome(
                result=ExportResult.FAILED, path=path, reason="cannot be a file's name"
            )
        found = rendition(self._application, path)
        if isinstance(found, WsgiResponse):
            return self._without_bytes(path, found)
        self._expect(path)
        held = self._folder.current(path)
        if held is not None and found.is_held_as(held):
            self._profiles[found.profile.id] = found.profile
            return _told(ExportResult.UNCHANGED, path, found.profile, held)
        try:
            shown, forms = all_forms(self._application, found)
        except UnstableDocument as error:
            return self._failed(path, str(error))
        self._profiles[shown.profile.id] = shown.profile
        placed = self._folder.place(shown, forms)
        told = _told(ExportResult.WRITTEN, path, shown.profile, placed.version)
        return placed, told

    def _without_bytes(self, path: str, answer: WsgiResponse) -> AddressOutcome:
        """An address that answers with something else than a document or a page."""
        if answer.status not in (*_MOVED, _ABSENT, _GONE):
            return self._failed(path, f"answers {answer.status}")
        if answer.status == _GONE:
            # Before the address loses what it had: nobody is told that there never was anything.
            self._explain(path)
        if self._folder.is_shown(path):
            self._folder.hide(path)
        location = answer.field("Location")
        if answer.status in _MOVED and location is not None:
            self._moved[path] = (answer.status, location)
            return AddressOutcome(result=ExportResult.MOVED, path=path, location=location)
        if answer.status == _GONE:
            # nginx finds the notice of a release by itself: it was retracted to be gone at once,
            # and not at the next reload.
            if not _is_release(path):
                self._gone[path] = answer.field("Cache-Control") or RETRACTED_CACHE_CONTROL
            return AddressOutcome(result=ExportResult.GONE, path=path)
        return AddressOutcome(result=ExportResult.REMOVED, path=path)

    def _explain(self, path: str) -> None:
        """Write what the application says at an address that is gone."""
        for form, accept in _ACCEPT_BY_FORM.items():
            answer = request(self._application, path, {"Accept": accept})
            notice = self._notice(path, form)
            if answer.status == _GONE:
                write_if_changed(notice, answer.body)

    def _notice(self, path: str, form: str) -> Path:
        """The file of a notice, which is kept in this run."""
        notice = self._folder.root / GONE / f"{path[1:]}.{form}"
        self._notices.add(notice)
        return notice

    def _failed(self, path: str, reason: str) -> AddressOutcome:
        """The last good edition stays."""
        self._failures += 1
        self._expect(path)
        for form in _ACCEPT_BY_FORM:
            self._notice(path, form)
        held = self._folder.current(path)
        if held is not None:
            self._profile(held.profile)
        return AddressOutcome(result=ExportResult.FAILED, path=path, reason=reason)

    def _expect(self, path: str) -> None:
        if not path.startswith("/releases/"):
            self._public.add(path)

    def _remove(self) -> Iterator[AddressOutcome]:
        """Hide what is no public address any more."""
        for batch in _batches(self._folder.shown(), BATCH):
            pages = {path: _slug_of(path) for path in batch if _is_release(path)}
            there = self._newsroom.newsstand.release_pages_there(sorted({*pages.values()}))
            gone = [path for path, slug in pages.items() if slug not in there]
            gone += [path for path in batch if not _is_release(path) and path not in self._public]
            for path in gone:
                self._folder.hide(path)
                yield AddressOutcome(result=ExportResult.REMOVED, path=path)
        for notice in (self._folder.root / GONE).rglob("*.*"):
            if notice.is_file() and notice not in self._notices:
                notice.unlink()

    def _configure(self) -> None:
        """Write what nginx is told, where it is new."""
        profiles = self._profiles
        root, site = self._folder.root, self._newsroom.catalogue.site
        problems = {
            (status, form): self._problem(status, accept)
            for status in _WAYS_TO_PROBLEMS
            for form, accept in _ACCEPT_BY_FORM.items()
        }
        for (status, form), answer in problems.items():
            # A store that cannot be asked just now makes another problem of it.
            if answer.status == status:
                write_if_changed(root / PROBLEMS / f"{status}.{form}", answer.body)
        serving = Serving(
            root=root,
            base_url=site.base_url,
            profiles=profiles,
            moved=self._moved,
            gone=self._gone,
            problems=problems,
            preflight=request(self._application, f"/feeds/{ALL}.{Format.ATOM}", method="OPTIONS"),
            pages=self._pages(),
        )
        fields = {key: list(one.fields) for key, one in sorted(profiles.items())}
        write_if_changed(root / _PROFILES, json.dumps(fields, indent=1).encode() + b"\n")
        for name, text in configuration(serving).items():
            self.is_reload_due |= write_if_changed(root / NGINX / name, text.encode())

    def _pages(self) -> dict[str, str]:
        """Where a browser is led that opens a document, by the document's path."""
        catalogue = self._newsroom.catalogue
        return {
            f"/feeds/{feed.slug}.{each}": catalogue.site.feed_page(feed.slug)
            for feed in catalogue.feeds.values()
            if feed.opens_as_page
            for each in Format
        }

    def _problem(self, status: int, accept: str) -> WsgiResponse:
        path, method, fields = _WAYS_TO_PROBLEMS[status]
        return request(self._application, path, {**fields, "Accept": accept}, method=method)


def _read_profiles(path: Path) -> dict[str, Profile]:
    """Those that a run before wrote: of what is kept of it, nobody says them again."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {
        key: Profile(fields=tuple((name, value) for name, value in fields))
        for key, fields in written.items()
    }


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _is_release(path: str) -> bool:
    return path.startswith("/releases/")


def _slug_of(path: str) -> str:
    """The slug in the address of a release's page, or of what the release was before."""
    return path.split("/")[2]


def _told(result: ExportResult, path: str, profile: Profile, version: Version) -> AddressOutcome:
    home = f"{VERSIONS}/{file_of(path)}/{version.name}"
    fields = [*profile.fields, ("ETag", f'"{version.revision}"')]
    if version.last_modified is not None:
        fields.append(("Last-Modified", version.last_modified))
    return AddressOutcome(
        result=result,
        path=path,
        fields=tuple(fields),
        files={coding.value: f"{home}{ending}" for coding, ending in ENDINGS.items()},
    )
