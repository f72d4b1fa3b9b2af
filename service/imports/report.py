"""The report of an import: the same figures as lines, and as a page for a browser."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from operator import attrgetter

from service.imports.tally import Counted, ImportTally

#: Parts of a figure that are printed; the page has all.
MAX_LINES_BELOW = 20

#: How figures of one are called.
_ONE = {
    "items in the export": "item in the export",
    "under embargo until their dates": "under embargo until its date",
    "comments, of which none is taken": "comment, which is not taken",
    "ids kept as readers know them": "id kept as readers know it",
    "ids mapped: in Atom, or because another release has them": (
        "id mapped: in Atom, or because another release has it"
    ),
    "without an id, which get a new one": "without an id, which gets a new one",
    "dates without a time zone": "date without a time zone",
    "old addresses that lead to the releases": "old address that leads to a release",
    "old addresses where this newsroom has its own pages": (
        "old address where this newsroom has its own page"
    ),
    "old addresses that a rule of redirects answers instead": (
        "old address that a rule of redirects answers instead"
    ),
    "old addresses that led to another release before": (
        "old address that led to another release before"
    ),
    "old addresses that no server can be asked for": "old address that no server can be asked for",
    "files found": "file found",
    "files not found, left at their old addresses": "file not found, left at its old address",
    "names that match categories": "name that matches categories",
    "names that match no category": "name that matches no category",
    "parts of texts that are left out": "part of a text that is left out",
    "fields mended": "field mended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A figure with its name; below it stand others, or examples."""

    name: str
    count: int
    examples: tuple[str, ...] = ()
    is_below: bool = False  #: it is a part of the figure above

    @property
    def text(self) -> str:
        """The name in the number of the count: ``items``, but ``1 item``."""
        return _ONE.get(self.name, self.name) if self.count == 1 else self.name


def report_lines(tally: ImportTally) -> list[ReportLine]:
    """Returns the figures in the order in which they are read."""
    return [*_items(tally), *_identity(tally), *_files(tally), *_names(tally), *_texts(tally)]


def _items(tally: ImportTally) -> Iterator[ReportLine]:
    yield ReportLine(name="items in the export", count=tally.items)
    yield ReportLine(name="taken", count=tally.taken)
    yield ReportLine(name="updated", count=tally.updated)
    yield ReportLine(name="unchanged", count=tally.unchanged)
    yield ReportLine(name="under embargo until their dates", count=tally.scheduled)
    yield ReportLine(name="left out", count=tally.left)
    yield from _parts(tally.left_out)
    yield ReportLine(name="comments, of which none is taken", count=tally.comments)


def _identity(tally: ImportTally) -> Iterator[ReportLine]:
    yield ReportLine(name="ids kept as readers know them", count=tally.ids_kept)
    yield _of("ids mapped: in Atom, or because another release has them", tally.ids_mapped)
    yield ReportLine(name="without an id, which get a new one", count=tally.ids_new)
    yield _of("dates without a time zone", tally.dates_without_zone)
    yield ReportLine(name="old addresses that lead to the releases", count=tally.addresses)
    yield _of("old addresses where this newsroom has its own pages", tally.own_addresses)
    yield _of("old addresses that a rule of redirects answers instead", tally.ruled_addresses)
    yield _of("old addresses that led to another release before", tally.moved_addresses)
    yield _of("old addresses that no server can be asked for", tally.unusable_addresses)


def _files(tally: ImportTally) -> Iterator[ReportLine]:
    yield ReportLine(name="files found", count=tally.files_found)
    missing = sum(each.count for each in tally.files_missing.values())
    yield ReportLine(name="files not found, left at their old addresses", count=missing)
    yield from _parts(tally.files_missing)


def _names(tally: ImportTally) -> Iterator[ReportLine]:
    matched = {name: one for name, one in tally.categories.items() if one.matches}
    unmatched = {name: one for name, one in tally.categories.items() if not one.matches}
    yield ReportLine(name="names that match categories", count=len(matched))
    for name, one in sorted(matched.items()):
        path = " / ".join([*one.below, name])
        yield ReportLine(name=f"{path} → {', '.join(one.matches)}", count=one.count, is_below=True)
    yield ReportLine(name="names that match no category", count=len(unmatched))
    for name, one in sorted(unmatched.items(), key=lambda each: (-each[1].count, each[0])):
        yield ReportLine(name=" / ".join([*one.below, name]), count=one.count, is_below=True)


def _texts(tally: ImportTally) -> Iterator[ReportLine]:
    lost = sum(each.count for each in tally.lost.values())
    yield ReportLine(name="parts of texts that are left out", count=lost)
    yield from _parts(tally.lost)
    mended = sum(each.count for each in tally.warnings.values())
    yield ReportLine(name="fields mended", count=mended)
    yield from _parts(tally.warnings)


def _of(name: str, counted: Counted) -> ReportLine:
    return ReportLine(name=name, count=counted.count, examples=tuple(counted.examples))


def _parts(kinds: Mapping[str, Counted]) -> Iterator[ReportLine]:
    for name, one in sorted(kinds.items(), key=lambda each: (-each[1].count, each[0])):
        yield ReportLine(name=name, count=one.count, examples=tuple(one.examples), is_below=True)


_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0 }
td:first-child { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
tr.part th { font-weight: normal; padding-left: 1.5rem }
h1, p, th { overflow-wrap: anywhere }
small { display: block; color: #555 }
"""


def report_page(tally: ImportTally, *, title: str, is_dry_run: bool) -> str:
    """Returns the report as a page that stands alone, for the people of the old site."""
    rows = "\n".join(map(_row, report_lines(tally)))
    kind = "What an import would do" if is_dry_run else "What an import did"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(kind)}: {escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(kind)}</h1>\n<p><bdi>{escape(title)}</bdi></p>\n<table>\n"
        f"{rows}\n</table></body></html>\n"
    )


def _row(line: ReportLine) -> str:
    examples = "".join(f"<small><bdi>{escape(each)}</bdi></small>" for each in line.examples)
    kind = ' class="part"' if line.is_below else ""
    name = f"<bdi>{escape(line.text)}</bdi>"
    return f'<tr{kind}><td>{line.count:,}</td><th scope="row">{name}{examples}</th></tr>'


def report_text(tally: ImportTally) -> list[str]:
    """Returns the report as lines of text; figures of nothing are left out."""
    lines = [
        text for line in _shortened(report_lines(tally)) if line.count for text in _lines(line)
    ]
    return lines or ["nothing in it"]


def _shortened(lines: Iterable[ReportLine]) -> Iterator[ReportLine]:
    """Leaves out the end of long lists, and says how long it is."""
    for _, kind in groupby(lines, key=attrgetter("is_below")):
        of_kind = list(kind)
        shown = of_kind[:MAX_LINES_BELOW] if of_kind[0].is_below else of_kind
        yield from shown
        more = len(of_kind) - len(shown)
        yield ReportLine(name="more: see --report or --json", count=more, is_below=True)


def _lines(line: ReportLine) -> Iterable[str]:
    indent = "    " if line.is_below else ""
    yield f"{indent}{line.count:>9,}  {line.text}"
    for example in line.examples:
        yield f"{indent}{'':>11}{example}"
