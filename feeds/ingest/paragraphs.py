"""Plain text to HTML. The text is never taken for markup."""

import re
from collections.abc import Iterator

from feeds.errors import DocumentRefused
from feeds.ingest.characters import clean, is_blank, nfc
from feeds.ingest.markup import nfc_markup
from feeds.ingest.nesting import MAX_TAGS
from feeds.ingest.text_blocks import TextBlock, blocks_of, is_end_mark, joined
from feeds.ingest.text_links import linked

#: As many as an HTML body may have tags: each line becomes one, and is nine characters longer.
MAX_LINES = MAX_TAGS

_BLANK_LINE = re.compile("[^\\S\n]*\n[^\\S\n]*\n\\s*")


def to_paragraphs(text: str, *, mended: list[str]) -> str:
    """*Text* as paragraphs and lists.

    A text with blank lines (or U+2029) has its paragraphs between them, and a line inside a
    paragraph ends with ``<br>`` (addresses, verses, lists of names: joined lines could not be
    told apart again), unless it was wrapped to fit a page. In a text without any blank line, every
    line that was not is a paragraph: 81 of the 90 real texts of one set are written so.

    Args:
        text: The body as the document has it.
        mended: Gets a warning when characters or marks were removed.

    Raises:
        DocumentRefused: It has more than `MAX_LINES`.
    """
    text = nfc(clean(text, field="body", mended=mended)).replace("\u2029", "\n\n").strip()
    if text.count("\n") >= MAX_LINES:
        raise DocumentRefused(
            f"the body has more than {MAX_LINES} lines", remedy="shorten the body", field="body"
        )
    parts = [_html(part) for part in _parts(text, mended)]
    # What stands behind the end of a release is for editors, or the speech that it was about. It
    # stays, and is told apart.
    return nfc_markup("\n<hr>\n".join(part for part in parts if part))


def _parts(text: str, mended: list[str]) -> Iterator[str]:
    """What stands before, between and behind the marks that end a release."""
    part: list[str] = []
    for line in text.split("\n"):
        if is_end_mark(line):
            mended.append(f"body: {line.strip()!r} left out")
            yield "\n".join(part)
            part = []
        else:
            part.append(line)
    yield "\n".join(part)


def _html(text: str) -> str:
    stretches = _BLANK_LINE.split(text)
    blocks = [
        block
        for stretch in stretches
        for block in blocks_of([line for line in stretch.split("\n") if not is_blank(line)])
    ]
    has_blank_lines = len(stretches) > 1
    return "\n".join(
        element
        for block in joined(blocks)
        for element in _elements(block, is_line_a_paragraph=not has_blank_lines)
    )


def _elements(block: TextBlock, *, is_line_a_paragraph: bool) -> Iterator[str]:
    lines = [linked(line) for line in block.lines]
    if block.kind == "text":
        for paragraph in lines if is_line_a_paragraph else ["<br>".join(lines)]:
            yield f"<p>{paragraph}</p>"
        return
    tag = "ul" if block.kind == "bullets" else "ol"
    start = "" if block.start == 1 else f' start="{block.start}"'
    items = "".join(f"<li>{line}</li>" for line in lines)
    yield f"<{tag}{start}>{items}</{tag}>"
