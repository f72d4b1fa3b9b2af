"""HTML for those who show none: the one writer of plain text, on many lines or on one."""

from feeds.html import blocks
from feeds.html.blocks import Block
from feeds.html.reading import blocks_of
from feeds.html.tree import parse


def plain_text(html: str, *, language: str) -> str:
    """*Html* as text on lines: blocks parted by a blank line, items by a line's end.

    Args:
        html: A fragment of clean HTML, as `feeds.ingest` leaves it.
        language: Of what it says, BCP 47: its quotations are marked accordingly.
    """
    written: list[str] = []
    before = ""
    for block in blocks_of(parse(html), language=language):
        written += (_gap(block, before), block.start)
        written.append(
            block.text.replace("\n", f"\n{block.indent}") if block.indent else block.text
        )
        before = block.indent
    return "".join(written)


def _gap(block: Block, before: str) -> str:
    """The line ends before *block*; in a quotation, the empty line is a part of that."""
    if block.gap < 2 or ">" not in block.indent:
        return "\n" * block.gap
    kept = 0
    while block.indent[kept : kept + 2] == before[kept : kept + 2] != "":
        kept += 2
    return f"\n{before[:kept].rstrip()}\n"


def one_line(html: str, *, language: str) -> str:
    """*Html* as text on one line.

    Args:
        html: As `plain_text` takes it.
        language: As there.
    """
    return blocks.one_line(blocks_of(parse(html), language=language))
