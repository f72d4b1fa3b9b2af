"""Documentation names what there is: paths, links, anchors and pages."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "config/*.md", "findings/*.md")
    for page in ROOT.glob(pattern)
)
#: Where our own files are named besides.
OTHERS = [ROOT / "Makefile", ROOT / "pyproject.toml", *sorted(ROOT.glob("config/*.yaml"))]

#: A path of ours, as ``feeds/store/pings.py`` or ``tests/data/``; in a module name dots would do.
PATH = re.compile(r"(?<![\w./-])(?:feeds|service|tests|bench|config|findings|docs)/[\w./-]*[\w/]")
#: ``feeds.store.pings``, and with a name behind it: ``service.jobs.reading.take_in``.
MODULE = re.compile(r"(?<![\w./:-])(?:feeds|service|tests|bench)(?:\.[a-z_][a-z0-9_]*)+")
#: In comments and docstrings, modules stand in backticks, and files have their suffix.
PACKAGES = ("feeds", "service", "tests", "bench")
QUOTED = re.compile(r"`((?:feeds|service|tests|bench)(?:\.[A-Za-z_][A-Za-z0-9_]*)+)`")
FILE = re.compile(r"(?<![\w./-])(?:feeds|service|tests|bench|docs)/[\w./-]*\w\.(?:py|md)")
LINK = re.compile(r"(?<!`)\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)

#: What begins like a path of ours and is none: feeds/all.atom is an address, NAME any name.
NO_PATH = re.compile(r"feeds/[a-z0-9-]+(\.(html|atom|rss|json)|$)|findings/NAME")
#: Keys of the configuration and of the store that look like modules.
KEYS = re.compile(r"feeds\.[a-z_]+(\.[a-z_]+)?$|service\.conf$")


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", _text(page)), re.MULTILINE)
    return frozenset(
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings
    )


def _is_module(dotted: str) -> bool:
    """Whether a module of that name exists, perhaps with a name of it behind."""
    parts = dotted.split(".")
    for length in (len(parts), len(parts) - 1, len(parts) - 2):
        path = ROOT.joinpath(*parts[:length])
        if length > 1 and (path.with_suffix(".py").exists() or path.is_dir()):
            return True
    return False


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=_name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    found = {path for path in PATH.findall(_text(page)) if not NO_PATH.match(path)}
    beside = page.parent
    missing = {
        path for path in found if not (ROOT / path).exists() and not (beside / path).exists()
    }
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_module_that_is_named_exists(page: Path) -> None:
    found = {name for name in MODULE.findall(_text(page)) if not KEYS.match(name)}
    assert {name for name in found if not _is_module(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", _text(page))):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(link)
    assert broken == []


def test_comments_name_what_there_is() -> None:
    missing = []
    for source in (source for package in PACKAGES for source in ROOT.glob(f"{package}/**/*.py")):
        text = _text(source)
        names = [name for name in QUOTED.findall(text) if not KEYS.match(name)]
        missing += [f"{_name(source)}: {name}" for name in names if not _is_module(name)]
        paths = [path for path in FILE.findall(text) if not (ROOT / path).exists()]
        missing += [f"{_name(source)}: {path}" for path in paths]
    assert missing == []


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(_text(index))}
    pages = {page for page in ROOT.glob("docs/*.md") if page != index}
    assert pages - linked == set()
    decisions = ROOT / "docs" / "decisions" / "README.md"
    listed = {(decisions.parent / link).resolve() for link in LINK.findall(_text(decisions))}
    assert {*decisions.parent.glob("*.md")} - {decisions} - listed == set()


def test_the_walks_are_counted() -> None:
    """``python -m tests.walks`` counts them anew."""
    told = re.findall(r"\| (\d+) \|$", _text(ROOT / "docs" / "architecture.md"), re.MULTILINE)
    walks = _text(ROOT / "docs" / "walks.md")
    assert told == re.findall(r"^## .*: (\d+) files$", walks, re.MULTILINE)
