"""Places in a body that its own links lead to: footnotes, a table of contents.

Their ids get a beginning of the body's own, for a page or a reader shows more than one body, and
has ids itself. All other ids go.
"""

import re
from collections.abc import Collection
from hashlib import blake2b
from urllib.parse import unquote

from feeds.html import tree
from feeds.html.tree import Node

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
