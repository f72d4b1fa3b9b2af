"""Converts plain text to HTML paragraphs, lists and links. The text is never read as markup."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import MAX_URL_CHARS, absolute
from feeds.ingest.characters import clean, is_blank, nfc, nfc_markup
from feeds.ingest.nesting import MAX_TAGS

# Lines: wrapped running text, list items, or lines that end on purpose.

#: Line widths at which mail programs and typewriters wrap. A shorter longest line ends on purpose;
#: a longer one was not wrapped.
_WRAP_CHARS = range(56, 101)
#: A wrapped line leaves room for at most one long word.
_MIN_WRAPPED_CHARS = 45
_BULLET = re.compile(r"\s*([-•*·‣▪–])[ \t]+(?=\S)")
_NUMBER = re.compile(r"\s*([0-9]{1,2})([.)])[ \t]+(?=\S)")
_MARK = re.compile(
    r"""(?:\#\s?){2,10} | -?\s?ENDS\s?-?
      | (?:[-–—*#]\s?){1,5}(?:30|ends?|ende|fin|fine|more|mehr|suite)(?:\s?[-–—*#]){1,5}
    """,
    re.IGNORECASE | re.VERBOSE,
)

_SENTENCE_END = re.compile(r"[.!?:…。！？؟][\])\"'”’»]*\Z")

Kind = Literal["text", "bullets", "numbers"]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Consecutive lines of one kind."""

    kind: Kind
    lines: tuple[str, ...]  #: lines of a text, each ending on purpose; items of a list
    start: int = 1  #: number of the first item
    written: tuple[str, ...] = ()  #: the source lines of a list


def is_end_mark(line: str) -> bool:
    """Whether *line* marks the end of a release: ``###``, ``-30-``, ``ENDS``, ``-more-``."""
    return _MARK.fullmatch(line.strip()) is not None


def blocks_of(lines: Sequence[str]) -> Iterator[TextBlock]:
    """Yields *lines*, none of them blank, as blocks in their order."""
    position, text = 0, list[str]()
    while position < len(lines):
        found = _list_at(lines, position)
        # A single item between other lines is text. Alone in its paragraph it may belong to a list
        # whose items are separated by blank lines.
        if found is None or (len(found[0].lines) == 1 and found[1] - position < len(lines)):
            text.append(lines[position])
            position += 1
            continue
        if text:
            yield TextBlock("text", tuple(_flowed(text)))
            text = []
        listed, position = found
        yield listed
    if text:
        yield TextBlock("text", tuple(_flowed(text)))


def joined(blocks: Sequence[TextBlock]) -> list[TextBlock]:
    """Returns *blocks* with lists joined whose items were separated by blank lines."""
    result: list[TextBlock] = []
    for block in blocks:
        before = result[-1] if result else None
        if before is not None and _goes_on(before, block):
            items = before.lines + block.lines
            result[-1] = TextBlock(before.kind, items, before.start, before.written)
        else:
            result.append(block)
    return [
        # A single item is not a list: "1. FC Köln wins", "- Bonjour !".
        TextBlock("text", tuple(_flowed(block.written)))
        if len(block.lines) == 1 and block.written
        else block
        for block in result
    ]


def _goes_on(before: TextBlock, block: TextBlock) -> bool:
    if block.kind != before.kind or block.kind == "text":
        return False
    return block.kind == "bullets" or block.start == before.start + len(before.lines)


def _list_at(lines: Sequence[str], position: int) -> tuple[TextBlock, int] | None:
    """Returns the list that begins at *position*, and where it ends.

    A list of one item may be part of a longer list.
    """
    first = _item(lines[position])
    if first is None:
        return None
    kind, sign, number, item_text = first
    items = [item_text]
    indented = lines[position].index(item_text)
    width = max(map(len, lines))
    end = position + 1
    while end < len(lines):
        item = _item(lines[end])
        if item is not None and item[:3] == (kind, sign, _number(kind, number + len(items))):
            items.append(item[3])
        elif item is None and _is_more(lines[end - 1], lines[end], indented, width):
            items[-1] = _join([items[-1], lines[end].strip()])
        else:
            break
        end += 1
    return TextBlock(kind, tuple(items), number, tuple(lines[position:end])), end


def _number(kind: Kind, count: int) -> int:
    return count if kind == "numbers" else 1


def _is_more(line: str, following: str, indented: int, width: int) -> bool:
    """Whether the item continues in the *following* line: indented to its text, or wrapped."""
    if len(following) - len(following.lstrip()) >= indented:
        return True
    return _is_full(line, following, width) and following[:1].islower()


def _item(line: str) -> tuple[Kind, str, int, str] | None:
    """Returns the kind of list, sign, number and text of an item; None for other lines."""
    if found := _BULLET.match(line):
        return "bullets", found[1], 1, line[found.end() :].strip()
    if found := _NUMBER.match(line):
        return "numbers", found[2], int(found[1]), line[found.end() :].strip()
    return None


def _flowed(lines: Sequence[str]) -> Iterator[str]:
    """Yields *lines*, joining those that a program wrapped to fit a page.

    Wrapped lines are full: the first word of the next line would not have fitted (what RFC 3676
    section 4.2 calls flowed, detected afterwards). Running text also continues with a small letter
    more often than not; addresses and lists of names do not.
    """
    width = max(map(len, lines), default=0)
    position = 0
    while position < len(lines):
        end = position + 1
        while end < len(lines) and _is_full(lines[end - 1], lines[end], width):
            end += 1
        run = [line.strip() for line in lines[position:end]]
        if _is_running(run, is_last=end == len(lines)):
            yield _join(run)
        else:
            yield from run
        position = end


def _is_full(line: str, following: str, width: int) -> bool:
    if width not in _WRAP_CHARS or len(line) < _MIN_WRAPPED_CHARS:
        return False
    first_word = following.split(maxsplit=1)[0] if following.strip() else ""
    return len(line.rstrip()) + 1 + len(first_word) > width


def _is_running(run: Sequence[str], *, is_last: bool) -> bool:
    # Lines of verse may be as long, but do not stop where a sentence ends.
    if len(run) == 1 or not (is_last or _SENTENCE_END.search(run[-1])):
        return False
    breaks = [(line.split()[-1], following[0]) for line, following in pairwise(run)]
    cased = [each for each in breaks if each[1].lower() != each[1].upper()]
    if not cased:  # a script without capitals: Arabic, Hebrew
        return len(run) > 2 and any(start.isalpha() for _word, start in breaks)
    # A German noun has a capital inside a sentence, but the word before it is in lower case.
    going_on = [start.islower() or (word[0].islower() and word.isalpha()) for word, start in cased]
    return 2 * sum(going_on) >= len(cased)


def _join(run: Sequence[str]) -> str:
    text = run[0]
    for line in run[1:]:
        if text.endswith("\u00ad"):
            text = text[:-1] + line
        else:
            text += line if re.search(r"\w-\Z", text) and line[0].islower() else f" {line}"
    return text


# Links: addresses in plain text.

_SCHEMES = frozenset({"http", "https", "mailto"})
#: Letters of scripts without spaces between words: an address may begin directly after one, and
#: ends before one that follows its letters or digits.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
#: Characters that end an address in running text: white space, quotation marks, brackets, dashes
#: between sentences, and the punctuation of Chinese, Japanese and Arabic.
_OUTSIDE = (
    '\\s\\x00-\\x1f<>"`{}|\\\\^«»‹›“”„‟‘’‚‛—―…'
    "\u3000-\u3004\u3008-\u3020\u30fb\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff5b\uff5d\uff61-\uff64،؛؟۔"
)
_ADDRESS = re.compile(
    rf"(?<![^\W{_UNSPACED}])(?:https?://|(?<![.:/@-])www\.(?=[^\W_]))"
    rf"(?:[^{_OUTSIDE}{_UNSPACED}]|(?<![A-Za-z0-9])[{_UNSPACED}])+"
    r"|(?<![A-Za-z0-9._%+'@/-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}"
    r"@[a-zA-Z0-9\u00a1-\u10ff][a-zA-Z0-9\u00a1-\u10ff-]{0,62}"
    r"(?:\.[a-zA-Z0-9\u00a1-\u10ff][a-zA-Z0-9\u00a1-\u10ff-]{0,62}){0,8}\.[a-zA-Z\u00a1-\u10ff]{2,63}",
    re.IGNORECASE,
)
#: At the end of an address these belong to the sentence; inside they are part of the address.
_TRAILING = ".,:;!?'*_~"
_CLOSING = {")": "(", "]": "["}


def linked(text: str) -> str:
    """Returns *text* as HTML: escaped, with web and e-mail addresses as links.

    Links are e-mail addresses, and what begins with ``http://``, ``https://`` or ``www.`` (which
    becomes https). Other schemes never become links, as they may be harmful.
    """
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    done = 0
    for found in _ADDRESS.finditer(text):
        shown = _without_end_of_sentence(found[0])
        address = _address_of(shown)
        if address is None:
            continue
        yield html.escape(text[done : found.start()], quote=False)
        yield f'<a href="{html.escape(address)}">{html.escape(shown, quote=False)}</a>'
        done = found.start() + len(shown)
    yield html.escape(text[done:], quote=False)


def _address_of(shown: str) -> str | None:
    head = shown[:8].lower()
    if head.startswith("www."):
        reference = f"https://{shown}"
    elif head.startswith(("http://", "https://")):
        reference = shown
    else:
        reference = f"mailto:{shown}"
    address = absolute(reference, base="", schemes=_SCHEMES)
    return address if address and len(address) <= MAX_URL_CHARS else None


def _without_end_of_sentence(address: str) -> str:
    """Returns *address* without punctuation of the sentence: full stops, a closing bracket."""
    surplus = {
        closing: address.count(closing) - address.count(opening)
        for closing, opening in _CLOSING.items()
    }
    end = len(address)
    while end:
        last = address[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return address[:end]


# The body: plain text as paragraphs and lists.

#: As many as an HTML body may have tags: each line becomes an element, and nine characters longer.
MAX_LINES = MAX_TAGS

_BLANK_LINE = re.compile("[^\\S\n]*\n[^\\S\n]*\n\\s*")


def to_paragraphs(text: str, *, warnings: list[str]) -> str:
    """Returns *text* as HTML paragraphs and lists.

    In a text with blank lines (or U+2029) these separate the paragraphs. A line inside a paragraph
    ends with ``<br>``, unless it was wrapped to fit a page: joined lines of addresses, verses and
    lists of names could not be separated again. In a text without blank lines every line that was
    not wrapped is a paragraph: 81 of the 90 real texts of one set are written so.

    Args:
        text: The body as the document has it.
        warnings: Receives a warning when characters or end marks were removed.

    Raises:
        DocumentRefused: *text* has more than `MAX_LINES` lines.
    """
    text = nfc(clean(text, field="body", warnings=warnings)).replace("\u2029", "\n\n").strip()
    if text.count("\n") >= MAX_LINES:
        raise DocumentRefused(
            f"the body has more than {MAX_LINES} lines", remedy="shorten the body", field="body"
        )
    parts = [_html(part) for part in _parts(text, warnings)]
    # Text after the end mark of a release is for editors, or is the speech that it reports. It is
    # kept, separated by a rule.
    return nfc_markup("\n<hr>\n".join(part for part in parts if part))


def _parts(text: str, warnings: list[str]) -> Iterator[str]:
    """Yields the text before, between and after the end marks."""
    part: list[str] = []
    for line in text.split("\n"):
        if is_end_mark(line):
            warnings.append(f"body: {line.strip()!r} left out")
            yield "\n".join(part)
            part = []
        else:
            part.append(line)
    yield "\n".join(part)


def _html(text: str) -> str:
    paragraphs = _BLANK_LINE.split(text)
    blocks = [
        block
        for paragraph in paragraphs
        for block in blocks_of([line for line in paragraph.split("\n") if not is_blank(line)])
    ]
    has_blank_lines = len(paragraphs) > 1
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
