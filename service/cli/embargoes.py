"""``communique release embargoes`` and ``embargo``: what waits for its minute."""

from datetime import datetime
from typing import Annotated, Any

import typer

from feeds.errors import DocumentRefused
from feeds.ingest import read_embargo_end
from feeds.model.intake import Embargo, Intake
from service.application import Application
from service.cli.call import ByOption, JsonOption, SetOption, invocation_of, who
from service.cli.installation import to_read, to_write
from service.cli.output import counted, moment, print_json, print_message, print_rows


def list_(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """List what waits under embargo: until when, source key, title, by whom.

    What ends first stands on top. Nothing else shows these releases. A running service makes each
    public in its second; without one, 'communique feed render' does when it is run.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        waiting = application.newsroom.embargoes.all()
    if call.as_json:
        for embargo in waiting:
            print_json(_record(embargo))
        return
    print_rows(
        (each.until, each.draft.source_key, each.draft.content.title, f"set by {each.by}")
        for each in waiting
    )


def change(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its id, slug, source key or file, as listed.")
    ],
    *,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="MOMENT",
            help="Move its end: 2026-03-02T09:00:00+01:00, or a day at the configured time.",
        ),
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Make it public at once.")] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Forget the document; it never becomes public.")
    ] = False,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move an embargo, lift it, or drop the document that waits.

    Who did it, and when, is kept. A document that comes again as it was changes nothing of a
    moved embargo.
    """
    if (until is not None) + lift + drop != 1:
        raise typer.BadParameter("give one of --until, --lift and --drop", param_hint="NAME")
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        newsroom, by = application.newsroom, who(by)
        if lift:
            _tell_lifted(
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


def _tell_lifted(lifted: Intake, *, as_json: bool) -> None:
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
