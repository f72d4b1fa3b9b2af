"""What Jekyll and Hugo make of the files of a site: addresses of pages, and the ids in their feeds.

Readers know the entries of these feeds by ids that stand in no file. They are made again by the
rules of the generators:

- Jekyll with jekyll-feed: ``atom:id`` is ``{{ post.id | absolute_url }}`` (jekyll-feed,
  lib/jekyll-feed/feed.xml), and a post's id is the folder of its address and its slug (Jekyll,
  lib/jekyll/document.rb, ``id``): ``/2019/05/21/title`` for ``/2019/05/21/title.html``.
- Hugo: ``<guid>{{ .Permalink }}</guid>`` without ``isPermaLink`` (Hugo, the embedded template
  rss.xml).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import quote
from zoneinfo import ZoneInfo

from feeds.errors import DocumentRefused
from feeds.imports.items import IdFormat, KnownId
from feeds.ingest.html_form import decode_html
from feeds.ingest.markdown_form import load_values

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mkdn"})
_HTML = frozenset({".html", ".htm"})
#: Markup that is not read.
OTHER_TEXTS = frozenset({".adoc", ".asciidoc", ".org", ".rst", ".textile", ".mdx", ".pandoc"})
#: Folders that hold no pages of a site.
_NO_PAGES = frozenset(
    {"_includes", "_layouts", "_sass", "_site", "layouts", "themes", "archetypes", "public",
     "node_modules", "vendor", "i18n", "resources"}
)  # fmt: skip
_MAX_FILE_BYTES = 2 * 1024 * 1024


class Generator(StrEnum):
    """The program that makes a site of a folder."""

    JEKYLL = "jekyll"
    HUGO = "hugo"
    OTHER = "other"


class IdRule(StrEnum):
    """How the ids that readers know are found."""

    AUTO = "auto"  #: a ``guid`` in the front matter, else the rule of the generator
    JEKYLL = "jekyll"
    HUGO = "hugo"
    GUID = "guid"  #: ``guid`` or ``id`` of the front matter only
    LINK = "link"  #: the address of the page, as a permalink
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticSite:
    """What is known of a site besides its files."""

    generator: Generator = Generator.OTHER
    url: str | None = None  #: ``https://example.org/blog``, without a slash at the end
    ids: IdRule = IdRule.AUTO
    #: pattern of addresses; by section for Hugo, under "" for all
    permalinks: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    zone: tzinfo = UTC
    title: str | None = None
    has_suffixes: bool = False  #: Hugo's ``uglyURLs``


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlace:
    """Where a file lies, and what decides the address of its page."""

    path: str  #: relative to the folder
    slug: str  #: stated, or that of the file name
    is_slug_stated: bool
    title: str
    day: date | None  #: in the zone of the site
    categories: tuple[str, ...]
    permalink: str | None  #: stated: ``permalink`` or ``url``
    language: str | None  #: of the file name: ``title.de.md``


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of the folder."""

    path: str  #: relative to the folder, with slashes
    read: Callable[[], bytes]  #: raises `OSError`

    @property
    def is_text(self) -> bool:
        """Whether it may be a page of the site."""
        parts = PurePosixPath(self.path).parts
        is_other = any(part.startswith(".") or part in _NO_PAGES for part in parts)
        suffix = PurePosixPath(self.path).suffix.lower()
        return not is_other and suffix in MARKDOWN | _HTML | OTHER_TEXTS

    def text(self) -> str:
        """Returns its text.

        Raises:
            DocumentRefused: It is too large, or not in the encoding that it declares.
            OSError: It cannot be read.
        """
        data = self.read()
        if len(data) > _MAX_FILE_BYTES:
            raise DocumentRefused(
                f"has more than {_MAX_FILE_BYTES} bytes", remedy="make it smaller"
            )
        return decode_html(data)


# What a site says of itself.

_CONFIGS = {
    "_config.yml": ("yaml", Generator.JEKYLL),
    "_config.yaml": ("yaml", Generator.JEKYLL),
    **{
        f"{folder}{name}.{suffix}": (kind, Generator.HUGO)
        for folder in ("", "config/_default/")
        for name in ("hugo", "config")
        for suffix, kind in (("toml", "toml"), ("yaml", "yaml"), ("yml", "yaml"), ("json", "json"))
    },
}


def read_site(files: Sequence[FolderFile], given: StaticSite) -> StaticSite:
    """Returns what the configuration in a folder says of its site.

    Args:
        files: All files of the folder.
        given: What is given replaces what the configuration says.

    Raises:
        DocumentRefused: The configuration cannot be read.
    """
    by_path = {file.path: file for file in files}
    for path, (kind, generator) in _CONFIGS.items():
        if path in by_path:
            try:
                values = load_values(by_path[path].text(), kind=kind)
            except DocumentRefused as fault:
                raise DocumentRefused(f"{path}: {fault.reason}", remedy=fault.remedy) from fault
            found = (_jekyll_site if generator is Generator.JEKYLL else _hugo_site)(values)
            return replace(
                found,
                generator=generator if given.generator is Generator.OTHER else given.generator,
                url=given.url or found.url,
                ids=given.ids,
                permalinks={**found.permalinks, **given.permalinks},
                language=given.language or found.language,
                zone=found.zone if given.zone is UTC else given.zone,
            )
    is_jekyll = any("_posts" in PurePosixPath(path).parts for path in by_path)
    if given.generator is Generator.OTHER and is_jekyll:
        return replace(given, generator=Generator.JEKYLL)
    return given


def _jekyll_site(values: Mapping[str, object]) -> StaticSite:
    url = f"{string_in(values, 'url').rstrip('/')}{string_in(values, 'baseurl').rstrip('/')}"
    permalink = string_in(values, "permalink")
    return StaticSite(
        url=url if re.match("https?://", url) else None,
        permalinks={"": permalink} if permalink else {},
        language=string_in(values, "lang") or None,
        zone=_zone(string_in(values, "timezone")),
        title=string_in(values, "title") or string_in(values, "name") or None,
    )


def _hugo_site(values: Mapping[str, object]) -> StaticSite:
    lower = {key.lower(): value for key, value in values.items()}
    url = string_in(lower, "baseurl").rstrip("/")
    permalinks = lower.get("permalinks")
    permalinks = permalinks if isinstance(permalinks, dict) else {}
    nested = permalinks.get("page")
    patterns = nested if isinstance(nested, dict) else permalinks
    language = string_in(lower, "defaultcontentlanguage") or string_in(lower, "languagecode")
    return StaticSite(
        url=url if re.match("https?://", url) else None,
        permalinks={name: each for name, each in patterns.items() if isinstance(each, str)},
        language=language or None,
        zone=_zone(string_in(lower, "timezone")),
        title=string_in(lower, "title") or None,
        has_suffixes=str(lower.get("uglyurls", "")).lower() == "true",
    )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, KeyError):
        return UTC


def string_in(values: Mapping[str, object], name: str) -> str:
    """Returns a text or number among *values* as a text; "" for anything else."""
    value = values.get(name)
    if isinstance(value, bool) or value is None:
        return ""
    return str(value).strip() if isinstance(value, str | int | float) else ""


# Jekyll.

_POST_NAME = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<slug>.+)", re.DOTALL
)
#: https://jekyllrb.com/docs/permalinks/
_JEKYLL_STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}


def split_post_name(stem: str) -> tuple[date | None, str]:
    """Returns date and slug of a file name such as ``2019-05-21-title``."""
    found = _POST_NAME.fullmatch(stem)
    if found is None:
        return None, stem
    try:
        return date(*(int(found[part]) for part in ("year", "month", "day"))), found["slug"]
    except ValueError:
        return None, stem


def _jekyll_path(site: StaticSite, page: PagePlace) -> str:
    pattern = page.permalink or site.permalinks.get("") or "date"
    pattern = _JEKYLL_STYLES.get(pattern, pattern)
    words = {
        **_of_date(page.day),
        "categories": "/".join(dict.fromkeys(name.lower() for name in page.categories)),
        "slugified_categories": "/".join(dict.fromkeys(map(_slugified, page.categories))),
        "title": _NOT_PRETTY.sub("-", page.slug).strip("-"),
        "slug": _slugified(page.slug),
        "output_ext": ".html",
    }
    return _filled(pattern, words)


#: What ``:title`` does not keep (Jekyll, lib/jekyll/utils.rb, "pretty").
_NOT_PRETTY = re.compile(r"[^\w.~!$&'()+,;=@]+")


def _slugified(text: str) -> str:
    return re.sub(r"[\W_]+", "-", text).strip("-").lower()


# Hugo.


def _hugo_path(site: StaticSite, page: PagePlace) -> str:
    if page.permalink:
        return page.permalink
    path = PurePosixPath(page.path)
    parts = path.parent.parts
    parts = parts[parts.index("content") + 1 :] if "content" in parts else parts
    if _stem(path, page) == "index":  # a bundle: its folder is the page
        parts = parts[:-1]
    section = parts[0] if parts else ""
    pattern = site.permalinks.get(section) or site.permalinks.get("")
    name = _bundle_name(path, page)
    if pattern is None:
        pattern = "/:sections/:slugorcontentbasename/"
    words = {
        **_of_date(page.day),
        "section": section,
        "sections": "/".join(parts),
        "title": page.title,
        "slug": page.slug if page.is_slug_stated else page.title,
        **dict.fromkeys(("filename", "contentbasename"), name),
        **dict.fromkeys(
            ("slugorfilename", "slugorcontentbasename"), page.slug if page.is_slug_stated else name
        ),
    }
    filled = _filled(pattern, {name: _urlized(word) for name, word in words.items()})
    if site.has_suffixes:
        filled = f"{filled.rstrip('/')}.html"
    elif not re.search(r"\.\w+\Z|/\Z", filled):
        filled += "/"
    is_other = page.language is not None and page.language != site.language
    return f"/{page.language}{filled}" if is_other else filled


def _stem(path: PurePosixPath, page: PagePlace) -> str:
    return path.stem.removesuffix(f".{page.language}") if page.language else path.stem


def _bundle_name(path: PurePosixPath, page: PagePlace) -> str:
    stem = _stem(path, page)
    return path.parent.name if stem == "index" else stem


def _urlized(text: str) -> str:
    """Returns *text* as Hugo writes it in addresses."""
    kept = re.sub(r"[^\w\s./\\+~-]", "", unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", "-", kept.strip()).lower()


# Both.


def address_of(site: StaticSite, page: PagePlace) -> str | None:
    """Returns the absolute address of a page; None if that of the site is not known."""
    if site.url is None:
        return None
    if page.permalink and re.match("https?://", page.permalink):
        return page.permalink
    path = (_jekyll_path if site.generator is Generator.JEKYLL else _hugo_path)(site, page)
    return f"{site.url}/{quote(path.lstrip('/'), safe=_SAFE)}"


_SAFE = "/:@!$&'()*+,;=~%?#"


def known_id_of(
    site: StaticSite, page: PagePlace, *, guid: str | None, address: str | None
) -> KnownId | None:
    """Returns the id under which readers of the old feed know a page.

    Args:
        site: With the rule.
        page: The page.
        guid: ``guid`` or ``id`` in its front matter.
        address: Its address.
    """
    rule = site.ids
    if rule in (IdRule.AUTO, IdRule.GUID) and guid:
        is_link = guid == address
        return KnownId(value=guid, format=IdFormat.RSS, is_permalink=is_link)
    if rule is IdRule.AUTO:
        by_generator = {Generator.JEKYLL: IdRule.JEKYLL, Generator.HUGO: IdRule.HUGO}
        rule = by_generator.get(site.generator, IdRule.NONE)
    if address is None:
        return None
    if rule is IdRule.JEKYLL:
        path = address.removeprefix(site.url or "")
        folder = PurePosixPath(path).parent  # of "/a/b/" as of "/a/b": "/a"
        value = f"{site.url}{folder / quote(page.slug, safe=_SAFE)}"
        return KnownId(value=value, format=IdFormat.ATOM)
    if rule in (IdRule.HUGO, IdRule.LINK):
        return KnownId(value=address, format=IdFormat.RSS)
    return None


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _of_date(day: date | None) -> dict[str, str]:
    if day is None:
        return {}
    year, week, weekday = day.isocalendar()
    # Not by `strftime`, which speaks the language of the machine.
    month, weekday_name = _MONTHS[day.month - 1], _WEEKDAYS[weekday - 1]
    return {
        "year": f"{day:%Y}",
        "short_year": f"{day:%y}",
        "month": f"{day:%m}",
        "i_month": str(day.month),
        "short_month": month[:3],
        "long_month": month,
        "monthname": month.lower(),
        "day": f"{day:%d}",
        "i_day": str(day.day),
        "y_day": f"{day:%j}",
        "yearday": str(day.timetuple().tm_yday),
        "w_year": str(year),
        "week": f"{week:02}",
        "w_day": str(weekday),
        "weekday": str(weekday % 7),
        "short_day": weekday_name[:3],
        "long_day": weekday_name,
        "weekdayname": weekday_name.lower(),
    }


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    filled = re.sub(r":([a-z_]+)", lambda found: words.get(found[1], found[0]), pattern)
    return re.sub("/{2,}", "/", f"/{filled}")


def day_in(zone: tzinfo, written: str) -> date | None:
    """Returns the day of a date as `feeds.imports.dates` returns it, in the zone of the site."""
    if "T" in written:
        return datetime.fromisoformat(written).astimezone(zone).date()
    return date.fromisoformat(written) if written else None
