"""A body's text, block by block, in the order in which it is read."""

from collections.abc import Callable, Iterator

from feeds.html.blocks import Block, one_line
from feeds.html.inline import Leave, skip
from feeds.html.reader import Reader
from feeds.html.tree import TEXT, Node


def blocks_of(root: Node, *, language: str, is_summary: bool = False) -> Iterator[Block]:
    """All that a person reads in *root*, in the order of reading.

    The blocks are made one by one: whoever needs only the first does not pay for the others.

    Args:
        root: A tree of clean HTML, or a part of one.
        language: Of the release, BCP 47; what its HTML says of a part of it comes first.
        is_summary: Leave out the words that stand for pictures, and the marks of notes.
    """

    def read_cell(cell: Node) -> str:
        return one_line(blocks_of(cell, language=language, is_summary=is_summary))

    reader = Reader(language, is_summary=is_summary, read_cell=read_cell)
    parts, finished = reader.parts, reader.finished
    stack: list[tuple[Node | None, Leave | None]] = []
    node = root.first_child
    while True:
        while node is None:
            if not stack:
                reader.flush()
                yield from finished
                return
            node, leave = stack.pop()
            if leave is not None:
                leave()
        if finished:
            yield from finished
            finished.clear()
        tag = node.tag or ""
        if tag == TEXT:
            parts.append(node.text_content or "")
            node = node.next
            continue
        enter = _ENTER.get(tag)
        leave = None if enter is None else enter(reader, node)
        if leave is skip:
            node = node.next
        else:
            stack.append((node.next, leave))
            node = node.first_child


_Enter = Callable[[Reader, Node], Leave | None]

_TAGS_BY_ENTER: tuple[tuple[_Enter, str], ...] = (
    (
        Reader.block,
        """
        article center details dialog div fieldset form hgroup main menu optgroup p search section
        tbody td tfoot th thead
        """,
    ),
    (Reader.line, "dt option tr"),
    (Reader.heading, "h1 h2 h3 h4 h5 h6 legend summary"),
    (
        Reader.outside,
        "address aside audio caption figcaption figure footer header nav object video",
    ),
    (Reader.quotation, "blockquote"),
    (Reader.preformatted, "pre listing xmp"),
    (Reader.line_break, "br"),
    (Reader.rule, "hr"),
    (Reader.bullets, "ul dir"),
    (Reader.numbers, "ol"),
    (Reader.item, "li"),
    (Reader.terms, "dl"),
    (Reader.meaning, "dd"),
    (Reader.table, "table"),
    (Reader.raised, "sup"),
    (Reader.lowered, "sub"),
    (Reader.link, "a"),
    (Reader.quoted, "q"),
    (Reader.struck, "del s strike"),
    (Reader.picture, "img"),
    (Reader.reading, "rt"),
    (Reader.formula, "math"),
    (Reader.unread, "-comment script style template head title datalist svg"),
)
_ENTER = {tag: enter for enter, tags in _TAGS_BY_ENTER for tag in tags.split()}
