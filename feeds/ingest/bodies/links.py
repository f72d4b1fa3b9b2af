"""Links that are left without anything to click on."""

from urllib.parse import unquote, urlsplit

from feeds.html import tree
from feeds.html.tree import Node
from feeds.ingest.bodies.elements import shows_something
from feeds.ingest.bodies.places import Place


def name_of(link: Node, place: Place) -> str:
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
