"""From the bytes of a feed to its text: the encoding, what it is at all, and repairs of its XML.

Bodies are recognised by what they hold. Media types are wrong too often to be asked.
"""

import codecs
import re
from enum import StrEnum
from html.entities import html5

from feeds.errors import NotAFeed
from feeds.ingest.characters import shown
from feeds.ingest.streams import decode_labelled
from feeds.model.text import FORBIDDEN_IN_XML

# Encoding. The byte order mark decides; then what is stated, if it can be; then what it looks like.

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: ``<?`` and ``<r`` without a mark (XML 1.0, appendix F.1).
_UTF_16 = (
    (re.compile(rb"<\x00[?a-zA-Z!]\x00"), "utf-16-le"),
    (re.compile(rb"\x00<\x00[?a-zA-Z!]"), "utf-16-be"),
)
_STATED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']\s*([A-Za-z0-9_:.-]+)""")
#: Text in these that is valid UTF-8 by chance is common: most pairs of Chinese bytes are.
_OF_SEVERAL_BYTES = re.compile("gb|big5|shift|sjis|euc|iso-?2022|cp9[34]|ks_?c", re.IGNORECASE)


def decode_feed(data: bytes, *, charset: str | None, warnings: list[str]) -> str:
    """Returns the text of a feed, without byte order mark.

    Args:
        data: The body as received.
        charset: The parameter of Content-Type, if there is one.
        warnings: Receives a warning when what is stated was not believed.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            without_mark = data[3:] if encoding == "utf-8" else data
            return without_mark.decode(encoding, "replace").lstrip("\ufeff")
    for opening, encoding in _UTF_16:
        if opening.match(data):
            return data.decode(encoding, "replace")
    prolog = _STATED.match(data, 0, 1024)
    stated = [charset or "", prolog[1].decode("ascii") if prolog else ""]
    return _decode_labelled(data, [label for label in dict.fromkeys(stated) if label], warnings)


def _decode_labelled(data: bytes, labels: list[str], warnings: list[str]) -> str:
    try:
        in_utf_8 = data.decode("utf-8")
    except UnicodeDecodeError:
        in_utf_8 = None
    if in_utf_8 is not None and not any(map(_OF_SEVERAL_BYTES.match, labels)):
        if labels and not in_utf_8.isascii() and _codec(labels[0]) != "utf-8":
            warnings.append(f"the feed says that it is in {shown(labels[0])}, and is in UTF-8")
        return in_utf_8
    for label in labels:
        if _codec(label) != "utf-8" and (text := decode_labelled(data, label)) is not None:
            return text
    if in_utf_8 is not None:
        return in_utf_8
    said = f"says that it is in {shown(labels[0])}, and is not" if labels else "names no encoding"
    warnings.append(f"the feed {said}; it was read as windows-1252")
    return decode_labelled(data, "windows-1252") or ""


def _codec(label: str) -> str:
    try:
        return codecs.lookup(label).name
    except LookupError:
        return ""


# What it is.


class FeedKind(StrEnum):
    """The kind of document that a feed is."""

    XML = "xml"
    JSON = "json"


_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)[\s>/]")
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
#: Words in pages that ask a browser to prove itself, in lower case.
_CHALLENGES = (
    "just a moment", "checking your browser", "cf-chl", "challenge-platform", "ddos protection",
    "_incapsula_", "captcha", "attention required!", "verify you are human", "enable javascript",
)  # fmt: skip
_ALTERNATE = re.compile(
    r"""<link\b(?=[^>]*type=["']application/(?:rss|atom|feed)\+(?:xml|json))[^>]*?href=["']([^"']+)""",
    re.IGNORECASE,
)
#: What only exports of WordPress (WXR) have; its feeds have not.
_WORDPRESS = re.compile(r"//wordpress\.org/export/|<wp:(?:wxr_version|base_site_url)\b")
_OTHERS = {
    "opml": "it is a list of feeds: import each of them by its address",
    "urlset": "it is a sitemap: give the address of the feed",
    "sitemapindex": "it is a sitemap: give the address of the feed",
}


def kind_of(text: str) -> FeedKind:
    """Returns the kind of document that *text* is.

    Raises:
        NotAFeed: It is empty, a page, or something else.
    """
    head = text[:20_000].lstrip("\ufeff \t\r\n\x00")
    if not head:
        raise NotAFeed("the body is empty", remedy="look at the address in a browser; try later")
    if head.startswith("{"):
        return FeedKind.JSON
    without_comments = re.sub("<!--.*?-->", "", head, flags=re.DOTALL)
    if _HTML.match(without_comments):
        raise _page(head)
    if _WORDPRESS.search(head):
        # It is RSS as well, and its items are drafts and private texts too.
        raise NotAFeed(
            "an export of WordPress came instead of a feed",
            remedy="import it with communique import wxr, which leaves out what is not public",
        )
    root = _ROOT.search(re.sub("<[?!][^>]*>", "", without_comments))
    name = root[1].lower() if root else ""
    if name in _ROOTS:
        return FeedKind.XML
    if name in ("html", "head", "body", "div", "p", "script"):
        raise _page(head)
    found = f"its root element is {name}" if name else f"it begins with {shown(head[:40])}"
    remedy = _OTHERS.get(name, "give the address or the file of an RSS, Atom or JSON feed")
    raise NotAFeed(f"no feed: {found}", remedy=remedy)


def _page(head: str) -> NotAFeed:
    lowered = head.lower()
    if any(words in lowered for words in _CHALLENGES):
        return NotAFeed(
            "a page that asks for proof of a browser came instead of the feed",
            remedy="ask the site to let feed readers pass, or give a file that you saved yourself",
        )
    alternate = _ALTERNATE.search(head)
    remedy = "give the address of the feed"
    if alternate:
        remedy += f": the page names {alternate[1]}"
    return NotAFeed("a page in HTML came instead of the feed", remedy=remedy)


# Repairs of XML that change no line number.

_DECLARATION = re.compile(r"<\?xml\b.*?\?>", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_DOCTYPE_WITHIN = 100_000
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(["'])([^<&%]*?)\2\s*>""")
#: What may hold an ampersand. Comments hold nothing, and often two hyphens, which end no comment.
_AMPERSANDS = re.compile(
    r"(?P<cdata><!\[CDATA\[.*?(?:\]\]>|\Z))|(?P<comment><!--.*?(?:-->|\Z))"
    r"|&(?:#(?P<decimal>[0-9]{1,7});|#[xX](?P<hex>[0-9a-fA-F]{1,6});|(?P<name>[A-Za-z][\w.-]*);)?",
    re.DOTALL,
)
_OF_XML = frozenset({"lt", "gt", "amp", "quot", "apos"})


def repaired(text: str) -> str:
    """Returns XML without declaration and document type, with all references that it can have.

    Named references of HTML become characters, a lone ``&`` becomes ``&amp;``, and characters that
    XML forbids are removed.
    """
    text = text.replace("\x00", "").lstrip("\ufeff \t\r")
    declaration = _DECLARATION.search(text, 0, 4096)
    if declaration and not _ROOT.search(re.sub(r"<!--.*?-->", "", text[: declaration.start()])):
        text = _lines(text[: declaration.end()]) + text[declaration.end() :]
    entities: dict[str, str] = {}
    begin = text.find("<!DOCTYPE", 0, _DOCTYPE_WITHIN)
    if begin >= 0 and (doctype := _DOCTYPE.match(text, begin, begin + _DOCTYPE_WITHIN)):
        entities = {name: value for name, _, value in _ENTITY.findall(doctype[0])}
        text = text[: doctype.start()] + _lines(doctype[0]) + text[doctype.end() :]

    def replacement(found: re.Match[str]) -> str:
        if found["cdata"]:
            return found[0] if found[0].endswith("]]>") else f"{found[0]}]]>"
        if found["comment"]:
            return _lines(found[0])
        if found["decimal"] or found["hex"]:
            code = int(found["decimal"] or found["hex"], 10 if found["decimal"] else 16)
            is_allowed = code < 0x110000 and not FORBIDDEN_IN_XML.match(chr(code))
            return found[0] if is_allowed else ""
        name = found["name"]
        if name in _OF_XML:
            return found[0]
        meant = entities.get(name or "") or html5.get(f"{name};")
        if meant is None:
            return f"&amp;{found[0][1:]}"
        return meant.replace("&", "&amp;").replace("<", "&lt;")

    return FORBIDDEN_IN_XML.sub("", _AMPERSANDS.sub(replacement, text))


def _lines(text: str) -> str:
    return "\n" * text.count("\n")
