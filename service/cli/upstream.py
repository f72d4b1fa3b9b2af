"""``communique upstream``: other people's feeds, how polling goes, and polling by hand."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from feeds.model.upstream import PollResult, Upstream, UpstreamSubscription
from feeds.store.database import Transaction
from service.cli.application import to_read, to_write
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of, typer_of
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.wiring import upstream_poller, worker_name

app = typer_of("upstream")

SlugArgument = Annotated[
    str, typer.Argument(metavar="SLUG", help="Slug of an upstream, as configured.")
]


class UpstreamUnknown(ServiceError):
    """No upstream has this slug."""

    def __init__(self, slug: str, /) -> None:
        super().__init__(
            f"no upstream has the slug {slug!r}: communique upstream list shows them, and the "
            "service takes new ones from the configuration"
        )
        self.slug = slug


@app.command("list")
def list_upstreams(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """List all upstreams: state, slug, next poll, and the result of the last one."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application, application.database.read() as tx:
        found = tx.upstreams.listed()
        subscriptions = tx.upstream_subscriptions.listed()
    if call.as_json:
        for one in found:
            print_json(upstream_record(one, subscriptions.get(one.slug)))
        return
    print_rows(
        (one.state, one.slug, _next(one), one.last_result or "not polled yet") for one in found
    )
    print_message(counted(len(found), "upstream"))


@app.command()
def show(
    ctx: typer.Context,
    slug: SlugArgument,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one upstream: addresses, next poll, what was taken.

    What was left out is counted by reason.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application, application.database.read() as tx:
        found = _require(tx, slug)
        subscription = tx.upstream_subscriptions.of(slug)
    if call.as_json:
        print_json(upstream_record(found, subscription))
    else:
        print_rows([*_rows(found), *_push_rows(subscription)])


@app.command()
def poll(
    ctx: typer.Context,
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SLUG]...", help="Upstreams to poll now. [default: those due]"),
    ] = None,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll upstreams now, and take in what is new, as the service does by itself.

    Named ones are polled whether they are due or not, also paused and ended ones. The exit code is
    1 when one fails.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        poller = upstream_poller(application, worker=worker_name())
        for slug in slugs or ():
            if slug not in poller.plans:
                raise UpstreamUnknown(slug)
        results = sorted(poller.run(slugs=slugs or None), key=lambda each: each.slug)
        if call.as_json:
            for one in results:
                print_json(_result_record(one))
        else:
            print_rows(
                ("ok" if one.is_success else "failed", one.slug, one.result) for one in results
            )
            print_message(f"{counted(len(results), 'upstream')} polled")
        if not all(one.is_success for one in results):
            raise typer.Exit(1)


@app.command()
def pause(
    ctx: typer.Context,
    slug: SlugArgument,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll an upstream no more until it is resumed. What was taken stays."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application, application.database.transaction() as tx:
        _require(tx, slug)
        tx.upstreams.pause(slug, now=application.clock())
        _show_state(tx, slug, call)


@app.command()
def resume(
    ctx: typer.Context,
    slug: SlugArgument,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Poll an upstream again that was paused, or that was gone.

    It is due at once, and the next failure counts as the first.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application, application.database.transaction() as tx:
        _require(tx, slug)
        tx.upstreams.resume(slug, now=application.clock())
        _show_state(tx, slug, call)


def _require(tx: Transaction, slug: str) -> Upstream:
    found = tx.upstreams.by_slug(slug)
    if found is None:
        raise UpstreamUnknown(slug)
    return found


def _show_state(tx: Transaction, slug: str, call: Invocation) -> None:
    found = _require(tx, slug)
    if call.as_json:
        print_json(upstream_record(found, tx.upstream_subscriptions.of(slug)))
    else:
        print_rows([(found.state, found.slug, _next(found))])


def upstream_record(one: Upstream, subscription: UpstreamSubscription | None) -> dict[str, Any]:
    """Returns an upstream as a JSON object."""
    return {
        "slug": one.slug,
        "state": one.state,
        "title": one.title,
        "url": one.url,
        "fetch_url": one.fetch_url,
        "next_poll_at": None if one.state in ("paused", "ended") else one.due_at,
        "last_poll_at": one.last_poll_at,
        "last_success_at": one.last_success_at,
        "last_result": one.last_result,
        "failures": one.failures,
        "failing_since": one.failing_since,
        "ended_at": one.ended_at,
        "paused_at": one.paused_at,
        "polls": one.polls,
        "not_modified": one.not_modified,
        "taken": one.taken,
        "corrected": one.corrected,
        "deleted": one.deleted,
        "left_out": dict(sorted(one.left_out.items())),
        "push": None if subscription is None else _push_record(subscription),
    }


def _push_record(one: UpstreamSubscription) -> dict[str, Any]:
    return {
        "hub": one.hub,
        "topic": one.topic,
        "asked_at": one.asked_at,
        "asked_since_verified": one.attempts,
        "verified_at": one.verified_at,
        "expires_at": one.expires_at,
        "last_result": one.last_result,
        "never_verifies": one.is_ignored,
        "pushes": one.pushes,
        "came_by_push": one.came_by_push,
        "missed": one.missed,
    }


def _push_rows(one: UpstreamSubscription | None) -> list[Sequence[object]]:
    if one is None:
        return [("hub", "none")]
    if one.is_ignored:
        state = f"takes requests and never verifies: asked {one.attempts} times"
    else:
        state = one.last_result or "not asked yet"
        if one.verified_at is None and one.attempts > 1:
            state += f"; asked {one.attempts} times"
    return [
        ("hub", f"{one.hub}: {state}"),
        ("pushes", one.pushes),
        ("came by push", one.came_by_push),
        ("missed by push", one.missed),
    ]


def _result_record(one: PollResult) -> dict[str, Any]:
    return {
        "slug": one.slug,
        "is_success": one.is_success,
        "result": one.result,
        "taken": one.taken,
        "corrected": one.corrected,
        "deleted": one.deleted,
        "left_out": dict(sorted(one.left_out.items())),
        "next_poll_at": one.due_at,
    }


def _next(one: Upstream) -> str:
    return "never" if one.state in ("paused", "ended") else moment(one.due_at)


def _rows(one: Upstream) -> list[Sequence[object]]:
    share = one.not_modified_share
    rows: list[Sequence[object]] = [
        ("state", one.state),
        ("title", one.title or "not known yet"),
        ("url", one.url),
    ]
    if one.fetch_url != one.url:
        rows.append(("moved to", one.fetch_url))
    if one.move is not None:
        rows.append(("redirects to", f"{one.move.to} since {moment(one.move.since)}"))
    rows += [
        ("next poll", _next(one)),
        ("last poll", one.last_result or "none yet"),
        ("last success", "never" if one.last_success_at is None else moment(one.last_success_at)),
    ]
    if one.failing_since is not None:
        rows.append(
            ("failing since", f"{moment(one.failing_since)}, {counted(one.failures, 'time')}")
        )
    rows += [
        ("polls", one.polls),
        ("unchanged", "-" if share is None else f"{share:.0%}"),
        ("taken", one.taken),
        ("corrected", one.corrected),
        ("deleted", one.deleted),
    ]
    rows += [("left out", f"{count} {reason}") for reason, count in sorted(one.left_out.items())]
    return rows
