"""Makes a record of a document whose text is HTML: its head block, its title, its text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from feeds.errors import DocumentRefused, PictureRefused
from feeds.html.tree import (
    Node,
    attribute,
    find,
    inner_html,
    is_in,
    parse,
    remove,
    set_attribute,
    text_of,
    walk,
)
from feeds.ingest.characters import clean, shown
from feeds.ingest.embargo_words import EmbargoNotice
from feeds.ingest.fields import RETRACT, EmbeddedPicture, SourceRecord
from feeds.ingest.head_block import HeadBlock, read_head_block, retraction_record
from feeds.ingest.nesting import check_nesting
from feeds.ingest.openings import ShownLine, lines_of, remove_line, text_after_label

#: The headline is among the first lines, below a letterhead, a label and a date.
_LINES_ABOVE_TITLE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlDocument:
    """What a parser found in a document that people write."""

    markup: str  #: the text; uncleaned HTML
    fields: Mapping[str, object]  #: fields from elsewhere; those of the head block replace them
    has_title_line: bool = True  #: whether the first line may be the title, for want of a heading
    lines_by_field: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    notices: Sequence[EmbargoNotice] = ()
    left_out: Sequence[str] = ()
    pictures: Sequence[EmbeddedPicture] = ()


def record_of(document: HtmlDocument) -> SourceRecord:
    """Returns the record of *document*.

    Raises:
        DocumentRefused: Its head block is faulty, it has no title, or it is nested too deeply.
    """
    warnings = list(document.warnings)
    markup = clean(document.markup, field="body", warnings=warnings)
    check_nesting(markup)
    body = parse(markup)
    lines = lines_of(body)
    head, lines = take_head_block(lines, heading=_heading(body))
    if RETRACT in head.fields or document.fields.get(RETRACT):
        head.fields = {**document.fields, **head.fields}
        return retraction_record(head, text_of(body))
    fields = {**document.fields, **head.fields}
    left_out = list(document.left_out)
    if not fields.get("title"):
        fields["title"] = _take_title(body, lines, left_out, has_title_line=document.has_title_line)
    _trim_start(body)
    fields |= {"body": inner_html(body).strip(), "body_format": "html"}
    return SourceRecord(
        fields=fields,
        is_whole_document=True,
        lines_by_field={**document.lines_by_field, **head.lines_by_field},
        warnings=tuple(warnings),
        notices=(*document.notices, *head.notices),
        may_be_undated=True,
        left_out=tuple(left_out),
        pictures=tuple(document.pictures),
    )


#: A head block has at most this many lines.
_MAX_HEAD_LINES = 40


def take_head_block(
    lines: Sequence[ShownLine], *, heading: Node | None = None
) -> tuple[HeadBlock, list[ShownLine]]:
    """Reads the head block, at the very top or directly below *heading*, and removes its lines.

    Returns:
        The block, and the lines that are left.

    Raises:
        DocumentRefused: The block is faulty.
    """
    above = 0
    while heading is not None and above < len(lines) and is_in(lines[above].texts[0], heading):
        above += 1
    for start in {0: None, above: None}:
        head = read_head_block([str(line) for line in lines[start : start + _MAX_HEAD_LINES]])
        if head.count:
            break
    for line in lines[start : start + head.count]:
        remove_line(line)
    return head, [*lines[:start], *lines[start + head.count :]]


def _heading(body: Node) -> Node | None:
    return next((one for one in find(body, "h1") if text_of(one).strip()), None)


def _take_title(
    body: Node, lines: Sequence[ShownLine], left_out: list[str], *, has_title_line: bool
) -> str:
    """Returns the first heading, or the first line; removes it, and labels above it."""
    heading = _heading(body)
    for line in lines[:_LINES_ABOVE_TITLE]:
        text = str(line)
        if heading is not None and is_in(line.texts[0], heading):
            title = [str(each) for each in lines if is_in(each.texts[0], heading)]
            remove(heading)
            return " ".join(title)
        if text_after_label(text) == "":
            remove_line(line)
            left_out.append(f"the line {shown(text)} above the title")
        elif heading is None and has_title_line:
            remove_line(line)
            return text
    raise DocumentRefused(
        "the document has no title",
        remedy="give its headline the style Title or Heading 1, or write Title: and the headline "
        "at the very top",
        field="title",
    )


def _trim_start(body: Node) -> None:
    """Removes line ends and empty elements above the text, which a head has left."""
    for node in list(islice(walk(body), _NODES_OF_HEAD)):
        if node.is_text_node and text_of(node).strip():
            return
        if node.is_element_node and (
            node.tag in _SHOWN or text_of(node).strip() or any(find(node, tag) for tag in _SHOWN)
        ):
            if node.tag in _SHOWN:
                return
        elif is_in(node, body):
            remove(node)


#: A head leaves at most a few for each line.
_NODES_OF_HEAD = 300
#: Elements that are seen without words.
_SHOWN = ("img", "video", "audio", "iframe", "object", "svg", "math", "hr", "table")


# Pictures inside a document.

#: Stores a picture, and returns its address.
KeepPicture = Callable[[EmbeddedPicture], str]


def with_pictures(record: SourceRecord, keep: KeepPicture | None) -> SourceRecord:
    """Returns *record* with the addresses of its pictures in the body.

    Args:
        record: Its body refers to its pictures by name.
        keep: Stores them, or raises `PictureRefused`; without it they are left out.
    """
    if not record.pictures:
        return record
    addresses: dict[str, str] = {}
    left_out = list(record.left_out)
    for picture in record.pictures:
        reason = ""
        try:
            if keep is not None:
                addresses[f"cid:{picture.name}"] = keep(picture)
        except PictureRefused as refused:
            reason = f", as {refused.reason}"
        if f"cid:{picture.name}" not in addresses:
            alt = f" ({shown(picture.alt)})" if picture.alt else ""
            left_out.append(
                f"the picture {picture.name}{alt}: only its description is in the text{reason}"
            )
    body = parse(str(record.fields["body"]))
    for image in find(body, "img[src]"):
        address = addresses.get(attribute(image, "src") or "")
        if address is not None:
            set_attribute(image, "src", address)
    fields = {**record.fields, "body": inner_html(body)}
    return replace(record, fields=fields, left_out=tuple(left_out), pictures=())
