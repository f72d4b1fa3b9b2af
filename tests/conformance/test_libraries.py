"""What the libraries that readers are made of find in our documents is what was published.

They run as they are installed. Where one of them is wrong whatever a document is like, its fault
stands in `KNOWN`: one that is new, or gone, fails the test. ``python -m tests.readers`` asks more
libraries, and with more documents (docs/readers.md).
"""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pytest

from feeds.model.feed import Format
from tests.readers.documents import ENTRIES, documents
from tests.readers.reading import Source, lay_out, readings
from tests.readers.verdicts import faults_of
from tests.support.installed_node import NODE, node_packages
from tests.support.services import missing

READ = Path(__file__).parent.parent / "readers" / "read.py"

ATOM, RSS, JSON = Format.ATOM, Format.RSS, Format.JSON
XML = (ATOM, RSS)

#: The libraries asked, and what they read.
PYTHON = {"atoma": tuple(Format), "feedparser": XML, "reader": tuple(Format)}
NPM = {
    "@extractus/feed-extractor": tuple(Format),
    "@rowanmanning/feed-parser": XML,
    "fast-xml-parser-4": XML,
    "fast-xml-parser-5": XML,
    "feedme": tuple(Format),
    "feedparser": XML,
    "feedsmith": tuple(Format),
    "htmlparser2": XML,
    "rss-parser": XML,
    "rss-to-json": XML,
    "xml2js": XML,
}

#: What is theirs, and not to be helped by another form of our documents.
KNOWN = {
    ("@extractus/feed-extractor (npm)", ATOM): {"date"},  # gives updated for published
    ("htmlparser2 (npm)", ATOM): {"date"},  # likewise
    ("@rowanmanning/feed-parser (npm)", ATOM): {"content"},  # decodes references twice
    ("@rowanmanning/feed-parser (npm)", RSS): {"content"},
    # Takes what looks like a tag out of plain titles, puts slashes to hosts in HTML, and gives the
    # terms of Atom's categories for their labels.
    ("feedparser (npm)", ATOM): {"categories", "content", "title"},
    ("feedparser (npm)", RSS): {"content", "title"},
    ("reader (Python)", RSS): {"authors"},  # takes a comma in a name for one between two names
}

Faults = dict[tuple[str, Format], Counter[str]]
Told = dict[tuple[str, Format], set[str]]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Source]]:
    folder = tmp_path_factory.mktemp("documents")
    return folder, lay_out(map(asdict, documents(ENTRIES)), folder)


def faults(command: Iterable[str | Path], laid: tuple[Path, dict[str, Source]]) -> Faults:
    folder, sources = laid
    found: Faults = {}
    for each in readings([*command], folder=folder):
        mine = found.setdefault((each.library, each.format), Counter())
        if each.entries is None:
            mine[f"refuses a document: {each.error}"] += 1
        else:
            mine.update(faults_of(sources[each.file].entries, each.entries, each.format))
    return found


def told(found: Faults) -> Told:
    return {key: set(each) for key, each in found.items()}


def expected(libraries: dict[str, tuple[Format, ...]], kind: str) -> Told:
    keys = [(f"{name} ({kind})", form) for name, forms in libraries.items() for form in forms]
    return {key: KNOWN.get(key, set()) for key in keys}


def test_python_libraries(laid: tuple[Path, dict[str, Source]]) -> None:
    assert told(faults([sys.executable, READ], laid)) == expected(PYTHON, "Python")


def test_node_libraries(laid: tuple[Path, dict[str, Source]]) -> None:
    packages = node_packages()
    node = shutil.which("node") or missing("node", "install Debian's package nodejs")
    assert told(faults([node, NODE / "read.mjs", packages], laid)) == expected(NPM, "npm")
