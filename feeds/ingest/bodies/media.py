"""Pictures, links and embedded content: replaces what feeds cannot show."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import (
    BLOCKS,
    BodyLocation,
    Losses,
    beside,
    excerpt,
    is_inline,
    replace_with_text,
    shows_something,
)

# Links without visible content.


def name_of(link: Node, location: BodyLocation) -> str:
    """Returns a text for a link without words: its title, the name of its file, or its host."""
    address = location.link(tree.attribute(link, "href") or "")
    parts = urlsplit(address or "")
    file = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return (tree.attribute(link, "title") or "").strip() or file or parts.netloc


def remove_empty_links(root: Node) -> None:
    """Removes links that are invisible. Their anchors stay."""
    for link in tree.find(root, "a"):
        first = link.first_child
        if first is not None and first.is_text_node and tree.text_of(first).strip():
            continue  # the usual case
        if not shows_something(link):
            attributes = tree.attributes(link)
            if anchor := attributes.get("id") or attributes.get("name"):
                tree.insert_before(link, tree.new(link, "span", {"id": anchor}))
            tree.unwrap(link)


# Pictures: the address that a page's script would load; alt text for pictures without one.

#: Attributes in which lazy-loading scripts keep the address, and the ``srcset``.
_LAZY_SRC = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-img-src")
_LAZY_SRCSET = ("data-srcset", "data-lazy-srcset", "data-original-set")
#: A placeholder file, shown until the picture is loaded.
_PLACEHOLDER = re.compile(
    r"(?:^|[/_-])(?:blank|spacer|placeholder|transparent|pixel|load(?:ing|er)|lazy|1x1|dummy|gr[ae]y)"
    r"[^/]*\.(?:gif|png|svg|jpe?g|webp)(?:[?#]|\Z)",
    re.IGNORECASE,
)
_LAZY_CLASS = re.compile(r"lazy|lozad|b-lazy", re.IGNORECASE)
#: A ``data:`` picture this short is only a placeholder or a spacer.
_MAX_SPACER_CHARS = 300
_ONE_PIXEL = frozenset({"0", "1", "0px", "1px"})
#: ``src`` is the largest size up to this width.
_WIDE_PX = 1_200
_DESCRIPTOR = re.compile(r"(\S+)(?:\s+([0-9.]+)([wx]))?(?:,\s|\Z)")
#: In order of support by readers.
_BEST_TYPES = ("", "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")


def repair_pictures(root: Node, location: BodyLocation, losses: Losses) -> None:
    """Gives every picture a working address, or replaces it with its alt text."""
    for node in tree.find(root, "amp-img"):
        tree.rename(node, "img")
    _choose_between_noscript(root)
    for picture in tree.find(root, "picture"):
        _repair_picture(picture, location)
    for image in tree.find(root, "img"):
        attributes = tree.attributes(image)
        if "src" not in attributes or _needs_repair(attributes):
            _repair_image(image, location)
        if _counts_visitors(attributes):
            tree.remove(image)
        elif location.file(tree.attribute(image, "src")) is None:
            _replace_with_alt_text(image, location, losses)
    for picture in tree.find(root, "picture"):
        if not tree.find(picture, "img"):
            tree.unwrap(picture)


def _needs_repair(attributes: Mapping[str, str]) -> bool:
    return "srcset" in attributes or any(name.startswith("data-") for name in attributes)


def _counts_visitors(attributes: Mapping[str, str]) -> bool:
    """Whether the picture is an invisible pixel that counts visitors."""
    return all(attributes.get(name, "").strip() in _ONE_PIXEL for name in ("width", "height"))


# Lazy-loading pictures


def _choose_between_noscript(root: Node) -> None:
    """Removes a lazy-loading picture that is repeated in a ``<noscript>`` beside it."""
    for noscript in tree.find(root, "noscript"):
        images = tree.find(noscript, "img")
        if not images:
            continue
        before, after = (beside(noscript, is_before=each) for each in (True, False))
        lazy = next((one for one in (before, after) if one is not None and _is_lazy(one)), None)
        if lazy is not None:
            tree.remove(lazy)


def _is_lazy(node: Node) -> bool:
    """Whether *node* is a picture that needs a script, or an element that contains only one."""
    if node.tag == "img":
        attributes = tree.attributes(node)
        return any(name in attributes for name in (*_LAZY_SRC, *_LAZY_SRCSET)) or (
            attributes.get("src", "").startswith("data:")
        )
    if not node.is_element_node or tree.text_of(node).strip():
        return False
    images = tree.find(node, "img")
    return len(images) == 1 and _is_lazy(images[0])


def _repair_image(image: Node, location: BodyLocation) -> None:
    attributes = tree.attributes(image)
    lazy = next(
        (found for name in _LAZY_SRC if (found := location.file(attributes.get(name)))), None
    )
    written = attributes.get("src", "")
    if lazy and (location.file(written) is None or _is_placeholder(attributes)):
        tree.set_attribute(image, "src", lazy)
    srcset = _srcset_of(attributes, location)
    if srcset is None:
        tree.drop_attribute(image, "srcset")
        return
    tree.set_attribute(image, "srcset", srcset)
    if location.file(tree.attribute(image, "src")) is None:
        tree.set_attribute(image, "src", _widest(srcset))


def _is_placeholder(attributes: Mapping[str, str]) -> bool:
    return bool(
        _PLACEHOLDER.search(attributes.get("src", ""))
        or _LAZY_CLASS.search(attributes.get("class", ""))
    )


def _srcset_of(attributes: Mapping[str, str], location: BodyLocation) -> str | None:
    names = (*_LAZY_SRCSET, "srcset") if _is_placeholder(attributes) else ("srcset", *_LAZY_SRCSET)
    return next((found for name in names if (found := location.files(attributes.get(name)))), None)


def _widest(srcset: str) -> str:
    """Returns the address for readers without ``srcset``: the largest of moderate size."""
    sizes: list[tuple[float, str]] = [
        (float(number or 1) * (1 if unit == "w" else 400), address)
        for address, number, unit in _DESCRIPTOR.findall(srcset)
    ]
    moderate = [one for one in sizes if one[0] <= _WIDE_PX]
    return max(moderate, default=min(sizes))[1].rstrip(",")


# <picture>


def _repair_picture(picture: Node, location: BodyLocation) -> None:
    """Ensures an ``<img>`` with an address, which all readers show, old ones too."""
    best = ""
    for source in sorted(tree.find(picture, "source"), key=_by_type):
        srcset = _srcset_of(tree.attributes(source), location)
        if srcset is None:
            tree.remove(source)
            continue
        tree.set_attribute(source, "srcset", srcset)
        best = best or srcset
    images = tree.find(picture, "img")
    if not images and best:
        tree.append(picture, tree.new(picture, "img", {"src": _widest(best), "alt": ""}))
    for image in images:
        _repair_image(image, location)
        if best and location.file(tree.attribute(image, "src")) is None:
            tree.set_attribute(image, "src", _widest(best))


def _by_type(source: Node) -> int:
    written = (tree.attribute(source, "type") or "").strip().lower()
    return _BEST_TYPES.index(written) if written in _BEST_TYPES else len(_BEST_TYPES)


# Pictures without a usable address


def _replace_with_alt_text(image: Node, location: BodyLocation, losses: Losses) -> None:
    attributes = tree.attributes(image)
    alt = " ".join(attributes.get("alt", "").split())
    address = attributes.get("src", "").strip()
    link = _link_of(image)
    if link is None and not alt and _is_spacer(address):
        tree.remove(image)
        return
    if alt:
        kind = "a picture could not be kept; its alt text replaces it"
        losses.add(kind, f"{_address_for_warning(address)}, {excerpt(alt)}")
    else:
        losses.add(
            "a picture could not be kept, and it has no alt text", _address_for_warning(address)
        )
        alt = name_of(link, location) if link is not None else ""
    if alt:
        replace_with_text(image, alt)
    else:
        tree.remove(image)


def _link_of(image: Node) -> Node | None:
    """Returns the link that contains nothing but *image*."""
    link = next((above for above in tree.ancestors(image) if above.tag == "a"), None)
    is_all = link is not None and not tree.text_of(link).strip()
    return link if link is not None and is_all and len(tree.find(link, "img")) == 1 else None


def _is_spacer(address: str) -> bool:
    return address.startswith("data:") and len(address) <= _MAX_SPACER_CHARS


def _address_for_warning(address: str) -> str:
    """Returns the address for a warning; of a ``data:`` address only its type."""
    if address.startswith("data:"):
        return address.partition(",")[0].partition(";")[0]
    return address[:200] or "without an address"


# Embeds: replaced with a link, with their fallback content, or with their words. No reader runs a
# page inside a feed, and most remove it silently.

_BECAME_LINK = "an embed became a link"
#: Video and audio keep their content, which readers show if they cannot play them.
_AUDIO_VIDEO = "video,audio"
_EMBEDS = "iframe,embed,object,applet,canvas,svg,amp-iframe,amp-video"
#: ``<param>`` names of obsolete players that contain the address of the file.
_FILE_PARAMS = frozenset({"movie", "src", "url", "filename"})
_PICTURE_TYPES = "image/"
#: Form controls, which do not work outside their page. Other content of a form stays.
_CONTROLS = "button,select,textarea,input,form"


def replace_embeds(root: Node, location: BodyLocation, losses: Losses) -> None:
    """Replaces each embed with something that a reader can follow.

    Inner embeds come first, so that the fallback content of an object is repaired before the
    object.
    """
    with losses.in_reverse() as found:
        replacer = _Replacer(location, found)
        for node in reversed(tree.find(root, _EMBEDS)):
            replacer.replace(node)
        for media in reversed(tree.find(root, _AUDIO_VIDEO)):
            replacer.repair_media(media)


def remove_controls(root: Node, losses: Losses) -> None:
    """Removes form controls, but keeps the words of a button inside a link."""
    for node in reversed(tree.find(root, _CONTROLS)):
        tag = node.tag or ""
        if tag == "form":
            losses.add_removed([tag])
            tree.unwrap(node)
        elif tag == "button" and any(above.tag == "a" for above in tree.ancestors(node)):
            tree.unwrap(node)
        else:
            if _is_for_people(node):
                losses.add_removed([tag])
            tree.remove(node)


def _is_for_people(control: Node) -> bool:
    return (tree.attribute(control, "type") or "").strip().lower() != "hidden"


class _Replacer:
    """Replaces single embeds."""

    def __init__(self, location: BodyLocation, losses: Losses) -> None:
        self._location = location
        self._losses = losses
        self._by_name: Mapping[str, Callable[[Node, str], None]] = {
            "iframe": self._link_or_nothing,
            "amp-iframe": self._link_or_nothing,
            "amp-video": self._link_or_nothing,
            "embed": self._link_or_nothing,
            "object": self._fall_back,
            "applet": self._fall_back,
            "canvas": self._fall_back,
            "svg": self._words_of_drawing,
        }

    def replace(self, node: Node) -> None:
        """Replaces one embed, or records its loss."""
        name = node.tag or ""
        self._by_name[name](node, name)

    def repair_media(self, media: Node) -> None:
        """Keeps video and audio with a usable address, and removes the files without one."""
        files = tree.find(media, "source")
        for one in (media, *files):
            lazy = tree.attribute(one, "data-src")
            if self._location.file(tree.attribute(one, "src")) is None and self._location.file(
                lazy
            ):
                tree.set_attribute(one, "src", lazy or "")
        usable = {one for one in (media, *files) if self._location.file(tree.attribute(one, "src"))}
        for one in files:
            if one not in usable:
                tree.remove(one)
        if not usable:
            self._replace_media(media)

    def _replace_media(self, media: Node) -> None:
        name = media.tag or ""
        poster = self._location.file(tree.attribute(media, "poster"))
        self._losses.add(
            f"<{name}> has no address that can be fetched", self._name_for_warning(media)
        )
        if poster and not _falls_back(media):
            alt = _title_of(media) or ""
            tree.replace(media, tree.new(media, "img", {"src": poster, "alt": alt}))
        else:
            tree.unwrap(media)

    def _link_or_nothing(self, node: Node, name: str) -> None:
        address = self._address_of(node)
        if address and not _is_invisible(node):
            self._put_link(node, address)
            return
        if not _is_invisible(node):
            self._losses.add_removed([name])
        tree.remove(node)

    def _fall_back(self, node: Node, name: str) -> None:
        """Replaces an object with its fallback content, which is prose."""
        address = self._address_of(node)
        kind = (tree.attribute(node, "type") or "").strip().lower()
        if address and kind.startswith(_PICTURE_TYPES):
            alt = " ".join(tree.text_of(node).split()) or _title_of(node) or ""
            tree.replace(node, tree.new(node, "img", {"src": address, "alt": alt}))
            return
        if address and not _falls_back(node):
            self._put_link(node, address)
            return
        if address and not tree.find(node, "a[href],img"):
            link = self._link(node, address)
            tree.append(node, link)
            if any(child.tag in BLOCKS for child in tree.children(node)):
                tree.wrap(link, "p")
        if _falls_back(node):
            self._losses.add(
                f"<{name}> was replaced by its fallback content", self._name_for_warning(node)
            )
        else:
            self._losses.add_removed([name])
        tree.unwrap(node)

    def _words_of_drawing(self, svg: Node, name: str) -> None:
        words = " ".join(" ".join(map(tree.text_of, tree.find(svg, "text"))).split())
        words = words or _title_of(svg) or _first_text(svg, "title") or _first_text(svg, "desc")
        if tree.attribute(svg, "aria-hidden") == "true":  # decoration
            tree.remove(svg)
        elif words:
            self._losses.add("a drawing was replaced by its words", excerpt(words))
            replace_with_text(svg, words)
        else:
            self._losses.add_removed([name])
            tree.remove(svg)

    def _put_link(self, node: Node, address: str) -> None:
        link = self._link(node, address)
        self._losses.add(_BECAME_LINK, address)
        around = next((above for above in tree.ancestors(node) if above.tag == "a"), None)
        if around is not None:  # links cannot be nested
            tree.insert_after(around, link)
            tree.remove(node)
            return
        was_inline = is_inline(node)
        replace_with_text(node, link)
        if not was_inline:
            tree.wrap(link, "p")

    def _link(self, node: Node, address: str) -> Node:
        link = tree.new(node, "a", {"href": address})
        tree.append(link, _title_of(node) or _name_of(address))
        return link

    def _address_of(self, node: Node) -> str | None:
        attributes = tree.attributes(node)
        written = [attributes.get(name) for name in ("src", "data", "data-src", "data-lazy-src")]
        written += [
            tree.attribute(param, "value")
            for param in tree.find(node, "param")
            if (tree.attribute(param, "name") or "").strip().lower() in _FILE_PARAMS
        ]
        return next((found for one in written if (found := self._location.file(one))), None)

    def _name_for_warning(self, node: Node) -> str:
        words = tree.text_of(node)
        address = self._address_of(node) or tree.attribute(node, "src")
        return _title_of(node) or address or (excerpt(words) if words.strip() else "no address")


def _falls_back(node: Node) -> bool:
    """Whether *node* has visible fallback content."""
    return any(shows_something(child) for child in tree.children(node))


def _name_of(address: str) -> str:
    """Returns the name of a file, or the host of a page."""
    parts = urlsplit(address)
    file = unquote(parts.path.rpartition("/")[2])
    return file if "." in file and " " not in file else parts.hostname or address


def _title_of(node: Node) -> str | None:
    for name in ("title", "aria-label", "alt"):
        words = " ".join((tree.attribute(node, name) or "").split())
        if words:
            return words
    return None


def _first_text(node: Node, name: str) -> str:
    return next((" ".join(tree.text_of(found).split()) for found in tree.find(node, name)), "")


def _is_invisible(node: Node) -> bool:
    """Whether *node* has no size, which means that it counts visitors."""
    return any(
        (tree.attribute(node, name) or "").strip() in {"0", "1"} for name in ("width", "height")
    )
