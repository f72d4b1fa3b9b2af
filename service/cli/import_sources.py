"""``communique import feed``, ``folder``, ``ghost`` and ``csv``, besides that of WordPress."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from feeds.errors import DocumentRefused, NotAFeed
from feeds.imports.csv_file import CsvMapping, read_csv
from feeds.imports.feed import read_feed
from feeds.imports.folder import read_folder
from feeds.imports.ghost import is_ghost_export, read_ghost
from feeds.imports.items import Item
from feeds.imports.static_sites import FolderFile, IdRule, StaticSite, read_site
from feeds.ingest.markdown_form import load_values
from service.application import Application
from service.cli.call import ByOption, JsonOption, SetOption, invocation_of, who
from service.cli.importing import (
    AsNewsOption,
    DryRunOption,
    ExportRefused,
    ImportCall,
    LanguageOption,
    MediaOption,
    ReportOption,
    SourceOption,
    TimeZoneOption,
    app,
    naming,
)
from service.cli.output import CountProgress, count_progress, print_message
from service.imports import MediaChoice
from service.wiring import build_feed_history

# Feeds.


@app.command()
def feed(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="URL|FILE", help="Address of a feed, or a file with one.")
    ],
    *,
    history: Annotated[
        bool,
        typer.Option(
            "--history/--only-this",
            help="Also fetch older documents of the feed, or only this one.",
        ),
    ] = True,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    media: MediaOption = MediaChoice.COPY,
    as_news: AsNewsOption = False,
    language: LanguageOption = None,
    time_zone: TimeZoneOption = None,
    source_name: SourceOption = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a feed: RSS, RDF, Atom or JSON Feed, with its history.

    Older documents are found by the feed's own links (RFC 5005; next_url of JSON Feed), and of
    WordPress by ?paged=2 and so on. Ids stay byte for byte as readers know them. A feed often has
    only summaries: where an export of the old system exists, import that.
    """
    imported = ImportCall(
        call=invocation_of(ctx, overrides, as_json=as_json),
        is_dry_run=dry_run,
        report=report,
        media=media,
        is_news=as_news,
        language=language,
        time_zone=time_zone,
        source=source_name,
        by=who(by),
    )
    with imported.opened() as application:
        scheme = source.partition("://")[0].lower() if "://" in source else ""
        if scheme in ("http", "https"):
            _import_from_server(imported, application, source, only_this=not history)
        elif scheme:
            raise ExportRefused(
                f"{source}: feeds are fetched by http and https only: give such an address, or "
                "save the feed and give the file"
            )
        else:
            _import_from_file(imported, application, Path(source))


def _import_from_server(
    imported: ImportCall, application: Application, url: str, *, only_this: bool
) -> None:
    found = build_feed_history(
        application, url, only_this=only_this, zone=imported.zone(application)
    )
    options = imported.options(found.head, document=url, digest=found.digest)
    imported.run(application, found.items(), options)
    for warning in found.warnings:
        print_message(warning)
    documents = "1 document" if found.pages == 1 else f"{found.pages} documents"
    print_message(f"{documents} read; {found.ended}")


def _import_from_file(imported: ImportCall, application: Application, path: Path) -> None:
    data = _bytes_of(path, remedy="give a file with a feed, or its address as https://…")
    try:
        read = read_feed(data, zone=imported.zone(application))
    except NotAFeed as fault:
        raise ExportRefused(f"{path}: {fault}") from fault
    options = imported.options(read.head, document=path.name, digest=sha256(data).hexdigest())
    imported.run(application, read.items, options)
    for warning in read.warnings:
        print_message(warning)


def _bytes_of(path: Path, *, remedy: str = "give a file that can be read") -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportRefused(f"{path}: {error.strerror or error}: {remedy}") from error


# Static sites and Ghost.

SiteOption = Annotated[
    str | None,
    typer.Option(
        "--site",
        metavar="URL",
        help="Address of the old site. [default: that of its configuration]",
    ),
]
PermalinkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--permalink",
        metavar="PATTERN",
        help="Pattern of the old addresses, such as /:year/:month/:slug/; of one section as "
        "news=/:slug/. May be repeated. [default: that of the configuration]",
    ),
]


@app.command()
def folder(
    ctx: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder of the site, with its configuration.", exists=True
        ),
    ],
    *,
    site: SiteOption = None,
    permalink: PermalinkOption = None,
    ids: Annotated[
        IdRule,
        typer.Option(
            "--ids",
            help="How the ids that readers know are found. jekyll: as jekyll-feed makes them. "
            "hugo: the address. guid: a guid in the front matter. link: the address. "
            "auto: a guid, else by the generator.",
        ),
    ] = IdRule.AUTO,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    media: MediaOption = MediaChoice.COPY,
    as_news: AsNewsOption = False,
    language: LanguageOption = None,
    time_zone: TimeZoneOption = None,
    source_name: SourceOption = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the posts of a static site, such as one of Hugo or Jekyll.

    These are files in Markdown or HTML with front matter in YAML, TOML or JSON. Drafts, pages
    without a date and what is past its expiry are reported and left. Shortcodes and Liquid are
    written as what they mean, or left out and reported. An export of Ghost is recognised.
    """
    imported = ImportCall(
        call=invocation_of(ctx, overrides, as_json=as_json),
        is_dry_run=dry_run,
        report=report,
        media=media,
        is_news=as_news,
        language=language,
        time_zone=time_zone,
        source=source_name,
        by=who(by),
    )
    with imported.opened() as application:
        if path.is_file() and is_ghost_export(_bytes_of(path)):
            _import_ghost(imported, application, path, _site(site, permalink))
            return
        files = list(_files_of(path))
        if not any(file.is_text for file in files):
            raise ExportRefused(
                f"{path}: no folder with Markdown, HTML or data files: give that of the site's "
                "sources"
            )
        given = _site(site, permalink, ids=ids)
        if time_zone is not None:
            given = StaticSite(
                url=given.url,
                ids=ids,
                permalinks=given.permalinks,
                zone=imported.zone(application),
            )
        with naming(path):
            settings = read_site(files, given)
        if settings.url is None:
            print_message(
                "the address of the old site is not known: no release keeps its id or leads on "
                "from its old address; give --site"
            )
        head, items = read_folder(files, site=settings, now=application.clock())
        options = imported.options(head, document=path.name, digest=_digest(files))
        with count_progress(sum(file.is_text for file in files)) as bar:
            imported.run(application, _counted(items, bar), options)


@app.command()
def ghost(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Export of Ghost (JSON).", exists=True, dir_okay=False),
    ],
    *,
    site: SiteOption = None,
    permalink: PermalinkOption = None,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    media: MediaOption = MediaChoice.COPY,
    as_news: AsNewsOption = False,
    language: LanguageOption = None,
    time_zone: TimeZoneOption = None,
    source_name: SourceOption = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the posts of a Ghost site, from its export.

    The export does not say the address of its site: give --site. Drafts, pages, and posts for
    members only are reported and left. Ids are those of Ghost's feed.
    """
    imported = ImportCall(
        call=invocation_of(ctx, overrides, as_json=as_json),
        is_dry_run=dry_run,
        report=report,
        media=media,
        is_news=as_news,
        language=language,
        time_zone=time_zone,
        source=source_name,
        by=who(by),
    )
    with imported.opened() as application:
        _import_ghost(imported, application, file, _site(site, permalink))


def _import_ghost(
    imported: ImportCall, application: Application, path: Path, site: StaticSite
) -> None:
    if site.url is None:
        raise typer.BadParameter(
            "an export of Ghost does not say the address of its site", param_hint="--site"
        )
    data = _bytes_of(path)
    with naming(path):
        head, items = read_ghost(data, site=site, now=application.clock())
    options = imported.options(head, document=path.name, digest=sha256(data).hexdigest())
    imported.run(application, items, options)


def _site(
    url: str | None, permalinks: list[str] | None, *, ids: IdRule = IdRule.AUTO
) -> StaticSite:
    if url is not None and not re.match(r"https?://[^/\s]+", url):
        raise typer.BadParameter("write it as https://www.example.org", param_hint="--site")
    patterns = {}
    for each in permalinks or ():
        section, equals, pattern = each.rpartition("=")
        if not pattern.startswith("/"):
            raise typer.BadParameter(
                "a pattern begins with a slash: /:year/:slug/", param_hint="--permalink"
            )
        patterns[section if equals else ""] = pattern
    return StaticSite(url=url.rstrip("/") if url else None, ids=ids, permalinks=patterns)


def _counted(items: Iterator[Item], bar: CountProgress) -> Iterator[Item]:
    for item in items:
        yield item
        bar.advance()


def _files_of(folder: Path) -> Iterator[FolderFile]:
    """Yields the files of a folder by name. What a link leads to is not read."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield FolderFile(path.relative_to(folder).as_posix(), path.read_bytes)


def _digest(files: list[FolderFile]) -> str:
    digest = sha256()
    for file in files:
        if file.is_text:
            try:
                content = file.read()
            except OSError:
                content = b""
            digest.update(f"{file.path}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
            digest.update(content)
    return digest.hexdigest()


# Tables.


@app.command()
def csv(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Table whose first row names its columns.",
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=NAME",
            help="Name of the column with a field, such as title=Titel. May be repeated. "
            "[default: usual names in several languages]",
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            metavar="FILE",
            help="YAML with columns, date_format, separator and site. Options replace it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(
            "--date-format",
            metavar="FORMAT",
            help="Form of dates, such as %d/%m/%Y %H:%M. [default: ISO 8601 and the like]",
        ),
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            "--separator",
            metavar="TEXT",
            help="What stands between several categories or authors in a cell. [default: |]",
        ),
    ] = None,
    site: SiteOption = None,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    media: MediaOption = MediaChoice.COPY,
    as_news: AsNewsOption = False,
    language: LanguageOption = None,
    time_zone: TimeZoneOption = None,
    source_name: SourceOption = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the rows of a table (CSV) as releases.

    Columns for title and text are needed. Encoding and delimiter are found. A row that cannot be
    read is reported with its line and column, and hides no other.
    """
    imported = ImportCall(
        call=invocation_of(ctx, overrides, as_json=as_json),
        is_dry_run=dry_run,
        report=report,
        media=media,
        is_news=as_news,
        language=language,
        time_zone=time_zone,
        source=source_name,
        by=who(by),
    )
    if separator == "":
        raise typer.BadParameter("give a character, such as ;", param_hint="--separator")
    with imported.opened() as application:
        data = _bytes_of(file)
        with naming(file):
            stated = _mapping_in(mapping)
            columns = stated.get("columns")
            read = CsvMapping(
                columns={
                    **(
                        {str(k): str(v) for k, v in columns.items()}
                        if isinstance(columns, dict)
                        else {}
                    ),
                    **_columns(column),
                },
                zone=imported.zone(application),
                date_format=date_format or _text(stated, "date_format"),
                separator=separator or _text(stated, "separator") or "|",
                site_url=site or _text(stated, "site"),
                language=language,
            )
            head, items = read_csv(data, mapping=read, now=application.clock())
        options = imported.options(head, document=file.name, digest=sha256(data).hexdigest())
        # Texts of several lines make it more: the bar ends early.
        with count_progress(data.count(b"\n")) as bar:
            imported.run(application, _counted(items, bar), options)


def _mapping_in(path: Path | None) -> dict[str, object]:
    if path is None:
        return {}
    try:
        values = dict(load_values(_bytes_of(path).decode("utf-8", "replace"), kind="yaml"))
    except DocumentRefused as fault:
        at = "" if fault.line is None else f":{fault.line}"
        raise ExportRefused(
            f"{path}{at}: no mapping in YAML: write columns: and below it, indented, lines such as "
            f"title: Titel; it may also hold {', '.join(_MAPPING_KEYS[1:])}"
        ) from fault
    for name in values:
        if name not in _MAPPING_KEYS:
            raise DocumentRefused(
                f"{path} holds {name!r}", remedy=f"it may hold {', '.join(_MAPPING_KEYS)}"
            )
    return values


_MAPPING_KEYS = ("columns", "date_format", "separator", "site")


def _text(values: dict[str, object], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and value else None


def _columns(given: list[str] | None) -> dict[str, str]:
    columns = {}
    for each in given or ():
        field, equals, name = each.partition("=")
        if not equals:
            raise typer.BadParameter("write it as title=Titel", param_hint="--column")
        columns[field.strip()] = name.strip()
    return columns
