"""From an item of an upstream to a draft: its identity, its source, and how much of it is taken."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from ipaddress import ip_address
from urllib.parse import urlsplit

from feeds.html import tree
from feeds.imports.items import ImportedItem, SourceHead
from feeds.imports.reading import ReadFeed
from feeds.ingest import IntakeRules
from feeds.ingest.addresses import web_address
from feeds.ingest.drafting import draft
from feeds.model.intake import Refusal
from feeds.model.published_id import known_as
from feeds.model.release import Content, Draft, Origin, SourceFeed, SourceKey
from feeds.model.text import whole_second
from feeds.model.upstream import CarriedItem
from feeds.newsroom.decisions import CLOCK_SKEW
from service.upstreams.plans import UpstreamPlan

#: Ids of these schemes are made to be unique in the world (RFC 8141, RFC 4151).
_UNIQUE = re.compile(r"(?:urn|tag):", re.IGNORECASE)

#: An id has to be an absolute address of any scheme (RFC 4287 section 4.2.6).
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")

#: Names that mean another host on each machine (RFC 6761, RFC 6762, RFC 8375).
_LOCAL_NAMES = ("localhost", "local", "test", "invalid", "example", "internal", "home.arpa")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItem:
    """An item of a document, and how it is recognised."""

    key: str  #: among the items of its upstream
    shared: str | None  #: among those of all upstreams; None if its id means nothing elsewhere
    digest: str  #: of all that decides what becomes of it
    item: ImportedItem
    names: tuple[str, ...]  #: of its categories, as the upstream writes them
    published: datetime | None  #: None if it has no date, or one without a time
    document_changed: datetime | None  #: the latest date of all items that are public by now

    @property
    def known_value(self) -> str:
        """Its id as the upstream has it; empty if there is none."""
        return "" if self.item.known_id is None else self.item.known_id.value

    def source_key(self, plan: UpstreamPlan) -> SourceKey:
        """Returns the source key of its release, which no document and no other upstream has."""
        return SourceKey(f"upstream:{plan.slug}:{self.key[:40]}")

    def is_wanted(self, plan: UpstreamPlan) -> bool:
        """Whether the filters let it through."""
        fields = self.item.record.fields
        title = str(fields.get("title", ""))
        text = ""
        if plan.only.text or plan.without.text:
            body = tree.text_of(tree.parse(str(fields.get("body", ""))))
            text = f"{fields.get('summary', '')}\n{body}"
        return plan.is_wanted(title, self.names, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedDraft:
    """A draft, and what is stored of its item once it is accepted."""

    draft: Draft
    item: CarriedItem
    is_new: bool
    was_deleted: bool = False  #: the upstream had deleted it, and has it again
    former: CarriedItem | None = None  #: the item by which an upstream that is gone owned it


def find_items(
    plan: UpstreamPlan, document: ReadFeed, imported: Iterable[ImportedItem], *, now: datetime
) -> list[FoundItem]:
    """Returns the items of a document, each once."""
    by_key: dict[str, FoundItem] = {}
    head = document.head
    around = [plan.digest, head.title, plan.url, head.id, head.rights, head.language]
    changed = _last_change(document, now=now)
    for item in imported:
        found = _found(item, around, changed)
        by_key.setdefault(found.key, found)
    return list(by_key.values())


def key_of_id(known_id: str) -> str:
    """Returns the key of the item with this id. A site that moves to https keeps its items."""
    return _digest("id", _as_https(known_id))


def read_draft(
    plan: UpstreamPlan,
    document: ReadFeed,
    found: FoundItem,
    source_key: SourceKey,
    also: Iterable[str],
    *,
    rules: IntakeRules,
    now: datetime,
) -> Draft | Refusal:
    """Returns the draft of an item, or why it cannot be one.

    Args:
        plan: The upstream.
        document: The document with the item.
        found: The item.
        source_key: The key of its release.
        also: Names of categories that other upstreams give it.
        rules: How documents are read.
        now: The current time.
    """
    item, head = found.item, document.head
    fields = dict(item.record.fields)
    fields.pop("retract", None)
    if plan.language is not None:
        fields["language"] = plan.language
    if rights := plan.rights or fields.get("rights") or head.rights:
        fields["rights"] = rights
    if licence := plan.license or fields.get("license"):
        fields["license"] = licence
    publisher = plan.attribution or head.title or plan.host
    if not fields.get("authors"):
        # Without one, its author would be that of our feed (RFC 4287 section 4.2.1).
        fields["authors"] = [{"name": publisher}]
    read = draft(replace(item.record, fields=fields), document=f"upstream:{plan.slug}", rules=rules)
    if not isinstance(read, Draft):
        return read if isinstance(read, Refusal) else _no_release(read.origin)
    content = read.content if plan.is_whole else _summary_alone(read.content, publisher)
    names = dict.fromkeys([*plan.categories_of(found.names), *also])
    source = _source(plan, item.source or head, document, found.document_changed)
    content = replace(
        content,
        category_names=tuple(names),
        details=replace(content.details, source=source),
    )
    known = item.known_id
    return replace(
        _not_before(replace(read, content=content), now=now),
        source_key=source_key,
        unmeasured=read.unmeasured if plan.is_whole else (),
        # Whether the item changed was decided by its own digest.
        written=None,
        published_id=None
        if known is None
        else known_as(known.value, source_key=source_key, is_permalink=known.is_permalink),
    )


def _found(
    item: ImportedItem, around: Sequence[object], document_changed: datetime | None
) -> FoundItem:
    record, known = item.record, item.known_id
    value = "" if known is None else known.value
    published = _moment(record.fields.get("published"))
    if value:
        key = key_of_id(value)
    elif item.link:
        key = _digest("link", _as_https(item.link))
    else:
        key = _digest("record", str(record.fields.get("title")), str(published))
    # Left out: `updated`, which some stamp anew on every item.
    fields = {name: text for name, text in record.fields.items() if name != "updated"}
    names = record.fields.get("categories") or ()
    return FoundItem(
        key=key,
        shared=_digest("shared", _as_https(value)) if is_unique(value) else None,
        digest=_digest(json.dumps([fields, value, around], sort_keys=True, default=str)),
        item=item,
        names=tuple(map(str, names)) if isinstance(names, list | tuple) else (),
        published=published,
        document_changed=document_changed,
    )


def is_unique(known_id: str) -> bool:
    """Whether an id means the same in every feed.

    A bare number does not, and neither does an address of somebody's own machine: exports of test
    installations all say ``http://localhost/?p=1``.
    """
    if _UNIQUE.match(known_id):
        return True
    try:
        parts = urlsplit(known_id)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "." not in host:
        return False
    if any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


def _as_https(address: str) -> str:
    return re.sub("^http:", "https:", address)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _moment(written: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return None if moment.utcoffset() is None else moment


def _summary_alone(content: Content, publisher: str) -> Content:
    """Returns *content* with its summary for a body, and a link to the whole."""
    paragraphs = [f"<p>{escape(content.summary, quote=False)}</p>"] if content.summary else []
    if content.url:
        link = f'<a href="{escape(content.url)}">{escape(publisher, quote=False)}</a>'
        paragraphs.append(f"<p>{link}</p>")
    body = "\n".join(paragraphs) or f"<p>{escape(content.title, quote=False)}</p>"
    return replace(content, body=body, enclosures=())


def _last_change(document: ReadFeed, *, now: datetime) -> datetime | None:
    """Returns the latest date of the items, without those of items that are not public yet."""
    dates = (
        _moment(each.record.fields.get(name))
        for each in document.items
        if isinstance(each, ImportedItem)
        for name in ("published", "updated")
    )
    last = max((each for each in dates if each is not None and each <= now), default=None)
    return None if last is None else whole_second(last).astimezone(UTC)


def _source(
    plan: UpstreamPlan, head: SourceHead, document: ReadFeed, changed: datetime | None
) -> SourceFeed:
    itself = document.head
    is_own = head is itself
    title = (plan.attribution if is_own else None) or head.title or plan.attribution
    return SourceFeed(
        title=title or itself.title or plan.host,
        # As configured: the address behind redirects may be another one, with a token, each time.
        url=plan.url if is_own else web_address(head.url),
        id=head.id if head.id and _ABSOLUTE.fullmatch(head.id) else None,
        site_url=web_address(head.site_url),  # pages and entries link to it: no `javascript:`
        updated=changed if is_own else None,
    )


def _not_before(read: Draft, *, now: datetime) -> Draft:
    """Returns a draft that is dated in the future as one under embargo until then."""
    published = read.content.published
    if not read.is_dated or read.embargoed_until is not None or published <= now + CLOCK_SKEW:
        return read
    if read.day is not None and read.day[0] <= now:
        return read  # of today, by a bare date
    return replace(read, embargoed_until=published, day=None)


def _no_release(origin: Origin) -> Refusal:
    return Refusal(origin=origin, reason="is no release", remedy="tell its publisher")
