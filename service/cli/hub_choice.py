"""Which subscriptions a command means, and how it shows them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from feeds.model.subscription import Mode, Subscription, SubscriptionRequest
from feeds.store.database import Transaction
from service.errors import ServiceError
from service.wiring import Installation

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="Callbacks' URLs, or subscriptions' numbers, as 'communique hub subscriptions' lists "
        "them.",
    ),
]
HostOption = Annotated[
    str | None, typer.Option(metavar="HOST", help="All whose callbacks are at this host.")
]


class SubscriptionNotFound(ServiceError):
    """Nobody is subscribed under this name."""


def chosen(tx: Transaction, names: Sequence[str] | None, *, host: str | None) -> list[Subscription]:
    """The subscriptions that are meant, each once.

    Raises:
        SubscriptionNotFound: There is none of that name, or at that host.
        typer.BadParameter: Nothing was named.
    """
    if not names and host is None:
        raise typer.BadParameter("name callbacks or numbers, or give --host", param_hint="NAME")
    found = {held.id: held for name in names or () for held in _named(tx, name)}
    if host is not None:
        at_host = tx.subscriptions.listed(host=host)
        if not at_host:
            raise SubscriptionNotFound(f"nobody is subscribed at the host {host!r}")
        found |= {held.id: held for held in at_host}
    return list(found.values())


def _named(tx: Transaction, name: str) -> list[Subscription]:
    """One by its number; by a callback, those to all its topics."""
    if name.isascii() and name.isdigit():
        one = tx.subscriptions.get(int(name)) if len(name) <= _MOST_DIGITS else None
        found = [one] if one else []
    else:
        found = tx.subscriptions.listed(callback=name)
    if not found:
        raise SubscriptionNotFound(f"nobody is subscribed as {name!r}")
    return found


#: No number has more, and the databases take none much larger.
_MOST_DIGITS = 18


def topic_of(installation: Installation, held: Subscription) -> str:
    """The address of what it is about."""
    return installation.catalogue.site.topic(held.feed, held.format)


def request_for(
    installation: Installation, held: Subscription, mode: Mode, *, reason: str | None = None
) -> SubscriptionRequest:
    """What its callback is to be asked or told, on the terms that it has."""
    is_for_more = mode is Mode.SUBSCRIBE
    return SubscriptionRequest(
        mode=mode,
        feed=held.feed,
        format=held.format,
        topic=topic_of(installation, held),
        callback=held.callback,
        host=held.host,
        wire=held.wire,
        secret=held.secret if is_for_more else None,
        lease_s=held.lease_s if is_for_more else 0,
        reason=reason,
        client="command line",
    )


def record(installation: Installation, held: Subscription) -> dict[str, Any]:
    """A subscription for a program. Its secret is nobody's: it only says whether there is one."""
    return {
        "number": held.id,
        "state": held.state,
        "topic": topic_of(installation, held),
        "feed": held.feed,
        "format": held.format,
        "callback": held.callback,
        "host": held.host,
        "protocol": held.wire,
        "has_secret": held.secret is not None,
        "lease_seconds": held.lease_s,
        "since": held.since,
        "confirmed_at": held.confirmed_at,
        "expires_at": held.expires_at,
        "suspended_at": held.suspended_at,
        "suspended_because": held.suspended_because,
    }


def deeds(deed: str, records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """What was done to each, as lines."""
    for one in records:
        yield deed, one["topic"], one["callback"]
