"""``communique readers``: who reads which feed, and what it takes."""

from datetime import timedelta
from typing import Annotated

import typer

from feeds.errors import FeedNotFound
from service.cli.application import to_read
from service.cli.call import COMMANDS, JsonOption, SetOption, invocation_of
from service.cli.output import print_json, print_message, print_rows
from service.readership import Readership, read_readership

app = typer.Typer(
    help=COMMANDS["readers"],
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def readers(
    ctx: typer.Context,
    *,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=400, help="Show so many days, today included.")
    ] = 7,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only readers of this feed.")
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who reads which feed, and what it takes.

    For each feed and format: readers; what they are the sum of, over the last week: the credible
    ones of the subscribers that hosted readers report, and the greater of different pollers and
    subscriptions at hubs. Then each number that a hosted reader reports, with the reason if it does
    not count; each day's requests, share of 304, bytes sent and saved; programs that never send a
    condition; and how long pushes took. docs/readership.md says how all of it is counted.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        if feed is not None and feed not in application.catalogue.feeds:
            raise FeedNotFound(feed)
        missing_after = timedelta(seconds=application.settings.canary.missing_after_seconds)
        with application.database.read() as tx:
            seen = read_readership(
                tx,
                application.catalogue,
                now=application.clock(),
                days=days,
                missing_after=missing_after,
                feed=feed,
            )
        is_counted = application.settings.readership.counted
    if call.as_json:
        print_json(seen.record())
        return
    _print_tables(seen)
    if not is_counted:
        print_message("readership.counted is false: nothing is counted at present")


def _print_tables(seen: Readership) -> None:
    print_rows(
        (
            f"{one.feed}.{one.format}",
            f"readers {one.readers}",
            f"reported {one.reported}, credible {one.credible}",
            f"pollers {one.pollers}",
            f"subscriptions {one.subscriptions}",
        )
        for one in seen.topics
    )
    print_rows(
        (
            f"{each.feed}.{each.format}",
            f"{each.service} {each.feed_id}".strip(),
            each.subscribers,
            "counts" if each.fault is None else f"does not count: {each.fault}",
        )
        for each in seen.hosted
    )
    print_rows(
        (
            day.isoformat(),
            f"requests {one.requests}",
            f"304 {one.not_modified / one.requests:.1%}",
            f"sent {one.bytes_sent} bytes",
            f"saved {one.bytes_saved} bytes",
        )
        for day, one in seen.by_day.items()
    )
    print_rows(
        ("never sends a condition", name, f"requests {one.requests}", f"{one.bytes_sent} bytes")
        for name, one in seen.unconditional
    )
    print_rows(
        (
            "pushes by",
            one.hub,
            "none seen" if one.median is None else f"median {one.median.total_seconds():.1f} s",
            "" if one.worst is None else f"worst {one.worst.total_seconds():.1f} s",
        )
        for one in seen.delays
    )
