"""The parts of a message, walked by hand: no text of it is lost, and no alternative comes twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from feeds.errors import DocumentRefused
from feeds.html.tree import parse, text_of
from feeds.ingest.characters import clean, shown
from feeds.ingest.html_form import declared_charset
from feeds.ingest.nesting import check_nesting
from feeds.ingest.streams import decode_labelled


class Kind(Enum):
    """What a part of a message is to a reader."""

    HTML = auto()
    TEXT = auto()
    PICTURE = auto()  #: shown in the text, if that refers to it
    FILE = auto()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part without parts."""

    kind: Kind
    part: Message

    @property
    def name(self) -> str:
        """The name of a file, or its type."""
        name = self.part.get_filename()
        return decoded(name) if name else self.part.get_content_type()

    @property
    def data(self) -> bytes:
        """The content, decoded from base64 or quoted-printable."""
        data = self.part.get_payload(decode=True)
        return data if isinstance(data, bytes) else b""


def leaves(part: Message) -> list[Leaf]:
    """Returns what a reader of the message sees, in order: of alternatives the richest.

    Raises:
        DocumentRefused: The text is encrypted, or in a form that only one program reads.
    """
    _require_readable(part)
    kind = part.get_content_type()
    children = part.get_payload() if part.is_multipart() else None
    if kind == "message/rfc822" or not isinstance(children, list):
        return [Leaf(_kind_of(part), part)]
    parts = [child for child in children if isinstance(child, Message)]
    if kind == "multipart/alternative":
        return _richest([leaves(child) for child in parts])
    if kind == "multipart/signed":
        return leaves(parts[0]) if parts else []  # the second is the signature
    if kind == "multipart/related":
        return _related(part, parts)
    return [leaf for child in parts for leaf in leaves(child)]


def _require_readable(part: Message) -> None:
    kind = part.get_content_type()
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"):
        raise DocumentRefused(
            "the message is encrypted, or signed in a form that hides its text (S/MIME, PGP)",
            remedy="send it without encryption; a clear signature (multipart/signed) is read",
        )
    if kind == "application/ms-tnef" or (part.get_filename() or "").lower() == "winmail.dat":
        raise DocumentRefused(
            "the message holds its text as winmail.dat, which only Outlook reads",
            remedy="send it as HTML or plain text: in Outlook, Format Text, HTML",
        )


def _kind_of(part: Message) -> Kind:
    kind = part.get_content_type()
    disposition = (part.get_content_disposition() or "").lower()
    if kind.startswith("image/") and disposition != "attachment":
        return Kind.PICTURE
    is_text = kind in ("text/plain", "text/html") and disposition != "attachment"
    if not is_text or part.get_filename():
        is_shown = part.get("Content-ID") is not None and kind.startswith("image/")
        return Kind.PICTURE if is_shown else Kind.FILE
    return Kind.HTML if kind == "text/html" else Kind.TEXT


def _richest(options: list[list[Leaf]]) -> list[Leaf]:
    """Returns the last of the richest alternatives (RFC 2046, 5.1.4), and files of the others.

    Some programs write the pieces of one text side by side, around a file: of several that are as
    rich, those are joined whose words no other one has.
    """

    def rank(option: list[Leaf]) -> int:
        kinds = {leaf.kind for leaf in option}
        return 2 if Kind.HTML in kinds else int(Kind.TEXT in kinds)

    if not options:
        return []
    best = max(map(rank, options))
    chosen = {index for index, option in enumerate(options) if rank(option) == best}
    if best and len(chosen) > 1:
        chosen -= set(_repeated({index: _words(options[index]) for index in sorted(chosen)}))
    elif not best:
        chosen = {len(options) - 1}
    first = [leaf for index in sorted(chosen) for leaf in options[index]]
    others = (
        leaf
        for index, option in enumerate(options)
        for leaf in option
        if index not in chosen and leaf.kind in (Kind.PICTURE, Kind.FILE)
    )
    return [*first, *others]


def _repeated(words: Mapping[int, str]) -> Iterator[int]:
    """Yields texts whose words stand in another one; of the same texts all but the last."""
    for index, text in words.items():
        if any(
            text in other and (text != other or index < at)
            for at, other in words.items()
            if at != index
        ):
            yield index


def _words(option: list[Leaf]) -> str:
    """Returns the words of an alternative, without markup."""
    texts = []
    for leaf in option:
        if leaf.kind in (Kind.HTML, Kind.TEXT):
            text = text_of_part(leaf, warnings=[])
            if leaf.kind is Kind.HTML:
                check_nesting(text)
                text = text_of(parse(clean(text, field="body", warnings=[])))
            texts.append(text)
    return " ".join(" ".join(texts).split())


def _related(part: Message, parts: list[Message]) -> list[Leaf]:
    """Returns the root of a "related" part, and what it refers to."""
    start = str(part.get_param("start", "")).strip()
    root = next((each for each in parts if start and each.get("Content-ID") == start), None)
    found = [leaf for each in parts[:1] if root is None for leaf in leaves(each)]
    if root is not None:
        found = leaves(root)
    for each in parts if root is not None else parts[1:]:
        if each is root:
            continue
        is_picture = each.get_content_maintype() == "image"
        found += [Leaf(Kind.PICTURE, each)] if is_picture else leaves(each)
    return found


# Text: in the encoding that the part names, or in the one that it must be.


def text_of_part(leaf: Leaf, *, warnings: list[str]) -> str:
    """Returns the text of a part.

    Args:
        leaf: A part of text.
        warnings: Receives a warning when it was not in the encoding that it names.

    Raises:
        DocumentRefused: The encoding is unknown, and it is not UTF-8.
    """
    data, label = leaf.data, leaf.part.get_content_charset()
    if label is None and leaf.kind is Kind.HTML:
        label = declared_charset(data)
    for tried in _candidates(data, label):
        text = decode_labelled(data, tried)
        if text is None:
            continue
        if tried not in (label, _ASSUMED) or (label and tried != label):
            warnings.append(f"body: says that it is in {label or 'no encoding'}; read as {tried}")
        return text
    raise DocumentRefused(
        f"the text of the message is in an unknown encoding: {shown(label)}",
        remedy="send it as UTF-8",
        field="body",
    )


_ASSUMED = "utf-8"
#: Labels of programs that do not look at what they send.
_CARELESS = frozenset({"us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252"})


def _candidates(data: bytes, label: str | None) -> Iterator[str]:
    """Yields encodings in the order in which they are tried."""
    is_careless = label is None or label.lower() in _CARELESS
    # Text with letters beyond ASCII that is UTF-8 by chance does not exist.
    if is_careless and not data.isascii():
        yield _ASSUMED
    if label is not None:
        yield label
    yield _ASSUMED
    if is_careless or label in ("utf-8", "utf8"):
        yield "windows-1252"


# Headers.


def header(message: Message, name: str) -> str:
    """Returns a header as text on one line; empty without it."""
    for each, value in message.raw_items():
        if each.lower() == name.lower():
            return " ".join(decoded(str(value)).split())
    return ""


def decoded(written: str) -> str:
    """Returns a header's value with its encoded words (RFC 2047) decoded."""
    data = written.encode("utf-8", "surrogateescape")
    text = decode_labelled(data, "utf-8") or data.decode("cp1252", "replace")
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(_word(*piece) for piece in pieces)


def _word(data: bytes | str, charset: str | None) -> str:
    if isinstance(data, str):
        return data
    if charset is None:
        return data.decode("raw-unicode-escape")
    return decode_labelled(data, charset) or data.decode("utf-8", "replace")


def sent_at(message: Message) -> datetime | None:
    """Returns the moment in the header ``Date``; None without a zone that is known.

    RFC 5322, 4.3: a zone of letters other than those of North America, and ``-0000``, says nothing.
    """
    try:
        sent = parsedate_to_datetime(header(message, "Date"))
    except ValueError:  # no date, or a second 60
        return None
    return None if sent.tzinfo is None else sent
