"""``communique release``: add, list, show, correct and retract releases."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from feeds.errors import EmbargoNotFound, FeedNotFound, ReleaseNotFound
from feeds.ingest.characters import nfc
from feeds.ingest.rules import MAX_NOTE_CHARS
from feeds.model.intake import KeptRefusal, Refusal
from feeds.model.listing import ListedRelease
from feeds.model.release import Correction, Origin, Weight
from feeds.model.text import is_xml_text
from service.application import Application
from service.cli import embargoes
from service.cli.adding import STANDARD_INPUT, AddReport, NamedDocument, Outcome, documents_of
from service.cli.application import to_read, to_try, to_write
from service.cli.call import (
    ByOption,
    Invocation,
    JsonOption,
    SetOption,
    invocation_of,
    typer_of,
    who,
)
from service.cli.output import (
    ReadProgress,
    counted,
    plain,
    print_json,
    print_message,
    print_rows,
    print_text,
    read_progress,
)
from service.jobs.reading import preview, take_in

app = typer_of("release")

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH",
        help="Files, folders (read with their subfolders), or - for standard input.",
    ),
]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The release's id, slug or source key.")]


@app.command()
def add(
    ctx: typer.Context,
    paths: Paths,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and store nothing.")
    ] = False,
    minor: Annotated[
        bool,
        typer.Option(
            "--minor",
            help="Treat changed documents that do not say otherwise as minor corrections.",
        ),
    ] = False,
    note: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Note on what changed, for changed documents that have none of their own.",
        ),
    ] = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add documents: new releases, and corrections of known ones.

    A document is recognised by its name when it is added again. The name is its path below the
    folder that is given, or the name of the file that is given. A refused document does not stop
    the others; it is listed by 'communique release refusals' and makes the exit code 1. With more
    than twenty documents, unchanged ones are only counted.

    A major correction moves the release's date of change and puts a note at the head of its text.
    A correction is major unless the document, --minor or the configuration makes it minor.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    _require_existing(paths)
    documents = documents_of(paths)
    opened = to_try(call) if dry_run else to_write(call)
    size_bytes = sum(document.size_bytes for document in documents)
    assumed = _assumed(minor=minor, note=note)
    with opened as configured, read_progress(size_bytes) as bar:
        application = _assuming(configured, assumed)
        report = AddReport(application, write=bar.write, is_dry_run=dry_run, as_json=call.as_json)
        for document in documents:
            for outcome in _outcomes(application, document, bar, is_dry_run=dry_run, by=by):
                report.add(outcome)
    report.finish()
    if report.is_any_refused:
        raise typer.Exit(1)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only releases in this feed.")
    ] = None,
    unfiled: Annotated[
        bool,
        typer.Option(
            "--unfiled", help="Only releases with a category name that matches no category."
        ),
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="List at most this many.")] = 50,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List releases, the last changed first: date of publication, slug, title.

    Retracted releases have '[retracted]' before the title. What is under embargo is not in this
    list, but in that of 'communique release embargoes'.

    With --unfiled, the names that match no category come before the title. Once categories.yaml
    has them, the service assigns the releases to the categories by itself.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        if feed is not None and feed not in application.catalogue.feeds:
            raise FeedNotFound(feed)
        found = application.newsroom.releases(feed=feed, is_unfiled=unfiled, limit=limit)
        if call.as_json:
            for listed in found:
                print_json(_record(application, listed))
            return
    print_rows(_row(listed, is_unfiled=unfiled) for listed in found)
    if len(found) == limit:
        print_message(f"only the first {counted(limit, 'release')} shown: --limit shows more")


@app.command()
def show(
    ctx: typer.Context,
    name: Name,
    *,
    body: Annotated[bool, typer.Option("--body", help="Show the text as HTML, too.")] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything about one release.

    This includes its earlier revisions, its entries in the audit log, and until when it, or a
    correction of it, is under embargo. A release under embargo is shown as it will be then.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        listed, record = _shown(application, name)
    text = listed.release.content.body
    if call.as_json:
        print_json(record | ({"body": text} if body else {}))
        return
    print_rows(_fields(record))
    if body:
        print_text("")
        for line in text.splitlines():
            print_text(plain(line))


@app.command()
def retract(
    ctx: typer.Context,
    name: Name,
    *,
    reason: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="The reason, in one line. It is public, and shown in every feed."
        ),
    ],
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retract a release: its text is no longer shown anywhere.

    Its feeds delete it (RFC 6721), and show the reason in its place for feeds.retraction_days;
    hubs are pinged. Its page answers 410 with the reason, permanently. 'communique release
    restore' undoes the retraction.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        newsroom = application.newsroom
        release = newsroom.retract(name, reason=reason, by=who(by), now=application.clock())
        _print_result(call, application, "retracted", newsroom.release(release.id))


@app.command()
def restore(
    ctx: typer.Context,
    name: Name,
    *,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore a retracted release.

    It returns to its feeds, dated as changed now, and to its page. If a correction was added since
    the retraction, the corrected text is restored.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        newsroom = application.newsroom
        release = newsroom.restore(name, by=who(by), now=application.clock())
        _print_result(call, application, "restored", newsroom.release(release.id))


@app.command()
def refusals(
    ctx: typer.Context,
    *,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DOCUMENT",
            help="Delete the refusals of this document, named as in the list. May be repeated.",
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List documents that were refused and have not been accepted since.

    Each line has: time, file and line, reason, remedy. A refusal of a watched file is deleted with
    the file. Refusals of other documents last until the document is accepted, or --forget deletes
    them. A watched file that is refused temporarily shows until when; it is read again then.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if forget:
        _forget(call, forget)
        return
    with to_read(call) as application:
        recorded = application.newsroom.refusals()
    if call.as_json:
        for each in recorded:
            print_json(_refusal_record(each))
        return
    print_rows(
        (
            each.refused_at,
            each.refusal.origin,
            f"{each.refusal.reason}; {each.refusal.remedy}{_for_now(each.refusal.until)}",
        )
        for each in recorded
    )


app.command("embargoes")(embargoes.list_)
app.command("embargo")(embargoes.change)


def _shown(application: Application, name: str) -> tuple[ListedRelease, dict[str, Any]]:
    """Returns the release with this name, or what it will be when its embargo ends."""
    newsroom = application.newsroom
    try:
        listed = newsroom.release(name)
    except ReleaseNotFound:
        try:
            embargo = newsroom.embargoes.named(name)
        except EmbargoNotFound:
            raise ReleaseNotFound(name) from None
        [listed] = newsroom.upcoming([embargo], now=application.clock())
        acts = {"acts": _acts(application, embargo.release_id)}
        return listed, embargoes.state(embargo) | _full_record(application, listed) | acts
    waiting = newsroom.embargoes.by_id(listed.release.id)
    correction = {} if waiting is None else {"correction": embargoes.state(waiting)}
    record = _full_record(application, listed) | correction
    return listed, record | _life_record(application, listed.release.id)


def _print_result(
    call: Invocation, application: Application, result: str, listed: ListedRelease
) -> None:
    if call.as_json:
        print_json({"result": result, **_record(application, listed)})
        return
    print_rows([(result, listed.release.slug, ", ".join(listed.feeds))])


def _forget(call: Invocation, documents: Sequence[str]) -> None:
    with to_write(call) as application:
        recorded = [each.refusal.origin.document for each in application.newsroom.refusals()]
        for document in documents:
            if document not in recorded:
                raise typer.BadParameter(
                    f"no refusal of {document} is recorded", param_hint="--forget"
                )
        application.newsroom.forget_refusals(documents)
    print_message(
        f"{counted(sum(recorded.count(one) for one in set(documents)), 'refusal')} deleted"
    )


def _require_existing(paths: Sequence[Path]) -> None:
    """Refuses paths that do not exist, before anything is stored."""
    for path in paths:
        if not path.exists() and str(path) != STANDARD_INPUT:
            raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")


def _assumed(*, minor: bool, note: str | None) -> Correction | None:
    """Returns the correction assumed if a document declares none; None for the configured one."""
    text = nfc(" ".join((note or "").split()))
    if note is not None and not (0 < len(text) <= MAX_NOTE_CHARS and is_xml_text(text)):
        fact = f"a note is plain text of 1 to {MAX_NOTE_CHARS} characters"
        raise typer.BadParameter(fact, param_hint="--note")
    if not minor and not text:
        return None
    return Correction(weight=Weight.MINOR if minor else Weight.MAJOR, note=text or None)


def _assuming(application: Application, assumed: Correction | None) -> Application:
    if assumed is None:
        return application
    return replace(application, rules=replace(application.rules, correction=assumed))


def _outcomes(
    application: Application,
    document: NamedDocument,
    bar: ReadProgress,
    *,
    is_dry_run: bool,
    by: str | None,
) -> Iterator[Outcome]:
    do = preview if is_dry_run else partial(take_in, by=who(by))
    try:
        with document.opened() as stream:
            if not is_dry_run:
                _forget_refusals(application, document)
            yield from do(
                bar.watch(stream),
                document.name,
                newsroom=application.newsroom,
                rules=application.rules,
                now=application.clock,
                measure=application.measure,
                keep_picture=application.media.keeper(who(by), is_trial=is_dry_run),
                keep_file=document.files_beside(
                    application.media.file_keeper(who(by), is_trial=is_dry_run)
                ),
            )
    except OSError as error:
        yield Refusal(
            origin=Origin(document=document.name),
            reason=f"cannot be read: {error.strerror}",
            remedy="make the file readable for this user, and add it again",
        )


def _forget_refusals(application: Application, document: NamedDocument) -> None:
    """Deletes earlier refusals: the faults may be mended, moved to another line, or gone."""
    with application.database.transaction() as tx:
        tx.refusals.clear_document(document.name)


def _row(listed: ListedRelease, *, is_unfiled: bool) -> Sequence[object]:
    release = listed.release
    names = ("; ".join(listed.unclaimed),) if is_unfiled else ()
    mark = "" if release.retraction is None else "[retracted] "
    return release.content.published, release.slug, *names, f"{mark}{release.content.title}"


def _record(application: Application, listed: ListedRelease) -> dict[str, Any]:
    release = listed.release
    retraction = release.retraction
    return {
        "id": release.id,
        "slug": release.slug,
        "title": release.content.title,
        "language": release.content.language,
        "published": release.content.published,
        "updated": release.updated,
        "revision": release.revision,
        "retracted_at": retraction and retraction.at,
        "retraction_reason": retraction and retraction.reason,
        "feeds": list(listed.feeds),
        "unclaimed": list(listed.unclaimed),
        "page": application.catalogue.site.release_page(release.slug),
    }


def _full_record(application: Application, listed: ListedRelease) -> dict[str, Any]:
    release, content = listed.release, listed.release.content
    filing, details = application.catalogue.match_all(content.category_names), content.details
    return _record(application, listed) | {
        "source_key": release.source_key,
        "published_id": None if release.published_id is None else release.published_id.value,
        "changed_at": release.changed_at,
        "updated_by_source": content.updated,
        "source": content.url,
        "summary": content.summary,
        "category_names": list(content.category_names),
        "categories": list(filing.categories),
        "authors": [asdict(author) for author in content.authors],
        "enclosures": [asdict(enclosure) for enclosure in content.enclosures],
        "number": details.number,
        "place": details.place,
        "contacts": [asdict(contact) for contact in details.contacts],
        "related": [asdict(link) for link in details.related],
        "rights": details.rights,
        "license": details.license,
        "work": details.work,
        "translations": [asdict(each) for each in release.translations],
    }


def _life_record(application: Application, release_id: str) -> dict[str, Any]:
    """Returns the revisions, the newest first, and the audit events, the oldest first."""
    newsroom = application.newsroom
    return {
        "revisions": [
            {
                "number": step.number,
                "at": step.at,
                "weight": step.weight,
                "note": step.note and step.note.text,
            }
            for step in newsroom.history(release_id)
        ],
        "acts": _acts(application, release_id),
    }


def _acts(application: Application, release_id: str) -> list[dict[str, Any]]:
    return [
        {"at": act.at, "by": act.by, "deed": act.action, "detail": act.detail}
        for act in application.newsroom.audit_events(release_id)
    ]


def _fields(record: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yields one row for each value, and for each item of a list."""
    for key, value in record.items():
        name = key.replace("_", " ")
        if not isinstance(value, list):
            yield name, _in_words(value)
        for item in (value or [None]) if isinstance(value, list) else ():
            yield name, _in_words(item)


def _in_words(item: object) -> object:
    """Returns a record such as a person or an enclosure on one line."""
    if not isinstance(item, dict):
        return item
    return "  ".join(plain(value) for value in item.values() if value is not None)


def _for_now(until: datetime | None) -> str:
    return "" if until is None else f"; refused until {until:%Y-%m-%dT%H:%M:%SZ}"


def _refusal_record(record: KeptRefusal) -> dict[str, Any]:
    refusal = record.refusal
    return {
        "refused_at": record.refused_at,
        "document": refusal.origin.document,
        "line": refusal.origin.line,
        "field": refusal.field,
        "reason": refusal.reason,
        "remedy": refusal.remedy,
        "until": refusal.until,
    }
