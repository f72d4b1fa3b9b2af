"""HTML as a tree of nodes, parsed as browsers do. The only importer of selectolax.

A node keeps the tree that it belongs to alive. A removed node and its content can still be read;
they are freed with the tree. Trees must not be shared between threads.
"""

from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

#: An element, a text or a comment. Used for annotations, and for its cheap properties ``tag``
#: (``p``, ``-text``, ``-comment``; SVG and MathML names are in lower case too), ``parent``,
#: ``first_child``, ``last_child``, ``next``, ``prev``, ``is_text_node``, ``is_element_node``. Two
#: objects may stand for one node. They have the same hash, so dicts and sets of nodes work; but
#: ``==`` serialises both nodes and compares the result, which is expensive. Use `same` instead.
Node = LexborNode

#: The ``tag`` of a text node.
TEXT = "-text"

#: Makes the fragment a whole document. The doctype keeps the parser out of quirks mode; ``<body>``
#: keeps elements that may also stand in a head (``<style>``, white space) in the body.
_BEFORE = "<!DOCTYPE html><body>"
#: Events serve only ``<selectedcontent>`` and take a third of the parsing time.
_OPTIONS = LexborDocumentOptions.WO_EVENTS


def parse(html: str) -> Node:
    """Parses a fragment of HTML.

    The content of ``<noscript>`` is parsed as elements, as for a reader that runs no scripts.

    Args:
        html: Any HTML, however broken. `feeds.ingest.nesting` bounds the cost of parsing it.

    Returns:
        The ``body`` element that holds the fragment.

    Raises:
        UnicodeEncodeError: *html* contains a lone surrogate.
    """
    body = LexborHTMLParser(_BEFORE + html, options=_OPTIONS).body
    if body is None:  # cannot happen: `_BEFORE` opens one
        raise AssertionError("a document without a body")
    return body


def inner_html(node: Node) -> str:
    """Returns the content of *node* as HTML."""
    return node.inner_html or ""


def find(node: Node, selector: str) -> list[Node]:
    """Returns the elements in *node* that match a CSS selector, in document order.

    Far cheaper than walking the tree. The list does not change with the tree; `is_in` says whether
    a node is still part of it.
    """
    found = node.css(selector)
    return found[1:] if found and same(found[0], node) else found


def walk(node: Node) -> Iterator[Node]:
    """Yields all descendants of *node*, texts included, in document order.

    The tree must not change during the iteration.
    """
    nodes = node.traverse(include_text=True)
    next(nodes)  # the first one is the node itself
    return nodes


def children(node: Node) -> Iterator[Node]:
    """Yields the direct children of *node*, texts and comments included.

    The child that was yielded last may be removed, moved or replaced.
    """
    child = node.first_child
    while child is not None:
        following = child.next
        yield child
        child = following


def ancestors(node: Node) -> Iterator[Node]:
    """Yields the elements around *node*, from its parent up to and including the ``body``."""
    parent = node.parent
    while parent is not None and parent.tag != "html":
        yield parent
        parent = parent.parent


def same(one: Node, other: Node) -> bool:
    """Whether both objects stand for the same node of the same tree."""
    return one.mem_id == other.mem_id


def is_in(node: Node, root: Node) -> bool:
    """Whether *node* is a descendant of *root*: neither it nor an element around it was removed."""
    return any(same(above, root) for above in ancestors(node))


def attributes(node: Node) -> dict[str, str]:
    """Returns a copy of an element's attributes by name."""
    return {name: value or "" for name, value in node.attributes.items()}


def attribute(node: Node, name: str) -> str | None:
    """Returns the value of an attribute: "" without a value (``<p hidden>``), None without it."""
    found = node.attributes
    return (found[name] or "") if name in found else None


def set_attribute(node: Node, name: str, value: str) -> None:
    """Sets an attribute of an element, replacing an earlier value."""
    node.attrs[name] = value


def drop_attribute(node: Node, name: str) -> None:
    """Removes an attribute from an element, if it has it."""
    if name in node.attributes:
        del node.attrs[name]


def text_of(node: Node) -> str:
    """Returns all text in *node*, or of a text node its own, with the white space of the source."""
    return node.text(deep=True)


def new(near: Node, tag: str, attributes: Mapping[str, str] | None = None) -> Node:
    """Creates an empty element in the tree of *near*, not yet attached anywhere."""
    node = near.parser.create_node(tag)
    for name, value in (attributes or {}).items():
        node.attrs[name] = value
    return node


def append(parent: Node, child: Node | str) -> None:
    """Appends an element or a text to *parent*."""
    parent.insert_child(child, move=True)


def insert_before(node: Node, added: Node | str) -> None:
    """Inserts an element or a text before *node*."""
    node.insert_before(added, move=True)


def insert_after(node: Node, added: Node | str) -> None:
    """Inserts an element or a text after *node*."""
    node.insert_after(added, move=True)


def remove(node: Node) -> None:
    """Removes *node* and its content from the tree."""
    node.remove(recursive=False)


def replace(node: Node, by: Node | str) -> None:
    """Replaces *node* and its content with an element or a text."""
    insert_before(node, by)
    remove(node)


def unwrap(node: Node) -> None:
    """Replaces *node* with its content."""
    node.unwrap(delete_empty=True)


def wrap(node: Node, tag: str) -> Node:
    """Wraps *node* in a new element and returns that."""
    around = new(node, tag)
    insert_before(node, around)
    append(around, node)
    return around


def wrap_content(node: Node, tag: str) -> Node:
    """Moves the content of *node* into a new element, its only child from then on.

    Returns:
        The new element.
    """
    inside = new(node, tag)
    _move_content(node, inside)
    append(node, inside)
    return inside


def rename(node: Node, tag: str) -> Node:
    """Replaces *node* with an element of another name, with the same attributes and content."""
    renamed = new(node, tag, attributes(node))
    _move_content(node, renamed)
    replace(node, renamed)
    return renamed


def _move_content(node: Node, into: Node) -> None:
    for child in children(node):
        append(into, child)
