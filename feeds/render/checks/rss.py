"""RSS 2.0 with the RSS Advisory Board's profile, as a reader meets it."""

import re

from feeds.render.checks.media import read_media
from feeds.render.checks.moments import rfc822, rfc3339
from feeds.render.checks.reading import Reading, Said, Unreadable
from feeds.render.checks.tombstones import read_tombstones
from feeds.render.checks.xml import ATOM, CONTENT, Element, has_xml_base, named, root_of, texts

_PORT = re.compile("[1-9][0-9]{0,4}")
_MAX_PORT = 65_535
_CLOUD_PROTOCOLS = frozenset({"xml-rpc", "soap", "http-post"})


def read(document: bytes) -> Reading:
    """Read a document.

    Raises:
        Unreadable: It is not well-formed, or no RSS 2.0.
    """
    root = root_of(document)
    channels = named(root, "channel")
    if root.tag != "rss" or root.get("version") != "2.0" or len(channels) != 1:
        raise Unreadable(f"is no RSS 2.0 with one channel: its root is {root.tag}")
    [channel] = channels
    feed = _channel(channel)
    read_tombstones(channel, feed)
    if has_xml_base(root):
        feed.findings.append("uses xml:base, which many readers do not look at")
    items = enumerate(named(channel, "item"), 1)
    return Reading(
        self_urls=[
            link.get("href", "")
            for link in named(channel, "link", namespace=ATOM)
            if link.get("rel") == "self"
        ],
        feed=feed,
        entries=[_item(item, number) for number, item in items],
    )


def _channel(channel: Element) -> Said:
    said = Said(place="feed", addresses=_addresses(channel))
    for name in ("title", "link", "description"):
        said.require_one(name, len(named(channel, name)))
    said.moments = [rfc822(text) for text in texts(channel, "lastBuildDate", "pubDate")]
    _check_clouds(channel, said)
    for image in named(channel, "image"):
        said.addresses += texts(image, "url", "link")
    return said


def _check_clouds(channel: Element, said: Said) -> None:
    """RSS 2.0, "<cloud> sub-element of <channel>"; rssCloud readers put an address together."""
    clouds = named(channel, "cloud")
    if len(clouds) > 1:
        said.require_one("cloud", len(clouds))
    for cloud in clouds:
        for name in ("domain", "port", "path", "registerProcedure", "protocol"):
            if cloud.get(name) is None:
                said.findings.append(f"has a cloud without {name}")
        if _PORT.fullmatch(port := cloud.get("port", "80")) is None or int(port) > _MAX_PORT:
            said.findings.append(f"has a cloud at port {port!r}, which is none")
        if not cloud.get("path", "/").startswith("/"):
            said.findings.append("has a cloud whose path does not begin with a slash")
        if (protocol := cloud.get("protocol", "soap")) not in _CLOUD_PROTOCOLS:
            said.findings.append(f"has a cloud of the protocol {protocol!r}, which readers lack")


def _item(item: Element, number: int) -> Said:
    said = Said(place=f"entry {number}", addresses=_addresses(item), ids=texts(item, "guid"))
    # RSS leaves both out of what must be; readers cannot do without them.
    said.require_one("guid", len(said.ids))
    said.require_one("pubDate", len(named(item, "pubDate")))
    if not named(item, "title", "description"):
        said.findings.append("has neither title nor description")
    said.addresses += [
        guid.text or "" for guid in named(item, "guid") if guid.get("isPermaLink") != "false"
    ]
    said.moments = [rfc822(text) for text in texts(item, "pubDate")]
    said.moments += [rfc3339(text) for text in texts(item, "updated", namespace=ATOM)]
    said.bodies = [*texts(item, "description"), *texts(item, "encoded", namespace=CONTENT)]
    _check_enclosures(item, said)
    read_media(item, said)
    # "An item's author element provides the e-mail address of the person who wrote it" (profile).
    said.findings += [
        f"has the author {author!r}, which is no e-mail address"
        for author in texts(item, "author")
        if "@" not in author
    ]
    return said


def _check_enclosures(item: Element, said: Said) -> None:
    enclosures = named(item, "enclosure")
    if len(enclosures) > 1:
        # "A publisher should not include more than one enclosure in an item" (profile).
        said.require_one("enclosure", len(enclosures))
    for enclosure in enclosures:
        for name in ("url", "length", "type"):
            if not enclosure.get(name):
                said.findings.append(f"has an enclosure without {name}")
        said.addresses.append(enclosure.get("url", ""))


def _addresses(element: Element) -> list[str]:
    links = named(element, "link", namespace=ATOM)
    return [*texts(element, "link"), *(link.get("href", "") for link in links)]
