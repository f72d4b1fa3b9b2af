"""What operators look after: alarms, refused documents, names without a category, hubs."""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Response

from feeds.categories import Catalogue
from feeds.model.feed import Category
from feeds.model.user import UserRole
from service.settings import nearest
from service.web.desk.entrance import desk, page
from service.web.request_context import request_context

#: How many rows of each list are shown; commands list all.
ROWS_LISTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingAdvice:
    """A category name that no category has, and what to write so that one has it."""

    name: str
    like: str | None  #: the title of the category whose name is most like it; None if none is
    yaml: str  #: for ``categories.yaml``


@desk.get("/operations", UserRole.OPERATE)
def operations() -> Response:
    """Answers with what needs somebody. It changes nothing."""
    context = request_context()
    with context.database.read() as tx:
        alarms, refused = tx.alarms.open(), tx.refusals.latest(limit=ROWS_LISTED)
        unclaimed = tx.names.unclaimed(limit=ROWS_LISTED)
        subscriptions = tx.subscriptions.counted()
        tallies = tx.hub_tallies.listed()
        upstreams = tx.upstreams.listed()
        pushes = tx.upstream_subscriptions.listed()
    return page(
        "operations.html",
        alarms=alarms,
        refused=refused,
        advice=list(filing_advice(unclaimed, context.catalogue)),
        upstreams=upstreams,
        pushes=pushes,
        subscriptions=sorted(subscriptions.items()),
        hubs=[(hub, tallies.get(hub)) for hub in _hubs(context.catalogue)],
        has_status=context.settings.own_hub.offered,
    )


def _hubs(catalogue: Catalogue) -> list[str]:
    return sorted({hub for feed in catalogue.feeds.values() for hub in feed.hubs})


def filing_advice(names: Iterable[str], catalogue: Catalogue) -> Iterable[FilingAdvice]:
    """Yields what to write into ``categories.yaml`` for each name; nothing is written here."""
    by_name = {
        known: category
        for category in catalogue.categories.values()
        for known in (category.title, *category.names)
    }
    for name in names:
        like = by_name.get(nearest(name, list(by_name)) or "")
        yield FilingAdvice(
            name=name,
            like=like.title if like else None,
            yaml=_added_to(like, name) if like else _new(name),
        )


def _added_to(category: Category, name: str) -> str:
    return f"  - slug: {category.slug}\n    names: {_quoted([*category.names, name])}"


def _new(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-") or "new-category"
    return f"  - slug: {slug}\n    title: {_quoted(name)}"


def _quoted(value: object) -> str:
    # JSON is YAML, whatever characters there are.
    return json.dumps(value, ensure_ascii=False)
