"""Finds the length and media type that documents leave out: in the store, or at other servers."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit

from feeds.ingest.enclosures import length_in, media_type_in
from feeds.model.medium import MEDIA_PATH, StoredMedium, media_in_text
from feeds.model.release import Draft, Enclosure, SourceKey, UnmeasuredEnclosure
from feeds.store.database import Database
from service.outbound import HttpClient, HttpResponse, OutboundFailed

#: Completes drafts and returns them in their order. No draft is lost, whatever a probe finds.
ProbeEnclosures = Callable[[Sequence[Draft]], list[Draft]]

#: Time limit of one request. A slower server would not serve the file to readers, either.
TIMEOUT_S = 5.0
#: Time limit for all files of one batch; remaining files are not probed. A folder's other documents
#: wait meanwhile.
TOTAL_S = 20.0
#: Concurrent requests. A press office has its files on one or two servers.
FILES_AT_ONCE = 8

#: RFC 9110 section 14.4: ``bytes 0-0/1234``; an unknown length is ``*``.
_CONTENT_RANGE = re.compile(r"bytes [0-9]+-[0-9]+/([0-9]+)")
#: Statuses of servers that do not support `HEAD` (RFC 9110 section 9.3.2).
_NO_HEAD = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)

_NOT_ASKED_IN_TIME = "the time limit ended before its server was asked"
_SWITCHED_OFF = "intake.ask_media is off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a file's server said about it; or nothing, and the reason."""

    media_type: str | None = None
    length_bytes: int | None = None
    failure: str = ""  #: for a person; empty when the request succeeded


def without_probing(drafts: Sequence[Draft]) -> list[Draft]:
    """Completes *drafts* without a request: leaves such files out, with a warning for each."""
    return [_completed(draft, {}, {}, otherwise=_SWITCHED_OFF) for draft in drafts]


class EnclosureProber:
    """Asks servers for missing lengths and types. Thread-safe."""

    def __init__(
        self, database: Database, outbound: HttpClient | None, *, base_url: str = ""
    ) -> None:
        """Sets up the prober; sends no request.

        Args:
            database: Has the lengths and types that were found before, and our own files.
            outbound: Sends the requests, with its time limit for each; None sends none.
            base_url: The public address of this site. Files of its own are looked up in the store,
                since nobody is served those of a release that is not public yet.
        """
        self._database = database
        self._outbound = outbound
        self._own = f"{base_url}{MEDIA_PATH}" if base_url else None

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Completes *drafts*, in their order.

        A file whose probe fails keeps the length and type that its stored release has: a server
        that is down is no reason for a correction. Without stored values the file is left out, with
        a warning; when the document comes again, the server is asked again. What a document says of
        a file that is stored here does not count: the bytes are known.
        """
        drafts = self._with_own(drafts)
        urls = list(dict.fromkeys(one.known.url for draft in drafts for one in draft.unmeasured))
        if not urls:
            return list(drafts)
        measured = {} if self._outbound is None else _ask(self._outbound, urls)
        stored = self._stored(drafts)
        otherwise = _SWITCHED_OFF if self._outbound is None else _NOT_ASKED_IN_TIME
        return [
            _completed(draft, measured, stored.get(draft.source_key, {}), otherwise=otherwise)
            for draft in drafts
        ]

    def _with_own(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        own = self._own
        if own is None or not any(own in text for draft in drafts for text in _texts(draft)):
            return drafts
        named = {
            use.digest
            for draft in drafts
            for text in _texts(draft)
            if own in text
            for use in media_in_text(text)
        }
        with self._database.read() as tx:
            found = tx.media.find_all(named)
        return [_completed_by_store(draft, found, own=own) for draft in drafts]

    def _stored(self, drafts: Sequence[Draft]) -> dict[SourceKey, dict[str, Enclosure]]:
        keys = [draft.source_key for draft in drafts if draft.unmeasured]
        with self._database.read() as tx:
            releases = tx.releases.by_source_keys(keys)
        return {
            key: {each.url: each for each in release.content.enclosures}
            for key, release in releases.items()
        }


def _texts(draft: Draft) -> list[str]:
    """Returns the texts of a draft that may name files."""
    known = [*draft.content.enclosures, *(one.known for one in draft.unmeasured)]
    return [draft.content.body, *(file.url for file in known)]


def _completed_by_store(draft: Draft, found: Mapping[str, StoredMedium], *, own: str) -> Draft:
    """Returns a draft with length and type of our own files, without those that are not there."""
    unmeasured = {one.position: one for one in draft.unmeasured}
    others = iter(draft.content.enclosures)
    count = len(unmeasured) + len(draft.content.enclosures)
    warnings: list[str] = []
    files: list[Enclosure] = []
    left: list[UnmeasuredEnclosure] = []
    for position in range(count):
        missing = unmeasured.get(position)
        file = next(others) if missing is None else missing.known
        digest = _own_digest(file.url, own)
        if digest is not None and digest not in found:
            warnings.append(f"{file.url}: left out: no such file is stored here; send it first")
        elif digest is not None:
            files.append(_overruled(file, found[digest], warnings))
        elif missing is None:
            files.append(file)
        else:
            left.append(replace(missing, position=len(files) + len(left)))
    lost = {use.path for use in media_in_text(draft.content.body) if use.digest not in found}
    if own in draft.content.body:
        warnings += [f"body: no such file is stored here: {path}" for path in sorted(lost)]
    return replace(
        draft,
        content=replace(draft.content, enclosures=tuple(files)),
        warnings=(*draft.warnings, *warnings),
        unmeasured=tuple(left),
    )


def _own_digest(url: str, own: str) -> str | None:
    """Returns the digest in the address of a file of ours; None for another address."""
    if not url.startswith(own):
        return None
    return next((use.digest for use in media_in_text(url)), None)


def _overruled(file: Enclosure, stored: StoredMedium, warnings: list[str]) -> Enclosure:
    media_type = stored.media_type.partition(";")[0]
    for said, known in ((file.media_type, media_type), (file.length_bytes, stored.length_bytes)):
        if said and said != known:
            warnings.append(f"{file.url}: it is {known}, and not {said} as the document says")
    return replace(file, media_type=media_type, length_bytes=stored.length_bytes)


def _ask(outbound: HttpClient, urls: Sequence[str]) -> dict[str, Measurement]:
    """Probes many files at once; files without an answer in time are missing in the result."""
    unanswered: dict[str, str] = {}

    def ask(url: str) -> Measurement:
        host = urlsplit(url).netloc
        # One failure is enough: a server that is down would cost the full timeout for each file.
        if host in unanswered:
            return Measurement(failure=unanswered[host])
        try:
            return measure(outbound, url)
        except OutboundFailed as error:
            unanswered[host] = error.reason
            return Measurement(failure=error.reason)

    pool = ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="media")
    try:
        asked = {pool.submit(ask, url): url for url in urls}
        answered, _ = wait(asked, timeout=TOTAL_S)
    finally:
        # Requests in flight end by themselves, within their own time limit.
        pool.shutdown(wait=False, cancel_futures=True)
    return {asked[one]: one.result() for one in answered}


def measure(outbound: HttpClient, url: str) -> Measurement:
    """Probes one file by `HEAD`, then by a request for its first byte if the length is missing.

    Raises:
        OutboundFailed: No answer came.

    Source: RFC 9110 sections 9.3.2 (HEAD), 14.2 (Range), 14.4 (Content-Range).
    """
    answer = outbound.head(url)
    if answer.status in _NO_HEAD or (answer.is_success and _length(answer) is None):
        answer = outbound.first_byte(url)
    if not answer.is_success:
        return Measurement(failure=_failure(answer))
    return Measurement(
        media_type=media_type_in(answer.headers.get("content-type")),
        length_bytes=_length(answer),
    )


def _length(answer: HttpResponse) -> int | None:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        return None  # The length would be that of the compressed form.
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        return length_in(found[1]) if found else None
    return length_in(answer.headers.get("content-length"))


def _failure(answer: HttpResponse) -> str:
    location = answer.headers.get("location")
    if location and HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return f"its server answers {answer.status} and redirects to {location[:200]}"
    return f"its server answers {answer.status}"


def _completed(
    draft: Draft,
    measured: Mapping[str, Measurement],
    stored: Mapping[str, Enclosure],
    *,
    otherwise: str,
) -> Draft:
    """Returns *draft* with each of its files in place, or with a warning for a missing one."""
    if not draft.unmeasured:
        return draft
    warnings: list[str] = []
    found: dict[int, Enclosure | None] = {}
    for each in draft.unmeasured:
        answer = measured.get(each.known.url, Measurement(failure=otherwise))
        file, failure = _measured(each, answer)
        if file is None and (before := stored.get(each.known.url)):
            file = _filled(each.known, before.media_type, before.length_bytes)
            warnings.append(f"{each.field}: {failure}; the stored type and length are used")
        elif file is None:
            warnings.append(
                f"{each.field}: left out: {failure}; give its type and length, "
                "or add the document again later"
            )
        found[each.position] = file
    enclosures = _merged(draft.content.enclosures, found)
    return replace(
        draft,
        content=replace(draft.content, enclosures=enclosures),
        warnings=(*draft.warnings, *warnings),
        unmeasured=(),
    )


def _measured(unmeasured: UnmeasuredEnclosure, answer: Measurement) -> tuple[Enclosure | None, str]:
    """Returns the completed file; None and the reason when something is still missing."""
    if answer.failure:
        return None, answer.failure
    file = _filled(unmeasured.known, answer.media_type, answer.length_bytes)
    if answer.media_type == "text/html" != file.media_type:
        # A login page, or an error with status 200: its length is not the file's.
        return None, f"its server sends a web page there, not {file.media_type}"
    if not file.media_type:
        return None, "its server does not give a media type"
    return (file, "") if file.length_bytes else (None, "its server does not give a length")


def _filled(known: Enclosure, media_type: str | None, length_bytes: int | None) -> Enclosure:
    """Fills in what *known*, from the document, leaves out; the document has precedence."""
    return replace(
        known,
        media_type=known.media_type or media_type or "",
        length_bytes=known.length_bytes or length_bytes or 0,
    )


def _merged(
    measured: Sequence[Enclosure], found: Mapping[int, Enclosure | None]
) -> tuple[Enclosure, ...]:
    """Returns all files in the order of the document; *found* has None for files left out."""
    others = iter(measured)
    count = len(measured) + len(found)
    files = (found[place] if place in found else next(others) for place in range(count))
    return tuple(file for file in files if file is not None)
