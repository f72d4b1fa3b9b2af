"""Runs an export: requests every public address, and writes what changed."""

import json
import re
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
from feeds.model.medium import MEDIA_PATH
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
from service.export.nginx.redirects import nginx_redirects
from service.export.renditions import (
    Profile,
    UnstableDocument,
    WsgiApplication,
    WsgiResponse,
    all_forms,
    pieces,
    rendition,
    request,
)
from service.media import LostMedium
from service.web.problems import RETRACTED_CACHE_CONTROL

# The record of the last run: which pages need not be made again.
#
# A release's page depends only on the release, its neighbours, the newsroom's configuration and the
# program. So after a complete run, as long as configuration and program stay the same, only pages
# whose release or neighbours changed since are made.

_NAME = "last-run.json"
#: The record is private.
_OWN_MODE = 0o600

#: A release gets its date before it is committed, and perhaps from another machine's clock.
MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMemory:
    """The record of complete runs in the exported folder."""

    root: Path
    rules: str  #: digest of everything that pages depend on besides their releases
    now: datetime  #: when the run began

    def recall(self) -> datetime | None:
        """Returns the moment since which changed releases need new pages; None for all releases.

        Call it before anything is written: with other rules it deletes the record, because pages
        made by other rules invalidate it even if the run is interrupted.
        """
        path = self.root / _NAME
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            if saved["rules"] == self.rules:
                return datetime.fromisoformat(saved["began_at"]) - MARGIN
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.forget()
        return None

    def forget(self) -> None:
        """Deletes the record, so that every page is made again."""
        (self.root / _NAME).unlink(missing_ok=True)

    def record(self) -> None:
        """Records this run, which is complete and failed at no address."""
        saved = {"rules": self.rules, "began_at": self.now.isoformat()}
        write_file(self.root / _NAME, json.dumps(saved).encode() + b"\n", mode=_OWN_MODE)


def rules_of(catalogue: Catalogue, program: str) -> str:
    """Returns a digest of configuration and program.

    Args:
        catalogue: The whole catalogue, since pages name feeds and categories.
        program: The version of the program and of the looks (``service.wiring.page_version``).
    """
    described = (program, catalogue.site, *catalogue.feeds.values(),
                 *catalogue.categories.values())  # fmt: skip
    return sha256(repr(described).encode()).hexdigest()


# The run.

_T = TypeVar("_T")

_MONTH = re.compile(r"/releases/\d{4}/\d\d(?:/|$)")

#: Addresses that are published together, after one wait for the disk.
BATCH = 200

_PROFILES = "profiles.json"
_OK, _MOVED, _ABSENT, _GONE = 200, (301, 308), 404, 410

#: Requests that make the application answer with each problem that nginx will serve, by status.
_PROBLEM_REQUESTS: dict[int, tuple[str, str, dict[str, str]]] = {
    404: ("/no-such-address", "GET", {}),
    405: ("/feeds.opml", "POST", {}),
    406: ("/feeds.opml", "GET", {"Accept-Encoding": "*;q=0"}),
    412: ("/feeds.opml", "GET", {"If-Match": '"x"'}),
    416: ("/feeds.opml", "GET", {"Range": "bytes=99999999999-"}),
}
_ACCEPT_BY_FORM = {"html": "text/html", "json": "application/json"}


class ExportResult(StrEnum):
    """The result for one address."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    MOVED = "moved"
    GONE = "gone"
    FAILED = "failed"  #: the published version stays


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOutcome:
    """The result for one address, with the data that an upload needs."""

    result: ExportResult
    path: str
    reason: str | None = None
    fields: tuple[tuple[str, str], ...] = ()  #: header fields to be sent with it
    files: dict[str, str] = field(default_factory=dict)  #: by coding, relative to the folder
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
        """Prepares to write the public site of *newsroom*.

        Args:
            newsroom: Has the addresses.
            folder: The target; no other process may write into it meanwhile.
            application: The web application of that newsroom, which answers the requests.
            memory: The record of the last run; without it, every page is made again.
        """
        self._memory = memory
        self._same_before: datetime | None = None
        self._failures = 0
        self._newsroom = newsroom
        self._folder = folder
        self._application = application
        self._public: set[str] = set()  # without release pages, of which there may be many
        self._profiles: dict[str, Profile] = {}
        self._before = _read_profiles(folder.root / _PROFILES)
        self._moved: dict[str, tuple[int, str]] = {}
        self._gone: dict[str, str] = {}
        self._notices: set[Path] = set()  # files that say why an address is gone
        self.is_reload_due = False  #: nginx has to reload its configuration
        self.swept = 0  #: files of former editions that were removed

    def __len__(self) -> int:
        """Returns the approximate number of addresses."""
        return count_addresses(self._newsroom.catalogue, self._newsroom.newsstand)

    def outcomes(self, *, grace_s: float = GRACE_S) -> Iterator[AddressOutcome]:
        """Runs the export; yields the outcome of each address as soon as it is published.

        Raises:
            FeedsError: The store cannot be read. Addresses published until then are correct.
        """
        self._same_before = None if self._memory is None else self._memory.recall()
        newsroom = self._newsroom
        addresses = public_addresses(newsroom.catalogue, newsroom.newsstand, newsroom.settings)
        for batch in _batches(addresses, BATCH):
            yield from self._publish(batch)
        yield from self._remove()
        self._configure()
        self._folder.sync()
        if self._memory is not None and not self._failures:
            self._memory.record()
        self.swept = self._folder.sweep(grace_s=grace_s)

    def _publish(self, addresses: Iterable[PublicAddress]) -> Iterator[AddressOutcome]:
        staged: list[tuple[StagedVersion, AddressOutcome]] = []
        for address in addresses:
            found = self._remembered(address) or self._stage(address.path)
            if isinstance(found, AddressOutcome):
                yield found
            else:
                staged.append(found)
        if staged:
            self._folder.sync()
        for version, outcome in staged:
            self._folder.publish(version)
            yield outcome

    def _remembered(self, address: PublicAddress) -> AddressOutcome | None:
        """Returns the outcome of an unchanged address; None if it has to be requested."""
        path, changed_at = address
        if changed_at is None or self._same_before is None or changed_at >= self._same_before:
            return None
        held = self._folder.current(path) if is_safe(path) else None
        profile = None if held is None else self._profile(held.profile)
        # A version without a date may have one by now.
        if held is None or profile is None or held.date == UNDATED:
            return None
        self._expect(path)  # still public, although it is not requested
        return _outcome(ExportResult.UNCHANGED, path, profile, held)

    def _profile(self, key: str) -> Profile | None:
        """Returns a profile of this run, or one of the last run, which is then used in this one."""
        if key not in self._profiles and key in self._before:
            self._profiles[key] = self._before[key]
        return self._profiles.get(key)

    def _stage(self, path: str) -> AddressOutcome | tuple[StagedVersion, AddressOutcome]:
        """Requests an address and stages a new version; without one, returns the outcome only."""
        if not is_safe(path):
            self._failures += 1
            return AddressOutcome(
                result=ExportResult.FAILED, path=path, reason="cannot be a file's name"
            )
        is_medium = path.startswith(MEDIA_PATH)
        found = rendition(self._application, path, has_body=not is_medium)
        if isinstance(found, WsgiResponse):
            return self._without_bytes(path, found)
        self._expect(path)
        held = self._folder.current(path)
        if held is not None and found.is_held_as(held):
            self._profiles[found.profile.id] = found.profile
            return _outcome(ExportResult.UNCHANGED, path, found.profile, held)
        try:
            if is_medium:
                latest = found
                staged = self._folder.stage_medium(found, pieces(self._application, path))
            else:
                latest, forms = all_forms(self._application, found)
                staged = self._folder.stage(latest, forms)
        except (UnstableDocument, LostMedium) as error:
            return self._failed(path, str(error))
        self._profiles[latest.profile.id] = latest.profile
        return staged, _outcome(ExportResult.WRITTEN, path, latest.profile, staged.version)

    def _without_bytes(self, path: str, answer: WsgiResponse) -> AddressOutcome:
        """Handles an answer that is neither a document nor a page."""
        if answer.status not in (*_MOVED, _ABSENT, _GONE):
            return self._failed(path, f"answers {answer.status}")
        if answer.status == _GONE:
            # Before the version is hidden, so that no client gets a 404 in between.
            self._write_notices(path)
        if self._folder.is_shown(path):
            self._folder.hide(path)
        location = answer.field("Location")
        if answer.status in _MOVED and location is not None:
            self._moved[path] = (answer.status, location)
            return AddressOutcome(result=ExportResult.MOVED, path=path, location=location)
        if answer.status == _GONE:
            # nginx finds a release's notice without a reload, so that a retraction works at once.
            if not _is_release(path):
                self._gone[path] = answer.field("Cache-Control") or RETRACTED_CACHE_CONTROL
            return AddressOutcome(result=ExportResult.GONE, path=path)
        return AddressOutcome(result=ExportResult.REMOVED, path=path)

    def _write_notices(self, path: str) -> None:
        """Writes the application's notices for an address that is gone."""
        for form, accept in _ACCEPT_BY_FORM.items():
            answer = request(self._application, path, {"Accept": accept})
            notice = self._notice(path, form)
            if answer.status == _GONE:
                write_if_changed(notice, answer.body)

    def _notice(self, path: str, form: str) -> Path:
        """Returns the file of a notice, and marks it as used in this run."""
        notice = self._folder.root / GONE / f"{path[1:]}.{form}"
        self._notices.add(notice)
        return notice

    def _failed(self, path: str, reason: str) -> AddressOutcome:
        """Returns the outcome of a failed address, whose published version stays."""
        self._failures += 1
        self._expect(path)
        for form in _ACCEPT_BY_FORM:
            self._notice(path, form)
        held = self._folder.current(path)
        if held is not None:
            self._profile(held.profile)
        return AddressOutcome(result=ExportResult.FAILED, path=path, reason=reason)

    def _expect(self, path: str) -> None:
        if not _is_release(path):
            self._public.add(path)

    def _remove(self) -> Iterator[AddressOutcome]:
        """Hides addresses that are no longer public."""
        for batch in _batches(self._folder.shown(), BATCH):
            pages = {path: _slug_of(path) for path in batch if _is_release(path)}
            existing = self._newsroom.newsstand.release_pages_there(sorted({*pages.values()}))
            gone = [path for path, slug in pages.items() if slug not in existing]
            gone += [path for path in batch if not _is_release(path) and path not in self._public]
            for path in gone:
                self._folder.hide(path)
                yield AddressOutcome(result=ExportResult.REMOVED, path=path)
        for notice in (self._folder.root / GONE).rglob("*.*"):
            if notice.is_file() and notice not in self._notices:
                notice.unlink()

    def _configure(self) -> None:
        """Writes the configuration of nginx, and its problem documents, where they changed."""
        profiles = self._profiles
        root, site = self._folder.root, self._newsroom.catalogue.site
        problems = {
            (status, form): self._problem(status, accept)
            for status in _PROBLEM_REQUESTS
            for form, accept in _ACCEPT_BY_FORM.items()
        }
        for (status, form), answer in problems.items():
            # While the store is unavailable, the application answers with another problem.
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
            redirects=tuple(nginx_redirects(self._newsroom, now=self._newsroom.clock())),
            base_path=site.base_path,
        )
        fields = {key: list(one.fields) for key, one in sorted(profiles.items())}
        write_if_changed(root / _PROFILES, json.dumps(fields, indent=1).encode() + b"\n")
        for name, text in configuration(serving).items():
            self.is_reload_due |= write_if_changed(root / NGINX / name, text.encode())

    def _pages(self) -> dict[str, str]:
        """Returns the pages to which browsers are redirected, by the document's path."""
        catalogue = self._newsroom.catalogue
        return {
            f"/feeds/{feed.slug}.{each}": catalogue.site.feed_page(feed.slug)
            for feed in catalogue.feeds.values()
            if feed.opens_as_page
            for each in Format
        }

    def _problem(self, status: int, accept: str) -> WsgiResponse:
        path, method, fields = _PROBLEM_REQUESTS[status]
        return request(self._application, path, {**fields, "Accept": accept}, method=method)


def _read_profiles(path: Path) -> dict[str, Profile]:
    """Reads the profiles of the last run, for versions that are not requested again."""
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
    """Whether a path is that of a release's page, or of a former revision's, and not of a month."""
    return path.startswith("/releases/") and not _MONTH.match(path)


def _slug_of(path: str) -> str:
    """Returns the slug in the address of a release's page, or of a former revision's."""
    return path.split("/")[2]


def _outcome(result: ExportResult, path: str, profile: Profile, version: Version) -> AddressOutcome:
    home = f"{VERSIONS}/{file_of(path)}/{version.name}"
    fields = [*profile.fields, ("ETag", f'"{version.revision}"')]
    if version.last_modified is not None:
        fields.append(("Last-Modified", version.last_modified))
    return AddressOutcome(
        result=result,
        path=path,
        fields=tuple(fields),
        files={
            coding.value: f"{home}{ending}"
            for (coding, ending), size in zip(ENDINGS.items(), version.sizes, strict=True)
            if size or not ending  # media have no codings
        },
    )
