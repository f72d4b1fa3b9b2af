"""The tree of a feed in XML: ids, addresses, languages and tombstones, as the feed has them.

feedparser changes these: it resolves ids against a base, says of a guid that it is no link as soon
as the item has one, and keeps only the last of several tombstones. So they are read here, and
feedparser is handed a well-formed document in which every address is absolute that ``xml:base``
makes so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from feeds.errors import NotAFeed
from feeds.imports.items import IdFormat, KnownId
from feeds.imports.markup import joined
from feeds.ingest.rules import MAX_NAME_CHARS

_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_XML = "{http://www.w3.org/XML/1998/namespace}"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_DC = "http://purl.org/dc/elements/1.1/"
_MEDIA = re.compile("http://search.yahoo.com/mrss/?")
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_HISTORY = "http://purl.org/syndication/history/1.0"
_SLASH = "http://purl.org/rss/1.0/modules/slash/"
_THREADING = "http://purl.org/syndication/thread/1.0"
#: The Atom Publishing Protocol, and its draft, which exports of Blogger name.
_PUBLISHING = ("http://www.w3.org/2007/app", "http://purl.org/atom/app#")
_BLOGGER = "http://schemas.google.com/blogger/2018"
#: Prefixes that feeds use without declaring them.
_KNOWN_PREFIXES = {
    "atom": _ATOM[0],
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": _DC,
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": _SLASH,
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": _THREADING,
    "wfw": "http://wellformedweb.org/CommentAPI/",
}
#: The element by which feedparser's entries are recognised: it calls an entry's unknown elements
#: by their names.
MARKER = "communiqueitem"
#: A feed of ten megabytes that has more is made to cost memory.
MAX_ITEMS, MAX_TAGS = 50_000, 1_000_000
#: feedparser looks for an address in names, in a time that grows with the square of their length.
_PEOPLE = frozenset({"author", "creator", "managingeditor", "webmaster", "name", "email", "owner"})
_HOLDERS = frozenset({"channel", "rss", "rdf", "feed", "items"})
_WITH_ADDRESS = ("href", "src", "url")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A link of a feed or of an item (RFC 4287 section 4.2.7)."""

    rel: str
    href: str
    media_type: str | None = None
    length: str | None = None
    title: str | None = None


@dataclass(slots=True, kw_only=True)
class ItemFacts:
    """What the tree says of one item."""

    line: int
    known_id: KnownId | None = None
    links: list[FeedLink] = field(default_factory=list)  #: of Atom's kind; files are enclosures
    link: str | None = None  #: the text of RSS's ``link``
    base: str | None = None  #: ``xml:base`` of its content, of itself, or around it
    language: str | None = None
    original_link: str | None = None  #: ``feedburner:origLink``
    has_dc_date: bool = False  #: ``dc:date``, the date of an item of RSS that has no other
    comments: int = 0
    source: "HeadFacts | None" = None  #: ``atom:source``, or RSS ``source``
    is_draft: bool = False  #: ``app:draft`` (RFC 5023 section 13.1.1), or Blogger's status
    other_kind: str | None = None  #: Blogger's type of what is no post, such as ``COMMENT``

    @property
    def is_public(self) -> bool:
        """Whether the item is a post that its newsroom has published."""
        return not (self.is_draft or self.other_kind)


@dataclass(slots=True, kw_only=True)
class HeadFacts:
    """What the tree says of a feed."""

    id: str | None = None
    title: str | None = None
    links: list[FeedLink] = field(default_factory=list)
    link: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What says that an item was deleted (RFC 6721)."""

    ref: str  #: its id
    when: str  #: as written; empty if it is missing
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTree:
    """A feed in XML."""

    head: HeadFacts
    items: list[ItemFacts]  #: the text of `MARKER` in an item is its index here
    deleted: list[Tombstone]
    is_complete: bool  #: ``fh:complete``: what is not here is no more (RFC 5005 section 2)
    is_archive: bool  #: ``fh:archive`` (RFC 5005 section 4)
    is_atom: bool
    document: bytes  #: for feedparser: UTF-8, well-formed, without ``xml:base``
    cut_off: int | None  #: line of the item in which the document ends; it is not in `items`


def parse_tree(text: str, *, url: str | None, warnings: list[str]) -> FeedTree:
    """Parses a feed.

    Args:
        text: As `feeds.imports.feed_text.repaired` returns it.
        url: The address of the feed, to which an ``xml:base`` may be relative.
        warnings: Receives a warning if it is not well-formed.

    Raises:
        NotAFeed: Nothing of it can be read.
    """
    if text.count("<") > MAX_TAGS:
        raise NotAFeed(f"it has more than {MAX_TAGS} tags", remedy="split it into several files")
    if _ITEM_TAG.findall(text).count("") > MAX_ITEMS:
        raise NotAFeed(f"it has more than {MAX_ITEMS} items", remedy="split it into several files")
    root, cut_off = _parse(text, warnings)
    is_atom = etree.QName(root).namespace in _ATOM
    _resolve_bases(root, url)
    found = [element for element in root.iter("{*}item", "{*}entry") if _is_item(element)]
    line_of_cut = None
    if cut_off and found:
        last = found.pop()
        line_of_cut = last.sourceline or 0
        last.getparent().remove(last)
    items = [_facts(element, is_atom=is_atom) for element in found]
    channel = next(iter(root.iter("{*}channel")), root)
    head = _head(channel, root)
    for element in root.iter():
        element.attrib.pop(_BASE, None)
        if etree.QName(element).localname.lower() in _PEOPLE and element.text:
            element.text = element.text[:MAX_NAME_CHARS]
        # feedparser is called once for each reference outside CDATA: half of its time.
        if _is_better_as_cdata(element.text):
            element.text = etree.CDATA(element.text)
        if _is_better_as_cdata(element.tail):
            element.tail = etree.CDATA(element.tail)
    for index, element in enumerate(found):
        marker = etree.Element(MARKER)
        marker.text = str(index)
        element.insert(0, marker)
    return FeedTree(
        head=head,
        items=items,
        deleted=[
            Tombstone(ref=ref, when=element.get("when", ""), line=element.sourceline or None)
            for element in root.iter(f"{{{_TOMBSTONES}}}deleted-entry")
            if (ref := (element.get("ref") or "").strip())
        ],
        is_complete=root.find(f".//{{{_HISTORY}}}complete") is not None,
        is_archive=root.find(f".//{{{_HISTORY}}}archive") is not None,
        is_atom=is_atom,
        document=etree.tostring(root, encoding="utf-8", xml_declaration=True),
        cut_off=line_of_cut,
    )


def _is_better_as_cdata(text: str | None) -> bool:
    return text is not None and ("<" in text or "&" in text) and "]]>" not in text


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )


def _recovered(data: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(data, _parser(recover=True))
    except etree.XMLSyntaxError:  # not even a root
        return None


_UNDECLARED = re.compile(r"Namespace prefix ([\w.-]+) ")


def _parse(text: str, warnings: list[str]) -> tuple[etree._Element, bool]:
    """Returns the root, and whether the document ends in an item."""
    data = text.encode("utf-8", "replace")
    try:
        return etree.fromstring(data, _parser(recover=False)), False
    except etree.XMLSyntaxError as fault:
        undeclared = sorted(
            {found[1] for entry in fault.error_log if (found := _UNDECLARED.match(entry.message))}
        )
        if undeclared:
            text = _declared(text, undeclared)
            try:
                root = etree.fromstring(text.encode("utf-8", "replace"), _parser(recover=False))
            except etree.XMLSyntaxError as other:
                fault = other
            else:
                warnings.append(f"the feed uses {', '.join(undeclared)} without declaring it")
                return root, False
        line = fault.lineno or 1
        escaped = _with_markup_escaped(text).encode("utf-8", "replace")
        try:
            root = etree.fromstring(escaped, _parser(recover=False))
        except etree.XMLSyntaxError:
            root = _recovered(escaped)
        else:
            warnings.append(f"line {line}: markup is not escaped, and is no XML ({fault.msg})")
            return root, False
        if root is None:
            raise NotAFeed(
                f"the XML cannot be read ({fault.msg})", remedy="mend it there", line=line
            ) from fault
        warnings.append(
            f"line {line}: the XML is not well-formed ({fault.msg}); read as far as it is"
        )
        return root, _ends_in_item(text)


def _declared(text: str, prefixes: list[str]) -> str:
    declarations = "".join(
        f' xmlns:{prefix}="{_KNOWN_PREFIXES.get(prefix, f"urn:x-undeclared:{prefix}")}"'
        for prefix in prefixes
    )
    return re.sub(r"<([A-Za-z_][\w:.-]*)", rf"<\1{declarations}", text, count=1)


_CONTENT_TAG = re.compile(
    r"<(/?)((?!media:)(?:[\w.-]+:)?(?:description|encoded|content|summary|title))\b([^<>]*)>"
)


def _with_markup_escaped(text: str) -> str:
    """Returns *text* with the markup of its contents as CDATA: an unclosed ``<p>`` is no XML."""
    parts: list[str] = []
    done = 0
    opened: re.Match[str] | None = None
    for tag in _CONTENT_TAG.finditer(text):
        name = tag[2]
        if not tag[1]:
            # Of an element in another, such as <title> in an <svg>, nothing is made.
            is_inside = opened is not None and opened[2] != name
            if not is_inside:
                opened = None if tag[3].endswith("/") else tag
        elif opened is not None and opened[2] == name:
            content = text[opened.end() : tag.start()]
            if "<" in content and not content.lstrip().startswith("<![CDATA["):
                attributes = re.sub(r"""(type\s*=\s*["'])xhtml""", r"\1html", opened[3])
                content = content.replace("]]>", "]]]]><![CDATA[>")
                parts += [text[done : opened.start()], f"<{name}{attributes}><![CDATA[{content}]]>"]
                done = tag.start()
            opened = None
    return "".join([*parts, text[done:]])


_ITEM_TAG = re.compile(r"<(/?)(?:[\w.-]+:)?(?:item|entry)(?=[\s>/])")


def _ends_in_item(text: str) -> bool:
    tags = [found[1] for found in _ITEM_TAG.finditer(text)]
    return bool(tags) and tags[-1] == ""


def _is_item(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and etree.QName(parent).localname.lower() in _HOLDERS


# xml:base (XML Base, section 4): what it makes absolute is made absolute, and it goes.


def _resolve_bases(root: etree._Element, url: str | None) -> None:
    base = f"{_XML}base"
    if not any(True for element in root.iter() if base in element.attrib):
        return
    _resolve_below(root, None, url)


def _resolve_below(element: etree._Element, around: str | None, url: str | None) -> None:
    stated = element.attrib.pop(f"{_XML}base", None)
    here = joined(around or url, stated) if stated else around
    if here:
        for name in _WITH_ADDRESS:
            if written := element.get(name):
                element.set(name, joined(here, written))
        if (
            etree.QName(element).localname in ("link", "uri", "url")
            and (element.text or "").strip()
        ):
            element.text = joined(here, element.text)
        # Markup that is escaped is resolved later.
        element.set(_BASE, here)
    for child in element:  # the parser allows 256 levels
        _resolve_below(child, here, url)


#: An attribute that stands in the tree only until its facts are read.
_BASE = "communiquebase"


def _base(element: etree._Element) -> str | None:
    found = element.get(_BASE)
    return str(found) if found else None


# One item, and the head.


def _facts(element: etree._Element, *, is_atom: bool) -> ItemFacts:
    facts = ItemFacts(line=element.sourceline or 0, base=_base(element))
    about = element.get(_ABOUT)
    for child in element:
        name = etree.QName(child)
        if _is_foreign(name.namespace):
            _read_extension(facts, (name.namespace, name.localname), child)
        elif name.namespace in _ATOM and name.localname == "link":
            facts.links.append(_link(child))
        elif name.namespace in _ATOM and name.localname == "source":
            facts.source = _head(child, child)
        else:
            _read_child(facts, name.localname.lower(), child)
    facts.links += [_media(media) for media in element.iter("{*}content") if _is_media(media)]
    if facts.known_id is None and about and about.strip():
        link = facts.link or ""
        facts.known_id = KnownId(
            value=about.strip(), format=IdFormat.RSS, is_permalink=about.strip() == link
        )
    if is_atom and facts.known_id is not None:
        facts.known_id = KnownId(value=facts.known_id.value, format=IdFormat.ATOM)
    facts.language = facts.language or _language(element)
    return facts


def _read_extension(facts: ItemFacts, name: tuple[str | None, str], child: etree._Element) -> None:
    if name == (_DC, "language"):
        facts.language = _text(child) or facts.language
    elif name == (_DC, "date"):
        facts.has_dc_date = True
    elif name in ((_SLASH, "comments"), (_THREADING, "total")):
        facts.comments = _number(_text(child))
    elif name[0] in _PUBLISHING and name[1] == "control":
        facts.is_draft |= any(
            _text(draft).lower() == "yes" for draft in child.findall(f"{{{name[0]}}}draft")
        )
    elif name == (_BLOGGER, "status"):
        facts.is_draft |= _text(child) != "LIVE"
    elif name == (_BLOGGER, "type"):
        facts.other_kind = kind if (kind := _text(child)) != "POST" else None
    elif name[1] == "origLink":
        facts.original_link = _text(child) or None


def _read_child(facts: ItemFacts, name: str, child: etree._Element) -> None:
    text = _text(child)
    if name == "guid" and text:
        stated = next((v for k, v in child.attrib.items() if k.lower() == "ispermalink"), "")
        is_permalink = {"true": True, "false": False}.get(stated.strip().lower())
        facts.known_id = KnownId(value=text, format=IdFormat.RSS, is_permalink=is_permalink)
    elif name == "id" and text:
        facts.known_id = KnownId(value=text, format=IdFormat.ATOM)
    elif name == "link" and text and facts.link is None:
        facts.link = text
    elif name == "enclosure" and child.get("url"):
        facts.links.append(_link(child, rel="enclosure"))
    elif name == "source":
        url = child.get("url")
        links = [FeedLink(rel="self", href=url.strip())] if url else []
        facts.source = HeadFacts(title=text or None, links=links)
    elif name in ("content", "description", "summary") and (name == "content" or not facts.base):
        facts.base = _base(child) or facts.base
        if language := child.get(f"{_XML}lang"):
            facts.language = facts.language or language


def _is_foreign(namespace: str | None) -> bool:
    """Whether elements of *namespace* are none of RSS, RDF or Atom."""
    return bool(namespace) and _OF_FEEDS.match(namespace or "") is None


_OF_FEEDS = re.compile(
    r"http://(?:www\.w3\.org/2005/Atom|purl\.org/atom/ns#|purl\.org/rss/1\.0/|purl\.org/net/rss1\.1"
    r"|my\.netscape\.com/rdf/\S*|backend\.userland\.com/rss\S*|blogs\.law\.harvard\.edu/\S*)#?\Z"
)


def _link(element: etree._Element, rel: str = "") -> FeedLink:
    return FeedLink(
        rel=(rel or element.get("rel") or "alternate").strip().lower().removeprefix(_IANA),
        href=(element.get("href") or element.get("url") or "").strip(),
        media_type=element.get("type"),
        length=element.get("length") or element.get("fileSize"),
        title=element.get("title"),
    )


#: RFC 4287 section 4.2.7.2: a registered relation may be written in full.
_IANA = "http://www.iana.org/assignments/relation/"


def _is_media(element: etree._Element) -> bool:
    namespace = etree.QName(element).namespace or ""
    return bool(_MEDIA.fullmatch(namespace) and element.get("url"))


def _media(element: etree._Element) -> FeedLink:
    return _link(element, rel="media")


def _head(element: etree._Element, root: etree._Element) -> HeadFacts:
    facts = HeadFacts()
    for child in element:
        name = etree.QName(child)
        if name.namespace in _ATOM and name.localname == "link":
            facts.links.append(_link(child))
        elif name.namespace == _DC and name.localname == "language":
            facts.language = facts.language or _text(child) or None
        elif not _is_foreign(name.namespace):
            text = _text(child) or None
            if name.localname == "link":
                facts.link = facts.link or text
            elif name.localname == "id":
                facts.id = text
            elif name.localname == "title":
                facts.title = facts.title or text
            elif name.localname == "language":
                facts.language = text
    facts.language = facts.language or _language(element) or root.get(f"{_XML}lang")
    return facts


def _language(element: etree._Element) -> str | None:
    around: Iterator[etree._Element] = iter((element, *element.iterancestors()))
    for each in around:
        if (language := each.get(f"{_XML}lang")) is not None:
            return str(language) or None
    return None


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()


def _number(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
