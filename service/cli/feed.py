"""``communique feed``: feeds out."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.edition import Edition, Trouble
from feeds.model.feed import Feed, Format
from feeds.model.listing import FeedState
from service.cli.call import Call, JsonOption, SetOption, call_of
from service.cli.checking import Finding, is_file, of_feed, of_file
from service.cli.commands import typer_of
from service.cli.installation import to_read, to_write
from service.cli.output import counted, moment, say, tell_json, tell_rows
from service.wiring import Installation, utc_now, worker_name

app = typer_of("feed")

Slugs = Annotated[
    list[str] | None, typer.Argument(metavar="SLUG", help="Feeds; all that are stale if none.")
]


@app.command("list")
def list_(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """List feeds: slug, edition, releases, last change, state, title.

    The state is 'current', 'stale' while a new edition is due, 'trouble' when one could not be
    made and the last good one is served, or 'gone' when a feed ended and its farewell is over. A
    feed that ends, or has ended, has the dates behind its title.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    with to_read(call) as installation:
        states = installation.newsstand.feeds()
        sizes = installation.newsstand.sizes()
        feeds = installation.catalogue.feeds
    if call.as_json:
        for state in states:
            tell_json(_state_record(state, feeds[state.slug], sizes.get(state.slug, 0)))
        return
    tell_rows(_state_row(state, feeds[state.slug], sizes.get(state.slug, 0)) for state in states)


@app.command()
def render(
    ctx: typer.Context,
    slugs: Slugs = None,
    *,
    feed_format: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Print what the feed's next edition would be, and store nothing."
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the next edition of feeds that are stale.

    The service does so by itself. What was under embargo and is due becomes public first. With
    --format, print one feed's document instead, stale or not.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    if feed_format is not None:
        _print_proof(call, slugs or [], feed_format)
        return
    with to_write(call) as installation:
        installation.newsroom.release_embargoes(now=installation.clock())
        wanted = _known(installation, slugs or [])
        states = {state.slug: state for state in installation.newsstand.feeds()}
        wanted = wanted or [slug for slug, state in states.items() if state.is_stale]
        made = installation.newsstand.regenerate(
            wanted, now=installation.clock(), worker=worker_name()
        )
    outcomes = {outcome.feed: outcome for outcome in made}
    records = [_render_record(states[slug], outcomes.get(slug)) for slug in wanted]
    if call.as_json:
        for record in records:
            tell_json(record)
    else:
        tell_rows(_render_row(record) for record in records)
        say(counted(sum(record["result"] == "published" for record in records), "new edition"))
    if any(record["result"] in ("failed", "busy") for record in records):
        raise typer.Exit(1)


@app.command()
def check(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SLUG|FILE",
            help="Feeds, and files with documents; all current documents if none. What has a dot "
            "or a slash in it is a file.",
        ),
    ] = None,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check documents as a reader would: form, ids, dates, addresses, size.

    Each finding is a line: the document, and what is wrong with it. Exit code 1 if there is one.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    names = names or []
    files = [name for name in names if is_file(name)]
    slugs = [name for name in names if not is_file(name)]
    checked = [of_file(name, now=utc_now()) for name in files]
    if slugs or not files:
        with to_read(call) as installation:
            now = installation.clock()
            served = [
                one.slug for one in installation.catalogue.feeds.values() if not one.is_gone(now)
            ]
            for slug in _known(installation, slugs) or served:
                checked += of_feed(installation, slug, now=now)
    findings = [finding for of_one in checked for finding in of_one]
    _tell_findings(call, findings)
    say(f"{counted(len(checked), 'document')} checked, {counted(len(findings), 'finding')}")
    if findings:
        raise typer.Exit(1)


def _tell_findings(call: Call, findings: Sequence[Finding]) -> None:
    for finding in findings:
        if call.as_json:
            tell_json({"document": finding.document, "message": finding.message})
    if not call.as_json:
        tell_rows((f"{finding.document}:", finding.message) for finding in findings)


def _print_proof(call: Call, slugs: Sequence[str], feed_format: Format) -> None:
    if len(slugs) != 1:
        raise typer.BadParameter("name exactly one feed with --format", param_hint="SLUG")
    with to_read(call) as installation:
        document = installation.newsstand.render(slugs[0], feed_format)
    if call.as_json:
        text = document.decode("utf-8")
        tell_json({"feed": slugs[0], "format": feed_format, "document": text})
        return
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()


def _known(installation: Installation, slugs: Sequence[str]) -> list[str]:
    """*Slugs*, each once.

    Raises:
        FeedNotFound: One of them is none of ours.
    """
    for slug in slugs:
        if slug not in installation.catalogue.feeds:
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


def _render_record(before: FeedState, outcome: Edition | Trouble | None) -> dict[str, Any]:
    """What became of one feed.

    ``published``; ``unchanged`` when the new edition would have had the same bytes; ``current``
    when none was due; ``busy`` when another process has it or it waits after a failure;
    ``failed``.
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
    if isinstance(outcome, Trouble):
        reason = f"{type(outcome.error).__name__}: {outcome.error}"
        return {"result": "failed", "feed": outcome.feed, "reason": reason}
    if not before.is_stale:
        return {"result": "current", "feed": before.slug, "edition": before.edition}
    reason = before.trouble or "another process is at it"
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
