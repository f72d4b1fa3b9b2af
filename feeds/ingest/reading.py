"""The way in: a stream of documents becomes drafts and refusals."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from io import BufferedReader
from pathlib import PurePath
from typing import BinaryIO

from feeds.errors import DocumentRefused
from feeds.ingest.characters import nfc
from feeds.ingest.drafting import draft
from feeds.ingest.fields import Parsed, SourceRecord, refused
from feeds.ingest.json_form import parse_json, parse_json_lines
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import PEEK_BYTES, UTF_16, peekable
from feeds.ingest.text_form import parse_text_form
from feeds.model.intake import Refusal
from feeds.model.release import Draft, SourceKey

# Which parser reads which document. A new form is a file and a row here.

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


# The door: a stream in, drafts and refusals out.


def read_documents(
    stream: BinaryIO, *, document: str, rules: IntakeRules
) -> Iterator[Draft | Refusal]:
    """The releases in *stream*, one at a time, and the reasons for those that are none.

    Bad content never raises and concerns no other record. Of two records with the same source
    key, the first one counts.

    Args:
        stream: Read from where it stands, to its end unless it is refused; never closed.
        document: The file's path relative to the intake root, or ``-``. Its suffix tells the
            form; other names than `readable_suffixes` are read by how they begin.
        rules: What is assumed, and the limits.

    Raises:
        OSError: The stream itself cannot be read.
    """
    name = document_name(document)
    source = peekable(stream)
    seen = _Seen()
    for parsed in parser_for(name, source).parse(source, rules):
        yield seen.check(_judge(parsed, name, rules))


def read_record(
    fields: Mapping[str, object], *, document: str, rules: IntakeRules
) -> Draft | Refusal:
    """The release in one record, as it would stand in a file of JSON; or all its faults.

    Args:
        fields: By the names of docs/releases-in.md. One of them has to name the record.
        document: What messages to a person call it.
        rules: What is assumed, and the limits.
    """
    return draft(SourceRecord(fields=fields), document=document, rules=rules)


def _judge(parsed: Parsed, document: str, rules: IntakeRules) -> Draft | Refusal:
    if isinstance(parsed, DocumentRefused):
        return refused(parsed, document=document)
    return draft(parsed, document=document, rules=rules)


def document_name(document: str) -> str:
    """The name of a file as the store can hold it, and as everything that came from it is known.

    A file name may hold bytes that are no text (Python has them as lone surrogates), and macOS
    takes names apart into base characters and accents.
    """
    return nfc(document.encode("utf-8", errors="backslashreplace").decode("utf-8"))


class _Seen:
    """The source keys of one document. A key is kept as 16 bytes: there may be a million."""

    def __init__(self) -> None:
        self._lines_by_digest: dict[bytes, int | None] = {}

    def check(self, outcome: Draft | Refusal) -> Draft | Refusal:
        """*Outcome*, or a refusal if its key was there before."""
        if isinstance(outcome, Refusal):
            return outcome
        digest = blake2b(outcome.source_key.encode(), digest_size=16).digest()
        if digest not in self._lines_by_digest:
            self._lines_by_digest[digest] = outcome.origin.line
            return outcome
        return _duplicate(outcome, outcome.source_key, self._lines_by_digest[digest])


def _duplicate(second: Draft, key: SourceKey, first_line: int | None) -> Refusal:
    return Refusal(
        origin=second.origin,
        field=key.partition(":")[0] if key.startswith(("id:", "url:")) else None,
        reason=f"the same release stands in line {first_line} already ({key})",
        remedy="remove one of the two, or give each an id of its own",
    )
