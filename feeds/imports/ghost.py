"""Reads the JSON export of Ghost (Settings, Export).

Readers know the entries of Ghost's feed by the id of the post: ``guid: post.id`` (Ghost,
core/frontend/services/rss/generate-feed.js), which the library below writes with
``isPermaLink="false"``. Ghost before 1.0 had ``guid: post.uuid``, and ids that are numbers. The
``comment_id`` never was one: it identifies comments.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from feeds.errors import DocumentRefused
from feeds.imports.dates import FeedDate, read_feed_date
from feeds.imports.feed_tree import FeedLink
from feeds.imports.items import (
    IdFormat,
    Item,
    ItemState,
    KnownId,
    LeftOut,
    Reason,
    SourceHead,
)
from feeds.imports.markup import plain_line
from feeds.imports.reading import ItemDraft, item_of
from feeds.imports.static_sites import (
    Generator,
    PagePlace,
    StaticSite,
    address_of,
    day_in,
    string_in,
)

#: What stands in exports for the address of the site.
_GHOST_URL = "__GHOST_URL__"

_GIVE_THE_EXPORT = (
    "give the JSON file that Ghost exports under Settings, Import/Export; unpack a .zip first"
)

_Row = Mapping[str, object]


def is_ghost_export(data: bytes) -> bool:
    """Whether a file begins as an export of Ghost does."""
    return re.match(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:db|meta|data)"\s*:', data[:200]) is not None


def read_ghost(
    data: bytes, *, site: StaticSite, now: datetime
) -> tuple[SourceHead, Iterator[Item]]:
    """Returns what an export holds.

    Args:
        data: The file; it is held in memory some five times.
        site: The address of the site, which is not in the export, and the pattern of addresses if
            it is another one than ``/:slug/``.
        now: Posts of a later date are scheduled; aware.

    Raises:
        DocumentRefused: It is no export of Ghost.
    """
    try:
        export = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except json.JSONDecodeError as fault:
        begins = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
        raise DocumentRefused(
            f"the export breaks off or is damaged at line {fault.lineno}"
            if begins
            else "the file is no JSON",
            remedy="export it again" if begins else _GIVE_THE_EXPORT,
            line=fault.lineno,
        ) from fault
    except (ValueError, RecursionError) as fault:
        raise DocumentRefused("the file is no JSON", remedy=_GIVE_THE_EXPORT) from fault
    tables = _tables(export)
    settings = {string_in(row, "key"): string_in(row, "value") for row in _rows(tables, "settings")}
    site = replace(
        site,
        generator=Generator.JEKYLL,  # whose placeholders Ghost's are
        permalinks=site.permalinks or {"": settings.get("permalinks") or "/:slug/"},
        language=site.language or settings.get("locale") or settings.get("default_locale"),
    )
    head = SourceHead(
        site_url=f"{site.url}/" if site.url else None,
        title=settings.get("title") or None,
        language=site.language,
        generator=f"Ghost {string_in(_meta(export), 'version')}".strip(),
    )
    return head, _Ghost(tables, site, now).items()


def _tables(export: object) -> _Row:
    holder = export
    if isinstance(export, dict) and isinstance(export.get("db"), list) and export["db"]:
        holder = export["db"][0]
    tables = holder.get("data", holder) if isinstance(holder, dict) else None
    if not isinstance(tables, dict) or not isinstance(tables.get("posts"), list):
        raise DocumentRefused(
            "the file holds no posts of Ghost",
            remedy=_GIVE_THE_EXPORT,
        )
    return tables


def _meta(export: object) -> _Row:
    holder = export["db"][0] if isinstance(export, dict) and export.get("db") else export
    meta = holder.get("meta") if isinstance(holder, dict) else None
    return meta if isinstance(meta, dict) else {}


def _rows(tables: _Row, name: str) -> list[_Row]:
    rows = tables.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


class _Ghost:
    def __init__(self, tables: _Row, site: StaticSite, now: datetime) -> None:
        self._site = site
        self._now = now
        self._posts = _rows(tables, "posts")
        self._metas = {string_in(row, "post_id"): row for row in _rows(tables, "posts_meta")}
        self._tags = _related(tables, "tags", "posts_tags", "tag_id")
        users = {string_in(row, "id"): row for row in _rows(tables, "users")}
        self._users = users
        self._authors = _related(tables, "users", "posts_authors", "author_id")

    def items(self) -> Iterator[Item]:
        for post in self._posts:
            yield self._left_out(post) or self._imported(post)

    def _left_out(self, post: _Row) -> LeftOut | None:
        def left(reason: Reason, detail: str = "") -> LeftOut:
            return LeftOut(reason=reason, detail=detail, example=string_in(post, "title"))

        status = string_in(post, "status")
        is_page = string_in(post, "type") == "page" or str(post.get("page")) in ("1", "True")
        visibility = string_in(post, "visibility") or "public"
        reasons = {
            "draft": left(Reason.DRAFT),
            "sent": left(Reason.PRIVATE, "sent by mail only"),
            "published": None,
            "scheduled": None,
        }
        if is_page:
            return left(Reason.NOT_A_RELEASE, "a page")
        if status not in reasons:
            return left(Reason.NOT_A_RELEASE, f"status {status or 'missing'}")
        if reasons[status] is not None:
            return reasons[status]
        if visibility != "public":
            return left(Reason.PRIVATE, f"visibility {visibility}")
        if not string_in(post, "html"):
            kinds = [kind for kind in ("lexical", "mobiledoc") if string_in(post, kind)]
            detail = f"only {kinds[0]}, and no html" if kinds else "no text"
            return left(Reason.UNREADABLE, detail)
        return None

    def _imported(self, post: _Row) -> Item:
        key = string_in(post, "id")
        meta = self._metas.get(key, post)
        published = _date(post.get("published_at")) or _date(post.get("created_at"))
        place = PagePlace(
            path="",
            slug=string_in(post, "slug"),
            is_slug_stated=True,
            title=string_in(post, "title"),
            day=day_in(self._site.zone, published.text) if published else None,
            categories=(),
            permalink=None,
            language=None,
        )
        address = address_of(self._site, place)
        is_number = isinstance(post.get("id"), int)
        value = string_in(post, "uuid") if is_number else key
        known = KnownId(value=value, format=IdFormat.RSS, is_permalink=False) if value else None
        draft = ItemDraft(
            line=None,
            known_id=known,
            link=address,
            body_base=address,
            language=string_in(post, "locale") or self._site.language,
            title=plain_line(place.title, is_html=False),
            body=self._with_site(string_in(post, "html")),
            is_html=True,
            summary=string_in(post, "custom_excerpt") or string_in(meta, "meta_description"),
            authors=self._people(key, post),
            categories=[name for tag in self._tags.get(key, []) if (name := _public_name(tag))],
            files=self._pictures(post),
            published=published,
            updated=_date(post.get("updated_at")),
        )
        is_later = published is not None and published.moment_in(UTC) > self._now
        state = ItemState.SCHEDULED if is_later else ItemState.PUBLISHED
        return replace(item_of(draft), state=state)

    def _people(self, key: str, post: _Row) -> list[dict[str, str]]:
        """Returns names and sites; the addresses for mail of an export are not public."""
        users = self._authors.get(key) or [self._users.get(string_in(post, "author_id"), {})]
        people = []
        for user in users:
            person = {"name": string_in(user, "name"), "url": string_in(user, "website")}
            if person["name"]:
                people.append({name: value for name, value in person.items() if value})
        return people

    def _pictures(self, post: _Row) -> list[FeedLink]:
        picture = self._with_site(string_in(post, "feature_image") or string_in(post, "image"))
        if picture.startswith("/") and self._site.url:
            picture = f"{self._site.url}{picture}"
        return [FeedLink(rel="media", href=picture)] if picture.startswith("http") else []

    def _with_site(self, text: str) -> str:
        return text.replace(_GHOST_URL, self._site.url or "")


def _related(tables: _Row, name: str, joined: str, column: str) -> dict[str, list[_Row]]:
    """Returns the rows of a table by post, in the order that Ghost shows."""
    by_id = {string_in(row, "id"): row for row in _rows(tables, name)}
    pairs: Sequence[_Row] = sorted(
        _rows(tables, joined), key=lambda row: int(string_in(row, "sort_order") or 0)
    )
    found: dict[str, list[_Row]] = {}
    for pair in pairs:
        row = by_id.get(string_in(pair, column))
        if row is not None:
            found.setdefault(string_in(pair, "post_id"), []).append(row)
    return found


def _public_name(tag: _Row) -> str:
    name = string_in(tag, "name")
    is_internal = string_in(tag, "visibility") == "internal" or name.startswith("#")
    return "" if is_internal else name


def _date(written: object) -> FeedDate | None:
    """Returns a date in UTC, which exports have as text, or as milliseconds."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        moment = datetime.fromtimestamp(written / 1000, tz=UTC)
        return FeedDate(moment.replace(microsecond=0).isoformat(), has_zone=True)
    return read_feed_date(written, zone=UTC) if isinstance(written, str) else None
