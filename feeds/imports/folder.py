"""Reads a folder of Markdown or HTML files with front matter: of Hugo, Jekyll and the like."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import urljoin, urlsplit

from feeds.errors import DocumentRefused
from feeds.imports.dates import FeedDate, read_feed_date
from feeds.imports.feed_tree import FeedLink
from feeds.imports.items import ImportedItem, Item, ItemState, LeftOut, Reason, SourceHead
from feeds.imports.markup import plain_line
from feeds.imports.reading import ItemDraft, item_of
from feeds.imports.static_sites import (
    MARKDOWN,
    OTHER_TEXTS,
    FolderFile,
    Generator,
    PagePlace,
    StaticSite,
    address_of,
    day_in,
    known_id_of,
    split_post_name,
    string_in,
)
from feeds.imports.template_marks import without_marks
from feeds.ingest.markdown_form import FrontMatter, load_values, read_front_matter, to_html

# The folder.


def read_folder(
    files: Sequence[FolderFile], *, site: StaticSite, now: datetime
) -> tuple[SourceHead, Iterator[Item]]:
    """Returns what a folder of pages holds. Each file is read when its item is asked for.

    Args:
        files: All files of it, in the order in which items are to be yielded.
        site: As `read_site` returns it.
        now: Pages of a later date are scheduled; aware.
    """
    head = SourceHead(
        site_url=f"{site.url}/" if site.url else None,
        title=site.title,
        language=site.language,
        generator=site.generator.value,
    )
    return head, _Folder(files, site, now).items()


@dataclass(frozen=True, slots=True)
class _Page:
    """A page whose front matter was read."""

    file: FolderFile
    matter: FrontMatter
    place: PagePlace
    date: FeedDate | None
    written_date: str


class _Folder:
    def __init__(self, files: Sequence[FolderFile], site: StaticSite, now: datetime) -> None:
        self._files = [file for file in files if file.is_text]
        self._site = site
        self._now = now
        self._people = self._read_people(files)
        self._addresses: dict[str, str] | None = None

    def items(self) -> Iterator[Item]:
        for file in self._files:
            item = self._item(file)
            if item is not None:
                yield item

    def address(self, name: str) -> str | None:
        """Returns the address of the page that a text refers to, by any of its names."""
        if self._addresses is None:
            self._addresses = dict(self._named_addresses())
        name = name.partition("#")[0].strip("/")
        return self._addresses.get(name) or self._addresses.get(PurePosixPath(name).stem)

    def _named_addresses(self) -> Iterator[tuple[str, str]]:
        for file in self._files:
            page = self._page(file)
            if isinstance(page, LeftOut) or page is None:
                continue
            address = address_of(self._site, page.place)
            if address is not None:
                path = PurePosixPath(file.path)
                names = {file.path, file.path.partition("content/")[2], path.name, path.stem}
                bundle = {path.parent.name, str(path.parent).partition("content/")[2]}
                for name in (names | bundle) if path.stem.startswith("index") else names:
                    yield name, address

    # One file.

    def _item(self, file: FolderFile) -> Item | None:
        try:
            page = self._page(file)
            if page is None or isinstance(page, LeftOut):
                return page
            return self._left_out(page) or self._imported(page)
        except DocumentRefused as fault:
            return LeftOut(
                reason=Reason.UNREADABLE, detail=fault.reason, example=file.path, line=fault.line
            )
        except OSError as fault:
            return LeftOut(
                reason=Reason.UNREADABLE, detail=str(fault.strerror or fault), example=file.path
            )

    def _page(self, file: FolderFile) -> _Page | LeftOut | None:
        path = PurePosixPath(file.path)
        if path.suffix.lower() in OTHER_TEXTS:
            detail = f"{path.suffix} files are not read"
            return LeftOut(reason=Reason.UNREADABLE, detail=detail, example=file.path)
        text = file.text().replace("\r\n", "\n").replace("\r", "\n")
        matter = None if re.match(r"---[ \t]*\n---", text) else read_front_matter(text)
        if matter is None:
            return LeftOut(
                reason=Reason.NOT_A_RELEASE, detail="a file without front matter", example=file.path
            )
        values = {_key(name): value for name, value in matter.values.items()}
        matter = replace(matter, values=values)
        return self._placed(file, path, matter)

    def _placed(self, file: FolderFile, path: PurePosixPath, matter: FrontMatter) -> _Page:
        values = matter.values
        stem, language = _split_language(path.stem, self._site)
        day, slug = None, path.parent.name if stem == "index" else stem
        if self._site.generator is not Generator.HUGO:
            day, slug = split_post_name(slug)
        written = string_in(values, "date") or string_in(values, "publishdate")
        found = read_feed_date(written, zone=self._site.zone) if written else None
        if found is None and day is not None:
            found, written = FeedDate(day.isoformat(), has_zone=False), written or day.isoformat()
        found = self._as_in_feeds(found)
        stated = string_in(values, "slug")
        title = string_in(values, "title")
        above = path.parts[: path.parts.index("_posts")] if "_posts" in path.parts else ()
        place = PagePlace(
            path=file.path,
            slug=stated or slug,
            is_slug_stated=bool(stated),
            title=title or _titled(slug),
            day=day_in(self._site.zone, found.text) if found is not None else None,
            categories=(*above, *_words(values, "category", "categories")),
            permalink=string_in(values, "permalink") or string_in(values, "url") or None,
            language=language,
        )
        return _Page(file=file, matter=matter, place=place, date=found, written_date=written)

    def _left_out(self, page: _Page) -> LeftOut | None:
        values, path = page.matter.values, PurePosixPath(page.file.path)
        example = page.place.title or page.file.path

        def left(reason: Reason, detail: str = "") -> LeftOut:
            return LeftOut(reason=reason, detail=detail, example=example)

        if _is(values, "draft", "true") or _is(values, "published", "false"):
            return left(Reason.DRAFT)
        if "_drafts" in path.parts:
            return left(Reason.DRAFT, "in _drafts")
        if path.stem.split(".")[0] == "_index":
            return left(Reason.NOT_A_RELEASE, "the page of a section")
        if self._site.generator is Generator.JEKYLL and "_posts" not in path.parts:
            return left(Reason.NOT_A_RELEASE, "a page outside _posts")
        if page.date is None and not page.written_date:
            return left(Reason.NOT_A_RELEASE, "a page without a date")
        expiry = read_feed_date(string_in(values, "expirydate"), zone=self._site.zone)
        if expiry is not None and expiry.moment_in(self._site.zone) <= self._now:
            return left(Reason.DELETED, "its expiryDate is past")
        return None

    def _imported(self, page: _Page) -> ImportedItem:
        values, site = page.matter.values, self._site
        address = address_of(site, page.place)
        left_out: list[str] = []
        text = without_marks(
            page.matter.rest,
            generator=site.generator,
            pages=self,
            site_url=site.url or "",
            left_out=left_out,
        )
        is_markdown = PurePosixPath(page.file.path).suffix.lower() in MARKDOWN
        guid = string_in(values, "guid") or string_in(values, "id") or None
        draft = ItemDraft(
            line=None,
            known_id=known_id_of(site, page.place, guid=guid, address=address),
            link=address,
            body_base=address,
            language=_first_string(values, "lang", "language", "locale")
            or page.place.language
            or site.language,
            title=plain_line(page.place.title, is_html=False),
            body=to_html(text) if is_markdown else text,
            is_html=True,
            summary=_first_string(values, "summary", "description", "excerpt", "subtitle")
            or _before_more(text, is_markdown=is_markdown),
            authors=self._authors(values),
            categories=dict.fromkeys([*page.place.categories, *_words(values, "tag", "tags")]),
            files=_pictures(values, address),
            published=page.date,
            updated=self._updated(values),
        )
        if not string_in(values, "title"):
            draft.warn("title: not stated; made of the name of the file")
        if page.written_date:
            draft.note_date("published", page.written_date, page.date, site.zone)
        scheduled = self._scheduled(page, values)
        if scheduled is not None:
            draft.published = scheduled
        item = item_of(draft)
        return replace(
            item,
            record=replace(item.record, left_out=tuple(dict.fromkeys(left_out))),
            old_addresses=_old_addresses(values, site, address),
            state=ItemState.PUBLISHED if scheduled is None else ItemState.SCHEDULED,
        )

    def _scheduled(self, page: _Page, values: Mapping[str, object]) -> FeedDate | None:
        """Returns the date until which a page waits; None if it is public."""
        written = string_in(values, "publishdate")
        date = (read_feed_date(written, zone=self._site.zone) if written else None) or page.date
        return date if date is not None and date.moment_in(self._site.zone) > self._now else None

    def _updated(self, values: Mapping[str, object]) -> FeedDate | None:
        written = _first_string(values, "lastmod", "last_modified_at", "updated", "modified")
        found = read_feed_date(written, zone=self._site.zone) if written else None
        return self._as_in_feeds(found)

    def _as_in_feeds(self, date: FeedDate | None) -> FeedDate | None:
        """Returns a date as the generator writes it: a day begins at midnight in its zone."""
        if date is None or date.moment is not None or self._site.generator is Generator.OTHER:
            return date
        return FeedDate(date.moment_in(self._site.zone).isoformat(), has_zone=True)

    # People: names, or keys of ``_data/authors.yml``.

    def _authors(self, values: Mapping[str, object]) -> list[dict[str, str]]:
        found = values.get("author") or values.get("authors")
        people: list[dict[str, str]] = []
        for each in found if isinstance(found, list) else [found]:
            known = self._people.get(each) if isinstance(each, str) else each
            if isinstance(known, dict):
                person = {key: string_in(known, key) for key in ("name", "email", "url")}
                person["url"] = person["url"] or string_in(known, "uri")
                people.append({key: value for key, value in person.items() if value})
            elif isinstance(each, str) and each.strip():
                people.append({"name": each.strip()})
        return [person for person in people if person.get("name") or person.get("email")]

    def _read_people(self, files: Sequence[FolderFile]) -> Mapping[str, object]:
        for file in files:
            if re.fullmatch(r"(?:_data|data)/authors\.ya?ml", file.path):
                try:
                    return load_values(file.text(), kind="yaml")
                except (DocumentRefused, OSError):
                    return {}
        return {}


def _split_language(stem: str, site: StaticSite) -> tuple[str, str | None]:
    """Splits Hugo's ``title.de`` into name and language."""
    name, dot, language = stem.rpartition(".")
    is_language = (
        dot
        and site.generator is Generator.HUGO
        and re.fullmatch("[a-z]{2}(?:-[A-Za-z]{2,4})?", language)
    )
    return (name, language) if is_language else (stem, None)


def _titled(slug: str) -> str:
    """Returns a title made of a slug, as Jekyll makes one."""
    return " ".join(word.capitalize() for word in re.split("[-_]+", slug) if word)


def _before_more(text: str, *, is_markdown: bool) -> str:
    before, mark, _ = text.partition("<!--more-->")
    if not mark:
        return ""
    return plain_line(to_html(before) if is_markdown else before, is_html=True)


def _old_addresses(
    values: Mapping[str, object], site: StaticSite, address: str | None
) -> tuple[str, ...]:
    """Returns Hugo's ``aliases`` and Jekyll's ``redirect_from``, absolute or as a path."""
    written = [*_strings(values, "aliases"), *_strings(values, "redirect_from")]
    # A relative one is relative to the folder around the page, others to the site and not its host.
    around = urljoin(address.rstrip("/"), ".") if address else "/"
    return tuple(
        dict.fromkeys(
            f"{site.url or ''}{each}" if each.startswith("/") else urljoin(around, each)
            for each in written
        )
    )


def _pictures(values: Mapping[str, object], address: str | None) -> list[FeedLink]:
    cover = values.get("cover")
    candidates = [
        values.get("image"), values.get("featured_image"), values.get("thumbnail"),
        cover.get("image") if isinstance(cover, dict) else cover, *_strings(values, "images"),
    ]  # fmt: skip
    links = []
    for each in candidates:
        written = string_in(each, "path") if isinstance(each, dict) else each
        if isinstance(written, str) and written.strip():
            href = urljoin(address or "", written.strip())
            if urlsplit(href).scheme in ("http", "https"):
                links.append(FeedLink(rel="media", href=href))
    return links[:1]


# Values of front matter.


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _first_string(values: Mapping[str, object], *names: str) -> str:
    return next((found for name in names if (found := string_in(values, name))), "")


def _strings(values: Mapping[str, object], name: str) -> list[str]:
    value = values.get(name)
    found = value if isinstance(value, list) else [value]
    return [
        str(each).strip() for each in found if isinstance(each, str | int) and str(each).strip()
    ]


def _words(values: Mapping[str, object], single: str, several: str) -> Iterable[str]:
    """Returns the names in a field of one, and in one of several.

    Jekyll splits a text in the latter at spaces.
    """
    yield from _strings(values, single)
    found = values.get(several)
    if isinstance(found, str):
        yield from found.split() if "," not in found else map(str.strip, found.split(","))
    else:
        yield from _strings(values, several)


def _is(values: Mapping[str, object], name: str, expected: str) -> bool:
    return str(values.get(name, "")).strip().lower() == expected
