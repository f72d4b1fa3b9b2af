"""A body's text in pieces: paragraphs, items, rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Place(IntEnum):
    """What a block is to its body; what stands in several of these is the last of them."""

    RUNNING = 0  #: the body's own text
    LISTED = 1
    QUOTED = 2
    HEADING = 3
    OUTSIDE = 4  #: captions, tables, asides, and what frames a page


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that begins and ends a line. It is never empty."""

    text: str  #: its lines are parted by line feeds
    place: Place
    gap: int  #: line feeds between it and what is before it
    start: str = ""  #: what its first line begins with: an indentation, an item's number or dash
    indent: str = ""  #: what its other lines begin with


def one_line(blocks: Iterable[Block]) -> str:
    """The text of *blocks* on one line; of what begins their lines only numbers are left."""
    return " ".join(filter(None, (_on_one_line(block) for block in blocks)))


def _on_one_line(block: Block) -> str:
    number = block.start.strip("-> ")
    text = " ".join(line.strip(" ") for line in block.text.split("\n"))
    return f"{number} {text}" if number else text
