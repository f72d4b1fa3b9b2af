"""Pictures: the address that a page's script would have used; words, where there is none."""

import re
from collections.abc import Mapping

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import is_loose, put_words
from feeds.ingest.bodies.links import name_of
from feeds.ingest.bodies.losses import Losses, excerpt
from feeds.ingest.bodies.places import Place

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


def mend_pictures(root: Node, place: Place, losses: Losses) -> None:
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


def _mend_image(image: Node, place: Place) -> None:
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


def _srcset_of(attributes: Mapping[str, str], place: Place) -> str | None:
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


def _mend_picture(picture: Node, place: Place) -> None:
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


def _replace_by_words(image: Node, place: Place, losses: Losses) -> None:
    attributes = tree.attributes(image)
    alt = " ".join(attributes.get("alt", "").split())
    address = attributes.get("src", "").strip()
    link = _link_of(image)
    if link is None and not alt and _is_spacer(address):
        tree.remove(image)
        return
    if alt:
        kind = "a picture cannot come along; its alt text stands in its place"
        losses.tell(kind, f"{_named(address)}, {excerpt(alt)}")
    else:
        losses.tell("a picture cannot come along, and it has no alt text", _named(address))
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
