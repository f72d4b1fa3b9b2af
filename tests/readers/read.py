"""Reads documents with every Python library of `READERS` that is installed.

``python read.py DOCUMENTS``, where files are called ``*.atom``, ``*.rss`` and ``*.json``. Prints a
JSON line for each library and document that it takes. What a library does not tell of an entry is
None or missing. It stands by itself, so that it runs wherever the libraries are.
"""

import json
import sys
from calendar import timegm
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

Entries = list[dict[str, Any]]

XML, ALL = (".atom", ".rss"), (".atom", ".rss", ".json")


def _feedparser(path: Path, document: bytes) -> Entries:
    read = import_module("feedparser").parse(document)
    if read.bozo:
        raise ValueError(str(read.bozo_exception))
    return [
        {
            "id": each.id,
            "title": each.title,
            "link": each.link,
            "published": _iso(each.published_parsed),
            "authors": [one.get("name") for one in each.get("authors", [])],
            "emails": [one["email"] for one in each.get("authors", []) if "email" in one],
            "labels": [tag.label or tag.term for tag in each.get("tags", [])],
        }
        for each in read.entries
    ]


def _reader(path: Path, document: bytes) -> Entries:
    library = import_module("reader").make_reader(":memory:", feed_root=str(path.parent))
    library.add_feed(path.name)
    library.update_feed(path.name)
    entries = [
        {
            "id": each.id,
            "title": each.title,
            "link": each.link,
            "published": each.published.isoformat(),
            "authors": [one.name for one in each.authors],
            "content": each.content[0].value if each.content else None,
        }
        for each in library.get_entries()
    ]
    library.close()
    return entries


def _atoma(path: Path, document: bytes) -> Entries:
    atoma = import_module("atoma")
    if path.suffix == ".atom":
        return [_atoma_entry(each) for each in atoma.parse_atom_bytes(document).entries]
    if path.suffix == ".rss":
        return [_atoma_item(each) for each in atoma.parse_rss_bytes(document).items]
    return [
        {
            "id": each.id_,
            "title": each.title,
            "link": each.url,
            "published": each.date_published.isoformat(),
            "authors": [each.author.name] if each.author else [],
            "labels": each.tags,
            "content": each.content_html,
            "summary": each.summary or "",
        }
        for each in atoma.parse_json_feed_bytes(document).items
    ]


def _atoma_entry(each: Any) -> dict[str, Any]:
    return {
        "id": each.id_,
        "title": each.title.value,
        "link": next(link.href for link in each.links if link.rel == "alternate"),
        "published": each.published.isoformat(),
        "authors": [one.name for one in each.authors],
        "emails": [one.email for one in each.authors if one.email],
        "labels": [one.label for one in each.categories],
        "content": each.content.value,
        "summary": each.summary.value if each.summary else "",
    }


def _atoma_item(each: Any) -> dict[str, Any]:
    return {
        "id": each.guid,
        "title": each.title,
        "link": each.link,
        "published": each.pub_date.isoformat(),
        "labels": each.categories,
        "content": each.content_encoded or each.description,
    }


def _fastfeedparser(path: Path, document: bytes) -> Entries:
    return [
        {
            "id": each.get("id"),
            "title": each.get("title"),
            "link": each.get("link"),
            "published": each.get("published"),
            "authors": [each["author"]] if each.get("author") else [],
            "content": each["content"][0]["value"] if each.get("content") else None,
        }
        for each in import_module("fastfeedparser").parse(document).entries
    ]


def _feedparser_rs(path: Path, document: bytes) -> Entries:
    return [
        {
            "id": each.id,
            "title": each.title,
            "link": each.link,
            "published": _iso(each.published_parsed),
            "authors": [one.name for one in each.authors] or [each.author],
            "emails": [one.email for one in each.authors if one.email],
            "labels": [tag.label or tag.term for tag in each.tags],
            "content": each.content[0].value if each.content else None,
        }
        for each in import_module("feedparser_rs").parse(document).entries
    ]


def _rss_parser(path: Path, document: bytes) -> Entries:
    library = import_module("rss_parser")
    if path.suffix == ".rss":
        items = library.RSSParser.parse(document.decode()).channel.items
        return [{"id": each.guid.content, "title": each.title.content} for each in items]
    entries = library.AtomParser.parse(document.decode()).feed.content.entries
    return [
        {"id": each.content.id.content, "title": each.content.title.content} for each in entries
    ]


#: By the name that the package index has it under.
READERS: dict[str, tuple[Callable[[Path, bytes], Entries], tuple[str, ...]]] = {
    "feedparser": (_feedparser, XML),
    "reader": (_reader, ALL),
    "atoma": (_atoma, ALL),
    "fastfeedparser": (_fastfeedparser, ALL),
    "feedparser-rs": (_feedparser_rs, ALL),
    "rss-parser": (_rss_parser, XML),
}


def _iso(moment: Any) -> str | None:
    return None if moment is None else datetime.fromtimestamp(timegm(moment), UTC).isoformat()


def _read(path: Path) -> Iterator[dict[str, Any]]:
    document = path.read_bytes()
    for library, (read, suffixes) in READERS.items():
        try:
            release = version(library)
        except PackageNotFoundError:
            continue
        if path.suffix not in suffixes:
            continue
        said = {"library": f"{library} (Python)", "version": release, "file": path.name}
        try:
            yield {**said, "entries": read(path, document)}
        except Exception as error:
            yield {**said, "error": f"{type(error).__name__}: {error}"[:200]}


def main(folder: Path) -> None:
    """Print what all of them make of all documents in *folder*."""
    for path in sorted(folder.iterdir()):
        for said in _read(path):
            sys.stdout.write(json.dumps(said, default=str) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
