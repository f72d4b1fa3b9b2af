"""Pictures and embedded content: what stands in place of what feeds cannot show."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import (
    BLOCKS,
    BodyLocation,
    Losses,
    excerpt,
    is_loose,
    put_words,
    shows_something,
    stands_in_line,
)

# Links that are left without anything to click on.


def name_of(link: Node, place: BodyLocation) -> str:
    """What a link can be called that has no words: its title, or the file that it leads to."""
    address = place.link(tree.attribute(link, "href") or "")
    parts = urlsplit(address or "")
    file = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return (tree.attribute(link, "title") or "").strip() or file or parts.netloc


def remove_empty_links(root: Node) -> None:
    """Remove links that nobody can see. What can be led to stays, as a place."""
    for link in tree.find(root, "a"):
        first = link.first_child
        if first is not None and first.is_text_node and tree.text_of(first).strip():
            continue  # as nearly all
        if not shows_something(link):
            said = tree.attributes(link)
            if place := said.get("id") or said.get("name"):
                tree.insert_before(link, tree.new(link, "span", {"id": place}))
            tree.unwrap(link)


# Pictures: the address that a page's script would have used; words, where there is none.

#: Where scripts that load pictures late find the address, and the one with several sizes.
_LAZY_SRC = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-img-src")
_LAZY_SRCSET = ("data-srcset", "data-lazy-srcset", "data-original-set")
#: A file that stands for the picture until it comes.
_STAND_IN = re.compile(
    r"(?:^|[/_-])(?:blank|spacer|placeholder|transparent|pixel|load(?:ing|er)|lazy|1x1|dummy|gr[ae]y)"
    r"[^/]*\.(?:gif|png|svg|jpe?g|webp)(?:[?#]|\Z)",
    re.IGNORECASE,
)
_LAZY_CLASS = re.compile(r"lazy|lozad|b-lazy", re.IGNORECASE)
#: A picture that is in its address, and so small that it only stands in or keeps a distance.
_MAX_SPACER_CHARS = 300
_ONE_PIXEL = frozenset({"0", "1", "0px", "1px"})
#: Of several sizes, the largest that is no wider is what stands in ``src``.
_WIDE_PX = 1_200
_DESCRIPTOR = re.compile(r"(\S+)(?:\s+([0-9.]+)([wx]))?(?:,\s|\Z)")
#: What every reader can show comes first.
_BEST_TYPES = ("", "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")


def mend_pictures(root: Node, place: BodyLocation, losses: Losses) -> None:
    """Give every picture an address that works, and put its alt text in the place of the others."""
    for node in tree.find(root, "amp-img"):
        tree.rename(node, "img")
    _choose_between_noscript(root)
    for picture in tree.find(root, "picture"):
        _mend_picture(picture, place)
    for image in tree.find(root, "img"):
        attributes = tree.attributes(image)
        if "src" not in attributes or _needs_mending(attributes):
            _mend_image(image, place)
        if _counts_visitors(attributes):
            tree.remove(image)
        elif place.file(tree.attribute(image, "src")) is None:
            _replace_by_words(image, place, losses)
    for picture in tree.find(root, "picture"):
        if not tree.find(picture, "img"):
            tree.unwrap(picture)


def _needs_mending(attributes: Mapping[str, str]) -> bool:
    return "srcset" in attributes or any(name.startswith("data-") for name in attributes)


def _counts_visitors(attributes: Mapping[str, str]) -> bool:
    """True for a picture of one pixel, which nobody sees."""
    return all(attributes.get(name, "").strip() in _ONE_PIXEL for name in ("width", "height"))


# Lazy ones


def _choose_between_noscript(root: Node) -> None:
    """Of a picture for scripts and the same one for others beside it, keep the second."""
    for noscript in tree.find(root, "noscript"):
        images = tree.find(noscript, "img")
        if not images:
            continue
        before, after = (_beside(noscript, is_before=each) for each in (True, False))
        late = next((one for one in (before, after) if one is not None and _is_late(one)), None)
        if late is not None:
            tree.remove(late)


def _beside(node: Node, *, is_before: bool) -> Node | None:
    one = node.prev if is_before else node.next
    while one is not None and is_loose(one):
        one = one.prev if is_before else one.next
    return one


def _is_late(node: Node) -> bool:
    """True for a picture that only comes with a script, and for an element that has just that."""
    if node.tag == "img":
        attributes = tree.attributes(node)
        return any(name in attributes for name in (*_LAZY_SRC, *_LAZY_SRCSET)) or (
            attributes.get("src", "").startswith("data:")
        )
    if not node.is_element_node or tree.text_of(node).strip():
        return False
    images = tree.find(node, "img")
    return len(images) == 1 and _is_late(images[0])


def _mend_image(image: Node, place: BodyLocation) -> None:
    attributes = tree.attributes(image)
    late = next((found for name in _LAZY_SRC if (found := place.file(attributes.get(name)))), None)
    written = attributes.get("src", "")
    if late and (place.file(written) is None or _stands_in(attributes)):
        tree.set_attribute(image, "src", late)
    srcset = _srcset_of(attributes, place)
    if srcset is None:
        tree.drop_attribute(image, "srcset")
        return
    tree.set_attribute(image, "srcset", srcset)
    if place.file(tree.attribute(image, "src")) is None:
        tree.set_attribute(image, "src", _widest(srcset))


def _stands_in(attributes: Mapping[str, str]) -> bool:
    return bool(
        _STAND_IN.search(attributes.get("src", ""))
        or _LAZY_CLASS.search(attributes.get("class", ""))
    )


def _srcset_of(attributes: Mapping[str, str], place: BodyLocation) -> str | None:
    names = (*_LAZY_SRCSET, "srcset") if _stands_in(attributes) else ("srcset", *_LAZY_SRCSET)
    return next((found for name in names if (found := place.files(attributes.get(name)))), None)


def _widest(srcset: str) -> str:
    """The candidate for readers that know only one: the largest of moderate size."""
    sizes: list[tuple[float, str]] = [
        (float(number or 1) * (1 if unit == "w" else 400), address)
        for address, number, unit in _DESCRIPTOR.findall(srcset)
    ]
    moderate = [one for one in sizes if one[0] <= _WIDE_PX]
    return max(moderate, default=min(sizes))[1].rstrip(",")


# <picture>


def _mend_picture(picture: Node, place: BodyLocation) -> None:
    """Let there be an ``<img>`` with an address: it is what is shown, by old readers too."""
    best = ""
    for source in sorted(tree.find(picture, "source"), key=_by_type):
        srcset = _srcset_of(tree.attributes(source), place)
        if srcset is None:
            tree.remove(source)
            continue
        tree.set_attribute(source, "srcset", srcset)
        best = best or srcset
    images = tree.find(picture, "img")
    if not images and best:
        tree.append(picture, tree.new(picture, "img", {"src": _widest(best), "alt": ""}))
    for image in images:
        _mend_image(image, place)
        if best and place.file(tree.attribute(image, "src")) is None:
            tree.set_attribute(image, "src", _widest(best))


def _by_type(source: Node) -> int:
    written = (tree.attribute(source, "type") or "").strip().lower()
    return _BEST_TYPES.index(written) if written in _BEST_TYPES else len(_BEST_TYPES)


# Those that cannot come along


def _replace_by_words(image: Node, place: BodyLocation, losses: Losses) -> None:
    attributes = tree.attributes(image)
    alt = " ".join(attributes.get("alt", "").split())
    address = attributes.get("src", "").strip()
    link = _link_of(image)
    if link is None and not alt and _is_spacer(address):
        tree.remove(image)
        return
    if alt:
        kind = "a picture cannot come along; its alt text stands in its place"
        losses.add(kind, f"{_named(address)}, {excerpt(alt)}")
    else:
        losses.add("a picture cannot come along, and it has no alt text", _named(address))
        alt = name_of(link, place) if link is not None else ""
    if alt:
        put_words(image, alt)
    else:
        tree.remove(image)


def _link_of(image: Node) -> Node | None:
    """The link that *image* is all of."""
    link = next((above for above in tree.ancestors(image) if above.tag == "a"), None)
    is_all = link is not None and not tree.text_of(link).strip()
    return link if link is not None and is_all and len(tree.find(link, "img")) == 1 else None


def _is_spacer(address: str) -> bool:
    return address.startswith("data:") and len(address) <= _MAX_SPACER_CHARS


def _named(address: str) -> str:
    """What is told of an address: of a picture that is in it, only its type."""
    if address.startswith("data:"):
        return address.partition(",")[0].partition(";")[0]
    return address[:200] or "without an address"


# What a page has from elsewhere: in its place stand a link, what it says without it, or its words.
#
# No reader runs a page inside a feed, and most remove it without a word.

_BECAME_LINK = "an embed became a link"
#: Film and sound keep what is in them: that is shown where they cannot be.
_FILMS = "video,audio"
_EMBEDS = "iframe,embed,object,applet,canvas,svg,amp-iframe,amp-video"
#: ``<param>`` of players that are no more, by which the file can still be found.
_FILE_PARAMS = frozenset({"movie", "src", "url", "filename"})
_PICTURE_TYPES = "image/"
#: Controls, which do nothing outside of their page. What is in a form otherwise stays.
_CONTROLS = "button,select,textarea,input,form"
_TOLD_CONTROLS = frozenset({"button", "select", "textarea", "input"})


def replace_embeds(root: Node, place: BodyLocation, losses: Losses) -> None:
    """Put something that a reader can follow into the place of each embed.

    The innermost first, so that what an object falls back on is mended when its turn comes.
    """
    with losses.from_the_end() as found:
        replacer = _Replacer(place, found)
        for node in reversed(tree.find(root, _EMBEDS)):
            replacer.replace(node)
        for film in reversed(tree.find(root, _FILMS)):
            replacer.mend_film(film)


def remove_controls(root: Node, losses: Losses) -> None:
    """Remove what is to be clicked or filled in, but for the words of a button that is a link."""
    for node in reversed(tree.find(root, _CONTROLS)):
        tag = node.tag or ""
        if tag == "form":
            losses.removed([tag])
            tree.unwrap(node)
        elif tag == "button" and any(above.tag == "a" for above in tree.ancestors(node)):
            tree.unwrap(node)
        else:
            if _is_for_people(node):
                losses.removed([tag])
            tree.remove(node)


def _is_for_people(control: Node) -> bool:
    return (tree.attribute(control, "type") or "").strip().lower() != "hidden"


class _Replacer:
    """Replaces embeds, one by one."""

    def __init__(self, place: BodyLocation, losses: Losses) -> None:
        self._place = place
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
        """Put something into the place of one embed, or tell of its loss."""
        name = node.tag or ""
        self._by_name[name](node, name)

    def mend_film(self, film: Node) -> None:
        """Let film and sound that can be fetched stay, with their usable files alone."""
        files = tree.find(film, "source")
        for one in (film, *files):
            late = tree.attribute(one, "data-src")
            if self._place.file(tree.attribute(one, "src")) is None and self._place.file(late):
                tree.set_attribute(one, "src", late or "")
        usable = {one for one in (film, *files) if self._place.file(tree.attribute(one, "src"))}
        for one in files:
            if one not in usable:
                tree.remove(one)
        if not usable:
            self._replace_film(film)

    def _replace_film(self, film: Node) -> None:
        name = film.tag or ""
        poster = self._place.file(tree.attribute(film, "poster"))
        self._losses.add(f"<{name}> has no address that can be fetched", self._told(film))
        if poster and not _falls_back(film):
            alt = _title_of(film) or ""
            tree.replace(film, tree.new(film, "img", {"src": poster, "alt": alt}))
        else:
            tree.unwrap(film)

    def _link_or_nothing(self, node: Node, name: str) -> None:
        address = self._address_of(node)
        if address and not _is_invisible(node):
            self._put_link(node, address)
            return
        if not _is_invisible(node):
            self._losses.removed([name])
        tree.remove(node)

    def _fall_back(self, node: Node, name: str) -> None:
        """Show what stands in an object for those that cannot show it: it is prose."""
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
            self._losses.add(f"<{name}> gave place to what it falls back on", self._told(node))
        else:
            self._losses.removed([name])
        tree.unwrap(node)

    def _words_of_drawing(self, svg: Node, name: str) -> None:
        words = " ".join(" ".join(map(tree.text_of, tree.find(svg, "text"))).split())
        words = words or _title_of(svg) or _first_text(svg, "title") or _first_text(svg, "desc")
        if tree.attribute(svg, "aria-hidden") == "true":  # it is there for its looks
            tree.remove(svg)
        elif words:
            self._losses.add("a drawing gave place to its words", excerpt(words))
            put_words(svg, words)
        else:
            self._losses.removed([name])
            tree.remove(svg)

    def _put_link(self, node: Node, address: str) -> None:
        link = self._link(node, address)
        self._losses.add(_BECAME_LINK, address)
        around = next((above for above in tree.ancestors(node) if above.tag == "a"), None)
        if around is not None:  # a link cannot stand in another one
            tree.insert_after(around, link)
            tree.remove(node)
            return
        is_in_line = stands_in_line(node)
        put_words(node, link)
        if not is_in_line:
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
        return next((found for one in written if (found := self._place.file(one))), None)

    def _told(self, node: Node) -> str:
        words = tree.text_of(node)
        address = self._address_of(node) or tree.attribute(node, "src")
        return _title_of(node) or address or (excerpt(words) if words.strip() else "no address")


def _falls_back(node: Node) -> bool:
    """True when something stands in *node* for those who cannot see it itself."""
    return any(shows_something(child) for child in tree.children(node))


def _name_of(address: str) -> str:
    """A file is called by its name, a page by its host."""
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
    """True for what has no size: it counts visitors."""
    return any(
        (tree.attribute(node, name) or "").strip() in {"0", "1"} for name in ("width", "height")
    )
