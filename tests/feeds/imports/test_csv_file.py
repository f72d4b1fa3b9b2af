"""Tables as CSV, as spreadsheets in several countries write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feeds.errors import DocumentRefused
from feeds.imports.csv_file import CsvMapping, read_csv
from feeds.imports.items import (
    IdFormat,
    ImportedItem,
    Item,
    ItemState,
    KnownId,
    LeftOut,
    Reason,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def read(text: str | bytes, mapping: CsvMapping | None = None) -> list[Item]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_csv(data, mapping=mapping or CsvMapping(), now=NOW)[1])


def only(text: str | bytes, mapping: CsvMapping | None = None) -> ImportedItem:
    [item] = read(text, mapping)
    assert isinstance(item, ImportedItem), item
    return item


def test_all_fields() -> None:
    item = only(
        "id,Title,Body,Date,Updated,Link,Author,Categories,Language,Image,Summary,redirect_from\n"
        'k1,"A, B","<p>x</p>\n<p>y</p>",2020-01-02 03:04:05,2020-02-03,/a,Ann|Bob,News| Köln ,de,'
        "p.png,S,/old|/older\n",
        CsvMapping(site_url="https://c.example", zone=BERLIN),
    )
    assert item.known_id == KnownId(value="k1", format=IdFormat.RSS, is_permalink=False)
    assert item.old_addresses == ("/old", "/older")
    assert item.record.line == 2
    assert item.record.fields == {
        "title": "A, B",
        "body": "<p>x</p>\n<p>y</p>",
        "body_format": "html",
        "summary": "S",
        "published": "2020-01-02T03:04:05+01:00",
        "updated": "2020-02-03",
        "url": "https://c.example/a",
        "language": "de",
        "authors": [{"name": "Ann"}, {"name": "Bob"}],
        "categories": ["News", "Köln"],
        "enclosures": [{"url": "https://c.example/p.png"}],
    }
    [warning] = item.record.warnings
    assert warning.startswith("published: has no time zone")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_dialects(delimiter: str, codec: str, line_end: str) -> None:
    rows = [
        ["Titel", "Inhalt", "Datum"],
        ["Größe: 1,5; ja", "Ein Text, mit Kommas, und; Strichpunkten | Strichen", "21.05.2019"],
        ["Zwei", "b", "22.05.2019 16:38"],
    ]
    text = line_end.join(
        delimiter.join(f'"{cell}"' if {*",;|\t"} & {*cell} else cell for cell in row)
        for row in rows
    )
    first, second = read(f"{text}{line_end}".encode(codec), CsvMapping(zone=BERLIN))
    assert isinstance(first, ImportedItem)
    assert isinstance(second, ImportedItem)
    assert first.record.fields["title"] == "Größe: 1,5; ja"
    assert first.record.fields["body"] == rows[1][1]
    assert first.record.fields["published"] == "2019-05-21"
    assert second.record.fields["published"] == "2019-05-22T16:38:00+02:00"


def test_excel_states_the_delimiter() -> None:
    assert only("sep=;\r\ntitle;body\r\na;b\r\n").record.fields["title"] == "a"


def test_columns_by_mapping() -> None:
    mapping = CsvMapping(columns={"title": "Was", "body": "wie"}, date_format="%d/%m/%Y %H:%M")
    item = only("Was,Wie,Date\na,b,02/03/2020 10:00\n", mapping)
    assert item.record.fields["published"] == "2020-03-02T10:00:00+00:00"
    assert item.record.fields["body_format"] == "text"


@pytest.mark.parametrize(
    ("text", "columns", "reason", "remedy"),
    [
        ("Was,Body\na,b\n", {}, "no column is called title", "--column title=…; the columns"),
        ("title,body\n", {"url": "Ort"}, "there is no column 'Ort'", "are 'title', 'body'"),
        ("", {}, "the file holds no rows", "column names"),
    ],
)  # fmt: skip
def test_columns_that_are_missing(
    text: str, columns: dict[str, str], reason: str, remedy: str
) -> None:
    with pytest.raises(DocumentRefused, match=reason) as raised:
        read(text, CsvMapping(columns=columns))
    assert remedy in raised.value.remedy


def test_a_field_that_does_not_exist() -> None:
    with pytest.raises(DocumentRefused, match="there is no field 'headline'"):
        CsvMapping(columns={"headline": "x"})


def test_faults_name_line_and_column_and_hide_no_other_row() -> None:
    found = read(
        "title,body,date,status\n"
        'a,"x\ny",2020-01-01,published\n'
        "b,x,02/03/2020,\n"
        ",x,2020-01-01,\n"
        "c,x,2020-01-01,,,\n"
        "d,x,2020-01-01,Entwurf\n"
        "\n"
        "e,x,2020-01-01,odd\n"
        "f,x,31.02.2020,live\n"
        "g,x,2030-01-01,live\n"
    )
    left = [item for item in found if isinstance(item, LeftOut)]
    assert [(each.line, each.reason, each.detail) for each in left] == [
        (4, Reason.UNREADABLE, "column 'date' is not a date that can be read: '02/03/2020'"),
        (5, Reason.UNREADABLE, "column 'title' is empty"),
        (6, Reason.UNREADABLE, "the row has 6 columns, and the header 4"),
        (7, Reason.DRAFT, ""),
        (9, Reason.NOT_A_RELEASE, "status odd"),
        (10, Reason.UNREADABLE, "column 'date' is not a date that can be read: '31.02.2020'"),
    ]
    taken = [item for item in found if isinstance(item, ImportedItem)]
    assert [item.record.fields["title"] for item in taken] == ["a", "g"]
    assert [item.state for item in taken] == [ItemState.PUBLISHED, ItemState.SCHEDULED]
