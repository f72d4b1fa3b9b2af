"""What every cleaning step has to know about elements: blocks, styles, marks, fragments, losses."""

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

# Which elements are blocks, and what else every step has to know of elements.

#: Elements that begin on a line of their own. Everything else flows within a line.
BLOCKS = frozenset(
    """
    address article aside blockquote body caption center col colgroup dd details dialog dir div dl
    dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu
    nav ol optgroup option p pre search section summary table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905
)
#: Those that show something without any text.
MEDIA = frozenset({"img", "video", "audio", "picture"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: Blocks that a paragraph may stand in. In others, and in a paragraph, a link stands by itself.
CONTAINERS = frozenset(
    """
    article aside blockquote body center dd details div figure footer header li main nav section td
    th
    """.split()  # noqa: SIM905
)
#: What is in them stands where they do.
_SEEN_THROUGH = frozenset({"applet", "noscript", "object"})
#: Word's names for what no browser shows: ``w:WordDocument``, ``o:OfficeDocumentSettings``.
_WITH_PREFIX = re.compile("[a-z0-9]+:")


def is_blank_text(node: Node) -> bool:
    """True for a text of white space alone."""
    return node.tag == TEXT and not tree.text_of(node).strip()


def is_loose(node: Node) -> bool:
    """True for what takes no room in a line: white space, and comments."""
    return is_blank_text(node) or not (node.is_element_node or node.is_text_node)


def shows_something(node: Node) -> bool:
    """True when there is a word in *node*, or a picture, film or sound."""
    if tree.text_of(node).strip():
        return True
    return node.tag in MEDIA or (node.is_element_node and bool(tree.find(node, "img,video,audio")))


def has_prefix(tag: str) -> bool:
    """True for a name such as ``o:p``."""
    return _WITH_PREFIX.match(tag) is not None


def stands_in_line(node: Node) -> bool:
    """True when *node* stands in running text: in a paragraph, or beside words."""
    parent = node.parent
    while parent is not None and parent.tag in _SEEN_THROUGH:
        node, parent = parent, parent.parent
    if parent is None or parent.tag not in CONTAINERS:
        return True
    return any(
        child.tag not in BLOCKS and child.tag not in MEDIA and not is_loose(child)
        for child in tree.children(parent)
        if not tree.same(child, node)
    )


def put_words(node: Node, words: str | Node) -> None:
    """Put words into the place of *node*, parted from those around it."""
    before, after = node.prev, node.next
    if before is not None and before.is_text_node and not tree.text_of(before)[-1:].isspace():
        tree.insert_before(node, " ")
    if after is not None and after.is_text_node and _begins_a_word(tree.text_of(after)):
        tree.insert_after(node, " ")
    tree.replace(node, words)


def _begins_a_word(text: str) -> bool:
    return text[:1].isalnum()


# Where a body stands, and so where the addresses in it lead.


@dataclass(frozen=True, slots=True)
class BodyLocation:
    """Where the body that is being cleaned stands."""

    base: str  #: relative addresses start here; absolute
    page: str | None  #: the document's own address, if it has one

    def link(self, address: str) -> str | None:
        """Where a link leads, absolute; None when it cannot be followed.

        "#notes" means a place on the original page. A reader has no such page before him, so the
        link leads there if we know where it is, and is none otherwise.
        """
        if address.lstrip().startswith("#") and self.page is None:
            return None
        return absolute(address, base=self.base)

    def file(self, address: str | None) -> str | None:
        """The address of a picture, film or page, absolute; None when nobody can fetch it."""
        if not address:
            return None
        return absolute(address, base=self.base, schemes=FETCH_SCHEMES)

    def files(self, srcset: str | None) -> str | None:
        """The usable candidates of a ``srcset``; None when there is none."""
        return absolute_srcset(srcset, base=self.base) if srcset else None


# What a body lost on the way in, or has in another form, told to the person who sent it.

#: So many of one kind are told one by one.
MAX_TOLD = 5
#: Enough to find the place again.
EXCERPT_CHARS = 60


class Losses:
    """Warnings on one body, those of one kind together and no more than a person reads."""

    def __init__(self) -> None:
        self._whats_by_kind: dict[str, list[str]] = {}
        self._removed: set[str] = set()

    def add(self, kind: str, what: str) -> None:
        """Warn of one thing.

        Args:
            kind: What happened, as a sentence to which *what* is added.
            what: To what: an address, an excerpt.
        """
        self._whats_by_kind.setdefault(kind, []).append(what)

    @contextmanager
    def from_the_end(self) -> Iterator["Losses"]:
        """Losses that are found from the body's end to its beginning, and told in its order."""
        found = Losses()
        yield found
        self._removed |= found._removed
        for kind, whats in found._whats_by_kind.items():
            self._whats_by_kind.setdefault(kind, []).extend(reversed(whats))

    def removed(self, names: Iterable[str]) -> None:
        """Warn that elements of these names went, and nothing stands in their place."""
        self._removed.update(names)

    def warnings(self) -> list[str]:
        """All of it, in sentences."""
        names = ", ".join(f"<{name}>" for name in sorted(self._removed))
        told = [f"body: removed {names}"] if names else []
        for kind, whats in self._whats_by_kind.items():
            told += [f"body: {kind}: {what}" for what in whats[:MAX_TOLD]]
            if len(whats) > MAX_TOLD:
                told.append(f"body: {kind}: {len(whats) - MAX_TOLD} more")
        return told


def excerpt(text: str) -> str:
    """The first words of *text*, in quotation marks, on one line."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= EXCERPT_CHARS else f"“{line[:EXCERPT_CHARS].rstrip()}…”"


# What an element's ``style`` declares.
#
# A parser of CSS that knows all of it takes 40 µs a declaration, more than all the rest of the
# cleaning; of a ``style`` attribute, which holds declarations and nothing else, this is the whole
# grammar but for escapes, which no editor writes there.

#: A longer one carries a picture, and is not looked at.
MAX_STYLE_CHARS = 8_192
#: Up to the next semicolon that stands neither in a string nor in brackets.
_DECLARATION = re.compile(r"""(?:[^;"'(]++|"[^"]*+"?+|'[^']*+'?+|\([^)]*+\)?+)++""")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_LENGTH = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([a-z]+|%)?\Z")

Style = Mapping[str, str]
_NONE: Style = {}


def style_of(node: Node) -> Style:
    """The declarations of an element, by property; names and values in lower case."""
    written = tree.attribute(node, "style")
    return declarations(written) if written else _NONE


@lru_cache(maxsize=1024)
def declarations(style: str) -> Style:
    """What a ``style`` attribute declares; of two of one property, the one that counts."""
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
    """A number and its unit, which may be empty; None for anything else."""
    found = _LENGTH.match(value)
    return (float(found[1]), found[2] or "") if found else None


def is_at_most(value: str | None, most: float) -> bool:
    """True when *value* is a length that is no more than so many pixels, points or the like."""
    found = length(value) if value else None
    return found is not None and found[0] <= most


# Marks on running text: an element put round all the words in another one, and round no block.

_NOBODY: frozenset[Node] = frozenset()


def mark(
    node: Node,
    tag: str,
    *,
    but: Collection[Node] = _NOBODY,
    around_but: Collection[Node] = _NOBODY,
    spared: Collection[str] = frozenset(),
) -> None:
    """Put *tag* round the words in *node*: one element for each run that no block interrupts.

    Args:
        node: Its own place in the tree stays as it is.
        tag: The new elements' name.
        but: Elements that are left alone, with all that is in them.
        around_but: All elements that one of those stands in.
        spared: Names of blocks that are left alone as well.
    """
    waiting = [node]
    while waiting:
        run: list[Node] = []
        for child in tree.children(waiting.pop()):
            if child in but:
                _wrap(run, tag)
            elif child in around_but or child.tag in BLOCKS or _holds_block(child):
                _wrap(run, tag)
                if child.tag not in spared:
                    waiting.append(child)
            else:
                run.append(child)
                continue
            run = []
        _wrap(run, tag)


def _holds_block(node: Node) -> bool:
    """True for an element of running text with a block in it, which some editors write."""
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


# Places in a body that its own links lead to: footnotes, a table of contents.
#
# Their ids get a beginning of the body's own, for a page or a reader shows more than one body, and
# has ids itself. All other ids go.

#: An id as it comes out. The eight digits are the body's.
OUR_ID = re.compile(r"n[0-9a-f]{8}-[A-Za-z0-9_.-]{1,80}\Z")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_.-]")
_MAX_NAME_CHARS = 64


def keep_places(root: Node, source: str, *, page: str | None) -> None:
    """Keep the places that a link in the body leads to, and let these links lead there.

    Args:
        root: The body.
        source: What it was parsed from: a digest of it begins the ids.
        page: The document's own address: links to a place on it are links to this body too.
    """
    if "#" not in source:
        return
    links = [
        (link, name) for link in tree.find(root, "a[href*='#']") if (name := _place(link, page))
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


def _place(link: Node, page: str | None) -> str | None:
    """The name of the place in this body that *link* may lead to."""
    href = (tree.attribute(link, "href") or "").strip()
    before, _, fragment = href.partition("#")
    if not fragment or (before and before != page):
        return None
    return unquote(fragment)


def _targets(root: Node) -> dict[str, Node]:
    """The first element of each name: ``id`` anywhere, ``name`` on a link."""
    found: dict[str, Node] = {}
    for attribute, selector in (("id", "[id]"), ("name", "a[name]")):
        for node in tree.find(root, selector):
            found.setdefault(tree.attribute(node, attribute) or "", node)
    return found


def _new_id(name: str, beginning: str, *, taken: Collection[str]) -> str:
    if OUR_ID.match(name):
        return name  # the body was cleaned before
    wanted = beginning + (_UNUSUAL.sub("_", name)[:_MAX_NAME_CHARS] or "_")
    new_id, number = wanted, 1
    while new_id in taken:
        number += 1
        new_id = f"{wanted}.{number}"
    return new_id
