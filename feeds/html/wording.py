"""What two readings of one document have in common: its words, and where its links lead."""

import unicodedata

from feeds.html import tree
from feeds.html.tree import TEXT, Node

#: What no reading ever took for words.
_NO_WORDS = frozenset(
    """
    applet button canvas embed head iframe math noembed noframes object script select style svg
    template textarea title
    """.split()  # noqa: SIM905
)


def words_of(html: str) -> str:
    """All characters of *html* that can be seen, without white space, as the source has them.

    What is hidden by style counts, and what stands in the place of something else does not.
    """
    texts: list[str] = []
    waiting = [tree.parse(html.encode("utf-8", "replace").decode())]
    while waiting:
        node = waiting.pop()
        if node.tag == TEXT:
            texts.append(tree.text_of(node))
        elif node.tag not in _NO_WORDS:
            waiting += [*tree.children(node)][::-1]
    return seen(" ".join(texts))


def seen(text: str) -> str:
    """The characters of *text* that can be seen, in NFC."""
    return "".join(filter(_is_seen, unicodedata.normalize("NFC", text)))


def _is_seen(character: str) -> bool:
    return character.isprintable() and not character.isspace()


def links_of(html: str) -> set[str]:
    """Where the links of clean *html* lead, those aside that lead to a place on a page."""
    links = (tree.attribute(link, "href") for link in _links(tree.parse(html)))
    return {link for link in links if link and "#" not in link}


def _links(root: Node) -> list[Node]:
    """All links that somebody can see: others are no longer kept."""
    return [link for link in tree.find(root, "a[href]") if seen(tree.text_of(link))]
