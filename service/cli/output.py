"""How results look: lines for a person, objects for a program, a bar for what takes long."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# How results look: aligned lines for a person, objects for a program; talk beside them.

#: Stands where there is nothing to say, so that columns can be told apart by a program too.
NOTHING = "-"

#: As long as a release's slug gets. A longer cell pushes the rest of its own line to the right,
#: not the whole column.
WIDEST_COLUMN = 96

#: Written as they are in Unicode, these repaint a terminal or turn the line around: controls,
#: marks of direction (Cf), lone surrogates, and what ends a line beside ``\n``.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

#: Needed to write Arabic, Persian, and emoji; harmless.
_JOINERS = frozenset("\u200c\u200d")


def print_text(text: str) -> None:
    """Write one result to standard output."""
    typer.echo(text)


def print_message(text: str) -> None:
    """Write one line of talk to standard error."""
    typer.echo(text, err=True)


def print_json(record: Mapping[str, Any]) -> None:
    """Write one result as a JSON object on a line of its own."""
    typer.echo(json_text(record))


def json_text(value: object) -> str:
    """JSON on one line; moments as RFC 3339 has them."""
    return json.dumps(value, ensure_ascii=False, default=_moment_or_refuse)


def print_rows(rows: Iterable[Sequence[object]]) -> None:
    """Write a table: a line a row, columns aligned, nothing drawn around them."""
    for line in aligned(list(rows)):
        print_text(line)


def aligned(rows: Sequence[Sequence[object]], widths: list[int] | None = None) -> list[str]:
    """The rows as lines, two spaces between the columns.

    Args:
        rows: Cells, as `plain` understands them; a row's last one may be of any length.
        widths: Columns are at least so wide; it is widened in place, so that the next part of a
            long table is aligned with this one.
    """
    widths = [] if widths is None else widths
    texts = [[plain(cell) for cell in row] for row in rows]
    for row in texts:
        widths.extend([0] * (len(row) - len(widths)))
        for i, text in enumerate(row[:-1]):
            if (width := cell_len(text)) <= WIDEST_COLUMN:
                widths[i] = max(widths[i], width)
    return [_line(row, widths) for row in texts]


def plain(value: object) -> str:
    """A cell as one line of text that does nothing to a terminal; a dash for nothing."""
    if isinstance(value, datetime):
        return moment(value)
    text = NOTHING if value is None or value == "" else str(value)
    return text if text.isprintable() else "".join(map(_printable, text))


def moment(value: datetime) -> str:
    """A moment for a person: whole seconds, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 feed``, ``2 feeds``."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=False)
    )
    return "  ".join(padded).rstrip()


def _printable(character: str) -> str:
    is_plain = unicodedata.category(character) not in _UNPRINTABLE or character in _JOINERS
    return character if is_plain else ascii(character)[1:-1]


def _moment_or_refuse(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# A bar on the terminal for what takes long; nothing anywhere else.

#: Some hundred releases: less is done before a bar could be read.
LONG_BYTES = 256 * 1024

#: Likewise, of pages.
LONG_COUNT = 500


class ReadProgress:
    """How documents are read, and their results told, while no bar is shown."""

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """*Stream*, so that what is read of it counts."""
        return stream

    def write(self, line: str) -> None:
        """Write a result to standard output."""
        print_text(line)


class ReadProgressBar(ReadProgress):
    """The same with a bar below."""

    def __init__(self, progress: Progress, size_bytes: int) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=size_bytes)

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """*Stream*, so that the bar moves as it is read."""
        return self._progress.wrap_file(stream, task_id=self._task)

    def write(self, line: str) -> None:
        """Write a result to standard output, or above the bar if that is the same place."""
        write_above(self._progress, line)


class CountProgress:
    """How things are counted, and results told, while no bar is shown."""

    def advance(self) -> None:
        """One thing is done."""

    def write(self, line: str) -> None:
        """Write a result to standard output."""
        print_text(line)


class CountProgressBar(CountProgress):
    """The same with a bar below."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("writing", total=total)

    def advance(self) -> None:
        """One thing is done."""
        self._progress.advance(self._task)

    def write(self, line: str) -> None:
        """Write a result to standard output, or above the bar if that is the same place."""
        write_above(self._progress, line)


def write_above(progress: Progress, line: str) -> None:
    """Write a result. On one terminal, a line must go around the bar."""
    if sys.stdout.isatty():
        progress.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
    else:
        print_text(line)


@contextmanager
def read_progress(size_bytes: int) -> Iterator[ReadProgress]:
    """Show a bar on standard error if *size_bytes* are many and a terminal is there."""
    if size_bytes < LONG_BYTES or not sys.stderr.isatty():
        yield ReadProgress()
        return
    with _bar() as progress:
        yield ReadProgressBar(progress, size_bytes)


@contextmanager
def count_progress(total: int) -> Iterator[CountProgress]:
    """Show a bar on standard error if *total* things are many and a terminal is there."""
    if total < LONG_COUNT or not sys.stderr.isatty():
        yield CountProgress()
        return
    with _bar() as progress:
        yield CountProgressBar(progress, total)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    return Progress(
        *columns,
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=True,
    )
