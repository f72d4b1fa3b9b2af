"""Which parser reads which document. A new form is a file and a row here."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import PurePath

from feeds.ingest.decoding import UTF_16
from feeds.ingest.json_form import parse_json, parse_json_lines
from feeds.ingest.records import Parsed
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import PEEK_BYTES
from feeds.ingest.text_form import parse_text_form

Parse = Callable[[BufferedReader, IntakeRules], Iterator[Parsed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """A form of document."""

    suffixes: tuple[str, ...]  #: of its files, in lower case
    opening: re.Pattern[str]  #: how a document begins whose name does not tell
    parse: Parse


#: In the order in which a document without a telling name is tried. The first line of JSON Lines
#: ends where its object ends; JSON written for people does not.
PARSERS = (
    Parser(
        suffixes=(".jsonl", ".ndjson"),
        opening=re.compile(r"\s*\{[^\r\n]*(?:\}[ \t]*(?:[\r\n]|\Z)|\Z)"),
        parse=parse_json_lines,
    ),
    Parser(suffixes=(".json",), opening=re.compile(r"\s*[\[{]"), parse=parse_json),
    Parser(suffixes=(".txt",), opening=re.compile(""), parse=parse_text_form),
)

readable_suffixes: tuple[str, ...] = tuple(
    suffix for parser in PARSERS for suffix in parser.suffixes
)
_BY_SUFFIX = {suffix: parser for parser in PARSERS for suffix in parser.suffixes}


def parser_for(document: str, stream: BufferedReader) -> Parser:
    """The parser for *document*: by its name, or by how *stream* begins (nothing is taken)."""
    named = _BY_SUFFIX.get(PurePath(document).suffix.lower())
    return named or _sniffed(stream.peek(PEEK_BYTES)[:PEEK_BYTES])


def _sniffed(head: bytes) -> Parser:
    encoding = "utf-16" if head.startswith(UTF_16) else "utf-8-sig"
    # "ignore": the head may end inside a character; the parser will tell of really wrong bytes.
    text = head.decode(encoding, errors="ignore")
    return next(parser for parser in PARSERS if parser.opening.match(text))
