"""``communique hub verify``: callbacks are asked now."""

from typing import Any

import typer

from feeds.model.subscription import Mode, PendingRequest
from service.cli.call import JsonOption, SetOption, call_of
from service.cli.hub_choice import HostOption, NamesArgument, chosen, request_for
from service.cli.installation import to_write
from service.cli.output import counted, say, tell_json, tell_rows
from service.errors import ServiceError
from service.websub.hub.verifier import Heard, Verdict
from service.wiring import Installation, verifications, worker_name

#: What leaves nothing to be done.
_GOOD = (Verdict.CONFIRMED, Verdict.OUTDATED, Verdict.TOLD)


class HubNotOffered(ServiceError):
    """The service is configured to be no hub."""


def require_hub(installation: Installation) -> None:
    """Refuse what only a hub can do.

    Raises:
        HubNotOffered: It is switched off.
    """
    if not installation.settings.own_hub.offered:
        raise HubNotOffered("this service is no hub: own_hub.offered is off")


def register(app: typer.Typer) -> None:
    """Add this command to ``communique hub``."""
    app.command()(verify)


def verify(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask callbacks whether they want what was asked for.

    All those are asked now that have yet to confirm a request, and those told that have yet to
    hear of an end.

    With names, or --host, ask these subscribers whether they still want what they get, as if they
    renewed. Who confirms has its lease anew; who does not stays subscribed until its lease ends,
    as WebSub has it: 'communique hub drop' ends it now.

    Each answer is a line: what came of it, what was asked, topic, callback, what was said. Exit
    code 1 if one did not confirm.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    came: list[tuple[PendingRequest, Heard]] = []
    asked = 0
    with to_write(call) as installation:
        require_hub(installation)
        with installation.database.transaction() as tx:
            now = installation.clock()
            meant = chosen(tx, names, host=host) if names or host else []
            for held in meant:
                tx.subscriptions.ask(request_for(installation, held, Mode.SUBSCRIBE), now=now)
            if not meant:
                tx.subscriptions.make_requests_due(now=now)
            asked = len(tx.subscriptions.due(now=now, limit=_MOST))
        verifications(
            installation, worker=worker_name(), heard=lambda *one: came.append(one)
        ).run_until_idle()
    if call.as_json:
        for pending, heard in came:
            tell_json(_record(pending, heard))
    else:
        tell_rows(tuple(_record(*one).values()) for one in came)
        if len(came) < asked:
            say(f"{counted(asked - len(came), 'callback')} asked by the running service")
    if any(heard.verdict not in _GOOD for _, heard in came):
        raise typer.Exit(1)


#: More than ever wait.
_MOST = 1_000_000


def _record(pending: PendingRequest, heard: Heard) -> dict[str, Any]:
    return {
        "result": heard.verdict,
        "mode": pending.request.mode,
        "topic": pending.request.topic,
        "callback": pending.request.callback,
        "said": heard.said,
    }
