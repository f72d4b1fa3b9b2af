"""Media RSS and podcast elements of an entry, as a reader meets them in Atom and RSS."""

import re

from feeds.render.checks.reading import Said
from feeds.render.checks.xml import MEDIA, PODCAST, Element, named, text_of, texts

#: Apple, "Podcast RSS feed requirements": seconds, or a clock.
_DURATION = re.compile(r"[0-9]+|(?:[0-9]+:)?[0-9]{1,2}:[0-9]{2}")


def read_media(entry: Element, said: Said) -> None:
    """Add to *said* what the media elements of *entry* say, and which of their rules are broken."""
    contents = named(entry, "content", namespace=MEDIA)
    for group in named(entry, "group", namespace=MEDIA):
        contents += named(group, "content", namespace=MEDIA)
    for content in contents:
        _read_content(content, said)
    _read_parts(entry, said)
    said.findings += [
        f"has the duration {text[:40]!r}, which is none"
        for text in texts(entry, "duration", namespace=PODCAST)
        if not _DURATION.fullmatch(text)
    ]


def _read_content(content: Element, said: Said) -> None:
    # Media RSS: "url [...] If not included, a <media:player> element must be specified."
    if content.get("url"):
        said.addresses.append(content.get("url"))
    elif not named(content, "player", namespace=MEDIA):
        said.findings.append("has a media:content without url")
    said.findings += [
        f"has a media:content whose {name} is {content.get(name)[:40]!r}"
        for name in ("fileSize", "duration")
        if content.get(name) is not None and not content.get(name).isdecimal()
    ]
    _read_parts(content, said)


def _read_parts(element: Element, said: Said) -> None:
    said.addresses += [
        thumbnail.get("url", "") for thumbnail in named(element, "thumbnail", namespace=MEDIA)
    ]
    for text in named(element, "title", "description", namespace=MEDIA):
        kind = text.get("type", "plain")
        if kind not in ("plain", "html"):
            said.findings.append(f"has a media text of type {kind[:40]!r}, which is none")
        elif kind == "html":
            said.bodies.append(text_of(text))
