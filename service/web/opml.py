"""``/feeds.opml``: the list of all feeds, for import into a reader."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from flask import Blueprint, Response

from feeds.categories import Catalogue
from feeds.model.feed import Feed, Format, Site
from feeds.model.text import FORBIDDEN_IN_XML, whole_second
from service.web.answers import OPEN_TO_ALL, answer_bytes, page_date
from service.web.recall import recallable
from service.web.request_context import request_context
from service.web.wording import language_name

MEDIA_TYPE = "text/x-opml; charset=utf-8"
#: Most readers import this once; those that synchronise with it ask a few times a day.
MAX_AGE_S = 15 * 60

blueprint = Blueprint("opml", __name__)


@blueprint.get("/feeds.opml")
@recallable
def show() -> Response:
    """Answers with the list of all feeds."""
    context = request_context()
    feeds = context.feeds
    changes = [one.changed_at for one in context.newsstand.feeds() if one.slug in feeds]
    document = write_opml(
        context.catalogue,
        modified_at=max(changes, default=None),
        feeds=list(feeds.values()),
    )
    return answer_bytes(
        document,
        media_type=MEDIA_TYPE,
        cache_control=f"public, max-age={MAX_AGE_S}",
        # The document itself contains, to the second, when a feed last changed.
        modified_at=page_date(context, *changes),
        fields=OPEN_TO_ALL,
    )


def write_opml(
    catalogue: Catalogue, *, modified_at: datetime | None, feeds: Sequence[Feed] | None = None
) -> bytes:
    """Writes an OPML 2.0 document, the same bytes for the same catalogue and date.

    Feeds without a group come first, then the groups in the order of their first feed. Within a
    group, feeds of all languages come first, then those of each language, under its name. When
    *feeds* is given, only those are listed: feeds that are gone are left out.

    Source: OPML 2.0, "Subscription lists". ``type`` is ``rss`` for Atom too.
    """
    site = catalogue.site
    root = ET.Element("opml", version="2.0")
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "title").text = _clean(site.title)
    if modified_at is not None:
        # OPML 2.0: "all date-times conform to the Date and Time Specification of RFC 822".
        day = format_datetime(whole_second(modified_at), usegmt=True)
        ET.SubElement(head, "dateModified").text = day
    ET.SubElement(head, "ownerName").text = _clean(site.author.name)
    ET.SubElement(head, "docs").text = "http://opml.org/spec2.opml"
    body = ET.SubElement(root, "body")
    for group, members in grouped(list(catalogue.feeds.values()) if feeds is None else feeds):
        parent = body if group is None else ET.SubElement(body, "outline", text=_clean(group))
        for language, feeds_in_it in _by_language(members):
            name = None if language is None else language_name(language)
            outline = parent if name is None else ET.SubElement(parent, "outline", text=name)
            for feed in feeds_in_it:
                ET.SubElement(outline, "outline", _outline(feed, site))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def grouped(feeds: Sequence[Feed]) -> list[tuple[str | None, list[Feed]]]:
    """Groups feeds by the title of their group; those without a group come first."""
    groups: dict[str | None, list[Feed]] = {None: []}
    for feed in feeds:
        groups.setdefault(feed.group, []).append(feed)
    return [(group, members) for group, members in groups.items() if members]


def _by_language(feeds: Sequence[Feed]) -> list[tuple[str | None, list[Feed]]]:
    languages: dict[str | None, list[Feed]] = {None: []}
    for feed in feeds:
        languages.setdefault(feed.only_in, []).append(feed)
    return [(language, members) for language, members in languages.items() if members]


def _outline(feed: Feed, site: Site) -> dict[str, str]:
    attributes = {
        "text": feed.title,
        "title": feed.title,
        "type": "rss",
        "xmlUrl": site.topic(feed.slug, Format.ATOM),
        "htmlUrl": site.feed_page(feed.slug),
        "language": feed.language,
        "description": feed.description,
    }
    return {name: _clean(value) for name, value in attributes.items() if value}


def _clean(text: str) -> str:
    """Removes characters that XML forbids; ElementTree would write them."""
    return FORBIDDEN_IN_XML.sub("", text)
