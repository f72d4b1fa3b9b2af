"""The messages of pages, as they stand in templates and code, and the catalogues of them.

``python -m tests.messages`` brings every catalogue up to date: new messages come without a
translation, those that are gone go. ``python -m tests.messages it`` begins one for Italian.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
WEB = ROOT / "service" / "web"
FOLDER = WEB / "translations"

#: Functions of messages, and which of their arguments are some.
KEYWORDS = {
    "_": None,
    "gettext": None,
    "noted": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}

#: As templates are compiled.
OPTIONS = {"trimmed": "true"}

#: For operators and programmers: these pages are English.
ENGLISH_TEMPLATES = {
    "hub.html",
    "hub_status.html",
    "redirects.html",
    "reader_check.html",
}


def templates() -> list[Path]:
    """The templates whose texts are translated."""
    found = sorted((WEB / "templates").rglob("*.html"))
    return [path for path in found if path.name not in ENGLISH_TEMPLATES]


def sources() -> Iterator[tuple[str, Path]]:
    """Whatever may have messages: how it is read, and the file."""
    yield from (("jinja2", path) for path in templates())
    yield from (("python", path) for path in sorted(WEB.rglob("*.py")))


def template() -> Catalog:
    """All messages, without translations."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for method, path in sources():
        with path.open("rb") as stream:
            for line, message, comments, context in extract(
                method, stream, keywords=KEYWORDS, options=OPTIONS, comment_tags=("Translators:",)
            ):
                place = path.relative_to(WEB).as_posix()
                catalog.add(message, None, [(place, line)], auto_comments=comments, context=context)
    return catalog


def read(tag: str) -> Catalog:
    """The catalogue of a language."""
    with (FOLDER / f"{tag}.po").open("rb") as stream:
        return read_po(stream, locale=tag.replace("-", "_"))


def update(tag: str) -> bytes:
    """A catalogue with the messages of today, in the order of the files that have them."""
    is_new = not (FOLDER / f"{tag}.po").exists()
    catalog = Catalog(locale=tag.replace("-", "_"), fuzzy=False) if is_new else read(tag)
    if is_new:
        catalog.header_comment = (
            f"# {Locale.parse(tag, sep='-').english_name} catalogue of Communiqué's pages."
        )
    catalog.update(template(), no_fuzzy_matching=True, update_header_comment=False)
    return written(catalog)


def written(catalog: Catalog) -> bytes:
    """A catalogue as it is kept: without line numbers and dates, which change with each run."""
    catalog.obsolete.clear()
    for message in catalog:
        message.locations = [
            (place, 0) for place in sorted({each for each, _ in message.locations})
        ]
    stream = BytesIO()
    write_po(stream, catalog, width=99, omit_header=True, include_lineno=False)
    header = "".join(f'"{name}: {value}\\n"\n' for name, value in _header(catalog))
    return f'{catalog.header_comment}\nmsgid ""\nmsgstr ""\n{header}\n'.encode() + stream.getvalue()


def _header(catalog: Catalog) -> list[tuple[str, str]]:
    """What readers of catalogues need: gettext asks for the rest only of mail addresses."""
    return [
        ("Language", str(catalog.locale_identifier).replace("_", "-")),
        ("Plural-Forms", catalog.plural_forms),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    ]


def main(tags: list[str]) -> None:
    """Write catalogues."""
    for tag in tags or sorted(path.stem for path in FOLDER.glob("*.po")):
        (FOLDER / f"{tag}.po").write_bytes(update(tag))


if __name__ == "__main__":
    main(sys.argv[1:])
