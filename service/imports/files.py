"""Pictures and files of imported items: copied into the media of this server, or only checked."""

import re
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from html import escape, unescape
from http import HTTPStatus
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Lock
from urllib.parse import unquote, urljoin, urlsplit

from feeds.imports.drafting import as_imported
from feeds.imports.items import ImportedItem
from feeds.ingest.addresses import FETCH_SCHEMES, absolute
from feeds.ingest.enclosures import is_measured, length_in, media_type_in
from feeds.model.release import Draft, Enclosure
from feeds.store.database import Database
from feeds.store.imports import CopiedFile
from service.http_rules import asked_pause
from service.media import MediaStore, MediumRefused
from service.outbound import HttpClient, HttpResponse, OutboundFailed
from service.store_clock import machine_clock

#: Requests at once: to all servers, and to one, which serves its readers meanwhile.
FILES_AT_ONCE = 8
FILES_A_HOST_AT_ONCE = 2
#: After so many requests in turn without an answer a server is not asked any more.
MAX_FAILURES_A_HOST = 3
MAX_REDIRECTS = 3
#: How long is waited when a server asks for it (RFC 9110 section 10.2.3), once for each file.
LONGEST_WAIT_S = 30.0
USUAL_WAIT_S = 5.0
#: Answers that are remembered during a run: a logo stands in every text.
REMEMBERED_FILES = 20_000

_NOT_ASKED = "not asked: intake.ask_media is off"
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_NO_HEAD = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)

#: A tag of cleaned HTML: attributes have double quotes.
_TAG = re.compile(r"<([a-z][a-z0-9]*)\b[^\"<>]*(?:\"[^\"]*\"[^\"<>]*)*>")
_ADDRESS = re.compile(r" (src|href|poster)=\"([^\"]*)\"")
_CANDIDATES = re.compile(r" (?:srcset|sizes)=\"[^\"]*\"")


class MediaChoice(StrEnum):
    """What becomes of pictures and files."""

    COPY = "copy"  #: stored on this server
    KEEP = "keep"  #: left where they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What became of the files of one item."""

    found: int = 0
    missing: Mapping[str, str] = field(default_factory=dict)  #: reason by address


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What became of one file."""

    copy: CopiedFile | None = None  #: where it is now; at its old address if that is kept
    failure: str = ""  #: why it could not be had


class FileCopier:
    """Copies or checks the files of items, in parallel and politely."""

    def __init__(
        self,
        database: Database,
        media: MediaStore,
        outbound: HttpClient | None,
        choice: MediaChoice,
        *,
        max_bytes: int,
        own_media: str,
        by: str,
        is_dry_run: bool,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Asks nobody yet.

        Args:
            database: Has the addresses of what was copied before.
            media: Stores the copies.
            outbound: Sends the requests; None sends none.
            choice: Whether to copy.
            max_bytes: The largest file that is taken.
            own_media: Address of the media of this server, which are not copied.
            by: Who imports, as the audit log names people.
            is_dry_run: Whether to store nothing.
            sleep: Waits for the given seconds.
        """
        self._database = database
        self._media = media
        self._outbound = outbound
        self._is_copying = choice is MediaChoice.COPY
        self._max_bytes = max_bytes
        self._own_media = own_media
        self._by = by
        self._is_dry_run = is_dry_run
        self._sleep = sleep
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._hosts: defaultdict[str, BoundedSemaphore] = defaultdict(
            lambda: BoundedSemaphore(FILES_A_HOST_AT_ONCE)
        )
        self._failures: defaultdict[str, int] = defaultdict(int)
        self._lock = Lock()

    def complete(self, read: Sequence[tuple[ImportedItem, Draft]]) -> list[tuple[Draft, Files]]:
        """Returns the drafts with the addresses of the copies, and what became of the files.

        A file that cannot be had stays at its old address, and its release is taken all the same;
        only one beside the text whose type or length nobody knows is left out.
        """
        wanted = [list(dict.fromkeys(self._addresses(item, draft))) for item, draft in read]
        answers = self._ask({url for urls in wanted for url in urls})
        return [
            self._completed(draft, urls, answers)
            for (_, draft), urls in zip(read, wanted, strict=True)
        ]

    def _addresses(self, item: ImportedItem, draft: Draft) -> Iterator[str]:
        listed = {url for file in item.files if (url := _absolute(file.url))}
        for kind, name, url in _addresses_in(draft.content.body):
            if name != "href" or url in listed or kind == "source":
                yield url
        for file in (*draft.content.enclosures, *(one.known for one in draft.unmeasured)):
            yield file.url
            if file.thumbnail:
                yield file.thumbnail

    # Requests.

    def _ask(self, urls: Iterable[str]) -> dict[str, _Answer]:
        foreign = [url for url in sorted(urls) if not url.startswith(self._own_media)]
        known = {url: self._answers[url] for url in foreign if url in self._answers}
        missing = [url for url in foreign if url not in known]
        if self._is_copying and missing:
            with self._database.read() as tx:
                copies = tx.imports.files(missing)
            known |= {url: _Answer(copy=copy) for url, copy in copies.items()}
            missing = [url for url in missing if url not in copies]
        made = self._fetch(missing)
        if self._is_copying and not self._is_dry_run:
            copied = [(url, one.copy) for url, one in made.items() if one.copy is not None]
            if copied:
                self._database.run_in_transaction(lambda tx: tx.imports.record_files(copied))
        known |= made
        for url, answer in known.items():
            self._answers[url] = answer
            self._answers.move_to_end(url)
        while len(self._answers) > REMEMBERED_FILES:
            self._answers.popitem(last=False)
        return known

    def _fetch(self, urls: Sequence[str]) -> dict[str, _Answer]:
        if not urls:
            return {}
        with ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="files") as pool:
            in_turn = _by_turns(urls)
            return dict(zip(in_turn, pool.map(self._fetch_one, in_turn), strict=True))

    def _fetch_one(self, url: str) -> _Answer:
        outbound = self._outbound
        if outbound is None:
            return _Answer(failure=_NOT_ASKED)
        host = urlsplit(url).netloc
        with self._lock:
            turn = self._hosts[host]
        with turn:
            if self._failures[host] >= MAX_FAILURES_A_HOST:
                return _Answer(failure=f"{host} does not answer")
            try:
                answer = self._copy(outbound, url) if self._is_copying else _check(outbound, url)
            except OutboundFailed as error:
                with self._lock:
                    self._failures[host] += not error.permanent
                return _Answer(failure=error.reason)
            except MediumRefused as refused:
                answer = _Answer(failure=refused.reason)
            with self._lock:
                self._failures[host] = 0
            return answer

    def _copy(self, outbound: HttpClient, url: str) -> _Answer:
        with TemporaryFile() as file:

            def get(address: str) -> HttpResponse:
                file.seek(0)
                file.truncate()
                return outbound.download(address, file, max_bytes=self._max_bytes)

            answer = self._asked_again(lambda: _following(get, url))
            if not answer.is_success:
                return _Answer(failure=_failure(answer))
            file.seek(0)
            added = self._media.add(
                file,
                name=_name(url),
                by=self._by,
                declared_type=answer.headers.get("content-type"),
                is_trial=self._is_dry_run,
            )
        return _Answer(
            copy=CopiedFile(
                address=added.url,
                digest=added.digest,
                media_type=added.media_type.partition(";")[0],
                length_bytes=added.length_bytes,
            )
        )

    def _asked_again(self, ask: Callable[[], HttpResponse]) -> HttpResponse:
        """Asks; and once more, after a pause, if the server is busy."""
        answer = ask()
        if answer.status in _BUSY:
            asked = asked_pause(answer.headers.get("retry-after"), now=machine_clock())
            pause_s = USUAL_WAIT_S if asked is None else asked.total_seconds()
            self._sleep(min(pause_s, LONGEST_WAIT_S))
            answer = ask()
        return answer

    # The drafts.

    def _completed(
        self, draft: Draft, urls: Sequence[str], answers: Mapping[str, _Answer]
    ) -> tuple[Draft, Files]:
        copies = {
            url: copy
            for url in urls
            if (answer := answers.get(url)) is not None and (copy := answer.copy) is not None
        }
        missing = {
            url: answer.failure
            for url in urls
            if (answer := answers.get(url)) is not None and answer.failure
        }
        draft = _with_files(draft, copies, missing)
        moved = {url: copy.address for url, copy in copies.items() if copy.address != url}
        if moved:
            content = replace(draft.content, body=_moved(draft.content.body, moved))
            written = draft.written and as_imported(draft.written, *sorted(moved))
            draft = replace(draft, content=content, written=written)
        return draft, Files(found=len(copies), missing=missing)


def _with_files(
    draft: Draft, copies: Mapping[str, CopiedFile], missing: Mapping[str, str]
) -> Draft:
    """Returns the draft with its files beside the text, all of known type and length."""
    unmeasured = {one.position: one.known for one in draft.unmeasured}
    measured = iter(draft.content.enclosures)
    count = len(unmeasured) + len(draft.content.enclosures)
    enclosures, warnings = list[Enclosure](), list(draft.warnings)
    for position in range(count):
        file = unmeasured.get(position) or next(measured)
        copy = copies.get(file.url)
        if copy is not None:
            is_moved = copy.address != file.url
            file = replace(
                file,
                url=copy.address,
                media_type=copy.media_type if is_moved else file.media_type or copy.media_type,
                length_bytes=copy.length_bytes
                if is_moved
                else file.length_bytes or copy.length_bytes,
            )
        thumbnail = copies.get(file.thumbnail or "")
        if thumbnail is not None:
            file = replace(file, thumbnail=thumbnail.address)
        if is_measured(file):
            enclosures.append(file)
        else:
            why = missing.get(file.url, "nobody knows its type and length")
            warnings.append(f"enclosures: left out: {file.url}: {why}")
    return replace(
        draft,
        content=replace(draft.content, enclosures=tuple(enclosures)),
        unmeasured=(),
        warnings=tuple(warnings),
    )


def _moved(body: str, moved: Mapping[str, str]) -> str:
    """Returns cleaned HTML with the new addresses of its files.

    Other sizes of a picture that was copied are left out: they are at their old addresses.
    """

    def with_address(found: re.Match[str]) -> str:
        address = moved.get(unescape(found[2]))
        return found[0] if address is None else f' {found[1]}="{escape(address)}"'

    def with_addresses(tag: re.Match[str]) -> str:
        changed = _ADDRESS.sub(with_address, tag[0])
        if changed == tag[0]:
            is_other_size = tag[1] == "source" and " srcset=" in tag[0]
            return "" if is_other_size else changed
        return _CANDIDATES.sub("", changed)

    return _TAG.sub(with_addresses, body)


def _addresses_in(body: str) -> Iterator[tuple[str, str, str]]:
    """Yields tag, attribute and address of all that cleaned HTML names."""
    for tag in _TAG.finditer(body):
        for name, value in _ADDRESS.findall(tag[0]):
            if (url := _absolute(unescape(value))) is not None:
                yield tag[1], name, url


def _absolute(url: str) -> str | None:
    return absolute(url, base="", schemes=FETCH_SCHEMES)


def _by_turns(urls: Sequence[str]) -> list[str]:
    """Returns the addresses so that one server's files do not keep the others waiting."""
    by_host: dict[str, list[str]] = {}
    for url in urls:
        by_host.setdefault(urlsplit(url).netloc, []).append(url)
    turns = max(map(len, by_host.values()))
    return [each[turn] for turn in range(turns) for each in by_host.values() if turn < len(each)]


def _following(get: Callable[[str], HttpResponse], url: str) -> HttpResponse:
    """Follows a few redirects; each target is checked like a first address."""
    answer = get(url)
    for _ in range(MAX_REDIRECTS):
        location = answer.headers.get("location")
        if not 300 <= answer.status < 400 or location is None:
            break
        url = urljoin(url, location)
        answer = get(url)
    return answer


def _check(outbound: HttpClient, url: str) -> _Answer:
    """Asks whether a file is there, and for its type and length."""
    answer = _following(outbound.head, url)
    if answer.status in _NO_HEAD:
        answer = _following(outbound.first_byte, url)
    if not answer.is_success:
        return _Answer(failure=_failure(answer))
    is_whole = answer.status == HTTPStatus.OK and "content-encoding" not in answer.headers
    return _Answer(
        copy=CopiedFile(
            address=url,
            digest="",
            media_type=media_type_in(answer.headers.get("content-type")) or "",
            length_bytes=(length_in(answer.headers.get("content-length")) or 0) if is_whole else 0,
        )
    )


def _failure(answer: HttpResponse) -> str:
    return f"its server answers {answer.status}"


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or "file"
