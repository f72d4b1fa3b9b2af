"""The entry points of the intake: a stream of documents becomes drafts and refusals."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from io import BufferedReader, BytesIO
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO

from feeds.errors import DocumentRefused
from feeds.ingest.beside import KeepFile, with_files_beside, without_files_beside
from feeds.ingest.characters import nfc
from feeds.ingest.drafting import draft
from feeds.ingest.fields import RETRACT, EmbeddedPicture, Parsed, SourceRecord, refused
from feeds.ingest.html_form import parse_html
from feeds.ingest.html_records import KeepPicture, with_pictures
from feeds.ingest.json_form import parse_json, parse_json_lines
from feeds.ingest.mail import parse_mail
from feeds.ingest.markdown_form import parse_markdown
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import PEEK_BYTES, UTF_16, peekable
from feeds.ingest.text_form import parse_plain_text, parse_text_form
from feeds.ingest.word import parse_word
from feeds.model.intake import ReadDocument, Refusal, RetractionRequest
from feeds.model.release import Draft, Origin, SourceKey

# Parsers by file suffix and content. A new input form is a file with a parser, and a row in
# `PARSERS`.

Parse = Callable[[BufferedReader, IntakeRules], Iterator[Parsed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """A parser and the documents that it reads."""

    suffixes: tuple[str, ...]  #: file suffixes in lower case
    opening: re.Pattern[str]  #: beginning of a document that has no known suffix
    parse: Parse


#: In the order in which they are tried on a document without a known suffix. The first line of JSON
#: Lines ends with its object; indented JSON does not.
PARSERS = (
    Parser(
        suffixes=(".jsonl", ".ndjson"),
        opening=re.compile(r"\s*\{[^\r\n]*(?:\}[ \t]*(?:[\r\n]|\Z)|\Z)"),
        parse=parse_json_lines,
    ),
    Parser(suffixes=(".json",), opening=re.compile(r"\s*[\[{]"), parse=parse_json),
    Parser(suffixes=(".docx",), opening=re.compile("PK\x03\x04"), parse=parse_word),
    Parser(
        suffixes=(".html", ".htm", ".xhtml"),
        opening=re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE),
        parse=parse_html,
    ),
    Parser(
        suffixes=(".md", ".markdown"),
        opening=re.compile(r"(?:---|\+\+\+)[ \t]*\r?\n[^\r\n]*[:=]"),
        parse=parse_markdown,
    ),
    Parser(
        suffixes=(".eml",),
        opening=re.compile(r"(?i)(?:return-path|received|delivered-to|mime-version|message-id):"),
        parse=parse_mail,
    ),
    Parser(suffixes=(".txt",), opening=re.compile(""), parse=parse_text_form),
)

readable_suffixes: tuple[str, ...] = tuple(
    suffix for parser in PARSERS for suffix in parser.suffixes
)
#: What to do with files that people send, and that cannot be read.
_REMEDIES = {
    **dict.fromkeys(
        (".doc", ".docm", ".dot", ".dotx", ".rtf", ".odt", ".pages", ".wpd", ".wps"),
        "save it as a Word document (.docx) in the program that it was written with",
    ),
    ".pdf": "send the text that it was made of, as a Word document (.docx) or plain text",
    ".msg": "save the message as .eml",
}
_BY_SUFFIX = {suffix: parser for parser in PARSERS for suffix in parser.suffixes}


def parser_for(document: str, stream: BufferedReader) -> Parser:
    """Returns the parser for *document*, chosen by its suffix or by the beginning of *stream*.

    The beginning is only peeked at, not consumed.
    """
    suffix = PurePath(document).suffix.lower()
    if suffix in _REMEDIES:
        return Parser(
            suffixes=(suffix,), opening=re.compile(""), parse=partial(_refuse_kind, suffix)
        )
    return _BY_SUFFIX.get(suffix) or _sniffed(stream.peek(PEEK_BYTES)[:PEEK_BYTES])


def kind_refused(suffix: str) -> DocumentRefused:
    """Returns the refusal of a file of a kind that is not read, by its suffix in lower case."""
    return DocumentRefused(
        f"{suffix} files are not read" if suffix else "files without a suffix are not read",
        remedy=_REMEDIES.get(suffix)
        or f"save it as {' or '.join(readable_suffixes)}, or move it to another folder",
    )


def _refuse_kind(suffix: str, _stream: BufferedReader, _rules: IntakeRules) -> Iterator[Parsed]:
    yield kind_refused(suffix)


def _sniffed(head: bytes) -> Parser:
    encoding = "utf-16" if head.startswith(UTF_16) else "utf-8-sig"
    # "ignore": the head may end inside a character. The parser reports bytes that are really wrong.
    text = head.decode(encoding, errors="ignore")
    return next(parser for parser in PARSERS if parser.opening.match(text))


# The public functions: drafts and refusals from a stream, or from one record.


def read_documents(
    stream: BinaryIO,
    *,
    document: str,
    rules: IntakeRules,
    keep_picture: KeepPicture | None = None,
    keep_file: KeepFile | None = None,
) -> Iterator[ReadDocument]:
    """Yields a draft, a retraction or a refusal for each record in *stream*, one at a time.

    Bad content raises no error and affects no other record. Of two records with the same source key
    the first one counts.

    Args:
        stream: Read from its position to its end, unless the document is refused; never closed.
        document: Path of the file relative to the intake root, or ``-``. Its suffix decides the
            form; names without one of `readable_suffixes` are recognised by their content.
        rules: Defaults and limits.
        keep_picture: Stores the pictures inside documents; without it they are left out.
        keep_file: Stores files that stand beside the document, and that it names; without it there
            are none.

    Raises:
        OSError: The stream itself cannot be read.
    """
    name = document_name(document)
    source = peekable(stream)
    seen = _Seen()
    for parsed in parser_for(name, source).parse(source, rules):
        record = parsed
        if isinstance(record, SourceRecord):
            record = with_files_beside(with_pictures(record, keep_picture), keep_file)
        yield seen.check(_draft_or_refusal(record, name, rules))


def read_record(
    fields: Mapping[str, object], *, document: str, rules: IntakeRules
) -> Draft | Refusal:
    """Returns the draft of one record, read as a record of a JSON file would be, or a refusal.

    Args:
        fields: Fields with the names of docs/releases-in.md. One of them must identify the record.
        document: Name of the document in messages.
        rules: Defaults and limits.
    """
    read = draft(SourceRecord(fields=fields), document=document, rules=rules)
    return retraction_refused(read) if isinstance(read, RetractionRequest) else read


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContents:
    """What a file says, as fields: for a form in which a person completes them."""

    fields: Mapping[str, object]  #: as `read_record` takes them; any of them may be missing
    left_out: tuple[str, ...]  #: what of the file is in no field, as sentences
    warnings: tuple[str, ...]  #: what was repaired while it was read
    pictures: tuple[EmbeddedPicture, ...]  #: the body refers to them as ``cid:`` and their name


def read_file(
    data: bytes, *, document: str, rules: IntakeRules, keep_picture: KeepPicture | None = None
) -> FileContents | Refusal:
    """Returns what a file with one release says, unchecked; a refusal if it cannot be read.

    `read_documents` makes drafts of the same files. Here a title, a date or a category may be
    missing, and the body is not clean yet: `read_record` checks and cleans.

    Args:
        data: The file.
        document: Its name; the suffix decides the form.
        rules: Defaults and limits.
        keep_picture: Stores the pictures inside it, and the body names their addresses; without it
            they are returned.
    """
    name = document_name(document)
    source = peekable(BytesIO(data))
    parse = parser_for(name, source).parse
    # A person is there to complete what a text does not say.
    parse = parse_plain_text if parse is parse_text_form else parse
    found = list(islice(parse(source, rules), 2))
    if len(found) != 1:
        reason = "the file holds several releases" if found else "the file holds no release"
        remedy = "put it into the inbox folder, or send one release"
        return Refusal(origin=Origin(document=name), reason=reason, remedy=remedy)
    [parsed] = found
    if isinstance(parsed, DocumentRefused):
        return refused(parsed, document=name)
    parsed = without_files_beside(parsed)
    if keep_picture is not None:
        parsed = with_pictures(parsed, keep_picture)
    fields, warnings = dict(parsed.fields), list(parsed.warnings)
    for notice in parsed.notices:
        if notice.until.moment is not None:
            fields.setdefault("embargoed_until", notice.until.moment.isoformat())
        else:
            # No moment, so that it cannot be published before a person has put it right.
            fields.setdefault("embargoed_until", notice.line)
            warnings.append(f"it is under embargo, but not clearly until when: {notice.line}")
    return FileContents(
        fields=fields,
        left_out=parsed.left_out,
        warnings=tuple(warnings),
        pictures=parsed.pictures,
    )


def retraction_refused(request: RetractionRequest) -> Refusal:
    """Returns the refusal of a record that retracts, where only releases are taken."""
    return Refusal(
        origin=request.origin,
        field=RETRACT,
        reason=f"{RETRACT} is read in documents of a folder only",
        remedy="retract the release by the request that is for it: see docs/api.md",
    )


def _draft_or_refusal(parsed: Parsed, document: str, rules: IntakeRules) -> ReadDocument:
    if isinstance(parsed, DocumentRefused):
        return refused(parsed, document=document)
    return draft(parsed, document=document, rules=rules)


def document_name(document: str) -> str:
    """Returns the name of a file as the store can hold it; everything read from it bears this name.

    File names may contain bytes that are not text (lone surrogates in Python), and macOS decomposes
    accented characters.
    """
    return nfc(document.encode("utf-8", errors="backslashreplace").decode("utf-8"))


class _Seen:
    """The source keys of one document, as digests of 16 bytes: there may be a million."""

    def __init__(self) -> None:
        self._lines_by_digest: dict[bytes, int | None] = {}

    def check(self, outcome: ReadDocument) -> ReadDocument:
        """Returns *outcome*, or a refusal if its key was seen before."""
        if not isinstance(outcome, Draft):
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
