"""Builds the components for one configuration. All values are passed down; nothing is global."""

import json
import os
import random
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta, tzinfo
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from secrets import token_urlsafe
from uuid import uuid4

from feeds.categories import Catalogue
from feeds.model.alarm import AlarmKind
from feeds.model.feed import Format
from feeds.model.medium import MEDIA_PATH
from feeds.model.release import ReleaseId
from feeds.model.subscription import DeliveryResult, DueDelivery, PendingRequest
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.redirects import RedirectMap
from feeds.store.database import Database
from service.alarms import (
    ALL_KINDS,
    AlarmKeeper,
    Channel,
    CommandChannel,
    Machine,
    MailChannel,
    WebhookChannel,
)
from service.application import Application, Clock
from service.commit_signal import CommitSignal
from service.failures import Failures
from service.imports import FileCopier, MediaChoice
from service.imports.feed_history import FeedHistory
from service.jobs.measuring import TIMEOUT_S, EnclosureProber
from service.liveness import WorkPart
from service.outbound import BulkHttpClient, Credentials, HttpClient, SmtpClient
from service.settings import Settings, catalogue, intake_rules, redirect_rules
from service.store_clock import machine_clock
from service.upstreams.plans import upstream_plans
from service.upstreams.poller import AT_ONCE, UpstreamPoller
from service.upstreams.poller import TIMEOUT_S as UPSTREAM_TIMEOUT_S
from service.upstreams.subscribing import ASKS_AT_ONCE, UpstreamSubscriber
from service.upstreams.taking import ItemTaker
from service.websub import RSSCLOUD, PingFormat, PingSender, Publisher, RetryPlan
from service.websub.hub.dispatcher import Dispatcher
from service.websub.hub.distributor import Distributor, Sending
from service.websub.hub.verifier import CallbackRequest, VerificationResult, Verifier
from service.websub.hub_monitor import HubMonitor

VERSION = version("communique")

#: Where commits are not reported. A subscriber waits for its challenge anyway, and an idle hub
#: should cost little.
VERIFICATION_POLL_S = 0.1

#: The suffixes of files that pages are made from.
_PAGE_SOURCES = frozenset({".css", ".html", ".ico", ".js", ".po", ".py", ".svg"})

#: This machine's own clock, for timers and logs.
utc_now = machine_clock


def mint_id() -> ReleaseId:
    """Returns a permanent, random id for a release (RFC 9562 section 5.4)."""
    return ReleaseId(uuid4().urn)


def page_version(settings: Settings) -> str:
    """Returns a digest of all that pages are made of besides the catalogue and releases."""
    looks = {
        "program": program_version(),
        "theme": settings.site.theme.model_dump(mode="json"),
        "links": [each.model_dump(mode="json") for each in settings.site.links],
        "stylesheet": settings.page_stylesheet,
        "search": settings.search.offered,
        "templates": {name: file.text for name, file in settings.page_templates.items()},
    }
    return sha256(json.dumps(looks, sort_keys=True).encode()).hexdigest()


@cache
def program_version() -> str:
    """Returns a digest of all sources that pages are made from: code, templates, styles, messages.

    Builds of one version may differ, and so may their pages for the same configuration. About a
    megabyte is read, once.
    """
    # Dates and numbers on pages are as Babel's CLDR has them.
    found = sha256(f"{VERSION} {version('babel')}".encode())
    for package in ("feeds", "service"):
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*")):
            if path.suffix in _PAGE_SOURCES:
                found.update(path.relative_to(root).as_posix().encode())
                found.update(path.read_bytes())
    return found.hexdigest()


def build_application(
    settings: Settings, database: Database, clock: Clock = machine_clock
) -> Application:
    """Builds the components for *settings*, over an open database."""
    described = catalogue(settings)
    return Application(
        settings=settings,
        database=database,
        catalogue=described,
        clock=clock,
        rules=intake_rules(settings),
        newsroom=Newsroom(
            database,
            described,
            mint_id=mint_id,
            notices_for=timedelta(days=settings.feeds.retraction_days),
            page_version=page_version(settings),
            monotonic=time.monotonic,
        ),
        newsstand=Newsstand(
            database, described, page_version=page_version(settings), monotonic=time.monotonic
        ),
        redirects=RedirectMap(redirect_rules(settings), described),
        measure=EnclosureProber(
            database,
            _http_client(settings, described, timeout_s=TIMEOUT_S)
            if settings.intake.ask_media
            else None,
            base_url=described.site.base_url,
        ),
    )


def publisher(application: Application, failures: Failures | None = None) -> Publisher:
    """Returns the publisher that pings the hubs. The caller closes it."""
    settings, database = application.settings, application.database
    websub = settings.websub
    outbound = _http_client(settings, application.catalogue, timeout_s=websub.timeout_seconds)
    plan = RetryPlan(
        first_s=websub.first_retry_seconds,
        longest_s=websub.longest_retry_seconds,
        give_up_after_s=websub.give_up_after_hours * 3600,
    )
    ping_sender = PingSender(
        database,
        outbound,
        site=application.catalogue.site,
        plan=plan,
        random_fraction=random.random,
        ping_formats=_ping_formats(settings),
        usual=PingFormat(topic_fields=websub.topic_fields),
        own_hub=application.catalogue.site.hub if settings.own_hub.offered else None,
    )
    return Publisher(
        database, ping_sender, max_hubs_at_once=websub.max_hubs_at_once, failures=failures
    )


def _ping_formats(settings: Settings) -> dict[str, PingFormat]:
    """Returns the ping formats of hubs that are configured one by one, by URL."""
    credentials = _credentials(settings)
    ping_formats = {
        hub.url: PingFormat(
            topic_fields=hub.topic_fields or settings.websub.topic_fields,
            topics_at_once=hub.topics_at_once,
            extra_fields=tuple(hub.extra_fields.items()),
            credentials=credentials.get(hub.url),
        )
        for hub in settings.hubs
    }
    if settings.rsscloud.ping_url is not None:
        ping_formats[settings.rsscloud.ping_url] = RSSCLOUD
    return ping_formats


def _credentials(settings: Settings) -> dict[str, Credentials]:
    """Returns the credentials for hubs that require them, by URL."""
    return {
        hub.url: Credentials(hub.username, settings.hub_passwords[hub.url].reveal())
        for hub in settings.hubs
        if hub.username is not None
    }


def hub_monitor(application: Application) -> HubMonitor:
    """Returns the monitor of our own canary subscriptions at the hubs."""
    settings, described = application.settings, application.catalogue
    watched = described.feeds.get(settings.canary.feed) if settings.canary.watches else None
    return HubMonitor(
        application.database,
        _http_client(settings, described, timeout_s=settings.websub.timeout_seconds),
        site=described.site,
        hubs=() if watched is None or watched.is_gone(application.clock()) else watched.hubs,
        feed=settings.canary.feed,
        feed_format=Format(settings.canary.format),
        lease_s=settings.canary.lease_s,
        own_lease_s=min(
            settings.canary.lease_s, round(settings.own_hub.longest_lease_days * 86_400)
        ),
        credentials=_credentials(settings),
    )


def upstream_poller(
    application: Application, *, worker: str, timeout_s: float = UPSTREAM_TIMEOUT_S
) -> UpstreamPoller:
    """Returns the poller of other people's feeds, which are configured in the store first.

    Args:
        application: Has the settings and the store.
        worker: Name of this process; see `worker_name`.
        timeout_s: How long a request may take.

    Raises:
        StoreUnavailable: The store cannot be used.
    """
    settings, database = application.settings, application.database
    plans = upstream_plans(settings, application.catalogue)
    with database.transaction() as tx:
        configured = [plan.configured for plan in plans.values()]
        tx.upstreams.configure(configured, now=application.clock())
    taker = ItemTaker(
        database,
        application.newsroom,
        application.rules,
        plans=plans,
        measure=application.measure,
        now=application.clock,
    )

    def make_client() -> BulkHttpClient:
        return BulkHttpClient(
            settings.outbound.allow_networks,
            timeout_s,
            _user_agent(application.catalogue),
            at_once=AT_ONCE,
            ca_file=settings.outbound.ca_file,
            reads_documents=True,
        )

    def make_hub_client() -> BulkHttpClient:
        return BulkHttpClient(
            settings.outbound.allow_networks,
            settings.websub.timeout_seconds,
            _user_agent(application.catalogue),
            at_once=ASKS_AT_ONCE,
            ca_file=settings.outbound.ca_file,
        )

    subscriber = UpstreamSubscriber(
        database,
        plans,
        taker,
        site=application.catalogue.site,
        make_client=make_hub_client,
        now=application.clock,
        random_text=token_urlsafe,
    )
    return UpstreamPoller(
        database,
        plans,
        taker,
        subscriber,
        make_client=make_client,
        worker=worker,
        now=application.clock,
        random_fraction=random.random,
        timeout_s=timeout_s,
    )


def alarm_keeper(
    application: Application,
    *,
    kinds: Collection[AlarmKind] = ALL_KINDS,
    watching_since: datetime | None = None,
) -> AlarmKeeper:
    """Returns the keeper of alarms, with the configured channels.

    Args:
        application: Has the settings and the store.
        kinds: What is checked.
        watching_since: When this process began; what was idle before that does not count.
    """
    settings = application.settings
    file = application.database.file
    folders = {settings.data_folder, *(() if file is None else (file.parent,))}
    machine = Machine(
        host=os.uname().nodename, folders=tuple(sorted(folders)), watching_since=watching_since
    )
    return AlarmKeeper(application, machine, list(_channels(application)), kinds=kinds)


def _channels(application: Application) -> Iterator[Channel]:
    settings = application.settings
    given, timeout_s = settings.alarms, settings.alarms.timeout_seconds
    mail, webhook = given.mail, given.webhook
    if mail.to and mail.sender is not None:
        credentials = None
        if mail.username is not None and mail.password is not None:
            credentials = Credentials(mail.username, mail.password.reveal())
        server = SmtpClient(
            mail.host,
            mail.port,
            security=mail.security,
            timeout_s=timeout_s,
            credentials=credentials,
            ca_file=settings.outbound.ca_file,
        )
        yield MailChannel(server, sender=mail.sender, to=mail.to)
    if webhook.url is not None and webhook.secret is not None:
        client = _http_client(settings, application.catalogue, timeout_s=timeout_s)
        secret = webhook.secret.reveal()
        yield WebhookChannel(client, url=webhook.url, secret=secret, now=application.clock)
    if given.command.argv:
        yield CommandChannel(given.command.argv, timeout_s=timeout_s)


def verifications(
    application: Application,
    *,
    worker: str,
    on_result: Callable[[PendingRequest, VerificationResult], object] = lambda *_: None,
    part: WorkPart | None = None,
    failures: Failures | None = None,
    signal: CommitSignal | None = None,
) -> Dispatcher[CallbackRequest]:
    """Returns the dispatcher that verifies callbacks. It closes itself after its run.

    Args:
        application: Has the settings and the store.
        worker: Name of this process; see `worker_name`.
        on_result: Called in another thread with each result, once it is stored.
        part: Records that the work goes on.
        failures: Records when the work fails.
        signal: Reports commits.
    """
    own_hub = application.settings.own_hub
    verifier = Verifier(
        application.database,
        application.catalogue,
        at_once=own_hub.verifications_at_once,
        timeout_s=own_hub.timeout_seconds,
        worker=worker,
        now=application.clock,
        random_bytes=os.urandom,
        on_result=on_result,
    )
    bulk_client = _bulk_http_client(application, at_once=own_hub.verifications_at_once)
    return Dispatcher(
        bulk_client,
        verifier,
        name="verification",
        part=part,
        failures=failures,
        poll_every_s=VERIFICATION_POLL_S,
        signal=signal,
    )


def deliveries(
    application: Application,
    *,
    worker: str,
    on_result: Callable[[DueDelivery, DeliveryResult], object] = lambda *_: None,
    part: WorkPart | None = None,
    failures: Failures | None = None,
    signal: CommitSignal | None = None,
) -> Dispatcher[Sending]:
    """Returns the dispatcher that delivers documents. It closes itself after its run.

    Args:
        application: Has the settings and the store.
        worker: Name of this process; see `worker_name`.
        on_result: Called in another thread with each result, once it is stored.
        part: Records that the work goes on.
        failures: Records when the work fails.
        signal: Reports commits.
    """
    own_hub = application.settings.own_hub
    distributor = Distributor(
        application.database,
        application.catalogue,
        at_once=own_hub.deliveries_at_once,
        per_host=own_hub.deliveries_per_host,
        timeout_s=own_hub.timeout_seconds,
        signature_method=own_hub.signature,
        plan=RetryPlan(
            first_s=own_hub.first_retry_seconds,
            longest_s=own_hub.longest_retry_seconds,
            give_up_after_s=own_hub.suspend_after_hours * 3600,
        ),
        worker=worker,
        now=application.clock,
        random_fraction=random.random,
        on_result=on_result,
    )
    bulk_client = _bulk_http_client(application, at_once=own_hub.deliveries_at_once)
    return Dispatcher(
        bulk_client, distributor, name="delivery", part=part, failures=failures, signal=signal
    )


#: For a whole file of another server: 100 MB at 10 MB/s take ten seconds.
FILE_TIMEOUT_S = 60.0


def build_file_copier(
    application: Application, choice: MediaChoice, *, by: str, is_dry_run: bool
) -> FileCopier:
    """Builds what copies or checks the files of an import."""
    settings = application.settings
    described = application.catalogue
    client = _http_client(settings, described, timeout_s=FILE_TIMEOUT_S)
    return FileCopier(
        application.database,
        application.media,
        client if settings.intake.ask_media else None,
        choice,
        max_bytes=settings.media.max_file_bytes,
        own_media=described.site.medium(MEDIA_PATH),
        by=by,
        is_dry_run=is_dry_run,
    )


def build_feed_history(
    application: Application, url: str, *, only_this: bool, zone: tzinfo
) -> FeedHistory:
    """Builds what fetches a feed of somebody else, and fetches its first document.

    Raises:
        FeedUnavailable: It could not be had, or is no feed.
    """
    client = _http_client(application.settings, application.catalogue, timeout_s=FILE_TIMEOUT_S)
    return FeedHistory(client, url, only_this=only_this, zone=zone)


def _bulk_http_client(application: Application, *, at_once: int) -> BulkHttpClient:
    settings = application.settings
    return BulkHttpClient(
        settings.outbound.allow_networks,
        settings.own_hub.timeout_seconds,
        _user_agent(application.catalogue),
        at_once=at_once,
        ca_file=settings.outbound.ca_file,
    )


def _http_client(settings: Settings, described: Catalogue, *, timeout_s: float) -> HttpClient:
    return HttpClient(
        settings.outbound.allow_networks,
        timeout_s,
        settings.outbound.max_response_bytes,
        _user_agent(described),
        ca_file=settings.outbound.ca_file,
    )


def _user_agent(described: Catalogue) -> str:
    return f"Communique/{VERSION} (+{described.site.home})"


def worker_name() -> str:
    """Returns a name for this process's claims, unique across processes and restarts."""
    return f"{os.uname().nodename}:{os.getpid()}:{uuid4().hex[:8]}"
