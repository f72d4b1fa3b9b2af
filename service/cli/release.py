"""``communique release``: releases in, and what became of them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.ingest.characters import nfc
from feeds.ingest.rules import MAX_NOTE_CHARS
from feeds.model.intake import KeptRefusal, Refusal
from feeds.model.listing import ListedRelease
from feeds.model.release import Correction, Origin, Weight
from feeds.model.text import is_xml_text
from service.application import Application
from service.cli import embargoes
from service.cli.adding import STANDARD_INPUT, AddReport, NamedDocument, Outcome, documents_of
from service.cli.call import (
    ByOption,
    Invocation,
    JsonOption,
    SetOption,
    invocation_of,
    typer_of,
    who,
)
from service.cli.installation import to_read, to_try, to_write
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
        help="Files, folders with all in them, or - for standard input.",
    ),
]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The release's id, slug or source key.")]


@app.command()
def add(
    ctx: typer.Context,
    paths: Paths,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and store nothing.")
    ] = False,
    minor: Annotated[
        bool,
        typer.Option(
            "--minor",
            help="Changed documents that do not say themselves are minor corrections.",
        ),
    ] = False,
    note: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What changed, for readers of the changed documents that do not say themselves.",
        ),
    ] = None,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in documents: new releases, and corrections of those that are known.

    A document is known by its name: its path below the folder that is named here, or the file's
    own name; so it is recognised when it comes again. What is refused stops nothing else, is kept
    for 'communique release refusals', and makes the exit code 1. Of more than twenty documents,
    those that are unchanged are counted only.

    A correction moves a release's date of change and gets a note at its head, unless the document
    says that it is a minor one, or --minor does, or the configuration.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    _require_existing(paths)
    documents = documents_of(paths)
    opened = to_try(call) if dry_run else to_write(call)
    size_bytes = sum(document.size_bytes for document in documents)
    assumed = _assumed(minor=minor, note=note)
    with opened as plain_rules, read_progress(size_bytes) as bar:
        application = _assuming(plain_rules, assumed)
        telling = AddReport(application, tell=bar.write, is_dry_run=dry_run, as_json=call.as_json)
        for document in documents:
            for outcome in _outcomes(application, document, bar, is_dry_run=dry_run, by=by):
                telling.add(outcome)
    telling.finish()
    if telling.is_any_refused:
        raise typer.Exit(1)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those in this feed.")
    ] = None,
    unfiled: Annotated[
        bool,
        typer.Option("--unfiled", help="Only those with a name that no category claims."),
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at the most.")] = 50,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List releases, the last changed first: when published, slug, title.

    Those that were retracted say so before the title.

    With --unfiled, the names that no category claims stand before the title. Once categories.yaml
    claims them, the releases are filed by themselves.
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
        print_message(f"the first {counted(limit, 'release')}: --limit shows more")


@app.command()
def show(
    ctx: typer.Context,
    name: Name,
    *,
    body: Annotated[bool, typer.Option("--body", help="Show the text too, as HTML.")] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that is known of one release.

    That is also what it was before it was corrected, and who did what to it.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        listed = application.newsroom.release(name)
        record = _full_record(application, listed) | _life_record(application, listed.release.id)
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
        typer.Option(metavar="TEXT", help="Why: one line for the public. It stands in every feed."),
    ],
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a release back: its text is shown nowhere any more.

    Its feeds delete it (RFC 6721), and show the reason in its place for feeds.retraction_days;
    hubs are told. Its page answers 410 with the reason, for ever. 'communique release restore'
    takes this back.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        newsroom = application.newsroom
        release = newsroom.retract(name, reason=reason, by=who(by), now=application.clock())
        _tell_deed(call, application, "retracted", newsroom.release(release.id))


@app.command()
def restore(
    ctx: typer.Context,
    name: Name,
    *,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a retracted release stand again.

    It is in its feeds, as a change of this moment, and has its page. Should a correction have come
    since the retraction, it comes back with that.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        newsroom = application.newsroom
        release = newsroom.restore(name, by=who(by), now=application.clock())
        _tell_deed(call, application, "restored", newsroom.release(release.id))


@app.command()
def refusals(
    ctx: typer.Context,
    *,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DOCUMENT",
            help="Forget the refusals of this document, as the list names it. May be repeated.",
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List documents that were refused and not accepted since.

    Each is a line: when, file and line, why, and what to do. Refusals of a watched file go when
    the file goes; those of other documents stay until they are accepted or forgotten. A watched
    file that is refused only for now says until when, and is read again then.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if forget:
        _forget(call, forget)
        return
    with to_read(call) as application:
        kept = application.newsroom.refusals()
    if call.as_json:
        for each in kept:
            print_json(_refusal_record(each))
        return
    print_rows(
        (
            each.refused_at,
            each.refusal.origin,
            f"{each.refusal.reason}; {each.refusal.remedy}{_for_now(each.refusal.until)}",
        )
        for each in kept
    )


app.command("embargoes")(embargoes.list_)
app.command("embargo")(embargoes.change)


def _tell_deed(
    call: Invocation, application: Application, deed: str, listed: ListedRelease
) -> None:
    if call.as_json:
        print_json({"result": deed, **_record(application, listed)})
        return
    print_rows([(deed, listed.release.slug, ", ".join(listed.feeds))])


def _forget(call: Invocation, documents: Sequence[str]) -> None:
    with to_write(call) as application:
        kept = [each.refusal.origin.document for each in application.newsroom.refusals()]
        for document in documents:
            if document not in kept:
                raise typer.BadParameter(f"nothing of {document} is refused", param_hint="--forget")
        application.newsroom.forget_refusals(documents)
    print_message(f"{counted(sum(kept.count(one) for one in set(documents)), 'refusal')} forgotten")


def _require_existing(paths: Sequence[Path]) -> None:
    """Refuse a slip of the pen before anything is stored."""
    for path in paths:
        if not path.exists() and str(path) != STANDARD_INPUT:
            raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")


def _assumed(*, minor: bool, note: str | None) -> Correction | None:
    """What documents are said to be that do not say it themselves; None to leave it open."""
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
            )
    except OSError as error:
        yield Refusal(
            origin=Origin(document=document.name),
            reason=f"cannot be read: {error.strerror}",
            remedy="see to it that this user may read it, and add it again",
        )


def _forget_refusals(application: Application, document: NamedDocument) -> None:
    """What was refused in it before may be mended, moved to another line, or gone."""
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
    """What it was, the newest first; and what was done to it, the oldest first."""
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
        "acts": [
            {"at": act.at, "by": act.by, "deed": act.action, "detail": act.detail}
            for act in newsroom.audit_events(release_id)
        ],
    }


def _fields(record: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """A line a value: of a list, each item has its own."""
    for key, value in record.items():
        name = key.replace("_", " ")
        if not isinstance(value, list):
            yield name, value
        for item in (value or [None]) if isinstance(value, list) else ():
            yield name, _in_words(item)


def _in_words(item: object) -> object:
    """A person or an enclosure on one line."""
    if not isinstance(item, dict):
        return item
    return "  ".join(plain(value) for value in item.values() if value is not None)


def _for_now(until: datetime | None) -> str:
    return "" if until is None else f"; refused until {until:%Y-%m-%dT%H:%M:%SZ}"


def _refusal_record(kept: KeptRefusal) -> dict[str, Any]:
    refusal = kept.refusal
    return {
        "refused_at": kept.refused_at,
        "document": refusal.origin.document,
        "line": refusal.origin.line,
        "field": refusal.field,
        "reason": refusal.reason,
        "remedy": refusal.remedy,
        "until": refusal.until,
    }
