"""Files of a release beyond what Atom and RSS say of them: Media RSS 1.5.1, alike in both.

Source: https://www.rssboard.org/media-rss.
"""

from collections.abc import Sequence

from feeds.model.release import Enclosure
from feeds.render.feedgen_bridge import Element, add
from feeds.render.namespaces import MEDIA_NAMESPACE

#: "medium is the type of object". For what is none of these it is left out: a spreadsheet may be
#: a "document", an archive is none.
_MEDIA = ("image", "audio", "video")


def main_enclosure(enclosures: Sequence[Enclosure]) -> Enclosure | None:
    """The one file that stands where there is room for one: the first sound, else the first file.

    A podcast client takes the ``<enclosure>`` of an item for its episode, whatever it is.
    """
    sounds = (each for each in enclosures if medium(each) == "audio")
    return next(sounds, next(iter(enclosures), None))


def medium(enclosure: Enclosure) -> str | None:
    """``image``, ``audio`` or ``video``; None for everything else."""
    kind = enclosure.media_type.partition("/")[0]
    return kind if kind in _MEDIA else None


def add_media(element: Element, enclosures: Sequence[Enclosure]) -> None:
    """Append a ``media:content`` for each file, unless there is nothing that it would add.

    They come last in an entry: `feeds.render.namespaces` looks for them there.

    They are never put into a ``media:group``, which "allows grouping of elements that are
    effectively the same content": ours are different files.
    """
    if not _is_worth_it(enclosures):
        return
    for enclosure in enclosures:
        duration = None if enclosure.duration_s is None else str(enclosure.duration_s)
        content = add(
            element,
            _media("content"),
            url=enclosure.url,
            fileSize=str(enclosure.length_bytes),
            type=enclosure.media_type,
            medium=medium(enclosure),
            duration=duration,
        )
        if enclosure.title:
            add(content, _media("title"), enclosure.title, type="plain")
        if enclosure.alt:
            add(content, _media("description"), enclosure.alt, type="plain")
        if enclosure.thumbnail:
            add(content, _media("thumbnail"), url=enclosure.thumbnail)
        if enclosure.credit:
            add(content, _media("credit"), enclosure.credit)


def _is_worth_it(enclosures: Sequence[Enclosure]) -> bool:
    return len(enclosures) > 1 or any(
        each.alt or each.credit or each.thumbnail or each.duration_s for each in enclosures
    )


def _media(name: str) -> str:
    return f"{{{MEDIA_NAMESPACE}}}{name}"
