"""Length and type of files whose documents do not tell them: their servers are asked."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit

from feeds.ingest.enclosures import length_in, media_type_in
from feeds.model.release import Draft, Enclosure, SourceKey, UnmeasuredEnclosure
from feeds.store.database import Database
from service.outbound import HttpClient, HttpResponse, OutboundFailed

#: Completes drafts, in their order. Whatever becomes of their files, no draft is lost.
ProbeEnclosures = Callable[[Sequence[Draft]], list[Draft]]

#: A server that takes longer to say how long a file is will not serve it to readers, either.
TIMEOUT_S = 5.0
#: All files of one batch; after that, whoever was not asked yet is not. A folder's other documents
#: wait behind it.
TOTAL_S = 20.0
#: Requests at once. A press office has its files with one or two servers.
FILES_AT_ONCE = 8

#: RFC 9110 section 14.4: ``bytes 0-0/1234``; an unknown length is ``*``.
_CONTENT_RANGE = re.compile(r"bytes [0-9]+-[0-9]+/([0-9]+)")
#: What `HEAD` is answered with by servers that do not know it (RFC 9110 section 9.3.2).
_NO_HEAD = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)

_NOT_ASKED_IN_TIME = "the time was up before its server was asked"
_SWITCHED_OFF = "intake.ask_media is off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a file's server said of it; or nothing, and why."""

    media_type: str | None = None
    length_bytes: int | None = None
    failure: str = ""  #: for a person; empty when the server answered for the file


def leave_out(drafts: Sequence[Draft]) -> list[Draft]:
    """Complete *drafts* without what is not known, and with a warning for each such file."""
    return [_completed(draft, {}, {}, otherwise=_SWITCHED_OFF) for draft in drafts]


class EnclosureProber:
    """Asks servers for what documents do not tell. Safe to use from many threads."""

    def __init__(self, database: Database, outbound: HttpClient | None) -> None:
        """Ask nobody yet.

        Args:
            database: Remembers what servers said before.
            outbound: The door, with its time limit for one request; None asks nobody, ever.
        """
        self._database = database
        self._outbound = outbound

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Complete *drafts*, in their order.

        A file that cannot be measured has the length and type that its release has for it
        already: that a server is down today is no correction. Without these it is left out,
        with a warning; when the document comes again, the server is asked again.
        """
        urls = list(dict.fromkeys(one.known.url for draft in drafts for one in draft.unmeasured))
        if not urls:
            return list(drafts)
        measured = {} if self._outbound is None else _ask(self._outbound, urls)
        held = self._held(drafts)
        otherwise = _SWITCHED_OFF if self._outbound is None else _NOT_ASKED_IN_TIME
        return [
            _completed(draft, measured, held.get(draft.source_key, {}), otherwise=otherwise)
            for draft in drafts
        ]

    def _held(self, drafts: Sequence[Draft]) -> dict[SourceKey, dict[str, Enclosure]]:
        keys = [draft.source_key for draft in drafts if draft.unmeasured]
        with self._database.read() as tx:
            releases = tx.releases.by_source_keys(keys)
        return {
            key: {each.url: each for each in release.content.enclosures}
            for key, release in releases.items()
        }


def _ask(outbound: HttpClient, urls: Sequence[str]) -> dict[str, Measurement]:
    """Ask for many files at once; those that were not answered for in time are missing."""
    unanswered: dict[str, str] = {}

    def ask(url: str) -> Measurement:
        host = urlsplit(url).netloc
        # Once is enough: a server that is down would cost each of its files the whole time.
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
        # Requests under way end by themselves, within their own time limit.
        pool.shutdown(wait=False, cancel_futures=True)
    return {asked[one]: one.result() for one in answered}


def measure(outbound: HttpClient, url: str) -> Measurement:
    """Ask for one file: `HEAD`, and the first byte where that tells no length.

    Raises:
        OutboundFailed: There was no answer.

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
        return None  # It would be that of the compressed form.
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        return length_in(found[1]) if found else None
    return length_in(answer.headers.get("content-length"))


def _failure(answer: HttpResponse) -> str:
    onward = answer.headers.get("location")
    if onward and HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return f"its server answers {answer.status} and sends on to {onward[:200]}"
    return f"its server answers {answer.status}"


def _completed(
    draft: Draft,
    measured: Mapping[str, Measurement],
    held: Mapping[str, Enclosure],
    *,
    otherwise: str,
) -> Draft:
    """*Draft* with each of its files in its place, or with a warning instead."""
    if not draft.unmeasured:
        return draft
    warnings: list[str] = []
    found: dict[int, Enclosure | None] = {}
    for each in draft.unmeasured:
        answer = measured.get(each.known.url, Measurement(failure=otherwise))
        file, failure = _measured(each, answer)
        if file is None and (before := held.get(each.known.url)):
            file = _filled(each.known, before.media_type, before.length_bytes)
            warnings.append(f"{each.field}: {failure}; type and length are those of before")
        elif file is None:
            warnings.append(
                f"{each.field}: left out: {failure}; give its type and length, "
                "or add the document again later"
            )
        found[each.position] = file
    enclosures = _in_their_places(draft.content.enclosures, found)
    return replace(
        draft,
        content=replace(draft.content, enclosures=enclosures),
        warnings=(*draft.warnings, *warnings),
        unmeasured=(),
    )


def _measured(unmeasured: UnmeasuredEnclosure, answer: Measurement) -> tuple[Enclosure | None, str]:
    """The file as it is now known; None and the reason when something is still missing."""
    if answer.failure:
        return None, answer.failure
    file = _filled(unmeasured.known, answer.media_type, answer.length_bytes)
    if answer.media_type == "text/html" != file.media_type:
        # A login page, or an error with status 200: its length is not the file's.
        return None, f"its server shows a web page there, not {file.media_type}"
    if not file.media_type:
        return None, "its server tells no media type"
    return (file, "") if file.length_bytes else (None, "its server tells no length")


def _filled(known: Enclosure, media_type: str | None, length_bytes: int | None) -> Enclosure:
    """What the document says counts for more than what anybody else says."""
    return replace(
        known,
        media_type=known.media_type or media_type or "",
        length_bytes=known.length_bytes or length_bytes or 0,
    )


def _in_their_places(
    measured: Sequence[Enclosure], found: Mapping[int, Enclosure | None]
) -> tuple[Enclosure, ...]:
    """All files in the order of the document; *found* has None for those that are left out."""
    others = iter(measured)
    count = len(measured) + len(found)
    files = (found[place] if place in found else next(others) for place in range(count))
    return tuple(file for file in files if file is not None)
