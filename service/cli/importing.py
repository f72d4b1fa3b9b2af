"""``communique import``: takes in what another system gives out."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from feeds.errors import DocumentRefused
from feeds.imports.drafting import ImportSource
from feeds.imports.items import Item, SourceHead
from feeds.imports.wxr import POSTS, read_wxr
from feeds.ingest.fields import read_language
from service.application import Application
from service.cli.application import to_try, to_write
from service.cli.call import (
    ByOption,
    Invocation,
    JsonOption,
    SetOption,
    invocation_of,
    typer_of,
    who,
)
from service.cli.output import plain, print_json, print_message, print_text, read_progress
from service.errors import ServiceError
from service.imports import ImportOptions, ImportTally, MediaChoice, run_import
from service.imports.report import report_page, report_text
from service.wiring import build_file_copier

app = typer_of("import")


class ExportRefused(ServiceError):
    """An export, a folder or a table cannot be read at all."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Names the export in what is refused of it."""
    try:
        yield
    except DocumentRefused as fault:
        raise ExportRefused(f"{path}: {fault.reason}: {fault.remedy}") from fault


@app.callback()
def group() -> None:
    """Take in the releases of another system, with their ids, dates, files and addresses."""


# Options that all imports have.

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Report what the import would do, and store nothing.")
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the report as a page (HTML), too."),
]
MediaOption = Annotated[
    MediaChoice,
    typer.Option(
        "--media",
        help="copy: store pictures and files on this server. keep: leave them where they are, and "
        "check that they are there.",
    ),
]
AsNewsOption = Annotated[
    bool,
    typer.Option(
        "--as-news",
        help="Treat releases as if published now: at the top of the feeds, pushed to subscribers.",
    ),
]
LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="TAG",
        help="Language (BCP 47) of releases that name none. [default: that of the export, else "
        "site.language]",
    ),
]
TimeZoneOption = Annotated[
    str | None,
    typer.Option(
        "--time-zone",
        metavar="NAME",
        help="Zone of dates without one, such as Europe/Zurich. [default: site.time_zone]",
    ),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="NAME",
        help="Name of the old system. The same item under the same name is the same release. "
        "[default: the address of the old site]",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCall:
    """One call of an import: what all of them are given."""

    call: Invocation
    is_dry_run: bool
    report: Path | None
    media: MediaChoice
    is_news: bool
    language: str | None
    time_zone: str | None
    source: str | None
    by: str

    @contextmanager
    def opened(self) -> Iterator[Application]:
        """Opens the newsroom, or only its store for reading in a dry run.

        Raises:
            typer.BadParameter: The report cannot be written. The figures of the run would be lost.
        """
        if self.report is not None and (self.report.is_dir() or not self.report.parent.is_dir()):
            raise typer.BadParameter(
                f"{self.report} cannot be written; name a file in a folder that exists",
                param_hint="--report",
            )
        with to_try(self.call) if self.is_dry_run else to_write(self.call) as application:
            yield application

    def zone(self, application: Application) -> ZoneInfo:
        """Returns the zone of dates without one.

        Raises:
            typer.BadParameter: There is no zone of this name.
        """
        if self.time_zone is None:
            return application.rules.time_zone
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise typer.BadParameter(
                f"no time zone {self.time_zone!r}; write it as Europe/Zurich",
                param_hint="--time-zone",
            ) from error

    def options(self, head: SourceHead, *, document: str, digest: str) -> ImportOptions:
        """Returns the options of the run.

        Args:
            head: What the export says of itself.
            document: Name of the file or feed, for messages.
            digest: Digest of the export's content, by which a run that was cut off is known.

        Raises:
            typer.BadParameter: The language is no tag.
        """
        how = (digest, self.media, self.is_news, self.language, self.time_zone, self.source)
        return ImportOptions(
            source=ImportSource.of(
                head, document=document, name=self.source, language=_language(self.language)
            ),
            key=sha256(json.dumps(how).encode()).hexdigest(),
            is_dry_run=self.is_dry_run,
            is_news=self.is_news,
            by=self.by,
        )

    def run(
        self,
        application: Application,
        items: Iterable[Item],
        options: ImportOptions,
    ) -> ImportTally:
        """Runs the import, and prints and writes its report."""
        files = build_file_copier(application, self.media, by=self.by, is_dry_run=self.is_dry_run)
        tally = run_import(application, items, options, files=files)
        document = options.source.document
        if self.report is not None:
            page = report_page(tally, title=document, is_dry_run=self.is_dry_run)
            self.report.write_text(page, encoding="utf-8")
        if self.call.as_json:
            print_json({"dry_run": self.is_dry_run, "document": document, **tally.as_json()})
            return tally
        for line in report_text(tally):
            print_text(plain(line))
        if self.is_dry_run:
            print_message("dry run: nothing was stored")
        return tally


def _language(tag: str | None) -> str | None:
    if tag is None:
        return None
    try:
        return read_language(tag, warnings=[])
    except DocumentRefused as fault:
        raise typer.BadParameter(f"{fault.reason}; {fault.remedy}", param_hint="--language") from (
            fault
        )


@app.command()
def wxr(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Export of WordPress (WXR).", exists=True, dir_okay=False
        ),
    ],
    *,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    media: MediaOption = MediaChoice.COPY,
    as_news: AsNewsOption = False,
    language: LanguageOption = None,
    time_zone: TimeZoneOption = None,
    source: SourceOption = None,
    post_type: Annotated[
        list[str] | None,
        typer.Option(
            "--post-type",
            metavar="NAME",
            help="Take posts of this type. May be repeated. [default: post]",
        ),
    ] = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the posts of a WordPress site, from its export.

    The export is made under Tools, Export, All content. Published posts become releases under the
    ids that readers know; scheduled ones come under embargo until their dates; all others are
    reported and left. Nothing is pushed, and feeds show the releases by their own dates. Started
    again, it updates; after it was cut off, it goes on.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    imported = ImportCall(
        call=call,
        is_dry_run=dry_run,
        report=report,
        media=media,
        is_news=as_news,
        language=language,
        time_zone=time_zone,
        source=source,
        by=who(by),
    )
    with imported.opened() as application, file.open("rb") as stream:
        zone = imported.zone(application)
        digest = file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        types = tuple(post_type or POSTS)
        with read_progress(file.stat().st_size) as bar:
            with naming(file):
                head, items = read_wxr(stream, zone=zone, post_types=types, watch=bar.watch)
            digest = f"{digest} {' '.join(types)}"
            options = imported.options(head, document=file.name, digest=digest)
            imported.run(application, items, options)
