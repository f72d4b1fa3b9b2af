"""Parses Markdown with front matter in YAML, TOML or JSON. The only importer of markdown-it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from io import BufferedReader
from typing import TYPE_CHECKING

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.fields import RETRACT, Parsed
from feeds.ingest.head_block import (
    HEAD_FIELDS,
    HeadBlock,
    add_field,
    read_head_block,
    retraction_record,
)
from feeds.ingest.html_records import HtmlDocument, record_of
from feeds.ingest.paragraphs import linked
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import read_whole
from feeds.ingest.written_moments import MONTHS

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


def parse_markdown(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the one record of a Markdown document; see docs/sending-a-release.md."""
    try:
        yield _read(read_whole(stream, max_bytes=rules.max_document_bytes))
    except DocumentRefused as fault:
        yield fault


def _read(text: str) -> Parsed:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    matter = read_front_matter(text)
    if matter is not None:
        head, rest = _front_matter(matter), matter.rest
    else:
        filled = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        head = read_head_block([line for _, line in filled], [number for number, _ in filled])
        above = filled[head.count - 1][0] if head.count else 0
        rest = "\n".join(text.split("\n")[above:])
    if head.fields.get(RETRACT):
        return retraction_record(head, rest)
    return record_of(
        HtmlDocument(
            markup=to_html(rest),
            fields=head.fields,
            lines_by_field=head.lines_by_field,
            notices=head.notices,
            has_title_line=False,
        )
    )


# Front matter.

_FRONT = re.compile(
    r"""\ufeff?(?: ---[ \t]*\n(?P<yaml>.*?)(?:^(?:---|\.\.\.)[ \t]*(?:\n|\Z))
      | \+\+\+[ \t]*\n(?P<toml>.*?)(?:^\+\+\+[ \t]*(?:\n|\Z))
      | (?P<json>\{\s*\n.*?^\})[ \t]*(?:\n|\Z) )""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
#: What site generators call our fields. Of two names the first in the document counts.
_ALIASES = {
    "publishdate": "published",
    "pubdate": "published",
    "publish date": "published",
    "date published": "published",
    "lastmod": "updated",
    "modified": "updated",
    "last modified": "updated",
    "last modified at": "updated",
    "description": "summary",
    "excerpt": "summary",
    "abstract": "summary",
    "lang": "language",
    "locale": "language",
    "authors": "author",
    "contacts": "contact",
    "guid": "id",
    "source key": "id",
    "embargoed until": "embargo",
    "permalink": "url",
    "canonical": "url",
    "canonical url": "url",
    "canonicalurl": "url",
}
_KEY = re.compile(r"""[ \t]*["']?([A-Za-z][\w -]*?)["']?[ \t]*[:=]""")
#: Jekyll writes ``2026-11-05 09:00:00 +0200``, which YAML has no type for.
_SPACED = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?) ([+-]\d\d:?\d\d)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The front matter of a document, and what follows it."""

    values: Mapping[str, object]  #: as written; of YAML all values are texts, moments are texts too
    lines_by_key: Mapping[str, int]
    rest: str


def read_front_matter(text: str) -> FrontMatter | None:
    """Returns the front matter of a document with line feeds as line ends; None without one.

    Raises:
        DocumentRefused: It cannot be read.
    """
    matter = _FRONT.match(text)
    if matter is None:
        return None
    kind = matter.lastgroup or ""
    return FrontMatter(
        values=load_values(matter[kind], kind=kind),
        lines_by_key=_lines_by_key(matter[0]),
        rest=text[matter.end() :],
    )


def load_values(text: str, *, kind: str) -> Mapping[str, object]:
    """Returns the values in YAML, TOML or JSON, moments as texts.

    Args:
        text: A document, or the inside of a front matter.
        kind: ``yaml``, ``toml`` or ``json``.

    Raises:
        DocumentRefused: It cannot be read, or is no mapping.
    """
    values = _LOADERS[kind](text)
    if not isinstance(values, dict):
        raise DocumentRefused(
            f"the front matter holds no fields: {shown(values)}",
            remedy="write a name, a colon and a value on each line between the two ---",
            line=1,
        )
    return {str(key): _counted(str(key), _plain(value)) for key, value in values.items()}


def _front_matter(matter: FrontMatter) -> HeadBlock:
    head, lines = HeadBlock(), matter.lines_by_key
    for written, value in matter.values.items():
        try:
            _add(head, written, value)
        except DocumentRefused as fault:
            fault.line = lines.get(written)
            raise
    for written, line in lines.items():
        name = _name(written)
        known = HEAD_FIELDS.get(name)
        head.lines_by_field.setdefault(known.name if known else name, line)
    tags = head.fields.pop("tags", None)
    if tags:
        head.fields.setdefault("categories", tags)
    return head


def _lines_by_key(front: str) -> dict[str, int]:
    found = ((_KEY.match(line), number) for number, line in enumerate(front.split("\n"), 1))
    return {key[1]: number for key, number in reversed([*found]) if key is not None}


def _name(written: str) -> str:
    key = " ".join(re.sub("[_-]+", " ", written).lower().split())
    return _ALIASES.get(key, key)


def _add(head: HeadBlock, written: str, value: object) -> None:
    name = _name(written)
    if name == "draft" or (name == "published" and _truth(value) is not None):
        if (name == "draft") is _truth(value):
            raise DocumentRefused(
                f"the document says that it is a draft: {written}: {shown(value)}",
                remedy="remove the line when the release is to be published",
                field=written,
            )
        return
    if name == "url" and not re.match("https?://", str(value)):
        return  # the path on another site: "/news/budget/"
    if isinstance(value, str) and name != "categories":
        value = _SPACED.sub(r"\1\2", value.strip())
    add_field(head, name, value, written=written)


def _truth(value: object) -> bool | None:
    return {"true": True, "false": False, "yes": True, "no": False}.get(str(value).strip().lower())


def _plain(value: object) -> object:
    """Returns *value* with moments as text, as JSON has them."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _counted(str(key), _plain(each)) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _counted(key: str, value: object) -> object:
    """Returns the number that a value of YAML is, in a field that counts."""
    is_count = key in {"length", "length_bytes", "size_in_bytes", "duration"}
    return int(value) if is_count and isinstance(value, str) and value.isdecimal() else value


def _load_yaml(text: str) -> object:
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.BaseLoader)):
            raise DocumentRefused(
                "the front matter repeats a value by an alias (*)",
                remedy="write the value where it belongs, or put it in quotes",
                line=1,
            )
        # Every value as written: a day stays a day, "no" is Norwegian, and 0123 a number of a file.
        return yaml.load(text, yaml.BaseLoader)  # noqa: S506  # makes texts, lists and dicts only
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        raise DocumentRefused(
            f"the front matter is not YAML: {fault.problem}",
            remedy="put values with a colon or a quotation mark in quotes",
            line=mark.line + 2 if mark else 1,
        ) from fault
    except (yaml.YAMLError, RecursionError) as fault:
        raise _not("YAML", fault) from fault


def _load_toml(text: str) -> object:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise _not("TOML", fault) from fault


def _load_json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise _not("JSON", fault) from fault


def _not(kind: str, fault: Exception) -> DocumentRefused:
    return DocumentRefused(
        f"the front matter is not {kind}: {fault}", remedy="mend it there", line=1
    )


_LOADERS = {"yaml": _load_yaml, "toml": _load_toml, "json": _load_json}


# Markdown.


def to_html(text: str) -> str:
    """Returns Markdown as HTML, uncleaned: CommonMark with tables, ~~struck~~ text and footnotes.

    Addresses become links. "5. November" alone is a date, and not the fifth item of a list.
    """
    markdown = _markdown()
    tokens = markdown.parse(_with_dates(text))
    for token in tokens:
        if token.type == "inline":
            _link(token)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # CommonMark reads "[^1]: provisional" as the target of a link, and does not show it.
    markdown.use(footnote_plugin, inline=False)
    # The arrow that leads back would be a word of the release.
    markdown.add_render_rule("footnote_anchor", lambda *_: "")
    return markdown


def _with_dates(text: str) -> str:
    """Returns *text* with the full stop of a date at the beginning of a line escaped.

    CommonMark numbers "5. November" as the fifth item of a list, and continues that list with the
    items of the next one. A list of dates one day after the other stays a list.
    """
    lines, fence = text.split("\n"), ""
    dates = {index: found for index, line in enumerate(lines) if (found := _dated(line))}
    for index, line in enumerate(lines):
        if opened := _FENCE.match(line):
            fence = "" if fence == opened[1] else fence or opened[1]
        elif index in dates and not fence and not {index - 1, index + 1} & dates.keys():
            found = dates[index]
            lines[index] = f"{found[1]}\\{line[found.end(1) :]}"
    return "\n".join(lines)


_FENCE = re.compile(" {0,3}(```|~~~)")
_ITEM_OF_MONTH = re.compile(r"( {0,3}\d{1,2})\. +([^\W\d_]+)")


def _dated(line: str) -> re.Match[str] | None:
    found = _ITEM_OF_MONTH.match(line)
    return found if found is not None and found[2].lower() in MONTHS else None


def _link(inline: "Token") -> None:
    """Makes links of addresses in the texts of *inline*, except in links and in raw HTML."""
    inside = 0
    for child in inline.children or ():
        inside += (child.type == "link_open") - (child.type == "link_close")
        if child.type == "html_inline":
            return
        if child.type == "text" and not inside:
            child.type, child.content = "html_inline", linked(child.content)
