"""Shared by all cleaning steps: kinds of elements, addresses, warnings, styles, marks, anchors."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import unquote

from feeds.html import tree
from feeds.html.tree import TEXT, Node
from feeds.ingest.addresses import FETCH_SCHEMES, absolute, absolute_srcset

# Kinds of elements.

#: Elements that begin on a line of their own. Everything else flows within a line.
BLOCKS = frozenset(
    """
    address article aside blockquote body caption center col colgroup dd details dialog dir div dl
    dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu
    nav ol optgroup option p pre search section summary table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905
)
#: Elements that are visible without text.
MEDIA = frozenset({"img", "video", "audio", "picture"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: Blocks that may contain a paragraph. In others, and in a paragraph, a link has no paragraph of
#: its own.
CONTAINERS = frozenset(
    """
    article aside blockquote body center dd details div figure footer header li main nav section td
    th
    """.split()  # noqa: SIM905
)
#: Transparent elements: their content counts as content of their parent.
_TRANSPARENT = frozenset({"applet", "noscript", "object"})
#: Prefixed names of Word for invisible content: ``w:WordDocument``, ``o:OfficeDocumentSettings``.
_WITH_PREFIX = re.compile("[a-z0-9]+:")


def is_blank_text(node: Node) -> bool:
    """Whether *node* is a text of white space."""
    return node.tag == TEXT and not tree.text_of(node).strip()


def is_loose(node: Node) -> bool:
    """Whether *node* is invisible in a line: white space, or a comment."""
    return is_blank_text(node) or not (node.is_element_node or node.is_text_node)


def beside(node: Node, *, is_before: bool) -> Node | None:
    """The nearest sibling of *node* that is visible in a line; None at the end of its parent."""
    one = node.prev if is_before else node.next
    while one is not None and is_loose(one):
        one = one.prev if is_before else one.next
    return one


def shows_something(node: Node) -> bool:
    """Whether *node* contains a word, picture, video or audio."""
    if tree.text_of(node).strip():
        return True
    return node.tag in MEDIA or (node.is_element_node and bool(tree.find(node, "img,video,audio")))


def has_prefix(tag: str) -> bool:
    """Whether *tag* is a name with a prefix, such as ``o:p``."""
    return _WITH_PREFIX.match(tag) is not None


def is_inline(node: Node) -> bool:
    """Whether *node* is part of running text: in a paragraph, or beside words."""
    parent = node.parent
    while parent is not None and parent.tag in _TRANSPARENT:
        node, parent = parent, parent.parent
    if parent is None or parent.tag not in CONTAINERS:
        return True
    return any(
        child.tag not in BLOCKS and child.tag not in MEDIA and not is_loose(child)
        for child in tree.children(parent)
        if not tree.same(child, node)
    )


def replace_with_text(node: Node, words: str | Node) -> None:
    """Replaces *node* with words, separated by spaces from the words around them."""
    before, after = node.prev, node.next
    if before is not None and before.is_text_node and not tree.text_of(before)[-1:].isspace():
        tree.insert_before(node, " ")
    if after is not None and after.is_text_node and _begins_a_word(tree.text_of(after)):
        tree.insert_after(node, " ")
    tree.replace(node, words)


def _begins_a_word(text: str) -> bool:
    return text[:1].isalnum()


# Addresses in a body.


@dataclass(frozen=True, slots=True)
class BodyLocation:
    """The address of a body, against which its links are resolved."""

    base: str  #: absolute base of relative addresses
    page: str | None  #: the document's own address, if it has one

    def link(self, address: str) -> str | None:
        """Returns the absolute address of a link; None when it cannot be followed.

        "#notes" means an anchor on the original page, which is not what a feed reader shows. The
        link leads to that page if its address is known, and is removed otherwise.
        """
        if address.lstrip().startswith("#") and self.page is None:
            return None
        return absolute(address, base=self.base)

    def file(self, address: str | None) -> str | None:
        """Returns the absolute address of a picture, video or page; None if it is unusable."""
        if not address:
            return None
        return absolute(address, base=self.base, schemes=FETCH_SCHEMES)

    def files(self, srcset: str | None) -> str | None:
        """Returns the usable candidates of a ``srcset``; None when there is none."""
        return absolute_srcset(srcset, base=self.base) if srcset else None


# Warnings about what a body lost, or what was changed in it, for its author.

#: Largest number of warnings of one kind that are listed; the others are counted.
MAX_LISTED = 5
#: Long enough to find the place in the source.
EXCERPT_CHARS = 60


class Losses:
    """Warnings about one body, grouped by kind, and no more than a person reads."""

    def __init__(self) -> None:
        self._whats_by_kind: dict[str, list[str]] = {}
        self._removed: set[str] = set()

    def add(self, kind: str, what: str) -> None:
        """Records one warning.

        Args:
            kind: What happened, as a phrase to which *what* is appended.
            what: Its subject: an address, an excerpt.
        """
        self._whats_by_kind.setdefault(kind, []).append(what)

    @contextmanager
    def in_reverse(self) -> Iterator["Losses"]:
        """Collects losses found from the body's end to its beginning, and adds them in order."""
        found = Losses()
        yield found
        self._removed |= found._removed
        for kind, whats in found._whats_by_kind.items():
            self._whats_by_kind.setdefault(kind, []).extend(reversed(whats))

    def add_removed(self, names: Iterable[str]) -> None:
        """Records that elements of these names were removed without a replacement."""
        self._removed.update(names)

    def warnings(self) -> list[str]:
        """Returns all warnings as sentences."""
        names = ", ".join(f"<{name}>" for name in sorted(self._removed))
        warnings = [f"body: removed {names}"] if names else []
        for kind, whats in self._whats_by_kind.items():
            warnings += [f"body: {kind}: {what}" for what in whats[:MAX_LISTED]]
            if len(whats) > MAX_LISTED:
                warnings.append(f"body: {kind}: {len(whats) - MAX_LISTED} more")
        return warnings


def excerpt(text: str) -> str:
    """Returns the first words of *text* in quotation marks, on one line."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= EXCERPT_CHARS else f"“{line[:EXCERPT_CHARS].rstrip()}…”"


# Styles: the declarations of a ``style`` attribute. A complete CSS parser takes 40 µs a
# declaration, more than all other cleaning. A ``style`` attribute contains only declarations, and
# this is their whole grammar except for escapes, which no editor writes there.

#: A longer one contains a picture, and is ignored.
MAX_STYLE_CHARS = 8_192
#: Ends at the next semicolon outside strings and brackets.
_DECLARATION = re.compile(r"""(?:[^;"'(]++|"[^"]*+"?+|'[^']*+'?+|\([^)]*+\)?+)++""")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_LENGTH = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([a-z]+|%)?\Z")

Style = Mapping[str, str]
_NONE: Style = {}


def style_of(node: Node) -> Style:
    """Returns the declarations of an element by property, in lower case."""
    written = tree.attribute(node, "style")
    return declarations(written) if written else _NONE


@lru_cache(maxsize=1024)
def declarations(style: str) -> Style:
    """Returns the declarations of a ``style`` attribute; of each property the one that applies."""
    if len(style) > MAX_STYLE_CHARS:
        return _NONE
    declared: dict[str, str] = {}
    important: set[str] = set()
    for declaration in _DECLARATION.findall(_COMMENT.sub(" ", style.lower())):
        name, colon, value = declaration.partition(":")
        name = name.strip()
        value, exclamation, _ = value.partition("!")
        if not (colon and name and value.strip()) or (name in important and not exclamation):
            continue
        declared[name] = " ".join(value.split())
        if exclamation:
            important.add(name)
    return declared


def length(value: str) -> tuple[float, str] | None:
    """Returns a number and its unit, which may be empty; None for anything else."""
    found = _LENGTH.match(value)
    return (float(found[1]), found[2] or "") if found else None


def is_at_most(value: str | None, most: float) -> bool:
    """Whether *value* is a length of at most *most*, in pixels, points or another unit."""
    found = length(value) if value else None
    return found is not None and found[0] <= most


# Marks: an inline element around all words of another element, but around no block.

_NO_NODES: frozenset[Node] = frozenset()


def mark(
    node: Node,
    tag: str,
    *,
    excluded: Collection[Node] = _NO_NODES,
    around_excluded: Collection[Node] = _NO_NODES,
    excluded_blocks: Collection[str] = frozenset(),
) -> None:
    """Puts *tag* around the words in *node*: one element for each run between blocks.

    Args:
        node: The element; it is not moved.
        tag: Name of the new elements.
        excluded: Elements that are left unchanged, with their content.
        around_excluded: All elements around those.
        excluded_blocks: Names of blocks that are left unchanged as well.
    """
    pending = [node]
    while pending:
        run: list[Node] = []
        for child in tree.children(pending.pop()):
            if child in excluded:
                _wrap(run, tag)
            elif child in around_excluded or child.tag in BLOCKS or _holds_block(child):
                _wrap(run, tag)
                if child.tag not in excluded_blocks:
                    pending.append(child)
            else:
                run.append(child)
                continue
            run = []
        _wrap(run, tag)


def _holds_block(node: Node) -> bool:
    """Whether *node* is an inline element that contains a block, as some editors write it."""
    return node.is_element_node and any(inner.tag in BLOCKS for inner in tree.walk(node))


def _wrap(run: list[Node], tag: str) -> None:
    while run and is_loose(run[0]):
        run = run[1:]
    while run and is_loose(run[-1]):
        run = run[:-1]
    if not any(tree.text_of(node).strip() for node in run):
        return
    around = tree.new(run[0], tag)
    tree.insert_before(run[0], around)
    for node in run:
        tree.append(around, node)


# Anchors: targets of links inside the body, such as footnotes and tables of contents. Their ids get
# a prefix of the body's own, because a page or a reader shows several bodies, and has ids itself.
# All other ids are removed.

#: An id as written by us. The eight digits identify the body.
OUR_ID = re.compile(r"n[0-9a-f]{8}-[A-Za-z0-9_.-]{1,80}\Z")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_.-]")
_MAX_NAME_CHARS = 64


def keep_anchors(root: Node, source: str, *, page: str | None) -> None:
    """Keeps the anchors that links in the body lead to, and adapts these links.

    Args:
        root: The body.
        source: The HTML that it was parsed from; its digest is the prefix of the ids.
        page: The document's own address: links to an anchor on it are links to this body too.
    """
    if "#" not in source:
        return
    links = [
        (link, name) for link in tree.find(root, "a[href*='#']") if (name := _anchor(link, page))
    ]
    targets = _targets(root) if links else {}
    beginning = f"n{blake2b(source.encode('utf-8', 'replace'), digest_size=4).hexdigest()}-"
    ids: dict[Node, str] = {}
    for link, name in links:
        target = targets.get(name)
        if target is not None:
            if target not in ids:
                ids[target] = _new_id(name, beginning, taken=ids.values())
            tree.set_attribute(link, "href", f"#{ids[target]}")
        elif OUR_ID.match(name):
            tree.set_attribute(link, "href", f"{page or ''}#{name}" if page else "")
    for node in tree.find(root, "[id]"):
        if node not in ids:
            tree.drop_attribute(node, "id")
    for node, new_id in ids.items():
        tree.set_attribute(node, "id", new_id)


def _anchor(link: Node, page: str | None) -> str | None:
    """Returns the name of the anchor in this body to which *link* may lead."""
    href = (tree.attribute(link, "href") or "").strip()
    before, _, fragment = href.partition("#")
    if not fragment or (before and before != page):
        return None
    return unquote(fragment)


def _targets(root: Node) -> dict[str, Node]:
    """Returns the first element of each name: ``id`` on any element, ``name`` on a link."""
    found: dict[str, Node] = {}
    for attribute, selector in (("id", "[id]"), ("name", "a[name]")):
        for node in tree.find(root, selector):
            found.setdefault(tree.attribute(node, attribute) or "", node)
    return found


def _new_id(name: str, beginning: str, *, taken: Collection[str]) -> str:
    if OUR_ID.match(name):
        return name  # the body has been cleaned before
    wanted = beginning + (_UNUSUAL.sub("_", name)[:_MAX_NAME_CHARS] or "_")
    new_id, number = wanted, 1
    while new_id in taken:
        number += 1
        new_id = f"{wanted}.{number}"
    return new_id
