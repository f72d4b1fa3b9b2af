"""Where old addresses lead: by the configuration and by what imports stored; and who uses them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from feeds.address_patterns import is_ours
from feeds.categories import Catalogue
from feeds.errors import ReleaseNotFound
from feeds.model.redirect import (
    MissingFeed,
    OldAddress,
    RedirectKey,
    RedirectOrigin,
    RedirectUse,
    ToFeed,
    ToPage,
)
from feeds.redirects import RedirectRule
from feeds.store.database import Transaction
from feeds.store.redirects import FoundRedirect
from service.application import Application

#: Redirects of imports that are read at a time.
BATCH = 1000

#: Addresses that lead nowhere and stay in the store.
MAX_MISSING = 500

#: Addresses of feeds that lead nowhere are told if they were asked for so lately.
MISSING_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class UsedRedirect:
    """The redirect that answers a request."""

    key: RedirectKey
    location: str | None  #: absolute; None: what was there is gone


def find_redirect(
    application: Application,
    address: OldAddress,
    *,
    now: datetime,
    within: Transaction | None = None,
) -> UsedRedirect | None:
    """Returns the redirect that answers a request for an address; None if there is none.

    The rules of the configuration come before what imports brought along. Addresses of this
    newsroom have none, but for queries at the front page.

    Args:
        application: Has the rules.
        address: What is asked for.
        now: The current time.
        within: A transaction to read in; None: one of its own, if the store has to be asked.
    """
    if is_ours(address.path) and not address.is_home_query:
        return None

    def reading() -> AbstractContextManager[Transaction]:
        return application.database.read() if within is None else nullcontext(within)

    for answer in application.redirects.answers(address):
        if answer.if_release is not None:
            with reading() as tx:
                if not _is_public(tx, answer.if_release):
                    continue
        key = RedirectKey(RedirectOrigin.CONFIGURATION, answer.rule.text)
        return UsedRedirect(key, None if answer.is_gone(now) else answer.location)
    addresses = [str(each) for each in address.matching()]
    if base := application.catalogue.site.base_path:
        addresses += [base + each for each in addresses]
    with reading() as tx:
        stored = tx.redirects.find(addresses)
    return None if stored is None else _imported(stored, application.catalogue, now)


def imported_redirects(application: Application, *, now: datetime) -> Iterator[UsedRedirect]:
    """Yields all redirects of imports that lead somewhere now, by address."""
    last = ""
    while True:
        with application.database.read() as tx:
            batch = tx.redirects.listed(after=last, limit=BATCH)
        for stored in batch:
            found = _imported(stored, application.catalogue, now)
            if found is not None:
                yield found
        if len(batch) < BATCH:
            return
        last = batch[-1].address


def _imported(stored: FoundRedirect, catalogue: Catalogue, now: datetime) -> UsedRedirect | None:
    key = RedirectKey(RedirectOrigin.IMPORT, stored.address)
    target, site = stored.target, catalogue.site
    if stored.slug is not None:
        return UsedRedirect(key, site.release_page(stored.slug))
    if isinstance(target, ToFeed):
        slug = catalogue.slugs_by_former.get(target.slug, target.slug)
        feed = catalogue.feeds.get(slug)
        if feed is None:
            return None
        return UsedRedirect(key, None if feed.is_gone(now) else site.topic(slug, target.format))
    if isinstance(target, ToPage):
        is_path = target.address.startswith("/")
        return UsedRedirect(key, f"{site.base_url}{target.address}" if is_path else target.address)
    return UsedRedirect(key, None)


def _is_public(tx: Transaction, slug: str) -> bool:
    try:
        tx.releases.by_slug(slug)
    except ReleaseNotFound:
        return False
    return True


# For operators: which redirects there are and how often they are used, and what is missing.


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRedirect:
    """A redirect, and its use."""

    old: str  #: the rule as written, or the old address
    origin: RedirectOrigin
    leads_to: str  #: as written, or where it leads; ``gone``
    use: RedirectUse | None  #: None: never used

    def record(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "old": self.old,
            "origin": self.origin.value,
            "leads_to": self.leads_to,
            "uses": 0 if self.use is None else self.use.uses,
            "used_at": None if self.use is None else self.use.used_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectReport:
    """All redirects with their uses, and what looks like a feed and leads nowhere."""

    redirects: list[ListedRedirect]  #: the rules, then the used ones of imports
    imported: int  #: how many imports brought along, used or not
    missing: list[MissingFeed]  #: those with most requests first

    def record(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        times = ("first_at", "last_at")
        return {
            "redirects": [one.record() for one in self.redirects],
            "imported": self.imported,
            "missing": [
                {**asdict(one), **{name: getattr(one, name).isoformat() for name in times}}
                for one in self.missing
            ],
        }


def read_redirects(tx: Transaction, application: Application, *, limit: int) -> RedirectReport:
    """Reads the redirects and their uses.

    Args:
        tx: A transaction; only read here.
        application: Has the rules.
        limit: Redirects of imports, and addresses that lead nowhere, that are listed at most.
    """
    uses = tx.redirect_uses.of_rules()
    listed = [
        ListedRedirect(
            old=rule.text,
            origin=RedirectOrigin.CONFIGURATION,
            leads_to=_target_of(rule),
            use=uses.get(rule.text),
        )
        for rule in application.redirects.rules
    ]
    now = application.clock()
    for address, use in tx.redirect_uses.most_imported(limit=limit).items():
        stored = tx.redirects.find([address])
        found = None if stored is None else _imported(stored, application.catalogue, now)
        if found is not None:
            listed.append(
                ListedRedirect(
                    old=address,
                    origin=RedirectOrigin.IMPORT,
                    leads_to=found.location or "gone",
                    use=use,
                )
            )
    return RedirectReport(
        redirects=listed,
        imported=tx.redirects.count(),
        missing=read_missing(tx, application)[:limit],
    )


def read_missing(tx: Transaction, application: Application) -> list[MissingFeed]:
    """Returns what looks like a feed, was asked for, and leads nowhere: the most asked for first.

    An address stays in the store when a rule or an import answers it at last; it is left out here.

    Args:
        tx: A transaction; only read here.
        application: Has the rules.
    """
    now = application.clock()

    def is_missing(one: MissingFeed) -> bool:
        try:
            address = OldAddress.read(one.address)
        except ValueError:
            return True
        return find_redirect(application, address, now=now, within=tx) is None

    return [one for one in tx.redirect_uses.missing(limit=MAX_MISSING) if is_missing(one)]


def _target_of(rule: RedirectRule) -> str:
    if rule.feed is not None:
        return f"feed {rule.feed}.{rule.format}"
    if rule.release is not None:
        return f"release {rule.release}"
    return rule.to or "gone"
