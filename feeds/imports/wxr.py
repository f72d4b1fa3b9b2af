"""Reads exports of WordPress (WXR 1.0 to 1.2): one item at a time, however long the file is.

The file is cut at its items first, and each item is parsed by itself, strictly and without
entities: what is broken in one item costs no other. lxml's ``iterparse`` over the whole file ends
at the first fault, and in its recovering mode it moves fields from one item into the next.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from html import escape, unescape
from io import SEEK_SET
from mimetypes import guess_type
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.etree import _Element as Element

from feeds.errors import DocumentRefused
from feeds.html.plain_text import one_line
from feeds.imports.items import (
    NO_ZONE,
    FileReference,
    IdFormat,
    ImportedItem,
    Item,
    ItemState,
    KnownId,
    LeftOut,
    Reason,
    SourceHead,
)
from feeds.imports.wordpress_text import (
    GalleryPicture,
    ShortcodeReader,
    has_blocks,
    with_links,
    with_paragraphs,
)
from feeds.imports.xml_items import ItemCutter, XmlPiece, parse_item
from feeds.ingest.characters import shown
from feeds.ingest.fields import SourceRecord, read_language
from feeds.ingest.rules import MAX_CATEGORIES

#: Post types that are taken unless others are named.
POSTS = ("post",)

#: Namespaces of WXR end with a version: ``http://wordpress.org/export/1.2/``.
_NAMESPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "excerpt": "http://wordpress.org/export/1.2/excerpt/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "wp": "http://wordpress.org/export/1.2/",
}

_ATTACHMENT = re.compile(rb"<wp:post_type>\s*(?:<!\[CDATA\[)?\s*attachment\b")

_REASONS = {
    "draft": Reason.DRAFT,
    "auto-draft": Reason.DRAFT,
    "pending": Reason.PENDING,
    "private": Reason.PRIVATE,
    "trash": Reason.TRASH,
}
_STATES = {"publish": ItemState.PUBLISHED, "future": ItemState.SCHEDULED}

#: Taxonomies that classify nothing for readers. Polylang's are read by themselves.
_OTHER_TERMS = frozenset(
    """
    post_format nav_menu link_category language post_translations term_language term_translations
    wp_theme wp_template_part_area
    """.split()  # noqa: SIM905
)
_DATE = "%Y-%m-%d %H:%M:%S"
_NO_DATE = "0000-00-00"
_MARKUP = re.compile(
    r"</?(?:a|b|br|cite|code|del|em|i|ins|mark|q|small|span|strong|sub|sup|u)\b[^<>]*>", re.I
)
_LINK = re.compile(r"""<a\b[^<>]*?\bhref\s*=\s*["']([^"'<>]+)["']""", re.IGNORECASE)
_UPLOADS = "/wp-content/uploads/"


@dataclass(frozen=True, slots=True)
class _Attachment:
    """A file of the media library."""

    url: str
    title: str = ""
    alt: str = ""
    caption: str = ""


@dataclass(slots=True)
class _Library:
    """The files of the export, by the number of their post, and by that of the post above."""

    by_number: dict[str, _Attachment] = field(default_factory=dict)
    by_parent: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Site:
    """What the head of an export says."""

    head: SourceHead
    home: str = ""  #: address of the blog, without a slash at its end
    authors: dict[str, str] = field(default_factory=dict)  #: name by login
    terms: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  #: name, parent


def read_wxr(
    stream: BinaryIO,
    *,
    zone: tzinfo,
    post_types: Sequence[str] = POSTS,
    watch: Callable[[BinaryIO], BinaryIO] = lambda stream: stream,
) -> tuple[SourceHead, Iterator[Item]]:
    """Reads an export.

    Args:
        stream: The file. If it can be read twice, it is: files of the media library may come
            behind the posts that show them.
        zone: Zone of the site, for dates that the export has in local time only.
        post_types: What is taken as releases.
        watch: Wraps the stream for the reading of the items, to show how far it is.

    Returns:
        What the export says of itself, and its items, in its order, as they are asked for.

    Raises:
        DocumentRefused: It is no export of WordPress.
    """
    library = _Library()
    if stream.seekable():
        begin = stream.tell()
        _read_library(stream, library)
        stream.seek(begin, SEEK_SET)
    cutter = ItemCutter(watch(stream))
    site = _site_of(cutter)
    reader = _PostReader(site, library, zone, frozenset(post_types))
    return site.head, reader.items(cutter)


def _read_library(stream: BinaryIO, library: _Library) -> None:
    cutter = ItemCutter(stream)
    for cut in cutter.items():
        if _ATTACHMENT.search(cut.data) is None:
            continue
        item = parse_item(cut, cutter.opening(_NAMESPACES), cutter.encoding)
        if isinstance(item, str):
            continue
        number, url = _text(item, "post_id"), _text(item, "attachment_url")
        if number and url:
            library.by_number[number] = _Attachment(
                url=url,
                title=_text(item, "title"),
                alt=dict(_meta(item)).get("_wp_attachment_image_alt", ""),
                caption=_of_namespace(item, "excerpt", "encoded"),
            )
            library.by_parent.setdefault(_text(item, "post_parent"), []).append(number)


def _site_of(cutter: ItemCutter) -> _Site:
    data = cutter.head()
    if b"wordpress.org/export/" not in data and b"<wp:" not in data:
        raise DocumentRefused(
            "this is no export of WordPress: it has none of its elements",
            remedy="export it under Tools, Export, All content",
        )
    channel = parse_item(
        XmlPiece(line=1, data=data), cutter.opening(_NAMESPACES), cutter.encoding, is_head=True
    )
    if isinstance(channel, str):
        raise DocumentRefused(
            f"the head of the export cannot be read: {channel}", remedy="export it again"
        )
    home = _text(channel, "base_blog_url") or _text(channel, "link")
    site = _Site(
        head=SourceHead(
            site_url=home or None,
            url=urljoin(f"{home.rstrip('/')}/", "feed/") if home else None,
            title=_text(channel, "title") or None,
            language=_text(channel, "language") or None,
            generator=_text(channel, "generator") or None,
        ),
        home=home.rstrip("/"),
    )
    for author in _children(channel, "author"):
        login = _text(author, "author_login")
        name = _text(author, "author_display_name") or " ".join(
            filter(None, (_text(author, "author_first_name"), _text(author, "author_last_name")))
        )
        if login:
            site.authors[login] = " ".join(name.split()) or login
    for term, taxonomy, slug, parent, name in (
        ("category", "", "category_nicename", "category_parent", "cat_name"),
        ("term", "term_taxonomy", "term_slug", "term_parent", "term_name"),
    ):
        for each in _children(channel, term):
            kind = _text(each, taxonomy) if taxonomy else "category"
            known = (_text(each, name), _text(each, parent))
            site.terms[kind, _text(each, slug)] = known
    return site


class _PostReader:
    def __init__(
        self, site: _Site, library: _Library, zone: tzinfo, post_types: frozenset[str]
    ) -> None:
        self._site = site
        self._library = library
        self._zone = zone
        self._post_types = post_types
        self._guids: set[bytes] = set()  # digests of those so far

    def items(self, cutter: ItemCutter) -> Iterator[Item]:
        opening = cutter.opening(_NAMESPACES)
        for cut in cutter.items():
            parsed = parse_item(cut, opening, cutter.encoding)
            if isinstance(parsed, str):
                yield LeftOut(
                    reason=Reason.UNREADABLE, detail=parsed, example=_example(cut), line=cut.line
                )
            else:
                yield self._item(parsed, cut)

    def _item(self, item: Element, cut: XmlPiece) -> Item:
        title = _plain(_text(item, "title"))
        kind, status = _text(item, "post_type"), _text(item, "status")
        state = _STATES.get(status)
        reason, detail = None, ""
        if kind not in self._post_types:
            reason, detail = Reason.NOT_A_RELEASE, f"post_type {kind or 'missing'}"
        elif status in _REASONS:
            reason = _REASONS[status]
        elif state is None:
            reason, detail = Reason.NOT_A_RELEASE, f"status {status or 'missing'}"
        elif _text(item, "post_password"):
            reason = Reason.PASSWORD
        if reason is not None or state is None:
            example = title or _text(item, "link") or _text(item, "guid")
            return LeftOut(
                reason=reason or Reason.UNREADABLE, detail=detail, example=example, line=cut.line
            )
        return self._post(item, title, state, cut)

    def _post(self, item: Element, title: str, state: ItemState, cut: XmlPiece) -> ImportedItem:
        warnings, link = list[str](), self._absolute(_text(item, "link"))
        meta = _meta(item)
        body, left_out = self._body(item)
        terms = list(self._terms(item))
        if len(terms) > MAX_CATEGORIES:
            warnings.append(f"categories: {len(terms)}; the first {MAX_CATEGORIES} are taken")
        enclosures = self._enclosures(meta)
        fields: dict[str, object] = {
            "title": _marked_up(title),
            "body": body,
            "body_format": "html",
            "summary": _of_namespace(item, "excerpt", "encoded"),
            "categories": [_marked_up(name) for name, _ in terms[:MAX_CATEGORIES]],
            "authors": [_marked_up(name) for name in self._authors(item)],
            "enclosures": enclosures,
            **self._dates(item, warnings),
            **self._polylang(item),
        }
        if not body.strip():
            fields["body"], used = self._substitute(item, enclosures)
            if used:
                warnings.append(f"body: there is none; {used} is taken")
        known_id = self._own_id(item, warnings)
        return ImportedItem(
            record=SourceRecord(
                fields=fields, line=cut.line, warnings=tuple(warnings), left_out=left_out
            ),
            known_id=known_id,
            link=link,
            old_addresses=tuple(self._old_addresses(item, link, meta)),
            state=state,
            files=tuple(self._files(body)),
            terms=dict(terms[:MAX_CATEGORIES]),
            comments=len(_children(item, "comment")),
        )

    def _own_id(self, item: Element, warnings: list[str]) -> KnownId | None:
        """Returns the id of an item; None if an item before it has the same, as copies have."""
        known = _known_id(item)
        if known is None:
            return None
        digest = blake2b(known.value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._guids:
            warnings.append(f"guid: another item has the same: {shown(known.value)}; not kept")
            return None
        self._guids.add(digest)
        return known

    def _body(self, item: Element) -> tuple[str, tuple[str, ...]]:
        written = _of_namespace(item, "content", "encoded")
        number = _text(item, "post_id")
        shortcodes = ShortcodeReader(lambda given: self._gallery(given, number))
        body = shortcodes.replace(written)
        body = with_links(body)
        return body if has_blocks(body) else with_paragraphs(body), shortcodes.left_out

    def _substitute(
        self, item: Element, enclosures: Sequence[Mapping[str, str]]
    ) -> tuple[str, str]:
        """Returns what stands in for a text that is empty, and what that is."""
        excerpt = _of_namespace(item, "excerpt", "encoded")
        if excerpt.strip():
            return with_paragraphs(excerpt), "the excerpt"
        for file in enclosures:
            if file.get("type", "").startswith("image/"):
                alt = file.get("alt", "").replace('"', "&quot;")
                return f'<p><img src="{escape(file["url"])}" alt="{alt}"></p>', "the picture"
        return "", ""

    def _gallery(self, given: Mapping[str, str], number: str) -> list[GalleryPicture]:
        library = self._library
        ids = given.get("ids") or given.get("include") or ""
        numbers = re.findall("[0-9]+", ids) or library.by_parent.get(given.get("id") or number, [])
        pictures = (library.by_number[each] for each in numbers if each in library.by_number)
        return [
            GalleryPicture(url=each.url, alt=each.alt, caption=_plain(each.caption))
            for each in pictures
            if (guess_type(urlsplit(each.url).path)[0] or "").startswith("image/")
        ]

    def _authors(self, item: Element) -> list[str]:
        logins = [" ".join((each.text or "").split()) for each in _children(item, "creator")]
        known = self._site.authors
        # Some exports have a bracket more before a login.
        return [known.get(one) or known.get(one.strip("<> ")) or one for one in logins if one]

    def _terms(self, item: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields the names of categories, then of tags, each with the names above it."""
        found = [
            (each.get("domain", "category"), each.get("nicename", ""), _plain(each.text or ""))
            for each in item.iterchildren("category")
        ]
        named = [
            (kind, slug, name) for kind, slug, name in found if name and kind not in _OTHER_TERMS
        ]
        for kind, slug, name in sorted(named, key=lambda each: each[0] != "category"):
            yield name, self._above(kind, slug)

    def _above(self, kind: str, slug: str) -> tuple[str, ...]:
        names: list[str] = []
        seen = {slug}
        parent = self._site.terms.get((kind, slug), ("", ""))[1]
        while parent and parent not in seen:
            seen.add(parent)
            name, above = self._site.terms.get((kind, parent), (parent, ""))
            names.insert(0, _plain(name))
            parent = above
        return tuple(names)

    def _polylang(self, item: Element) -> dict[str, object]:
        """Returns language and work as the plug-in Polylang states them."""
        fields: dict[str, object] = {}
        for each in item.iterchildren("category"):
            slug = each.get("nicename", "")
            if each.get("domain") == "language":
                try:
                    fields["language"] = read_language(slug, warnings=[])
                except DocumentRefused:
                    continue
            elif each.get("domain") == "post_translations" and slug:
                fields["work"] = f"{self._site.home} {slug}"
        return fields

    def _dates(self, item: Element, warnings: list[str]) -> dict[str, str]:
        dates = {}
        for name, local, universal in (
            ("published", "post_date", "post_date_gmt"),
            ("updated", "post_modified", "post_modified_gmt"),
        ):
            moment = _moment(_text(item, universal), UTC)
            if moment is None and (moment := _moment(_text(item, local), self._zone)) is not None:
                warnings.append(
                    f"{name}: {NO_ZONE}: {_text(item, local)}; taken as in {self._zone}"
                )
            if moment is not None:
                dates[name] = moment.isoformat()
        return dates

    def _enclosures(self, meta: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for key, value in meta:
            if key == "_thumbnail_id" and (picture := self._library.by_number.get(value.strip())):
                url = self._absolute(picture.url)
                texts = {"title": picture.title, "alt": picture.alt}
                texts = {name: _marked_up(_plain(text)) for name, text in texts.items()}
                if url:
                    kind = guess_type(urlsplit(url).path)[0] or ""
                    file = {"url": url, "type": kind, **texts}
                    found[url] = {name: text for name, text in file.items() if text}
            elif key == "enclosure":
                url, length, kind, *_ = [*value.split("\n"), "", "", ""]
                if absolute := self._absolute(url.strip()):
                    file = {"url": absolute, "type": kind.strip(), "length": length.strip()}
                    found.setdefault(absolute, {name: text for name, text in file.items() if text})
        return list(found.values())

    def _files(self, body: str) -> Iterator[FileReference]:
        """Yields the files that a text links to: those of this site."""
        for href in dict.fromkeys(_LINK.findall(body)):
            url = self._absolute(unescape(href))
            if url is not None and _UPLOADS in url:
                yield FileReference(url=url, in_body=True)

    def _old_addresses(
        self, item: Element, link: str | None, meta: Sequence[tuple[str, str]]
    ) -> Iterator[str]:
        root = urlsplit(self._site.home).path.rstrip("/")
        if number := _text(item, "post_id"):
            kind = _text(item, "post_type")
            yield f"{root}/?p={number}"
            if kind != "post":
                yield f"{root}/?post_type={kind}&p={number}"
        stated = _text(item, "guid")
        # "45863 at https://old.example" is no path of the site.
        guid = self._absolute(stated) if re.match("(https?:/)?/", stated, re.IGNORECASE) else None
        if guid is not None and urlsplit(guid).netloc == urlsplit(self._site.home).netloc:
            yield guid
        name = _text(item, "post_name")
        for key, value in meta:
            if key == "_wp_old_slug" and link and name and f"/{name}" in link:
                yield f"/{value.strip()}".join(link.rsplit(f"/{name}", 1))

    def _absolute(self, url: str) -> str | None:
        if not url:
            return None
        try:
            absolute = urljoin(f"{self._site.home}/", url)
            return absolute if urlsplit(absolute).netloc else None
        except ValueError:
            return None


def _known_id(item: Element) -> KnownId | None:
    for guid in _children(item, "guid"):
        if value := (guid.text or "").strip():
            stated = {"true": True, "false": False}.get(guid.get("isPermaLink", "").lower())
            return KnownId(value=value, format=IdFormat.RSS, is_permalink=stated)
    return None


def _moment(text: str, zone: tzinfo) -> datetime | None:
    if text.startswith(_NO_DATE):
        return None
    try:
        return datetime.strptime(text, _DATE).replace(tzinfo=zone)
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Returns a name or a title of WordPress, which may have markup and references."""
    if _MARKUP.search(text):
        return one_line(text, language="en")
    return " ".join(unescape(text).split())


def _marked_up(text: str) -> str:
    """Returns plain text as a field of a record with HTML has it: with references."""
    return escape(text, quote=False)


def _example(cut: XmlPiece) -> str:
    found = re.search(rb"<title>(?:<!\[CDATA\[)?(.{0,200}?)(?:\]\]>)?</title>", cut.data, re.DOTALL)
    return "" if found is None else found[1].decode("utf-8", "replace").strip()


# Elements, whatever the version of their namespace.


def _children(parent: Element, name: str) -> list[Element]:
    return list(parent.iterchildren("{*}" + name))


def _text(parent: Element, name: str) -> str:
    """Returns the text of the first child of this name, on one line, without space around it."""
    child = next(parent.iterchildren("{*}" + name), None)
    return "" if child is None or child.text is None else child.text.strip()


def _of_namespace(parent: Element, namespace: str, name: str) -> str:
    """Returns the text of a child; ``encoded`` stands there twice, in two namespaces."""
    for child in parent.iterchildren("{*}" + name):
        qualified = etree.QName(child).namespace or ""
        is_excerpt = "/excerpt/" in qualified
        if is_excerpt == (namespace == "excerpt"):
            return child.text or ""
    return ""


def _meta(item: Element) -> list[tuple[str, str]]:
    return [
        (_text(each, "meta_key"), _text(each, "meta_value")) for each in _children(item, "postmeta")
    ]
