"""Plain text as HTML. The text is never taken for markup."""

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

# What the lines of a plain text are: running text that was wrapped, items of a list, lines.

#: The longest line of what mail and typewriters wrap. A shorter one ends on purpose, a longer one
#: was not wrapped.
_WRAP_CHARS = range(56, 101)
#: A wrapped line leaves no more than a long word free.
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
    """Lines that belong together."""

    kind: Kind
    lines: tuple[str, ...]  #: of a text, each ending on purpose; of a list, its items
    start: int = 1  #: the number of the first item
    written: tuple[str, ...] = ()  #: of a list, the lines that it was


def is_end_mark(line: str) -> bool:
    """True for what ends a page or a release in print: ``###``, ``-30-``, ``ENDS``, ``-more-``."""
    return _MARK.fullmatch(line.strip()) is not None


def blocks_of(lines: Sequence[str]) -> Iterator[TextBlock]:
    """What *lines*, none of them blank, are; in their order."""
    place, text = 0, list[str]()
    while place < len(lines):
        found = _list_at(lines, place)
        # One item among lines is none; alone it may belong to others that stand apart.
        if found is None or (len(found[0].lines) == 1 and found[1] - place < len(lines)):
            text.append(lines[place])
            place += 1
            continue
        if text:
            yield TextBlock("text", tuple(_flowed(text)))
            text = []
        listed, place = found
        yield listed
    if text:
        yield TextBlock("text", tuple(_flowed(text)))


def joined(blocks: Sequence[TextBlock]) -> list[TextBlock]:
    """*Blocks*, where those that are one list with blank lines between its items are one."""
    result: list[TextBlock] = []
    for block in blocks:
        before = result[-1] if result else None
        if before is not None and _goes_on(before, block):
            items = before.lines + block.lines
            result[-1] = TextBlock(before.kind, items, before.start, before.written)
        else:
            result.append(block)
    return [
        # One item alone is no list: "1. FC Köln wins", "- Bonjour !".
        TextBlock("text", tuple(_flowed(block.written)))
        if len(block.lines) == 1 and block.written
        else block
        for block in result
    ]


def _goes_on(before: TextBlock, block: TextBlock) -> bool:
    if block.kind != before.kind or block.kind == "text":
        return False
    return block.kind == "bullets" or block.start == before.start + len(before.lines)


def _list_at(lines: Sequence[str], place: int) -> tuple[TextBlock, int] | None:
    """The list that begins at *place*, and where it ends; one item may be one of a longer list."""
    first = _item(lines[place])
    if first is None:
        return None
    kind, sign, number, said = first
    items = [said]
    indented = lines[place].index(said)
    width = max(map(len, lines))
    end = place + 1
    while end < len(lines):
        item = _item(lines[end])
        if item is not None and item[:3] == (kind, sign, _number(kind, number + len(items))):
            items.append(item[3])
        elif item is None and _is_more(lines[end - 1], lines[end], indented, width):
            items[-1] = _join([items[-1], lines[end].strip()])
        else:
            break
        end += 1
    return TextBlock(kind, tuple(items), number, tuple(lines[place:end])), end


def _number(kind: Kind, count: int) -> int:
    return count if kind == "numbers" else 1


def _is_more(line: str, following: str, indented: int, width: int) -> bool:
    """True when an item goes on in the *following* line: below its text, or as it was wrapped."""
    if len(following) - len(following.lstrip()) >= indented:
        return True
    return _is_full(line, following, width) and following[:1].islower()


def _item(line: str) -> tuple[Kind, str, int, str] | None:
    """Of an item: what list it is of, its sign, its number, and what it says."""
    if found := _BULLET.match(line):
        return "bullets", found[1], 1, line[found.end() :].strip()
    if found := _NUMBER.match(line):
        return "numbers", found[2], int(found[1]), line[found.end() :].strip()
    return None


def _flowed(lines: Sequence[str]) -> Iterator[str]:
    """*Lines*, with those joined that a program parted to fit a page.

    Such lines are as full as they could be: the first word of the next one would not have fitted
    (what RFC 3676 section 4.2 calls flowed, found out afterwards). And running text goes on with a
    small letter more often than not, which addresses and lists of names do not.
    """
    width = max(map(len, lines), default=0)
    place = 0
    while place < len(lines):
        end = place + 1
        while end < len(lines) and _is_full(lines[end - 1], lines[end], width):
            end += 1
        run = [line.strip() for line in lines[place:end]]
        if _is_running(run, is_last=end == len(lines)):
            yield _join(run)
        else:
            yield from run
        place = end


def _is_full(line: str, following: str, width: int) -> bool:
    if width not in _WRAP_CHARS or len(line) < _MIN_WRAPPED_CHARS:
        return False
    first_word = following.split(maxsplit=1)[0] if following.strip() else ""
    return len(line.rstrip()) + 1 + len(first_word) > width


def _is_running(run: Sequence[str], *, is_last: bool) -> bool:
    # A verse may be as long, but goes on where a sentence does not end.
    if len(run) == 1 or not (is_last or _SENTENCE_END.search(run[-1])):
        return False
    breaks = [(line.split()[-1], following[0]) for line, following in pairwise(run)]
    cased = [each for each in breaks if each[1].lower() != each[1].upper()]
    if not cased:  # a script without capitals: Arabic, Hebrew
        return len(run) > 2 and any(start.isalpha() for _word, start in breaks)
    # A German noun begins with a capital inside a sentence, too; the word before it is small.
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


# Addresses in plain text become links.
#
# Rejected: linkify-it-py, which knows neither an address in Japanese text nor one before ``»``, and
# takes 20 seconds for 100 kB of brackets.

_SCHEMES = frozenset({"http", "https", "mailto"})
#: Letters of scripts without spaces between words: an address may begin right behind one, and one
#: right behind a letter or digit of an address is not of it.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
#: What no address in running text holds: white space, quotation marks and brackets of all kinds,
#: dashes that part sentences, and the punctuation of Chinese, Japanese and Arabic.
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
#: Behind an address these end the sentence; inside they are its own.
_TRAILING = ".,:;!?'*_~"
_CLOSING = {")": "(", "]": "["}


def linked(text: str) -> str:
    """*Text* as HTML: escaped, with its web and e-mail addresses as links.

    A link is what begins with ``http://``, ``https://`` or ``www.``, which becomes https, and an
    e-mail address. A scheme that could do harm is never one.
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
    """*Address* without what belongs to the sentence around it: full stops, a closing bracket."""
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


# Plain text to HTML. The text is never taken for markup.

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
