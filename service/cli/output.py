"""Output of commands: aligned lines for people, JSON for programs, bars for long work."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

# rich is imported where it is used: ``communique serve`` prints no table and no bar, and its
# processes would keep it in memory.
if TYPE_CHECKING:
    from rich.progress import Progress

# Results and messages.

#: An empty cell, so that programs can still split a line into columns.
NOTHING = "-"

#: The length of the longest slug of a release. A longer cell pushes only the rest of its own line
#: to the right, not the whole column.
WIDEST_COLUMN = 96

#: Unicode categories that could repaint a terminal or reverse the line: control characters, marks
#: of direction (Cf), lone surrogates, and line ends other than ``\n``.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

#: Characters of category Cf that Arabic, Persian and emoji need; they are harmless.
_JOINERS = frozenset("\u200c\u200d")


def print_text(text: str) -> None:
    """Writes one result to standard output."""
    typer.echo(text)


def print_message(text: str) -> None:
    """Writes one message to standard error."""
    typer.echo(text, err=True)


def print_json(record: Mapping[str, Any]) -> None:
    """Writes one result as a JSON object on a line of its own."""
    typer.echo(json_text(record))


def json_text(value: object) -> str:
    """Returns *value* as JSON on one line; moments in RFC 3339 format."""
    return json.dumps(value, ensure_ascii=False, default=_moment_or_refuse)


def print_rows(rows: Iterable[Sequence[object]]) -> None:
    """Writes a table: one line per row, columns aligned, no borders."""
    for line in aligned(list(rows)):
        print_text(line)


def aligned(rows: Sequence[Sequence[object]], widths: list[int] | None = None) -> list[str]:
    """Returns the rows as lines, with two spaces between columns.

    Args:
        rows: Rows of cells, each formatted by `plain`. The last cell of a row sets no width.
        widths: Minimum widths of the columns. The list is widened in place, so that the next part
            of a long table aligns with this one.
    """
    widths = [] if widths is None else widths
    texts = [[plain(cell) for cell in row] for row in rows]
    for row in texts:
        widths.extend([0] * (len(row) - len(widths)))
        for i, text in enumerate(row[:-1]):
            if (width := _width(text)) <= WIDEST_COLUMN:
                widths[i] = max(widths[i], width)
    return [_line(row, widths) for row in texts]


def plain(value: object) -> str:
    """Returns a cell as one line of text without control characters; a dash if it is empty."""
    if isinstance(value, datetime):
        return moment(value)
    text = NOTHING if value is None or value == "" else str(value)
    return text if text.isprintable() else "".join(map(_printable, text))


def moment(value: datetime) -> str:
    """Returns a moment for people: whole seconds, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Returns a count with its noun: ``1 feed``, ``2 feeds``."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def _width(text: str) -> int:
    """Returns how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=False))
    return "  ".join(padded).rstrip()


def _printable(character: str) -> str:
    is_plain = unicodedata.category(character) not in _UNPRINTABLE or character in _JOINERS
    return character if is_plain else ascii(character)[1:-1]


def _moment_or_refuse(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# Progress bars for long work, shown on a terminal only.

#: A few hundred releases. Smaller amounts are read before anyone could see a bar.
LONG_BYTES = 256 * 1024

#: Pages. Smaller numbers are written before anyone could see a bar.
LONG_COUNT = 500


class ReadProgress:
    """Progress of reading documents, without a bar."""

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """Returns *stream*, counting the bytes that are read."""
        return stream

    def write(self, line: str) -> None:
        """Writes a result to standard output."""
        print_text(line)


class ReadProgressBar(ReadProgress):
    """Progress of reading documents, with a bar below the results."""

    def __init__(self, progress: "Progress", size_bytes: int) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=size_bytes)

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """Returns *stream* wrapped, so that reading it moves the bar."""
        return self._progress.wrap_file(stream, task_id=self._task)

    def write(self, line: str) -> None:
        """Writes a result to standard output, above the bar if both are on one terminal."""
        write_above(self._progress, line)


class CountProgress:
    """Progress of counted work, without a bar."""

    def advance(self) -> None:
        """Counts one item as done."""

    def write(self, line: str) -> None:
        """Writes a result to standard output."""
        print_text(line)


class CountProgressBar(CountProgress):
    """Progress of counted work, with a bar below the results."""

    def __init__(self, progress: "Progress", total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("writing", total=total)

    def advance(self) -> None:
        """Counts one item as done."""
        self._progress.advance(self._task)

    def write(self, line: str) -> None:
        """Writes a result to standard output, above the bar if both are on one terminal."""
        write_above(self._progress, line)


def write_above(progress: "Progress", line: str) -> None:
    """Writes a result. On a terminal it is printed above the bar, which would overwrite it."""
    if sys.stdout.isatty():
        progress.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
    else:
        print_text(line)


@contextmanager
def read_progress(size_bytes: int) -> Iterator[ReadProgress]:
    """Shows a bar on standard error if it is a terminal and *size_bytes* is large."""
    if size_bytes < LONG_BYTES or not sys.stderr.isatty():
        yield ReadProgress()
        return
    with _bar() as progress:
        yield ReadProgressBar(progress, size_bytes)


@contextmanager
def count_progress(total: int) -> Iterator[CountProgress]:
    """Shows a bar on standard error if it is a terminal and *total* is large."""
    if total < LONG_COUNT or not sys.stderr.isatty():
        yield CountProgress()
        return
    with _bar() as progress:
        yield CountProgressBar(progress, total)


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    return Progress(
        *columns,
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=True,
    )
