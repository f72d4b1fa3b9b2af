"""A bar on the terminal for what takes long; nothing anywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.output import tell

#: Some hundred releases: less is done before a bar could be read.
LONG_BYTES = 256 * 1024

#: Likewise, of pages.
LONG_COUNT = 500


class Reading:
    """How documents are read, and their results told, while no bar is shown."""

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """*Stream*, so that what is read of it counts."""
        return stream

    def tell(self, line: str) -> None:
        """Write a result to standard output."""
        tell(line)


class ReadingWithBar(Reading):
    """The same with a bar below."""

    def __init__(self, progress: Progress, size_bytes: int) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=size_bytes)

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """*Stream*, so that the bar moves as it is read."""
        return self._progress.wrap_file(stream, task_id=self._task)

    def tell(self, line: str) -> None:
        """Write a result to standard output, or above the bar if that is the same place."""
        write_above(self._progress, line)


class Counting:
    """How things are counted, and results told, while no bar is shown."""

    def advance(self) -> None:
        """One thing is done."""

    def tell(self, line: str) -> None:
        """Write a result to standard output."""
        tell(line)


class CountingWithBar(Counting):
    """The same with a bar below."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("writing", total=total)

    def advance(self) -> None:
        """One thing is done."""
        self._progress.advance(self._task)

    def tell(self, line: str) -> None:
        """Write a result to standard output, or above the bar if that is the same place."""
        write_above(self._progress, line)


def write_above(progress: Progress, line: str) -> None:
    """Write a result. On one terminal, a line must go around the bar."""
    if sys.stdout.isatty():
        progress.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
    else:
        tell(line)


@contextmanager
def reading(size_bytes: int) -> Iterator[Reading]:
    """Show a bar on standard error if *size_bytes* are many and a terminal is there."""
    if size_bytes < LONG_BYTES or not sys.stderr.isatty():
        yield Reading()
        return
    with _bar() as progress:
        yield ReadingWithBar(progress, size_bytes)


@contextmanager
def counting(total: int) -> Iterator[Counting]:
    """Show a bar on standard error if *total* things are many and a terminal is there."""
    if total < LONG_COUNT or not sys.stderr.isatty():
        yield Counting()
        return
    with _bar() as progress:
        yield CountingWithBar(progress, total)


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
