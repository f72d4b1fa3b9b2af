"""Reading of streams: recognition of forms, decoding, and faults that stop nothing else."""

import codecs
import json
import tracemalloc
from dataclasses import replace
from io import BufferedReader, BytesIO, RawIOBase

import pytest

from feeds.ingest import FileContents, read_documents, read_file, readable_suffixes
from feeds.model.intake import Refusal
from feeds.model.release import Draft
from tests.feeds.ingest.intake import RULES, accepted, drafts, read, record, refusals, refused
from tests.feeds.ingest.word_files import p, word

TEXT_FORM = "Title\n\nBody\n\n2019-05-21T16:38:50Z|Finance|"
PRETTY = json.dumps(json.loads(record()), indent=2)


def test_the_suffixes_that_are_read() -> None:
    programs = {".json", ".jsonl", ".ndjson"}
    people = {".txt", ".docx", ".eml", ".md", ".markdown", ".html", ".htm", ".xhtml"}
    assert set(readable_suffixes) == programs | people


@pytest.mark.parametrize(
    ("document", "data", "titles"),
    [
        pytest.param("-", TEXT_FORM, ["Title"], id="text form"),
        pytest.param("-", record(title="A"), ["A"], id="one object on one line"),
        pytest.param("-", PRETTY, ["Quarterly figures"], id="one object on many lines"),
        pytest.param("-", f"[{record(title='A')},{record(title='B')}]", ["A", "B"], id="array"),
        pytest.param("-", f"{record(title='A')}\n{record(title='B')}", ["A", "B"], id="lines"),
        pytest.param("-", f"\n \n{record(title='A')}\r\n", ["A"], id="blank lines first"),
        pytest.param("-", f"\ufeff{record(title='A')}", ["A"], id="byte order mark"),
        pytest.param("-", f'{{"x": }}\n{record(title="B")}', ["B"], id="bad line first"),
        pytest.param("release", TEXT_FORM, ["Title"], id="no suffix"),
        pytest.param("release.rst", PRETTY, ["Quarterly figures"], id="another suffix"),
        pytest.param("A.TXT", f"{{{TEXT_FORM}", ["{Title"], id="suffix in capitals"),
        pytest.param("a.ndjson", record(title="A"), ["A"], id="ndjson"),
        pytest.param("-", record(body="x" * 200_000, title="A"), ["A"], id="a long first line"),
    ],
)
def test_a_document_is_read_by_its_name_or_its_beginning(
    document: str, data: str, titles: list[str]
) -> None:
    assert [draft.content.title for draft in drafts(read(data, document))] == titles


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("a.txt", TEXT_FORM.replace("Title", "Été “à” 𝄞")),
        ("a.json", f"[{record(title='Été “à” 𝄞')}]"),
        ("a.jsonl", json.dumps(json.loads(record(title="Été “à” 𝄞")), ensure_ascii=False)),
        ("-", f"\r\n{record(title='Été “à” 𝄞')}\r\n"),
    ],
)
def test_utf_8_and_utf_16_with_a_mark_are_read(encoding: str, document: str, text: str) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    data = marks.get(encoding, b"") + text.encode(encoding)
    assert accepted(data, document).content.title == "Été “à” 𝄞"


@pytest.mark.parametrize(
    ("data", "document", "reason", "line"),
    [
        pytest.param(
            "Caf\u00e9\n\nx".encode("latin-1"), "a.txt",
            "byte 0xe9 at offset 3 is not UTF-8", 1, id="Latin-1",
        ),
        pytest.param(
            codecs.BOM_UTF8 + b"a\n\xff", "a.txt",
            "byte 0xff at offset 5 is not UTF-8", 2, id="behind a mark",
        ),
        pytest.param(
            b'{"a": 1}\r\n{"title": "\xe9"}', "a.jsonl",
            "byte 0xe9 at offset 21 is not UTF-8", 2, id="in a line",
        ),
        pytest.param(
            b'{"a": 1}\r{"title": "\xe9"}', "a.jsonl",
            "byte 0xe9 at offset 20 is not UTF-8", 2, id="in a line behind a CR",
        ),
        pytest.param(
            codecs.BOM_UTF16_LE + b"a\x00\x00\xdc", "a.txt",
            "byte 0x00 at offset 4 is not UTF-16", 1, id="UTF-16",
        ),
        pytest.param(
            codecs.BOM_UTF16_LE + b"a\x00\n\x00\x00\xdc", "a.jsonl",
            "byte 0x00 at offset 6 is not UTF-16", None, id="UTF-16 lines",
        ),
        pytest.param(
            "x".encode("utf-32"), "a.txt", "the document is in UTF-32", None, id="UTF-32",
        ),
    ],
)  # fmt: skip
def test_other_bytes_are_refused_with_their_offset(
    data: bytes, document: str, reason: str, line: int | None
) -> None:
    refusal = refusals(read(data, document))[-1]
    assert refusal.reason == reason
    assert line is None or refusal.origin.line == line
    assert refusal.remedy == "save the document as UTF-8"


def test_one_bad_line_never_stops_the_others() -> None:
    good = [record(title=f"Release {n}") for n in range(3)]
    bad = ['{"title": ', '"text"', "[1]", record(title=...), record(published="soon"), "nonsense"]
    lines = [good[0], *bad, "", good[1], record(title="\ud800"), good[2]]
    outcomes = read("\n".join(lines), "a.jsonl")
    assert [str(draft.origin) for draft in drafts(outcomes)] == [
        "a.jsonl:1", "a.jsonl:9", "a.jsonl:11",
    ]  # fmt: skip
    assert [refusal.origin.line for refusal in refusals(outcomes)] == [2, 3, 4, 5, 6, 7, 10]


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        ("", "not JSON: Expecting value at column 1", 1),
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2", 1),
        ("{}\n x", "not JSON: something follows the end of the JSON value at column 2", 2),
        ("[{}\n,\n{} 1]", "not JSON: expected ',' or ']' at column 4", 3),
        ("[{},", "not JSON: Expecting value at column 5", 1),
        ("[] 1", "not JSON: something follows the end of the JSON value at column 4", 1),
        ("3", "a record is a JSON object, not 3", None),
        ("[" * 100_000, "not JSON: nested too deeply", 1),
        ('{"a":' * 100_000, "not JSON: nested too deeply", 1),
        ('{"a": ' + "9" * 5_000 + "}", "not JSON: a number is too long", 1),
    ],
)
def test_what_is_no_json_is_refused_where_it_ceases_to_be(
    data: str, reason: str, line: int | None
) -> None:
    refusal = refusals(read(data, "a.json"))[-1]
    assert refusal.reason.startswith(reason)
    assert refusal.origin.line == line


def test_the_elements_of_an_array_know_their_lines() -> None:
    outcomes = read(f"[\n{record(title='A')},\n17,\n\n{record(title='B')}\n]", "a.json")
    assert [outcome.origin.line for outcome in outcomes] == [2, 3, 5]
    assert read("[ ]", "a.json") == []


def test_elements_before_a_syntax_error_are_not_lost_by_it() -> None:
    outcomes = read(f"[{record()},\n{{]", "a.json")
    assert [type(outcome) for outcome in outcomes] == [Draft, Refusal]


@pytest.mark.parametrize("document", ["a.txt", "a.json", "a.jsonl"])
def test_a_document_that_is_too_large_is_refused(document: str) -> None:
    rules = replace(RULES, max_document_bytes=1_000, max_array_bytes=2_000)
    refusal = refused(record(body="x" * 3_000), document, rules)
    assert "has more than" in refusal.reason
    assert refusal.remedy


def test_an_over_long_line_is_skipped_without_being_held() -> None:
    rules = replace(RULES, max_document_bytes=10_000)
    stream = _Pipe([record(title="A").encode(), b"\n", *[b"x" * 50_000] * 400, b"\n",
                    record(title="B").encode()])  # fmt: skip
    tracemalloc.start()
    outcomes = list(read_documents(BufferedReader(stream), document="a.jsonl", rules=rules))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [outcome.origin.line for outcome in outcomes] == [1, 2, 3]
    assert isinstance(outcomes[1], Refusal)
    assert outcomes[1].reason == "the line has more than 10000 bytes"
    assert peak < 2_000_000


def test_a_line_of_exactly_the_limit_is_read() -> None:
    line = record()
    rules = replace(RULES, max_document_bytes=len(line))
    assert len(drafts(read(f"{line}\r\n{line[:-1]} }}\n", "a.jsonl", rules))) == 1


def test_json_lines_are_read_one_at_a_time() -> None:
    stream = _Pipe([record(title=f"Release {n}").encode() + b"\n" for n in range(100_000)])
    outcomes = read_documents(BufferedReader(stream), document="a.jsonl", rules=RULES)
    assert isinstance(next(outcomes), Draft)
    assert len(stream.pieces) > 99_000


def test_the_stream_is_left_open() -> None:
    stream = BytesIO(TEXT_FORM.encode())
    assert len(list(read_documents(stream, document="a.txt", rules=RULES))) == 1
    assert not stream.closed


def test_a_name_that_is_no_text_can_be_stored() -> None:
    draft = accepted(TEXT_FORM, "caf\udce9 e\u0301.txt")
    assert draft.origin.document == "caf\\udce9 é.txt"
    assert draft.source_key == "file:caf\\udce9 é.txt"


class _Pipe(RawIOBase):
    """Returns its pieces one after the other, and is not seekable."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self.pieces = pieces[::-1]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.pieces.pop() if self.pieces else b""
        buffer[: len(piece)] = piece[: len(buffer)]
        if len(piece) > len(buffer):
            self.pieces.append(piece[len(buffer) :])
        return min(len(piece), len(buffer))


def test_kinds_that_people_send_and_that_are_not_read_are_refused_with_what_to_do() -> None:
    remedies = {
        "a.doc": "save it as a Word document (.docx) in the program that it was written with",
        "a.ODT": "save it as a Word document (.docx) in the program that it was written with",
        "a.pdf": "send the text that it was made of, as a Word document (.docx) or plain text",
        "a.msg": "save the message as .eml",
    }
    assert {name: refused(b"\xd0\xcf", name).remedy for name in remedies} == remedies


def test_a_file_is_read_as_fields_for_a_form() -> None:
    """What is missing is asked for there; what is there is what `read_documents` reads."""
    data = word(p("Place: Bern") + p("Embargo: 21 May 2030, 17:00 UTC") + p("It grows."))
    found = read_file(data, document="budget.docx", rules=RULES)
    assert isinstance(found, FileContents)
    assert found.fields == {
        "title": "Budget",
        "place": "Bern",
        "embargoed_until": "2030-05-21T17:00:00+00:00",
        "body": "<p>It grows.</p>",
        "body_format": "html",
    }
    message = read_file(b"Subject: A\n\nEmbargo: 2030-05-21\n\nB", document="a.eml", rules=RULES)
    assert isinstance(message, FileContents)
    assert message.fields == {
        "title": "A",
        "embargoed_until": "2030-05-21",
        "body": "B",
        "body_format": "text",
    }
    plain = read_file(b"A\n\nB\n\nC", document="a.txt", rules=RULES)
    assert isinstance(plain, FileContents)
    assert plain.fields == {"title": "A", "body": "B\n\nC", "body_format": "text"}
    header = {"h": ("header", "header1.xml")}, {"word/header1.xml": p("EMBARGOED")}
    unclear = word(p("It grows."), relations=header[0], parts=header[1])
    told = read_file(unclear, document="a.docx", rules=RULES)
    assert isinstance(told, FileContents)
    assert told.warnings == ("it is under embargo, but not clearly until when: EMBARGOED",)
    assert told.fields["embargoed_until"] == "EMBARGOED", "so that nobody publishes it by mistake"
    for name, text in {"a.jsonl": f"{record()}\n{record()}", "a.doc": "x", "a.docx": "x"}.items():
        assert isinstance(read_file(text.encode(), document=name, rules=RULES), Refusal)
