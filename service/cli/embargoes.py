"""``communique release embargoes`` and ``embargo``: list and change embargoed releases."""

from datetime import datetime
from typing import Annotated, Any

import typer

from feeds.errors import DocumentRefused
from feeds.ingest import read_embargo_end
from feeds.model.intake import Embargo, Intake
from service.application import Application
from service.cli.application import to_read, to_write
from service.cli.call import ByOption, JsonOption, SetOption, invocation_of, who
from service.cli.output import counted, moment, print_json, print_message, print_rows


def list_(
    ctx: typer.Context,
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="List at most this many.")] = 200,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List releases under embargo: end, source key, title, who set it.

    The embargo that ends first comes first; 'communique release show' shows all about one of
    these releases. A running service publishes each at the second its embargo ends; without a
    running service, 'communique feed render' publishes those that are due.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        found = application.newsroom.embargoes.listed(limit=limit)
    if call.as_json:
        for embargo in found:
            print_json(_record(embargo))
        return
    print_rows(
        (each.until, each.draft.source_key, each.draft.content.title, f"set by {each.by}")
        for each in found
    )
    if len(found) == limit:
        print_message(
            f"only the first {counted(limit, 'embargo', 'embargoes')} shown: --limit shows more"
        )


def change(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The release's id, slug, source key or file, as 'release embargoes' lists it.",
        ),
    ],
    *,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="MOMENT",
            help="New end of the embargo: a moment such as 2026-03-02T09:00:00+01:00, or a day, "
            "which means the configured time of that day.",
        ),
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Publish the release at once.")] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Delete the document; it is never published.")
    ] = False,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move or lift an embargo, or drop the embargoed document.

    The audit log records who did it, and when. A moved embargo stays as it is when the same
    document is added again unchanged.
    """
    if (until is not None) + lift + drop != 1:
        raise typer.BadParameter("give one of --until, --lift and --drop", param_hint="NAME")
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        newsroom, by = application.newsroom, who(by)
        if lift:
            _print_lifted(
                newsroom.embargoes.lift(name, by=by, now=application.clock()), as_json=call.as_json
            )
            return
        if until is None:
            embargo = newsroom.embargoes.drop(name, by=by, now=application.clock())
        else:
            end = _end(application, until)
            embargo = newsroom.embargoes.move(name, until=end, by=by, now=application.clock())
    if call.as_json:
        print_json({"done": "dropped" if drop else "moved", **_record(embargo)})
    else:
        word = "dropped" if drop else f"embargoed until {moment(embargo.until)}"
        print_rows([(word, embargo.draft.source_key, embargo.draft.content.title)])


def _end(application: Application, written: str) -> datetime:
    try:
        return read_embargo_end(written, rules=application.rules, warnings=[])
    except DocumentRefused as fault:
        raise typer.BadParameter(f"{fault.reason}; {fault.remedy}", param_hint="--until") from fault


def _print_lifted(lifted: Intake, *, as_json: bool) -> None:
    release = lifted.release
    if as_json:
        print_json(
            {
                "done": "lifted",
                "verdict": lifted.verdict,
                "id": release.id,
                "slug": release.slug,
                "feeds": list(lifted.feeds),
            }
        )
        return
    print_rows([("lifted", lifted.draft.source_key, release.content.title)])
    print_message(
        f"{counted(len(lifted.feeds), 'feed')} changed: a running service publishes them by "
        "itself; without one, run: communique feed render"
    )


def state(embargo: Embargo) -> dict[str, Any]:
    """Returns until when an embargo is, since when, who set it, and how its document was read."""
    told = {"warnings": embargo.draft.warnings, "left_out": embargo.draft.left_out}
    return {
        "embargoed_until": embargo.until,
        "held_since": embargo.held_since,
        "set_by": embargo.by,
        **{name: list(sentences) for name, sentences in told.items() if sentences},
    }


def _record(embargo: Embargo) -> dict[str, Any]:
    return {
        "until": embargo.until,
        "id": embargo.release_id,
        "source_key": embargo.draft.source_key,
        "title": embargo.draft.content.title,
        "document": str(embargo.draft.origin),
        "held_since": embargo.held_since,
        "by": embargo.by,
    }
