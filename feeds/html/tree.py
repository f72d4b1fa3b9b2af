"""A body of HTML as a tree of nodes, as browsers see it. The only importer of selectolax.

Nodes belong to the tree that they came from and keep it alive. A node that was removed may still be
looked at, with all that is in it; it is freed with its tree. Trees are not safe to share between
threads.
"""

from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

#: An element, a piece of text, or a comment. Use it for annotations, and for its cheap properties
#: ``tag`` (``p``, ``-text``, ``-comment``; SVG and MathML are in lower case too), ``parent``,
#: ``first_child``, ``last_child``, ``next``, ``prev``, ``is_text_node``, ``is_element_node``. Two
#: objects may stand for one node: they have one hash, so that dicts and sets of nodes are what they
#: seem; but ``==`` compares what two nodes look like, at the price of writing both. Use `same`.
Node = LexborNode

#: What ``tag`` says of a piece of text.
TEXT = "-text"

#: A whole document, so that there is a container. Without a doctype the parser would go by the
#: quirks of 1998; ``<body>`` keeps what may stand in a head out of it: ``<style>``, white space.
_BEFORE = "<!DOCTYPE html><body>"
#: Events serve one element, ``<selectedcontent>``, and cost a third of the parsing.
_OPTIONS = LexborDocumentOptions.WO_EVENTS


def parse(html: str) -> Node:
    """Parse a fragment of HTML.

    ``<noscript>`` holds elements, as for a reader that runs no scripts.

    Args:
        html: Anything, however broken; but see `feeds.ingest.nesting` for what it may cost.

    Returns:
        The ``body`` that holds the fragment.

    Raises:
        UnicodeEncodeError: *html* holds a lone surrogate.
    """
    body = LexborHTMLParser(_BEFORE + html, options=_OPTIONS).body
    if body is None:  # ``<body>`` above makes one
        raise AssertionError("a document without a body")
    return body


def inner_html(node: Node) -> str:
    """Everything in *node* as HTML."""
    return node.inner_html or ""


def find(node: Node, selector: str) -> list[Node]:
    """The elements in *node*, in document order, that a CSS selector means.

    Far cheaper than to walk the tree. A list that stays as it is, whatever becomes of the tree;
    `is_in` tells whether a node is still there.
    """
    found = node.css(selector)
    return found[1:] if found and same(found[0], node) else found


def walk(node: Node) -> Iterator[Node]:
    """Everything in *node*, texts too, in document order. The tree must not change meanwhile."""
    nodes = node.traverse(include_text=True)
    next(nodes)  # the node itself
    return nodes


def children(node: Node) -> Iterator[Node]:
    """What stands directly in *node*, texts and comments too.

    The child that was yielded last may be removed, moved or replaced.
    """
    child = node.first_child
    while child is not None:
        following = child.next
        yield child
        child = following


def ancestors(node: Node) -> Iterator[Node]:
    """What *node* stands in, the innermost first, up to and with the ``body``."""
    parent = node.parent
    while parent is not None and parent.tag != "html":
        yield parent
        parent = parent.parent


def same(one: Node, other: Node) -> bool:
    """True when both stand for one node of one tree."""
    return one.mem_id == other.mem_id


def is_in(node: Node, root: Node) -> bool:
    """True when *node* stands somewhere in *root*: it was not removed, nor what it stood in."""
    return any(same(above, root) for above in ancestors(node))


def attributes(node: Node) -> dict[str, str]:
    """The attributes of an element by their names; a copy."""
    return {name: value or "" for name, value in node.attributes.items()}


def attribute(node: Node, name: str) -> str | None:
    """The value of an attribute, empty when it has none (``<p hidden>``); None without it."""
    found = node.attributes
    return (found[name] or "") if name in found else None


def set_attribute(node: Node, name: str, value: str) -> None:
    """Give an element an attribute, in the place of the one of that name."""
    node.attrs[name] = value


def drop_attribute(node: Node, name: str) -> None:
    """Take an attribute from an element, if it has it."""
    if name in node.attributes:
        del node.attrs[name]


def text_of(node: Node) -> str:
    """All the text in *node*, or of it when it is a text, just as it stands in the source."""
    return node.text(deep=True)


def new(near: Node, tag: str, attributes: Mapping[str, str] | None = None) -> Node:
    """Make an empty element for the tree of *near*; it stands nowhere yet."""
    node = near.parser.create_node(tag)
    for name, value in (attributes or {}).items():
        node.attrs[name] = value
    return node


def append(parent: Node, child: Node | str) -> None:
    """Put an element or a text at the end of *parent*."""
    parent.insert_child(child, move=True)


def insert_before(node: Node, added: Node | str) -> None:
    """Put an element or a text before *node*."""
    node.insert_before(added, move=True)


def insert_after(node: Node, added: Node | str) -> None:
    """Put an element or a text behind *node*."""
    node.insert_after(added, move=True)


def remove(node: Node) -> None:
    """Take *node* out of the tree, with everything in it."""
    node.remove(recursive=False)


def replace(node: Node, by: Node | str) -> None:
    """Put an element or a text into the place of *node*, which goes with everything in it."""
    insert_before(node, by)
    remove(node)


def unwrap(node: Node) -> None:
    """Put what is in *node* into its place."""
    node.unwrap(delete_empty=True)


def wrap(node: Node, tag: str) -> Node:
    """Put *node* into a new element, which takes its place."""
    around = new(node, tag)
    insert_before(node, around)
    append(around, node)
    return around


def wrap_content(node: Node, tag: str) -> Node:
    """Put what is in *node* into a new element, which is all that is in it then."""
    inside = new(node, tag)
    _move_content(node, inside)
    append(node, inside)
    return inside


def rename(node: Node, tag: str) -> Node:
    """Put an element of another name, with the same attributes and content, for *node*."""
    renamed = new(node, tag, attributes(node))
    _move_content(node, renamed)
    replace(node, renamed)
    return renamed


def _move_content(node: Node, into: Node) -> None:
    for child in children(node):
        append(into, child)
