"""What a page has from elsewhere: in its place stand a link, what it says without it, or its words.

No reader runs a page inside a feed, and most remove it without a word.
"""

from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import BLOCKS, put_words, shows_something, stands_in_line
from feeds.ingest.bodies.losses import Losses, excerpt
from feeds.ingest.bodies.places import Place

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


def replace_embeds(root: Node, place: Place, losses: Losses) -> None:
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

    def __init__(self, place: Place, losses: Losses) -> None:
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
        self._losses.tell(f"<{name}> has no address that can be fetched", self._told(film))
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
            self._losses.tell(f"<{name}> gave place to what it falls back on", self._told(node))
        else:
            self._losses.removed([name])
        tree.unwrap(node)

    def _words_of_drawing(self, svg: Node, name: str) -> None:
        words = " ".join(" ".join(map(tree.text_of, tree.find(svg, "text"))).split())
        words = words or _title_of(svg) or _first_text(svg, "title") or _first_text(svg, "desc")
        if tree.attribute(svg, "aria-hidden") == "true":  # it is there for its looks
            tree.remove(svg)
        elif words:
            self._losses.tell("a drawing gave place to its words", excerpt(words))
            put_words(svg, words)
        else:
            self._losses.removed([name])
            tree.remove(svg)

    def _put_link(self, node: Node, address: str) -> None:
        link = self._link(node, address)
        self._losses.tell(_BECAME_LINK, address)
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
