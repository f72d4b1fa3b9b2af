"""``communique feed``: list, render and check feeds."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.edition import Edition, RenderTrouble
from feeds.model.feed import Feed, Format
from feeds.model.listing import FeedState
from feeds.render import checks, decompress
from service.application import Application
from service.cli.application import to_read, to_write
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of, typer_of
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.wiring import utc_now, worker_name

# Checks of documents: those of the configured feeds, and those in files.

#: At most this much of a file is read. No real feed is larger.
MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a document."""

    document: str  #: the file name as given, or ``slug.format``
    message: str


def is_file(name: str) -> bool:
    """Whether *name* names a file: a feed's slug has neither dot nor slash."""
    return "." in name or "/" in name


def findings_of_feed(application: Application, slug: str, *, now: datetime) -> list[list[Finding]]:
    """Checks the current documents of a feed. Returns the findings of each document."""
    return [_of_document(application, slug, each, now=now) for each in Format]


def findings_of_file(name: str, *, now: datetime) -> list[Finding]:
    """Checks a document in a file. It may come from any publisher."""
    try:
        with Path(name).open("rb") as file:
            document = file.read(MAX_FILE_BYTES)
    except OSError as error:
        return [Finding(document=name, message=f"cannot be read: {error.strerror}")]
    found = checks.check(document, checks.format_of(document), now=now)
    return [Finding(document=name, message=message) for message in found]


def _of_document(
    application: Application, slug: str, feed_format: Format, *, now: datetime
) -> list[Finding]:
    name = f"{slug}.{feed_format}"
    document = application.newsstand.document(slug, feed_format)
    if document is None:
        message = "has no edition yet: communique feed render"
        return [Finding(document=name, message=message)]
    topic = application.catalogue.site.topic(slug, feed_format)
    found = checks.check(decompress(document.gzip), feed_format, now=now, topic=topic)
    return [Finding(document=name, message=message) for message in found]


# The commands.

app = typer_of("feed")

Slugs = Annotated[
    list[str] | None,
    typer.Argument(metavar="SLUG", help="Slugs of feeds. [default: all stale feeds]"),
]


@app.command("list")
def list_(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """List feeds: slug, edition, releases, last change, state, title.

    The state is 'current'; 'stale' while a new edition is due; 'trouble' when rendering failed and
    the last good edition is served; or 'gone' when the feed has ended and is no longer served.
    If a feed ends or has ended, its dates follow its title.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        states = application.newsstand.feeds()
        sizes = application.newsstand.sizes()
        feeds = application.catalogue.feeds
    if call.as_json:
        for state in states:
            print_json(_state_record(state, feeds[state.slug], sizes.get(state.slug, 0)))
        return
    print_rows(_state_row(state, feeds[state.slug], sizes.get(state.slug, 0)) for state in states)


@app.command()
def render(
    ctx: typer.Context,
    slugs: Slugs = None,
    *,
    feed_format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Print the feed's document in this format as its next edition would be, and store "
            "nothing.",
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Render the next edition of stale feeds.

    A running service does this by itself. Releases whose embargo has ended are published first.
    With --format, one feed's document is printed instead, whether the feed is stale or not.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if feed_format is not None:
        _print_preview(call, slugs or [], feed_format)
        return
    with to_write(call) as application:
        application.newsroom.embargoes.release(now=application.clock())
        chosen = _known(application, slugs or [])
        states = {state.slug: state for state in application.newsstand.feeds()}
        chosen = chosen or [slug for slug, state in states.items() if state.is_stale]
        made = application.newsstand.regenerate(
            chosen, now=application.clock(), worker=worker_name()
        )
    outcomes = {outcome.feed: outcome for outcome in made}
    records = [_render_record(states[slug], outcomes.get(slug)) for slug in chosen]
    if call.as_json:
        for record in records:
            print_json(record)
    else:
        print_rows(_render_row(record) for record in records)
        print_message(
            counted(sum(record["result"] == "published" for record in records), "new edition")
        )
    if any(record["result"] in ("failed", "busy") for record in records):
        raise typer.Exit(1)


@app.command()
def check(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SLUG|FILE",
            help="Feeds or files. A name with a dot or a slash is a file. [default: all current "
            "documents]",
        ),
    ] = None,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check documents as a feed reader would: syntax, ids, dates, addresses, size.

    Each finding is a line: the document, and what is wrong with it. Exit code 1 if there is a
    finding.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    names = names or []
    files = [name for name in names if is_file(name)]
    slugs = [name for name in names if not is_file(name)]
    checked = [findings_of_file(name, now=utc_now()) for name in files]
    if slugs or not files:
        with to_read(call) as application:
            now = application.clock()
            served = [
                one.slug for one in application.catalogue.feeds.values() if not one.is_gone(now)
            ]
            for slug in _known(application, slugs) or served:
                checked += findings_of_feed(application, slug, now=now)
    findings = [finding for of_one in checked for finding in of_one]
    _print_findings(call, findings)
    print_message(
        f"{counted(len(checked), 'document')} checked, {counted(len(findings), 'finding')}"
    )
    if findings:
        raise typer.Exit(1)


def _print_findings(call: Invocation, findings: Sequence[Finding]) -> None:
    for finding in findings:
        if call.as_json:
            print_json({"document": finding.document, "message": finding.message})
    if not call.as_json:
        print_rows((f"{finding.document}:", finding.message) for finding in findings)


def _print_preview(call: Invocation, slugs: Sequence[str], feed_format: Format) -> None:
    if len(slugs) != 1:
        raise typer.BadParameter("name exactly one feed with --format", param_hint="SLUG")
    with to_read(call) as application:
        document = application.newsstand.render(slugs[0], feed_format)
    if call.as_json:
        text = document.decode("utf-8")
        print_json({"feed": slugs[0], "format": feed_format, "document": text})
        return
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()


def _known(application: Application, slugs: Sequence[str]) -> list[str]:
    """Returns *slugs* without duplicates.

    Raises:
        FeedNotFound: No feed is configured with one of these slugs.
    """
    for slug in slugs:
        if slug not in application.catalogue.feeds:
            raise FeedNotFound(slug)
    return list(dict.fromkeys(slugs))


def _state_name(state: FeedState, feed: Feed) -> str:
    if feed.is_gone(utc_now()):
        return "gone"
    if state.trouble is not None:
        return "trouble"
    return "stale" if state.is_stale else "current"


def _state_row(state: FeedState, feed: Feed, releases: int) -> Sequence[object]:
    notes = [f"({state.trouble})"] if state.trouble else []
    if feed.ending is not None:
        notes.append(f"(ends {moment(feed.ending.on)}, gone {moment(feed.ending.gone_at)})")
    return (
        state.slug,
        state.edition,
        releases,
        state.changed_at,
        _state_name(state, feed),
        "  ".join((state.title, *notes)),
    )


def _state_record(state: FeedState, feed: Feed, releases: int) -> dict[str, Any]:
    return {
        "slug": state.slug,
        "title": state.title,
        "edition": state.edition,
        "releases": releases,
        "changed_at": state.changed_at,
        "modified_at": state.modified_at,
        "state": _state_name(state, feed),
        "trouble": state.trouble,
        "ends_at": feed.ending and feed.ending.on,
        "gone_at": feed.ending and feed.ending.gone_at,
    }


def _render_record(before: FeedState, outcome: Edition | RenderTrouble | None) -> dict[str, Any]:
    """Returns the result of rendering one feed.

    The result is ``published``; ``unchanged`` when the new edition has the same bytes; ``current``
    when no edition was due; ``busy`` when another process renders the feed, or when it waits for
    the next try after a failure; or ``failed``.
    """
    if isinstance(outcome, Edition):
        return {
            "result": "published" if outcome.changed else "unchanged",
            "feed": outcome.feed,
            "edition": outcome.number,
            "entries": outcome.entries,
            "formats": list(outcome.changed),
            "set_aside": outcome.set_aside,
        }
    if isinstance(outcome, RenderTrouble):
        reason = f"{type(outcome.error).__name__}: {outcome.error}"
        return {"result": "failed", "feed": outcome.feed, "reason": reason}
    if not before.is_stale:
        return {"result": "current", "feed": before.slug, "edition": before.edition}
    reason = before.trouble or "another process renders it"
    return {"result": "busy", "feed": before.slug, "reason": f"tried again later: {reason}"}


def _render_row(record: dict[str, Any]) -> Sequence[object]:
    start = (record["result"], record["feed"])
    if "reason" in record:
        return *start, record["reason"]
    parts = [f"edition {record['edition']}"]
    if "entries" in record:
        parts += [counted(record["entries"], "release"), ", ".join(record["formats"])]
    if record.get("set_aside"):
        parts.append(f"set aside: {counted(record['set_aside'], 'release')}")
    return *start, "  ".join(part for part in parts if part)
