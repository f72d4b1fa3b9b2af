"""Turns the texts of WordPress into HTML: paragraphs that it marks by empty lines, shortcodes.

WordPress stores what was typed and adds the paragraphs when it shows a text. Texts of its block
editor have them already.
"""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

# Paragraphs.

#: Elements in which an empty line separates paragraphs.
_FLOW = frozenset(
    """
    address article aside blockquote body center details div fieldset footer form header main nav
    section
    """.split()  # noqa: SIM905
)
#: Elements in which a text is one paragraph, unless it has an empty line.
_CELLS = frozenset(("dd", "dt", "li", "td", "th"))
#: Other elements that end a paragraph. Text in them stays as it is, but for line ends in `_LINES`.
_OTHERS = frozenset(
    """
    audio caption canvas col colgroup dl figcaption figure h1 h2 h3 h4 h5 h6 hr iframe legend map
    menu object ol p picture pre select summary table tbody tfoot thead tr ul video
    """.split()  # noqa: SIM905
)
_LINES = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption"))
_VOID = frozenset(("hr", "col"))
_BLOCK_TAG = re.compile(
    rf"<(/?)({'|'.join(sorted(_FLOW | _CELLS | _OTHERS, key=len, reverse=True))})\b[^<>]*>",
    re.IGNORECASE,
)
#: Elements in which line ends mean nothing, or something else; those in which brackets do.
_RAW = ("pre", "script", "style", "textarea", "svg")
_CODE = ("pre", "code")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n\s*")
_BREAK_AND_LINE_END = re.compile(r"(<br\s*/?>)\s*\n", re.IGNORECASE)
_BLOCKS = "<!-- wp:"
#: Elements inside one another that are looked at. No text needs more.
_MAX_OPEN = 100


def _parts(text: str, names: Sequence[str], *, comments: bool) -> Iterator[tuple[str, bool]]:
    """Yields the parts of a text: what stands in these elements, or in comments, is marked True.

    An element that does not end is none. The time is that of reading the text a few times.
    """
    kinds = "|".join(names)
    begin = re.compile(rf"<({kinds})\b[^<>]*>|<!--" if comments else rf"<({kinds})\b[^<>]*>", re.I)
    endless: set[str] = set()
    position = start = 0
    while (found := begin.search(text, position)) is not None:
        kind = (found[1] or "").lower()
        position = found.end()
        if kind in endless:
            continue
        end = re.compile(rf"</{kind}\s*>" if kind else "-->", re.IGNORECASE).search(text, position)
        if end is None:
            endless.add(kind)
            continue
        yield text[start : found.start()], False
        yield text[found.start() : end.end()], True
        position = start = end.end()
    yield text[start:], False


def has_blocks(text: str) -> bool:
    """Whether a text is of the block editor, which writes its paragraphs itself."""
    return _BLOCKS in text


def with_paragraphs(text: str) -> str:
    """Returns a text with a ``<p>`` for each paragraph and a ``<br>`` for each line end in it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    raw: list[str] = []
    marked = []
    for part, is_raw in _parts(text, _RAW, comments=True):
        if is_raw:
            mark = f"\0{len(raw)}\0"
            raw.append(part)
            marked.append(f"\n\n{mark}\n\n" if part[:4].lower() == "<pre" else mark)
        else:
            marked.append(part)
    made = "\n".join(part for part in _paragraphs("".join(marked)) if part)
    made = re.sub("<p>\0([0-9]+)\0</p>", "\0\\1\0", made)
    return re.sub("\0([0-9]+)\0", lambda found: raw[int(found[1])], made)


def _paragraphs(text: str) -> Iterator[str]:
    open_elements: list[str] = []
    end = 0
    for tag in _BLOCK_TAG.finditer(text):
        yield from _inline(text[end : tag.start()], open_elements)
        end = tag.end()
        yield tag[0]
        name = tag[2].lower()
        if tag[1]:
            if name in open_elements:
                while open_elements.pop() != name:
                    pass
        elif name not in _VOID and not tag[0].endswith("/>"):
            if name == "p" and open_elements and open_elements[-1] == "p":
                open_elements.pop()
            if len(open_elements) < _MAX_OPEN:
                open_elements.append(name)
    yield from _inline(text[end:], open_elements)


def _inline(text: str, open_elements: Sequence[str]) -> Iterator[str]:
    """Yields a text between two tags of blocks, as what it is in its element."""
    where = open_elements[-1] if open_elements else "body"
    if not text.strip():
        return
    has_empty_line = _EMPTY_LINE.search(text.strip()) is not None
    if where in _FLOW or (where in _CELLS and has_empty_line):
        for paragraph in _EMPTY_LINE.split(text.strip()):
            if paragraph.strip():
                yield f"<p>{_with_breaks(paragraph.strip())}</p>"
    elif where in _LINES or where in _CELLS:
        yield _with_breaks(text.strip("\n"))
    else:
        yield text


def _with_breaks(text: str) -> str:
    text = _BREAK_AND_LINE_END.sub(r"\1 ", text)
    return "<br>\n".join(line.strip(" \t") for line in text.split("\n"))


# Shortcodes.

#: WordPress's own.
_OWN = frozenset(("audio", "caption", "embed", "gallery", "playlist", "video", "wp_caption"))
_SHORTCODE = re.compile(r"\[(\[?)([a-zA-Z][\w-]*)((?:\s[^\[\]]{0,2000})?)\](\]?)")
_CLOSED = re.compile(r"\[/([a-zA-Z][\w-]*)\]")
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))""")
_ADDRESS = re.compile(r"https?://[^\s<>\"\]]+")
_PICTURE = re.compile(r"(?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?", re.IGNORECASE)
_ALONE = re.compile(r"^[ \t]*(https?://[^\s<>\"]+)[ \t]*$", re.MULTILINE)
_MEDIA_NAMES = ("src", "mp3", "m4a", "ogg", "wav", "mp4", "m4v", "webm", "ogv", "wmv", "flv")
#: Shortcodes inside one another, at most.
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPicture:
    """A picture of a gallery."""

    url: str
    alt: str = ""
    caption: str = ""


#: Returns the pictures that a gallery shows, by its attributes; none if they are not known.
FindPictures = Callable[[Mapping[str, str]], Sequence[GalleryPicture]]


class ShortcodeReader:
    """Replaces the shortcodes of one text, and records what of it is left out."""

    def __init__(self, find_pictures: FindPictures) -> None:
        self._find_pictures = find_pictures
        self._left_out: Counter[str] = Counter()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the text is left out, as sentences."""
        return tuple(
            f"{count} shortcode [{name}]" if count == 1 else f"{count} shortcodes [{name}]"
            for name, count in sorted(self._left_out.items())
        )

    def replace(self, text: str, *, depth: int = 0) -> str:
        """Returns the text without shortcodes: with what they show, or what they enclose."""
        if "[" not in text or depth > _MAX_DEPTH:
            return text
        return "".join(
            part if is_code else self._replaced(part, depth)
            for part, is_code in _parts(text, _CODE, comments=False)
        )

    def _replaced(self, text: str, depth: int) -> str:
        ends: dict[str, list[re.Match[str]]] = {}
        for found in _CLOSED.finditer(text):
            ends.setdefault(found[1].lower(), []).append(found)
        made, position = list[str](), 0
        for found in _SHORTCODE.finditer(text):
            name, attributes = found[2].lower(), found[3]
            if found.start() < position:
                continue  # inside another one
            if found[1]:  # "[[gallery]]" is how one writes about it
                made += [text[position : found.start()], found[0][1:-1] if found[4] else found[0]]
                position = found.end()
                continue
            of_it = ends.get(name, [])
            next_end = bisect(of_it, found.start(), key=lambda each: each.start())
            end = of_it[next_end] if next_end < len(of_it) else None
            if name not in _OWN and end is None and "=" not in attributes:
                continue  # "[sic]", "[1]"
            begin = found.end() - len(found[4])
            inner = None if end is None else text[begin : end.start()]
            made += [text[position : found.start()], self._html(name, attributes, inner, depth)]
            position = begin if end is None else end.end()
        return "".join([*made, text[position:]])

    def _html(self, name: str, written: str, inner: str | None, depth: int) -> str:
        attributes = {
            each[1].lower(): each[2] or each[3] or each[4] or ""
            for each in _ATTRIBUTE.finditer(written)
        }
        if name in ("caption", "wp_caption") and inner is not None:
            return self._caption(attributes, self.replace(inner, depth=depth + 1))
        if name == "gallery":
            return self._gallery(attributes)
        if name in ("audio", "video", "embed"):
            return self._link(name, attributes, written, inner)
        self._left_out[name] += 1
        return "" if inner is None else self.replace(inner, depth=depth + 1)

    @staticmethod
    def _caption(attributes: Mapping[str, str], inner: str) -> str:
        picture = _PICTURE.search(inner)
        if picture is None:
            return inner
        rest = (inner[: picture.start()] + inner[picture.end() :]).strip()
        caption = rest or escape(attributes.get("caption", ""))
        shown = f"<figcaption>{caption}</figcaption>" if caption else ""
        return f"\n\n<figure>{picture[0]}{shown}</figure>\n\n"

    def _gallery(self, attributes: Mapping[str, str]) -> str:
        pictures = self._find_pictures(attributes)
        if not pictures:
            self._left_out["gallery"] += 1
        return "".join(
            f'\n\n<figure><img src="{escape(each.url)}" alt="{escape(each.alt)}">'
            + (f"<figcaption>{escape(each.caption)}</figcaption>" if each.caption else "")
            + "</figure>\n\n"
            for each in pictures
        )

    def _link(
        self, name: str, attributes: Mapping[str, str], written: str, inner: str | None
    ) -> str:
        named = [attributes[each] for each in _MEDIA_NAMES if attributes.get(each)]
        found = _ADDRESS.search(" ".join([*named, inner or "", written]))
        if found is None:
            self._left_out[name] += 1
            return ""
        return f"\n\n{_paragraph_of(found[0])}\n\n"


def with_links(text: str) -> str:
    """Returns a text with a link for each address that stands alone on a line.

    WordPress shows there what is at the address: a video, a message.
    """
    if "://" not in text:
        return text
    return "".join(
        part if is_code else _ALONE.sub(lambda found: f"\n{_paragraph_of(found[1])}\n", part)
        for part, is_code in _parts(text, _CODE, comments=False)
    )


def _paragraph_of(address: str) -> str:
    url = escape(address.replace("&amp;", "&"))
    return f'<p><a href="{url}">{url}</a></p>'
