"""A running newsroom with its hub, and a subscriber that asks it over real sockets."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from feeds.model.feed import Format
from feeds.model.subscription import DeliveryState, Subscription
from feeds.store.database import Database
from tests.support import open_connections
from tests.support.hub_server import HubServer
from tests.support.running_service import Answer, Service, document, running, wait_until
from tests.support.subscriber import Call, Subscriber, answers

FORM = "application/x-www-form-urlencoded"

#: A moment in which whatever is under way between processes of one machine has arrived. It is
#: waited for only where a test shows that nothing comes.
SETTLED_S = 0.5

#: Of callbacks and releases: newsrooms share subscribers.
_NUMBERS = count()

#: What makes hundreds of requests from one address, and failures, quick.
HUB_SETTINGS: dict[str, object] = {
    "offered": True,
    "timeout_seconds": 1.0,
    "first_retry_seconds": 0.2,
    "longest_retry_seconds": 0.5,
    "requests_per_minute": 100_000,
    "burst": 100_000,
    "pending_per_host": 100_000,
}

#: They run beside all other tests: to look about all the time would take those their time.
QUIET_SCHEDULE: dict[str, object] = {
    "scan_seconds": 0.2,
    "regenerate_seconds": 0.5,
    "ping_seconds": 0.5,
    "config_seconds": 0.5,
}


@dataclass(slots=True, kw_only=True)
class HubNewsroom:
    """A running service, and who subscribes to its feeds."""

    service: Service
    subscriber: Subscriber
    database: Database  #: for looking at; what is told to the service is told over sockets
    base_url: str  #: of all addresses that it has in public
    outside: HubServer | None = None  #: another hub that it announces and tells
    _paths: list[str] = field(default_factory=list)

    @property
    def hub(self) -> str:
        """The URL of its hub."""
        return f"{self.base_url}/hub"

    def topic(self, slug: str = "finance", suffix: str = "atom") -> str:
        """The self URL of a feed."""
        return f"{self.base_url}/feeds/{slug}.{suffix}"

    def path(self) -> str:
        """The path of a callback that nobody used before. `leave` ends it."""
        made = f"/callback-{next(_NUMBERS)}"
        self._paths.append(made)
        return made

    def callback(self, query: str = "") -> str:
        """A callback that nobody used before, confirming and taking everything."""
        return self.subscriber.url(self.path() + query)

    def leave(self) -> None:
        """Be no subscriber any more, at all callbacks so far: each delivery is answered 410."""
        for path in self._paths:
            self.subscriber.behave(path, verify=answers(404), deliver=answers(410))
        self._paths.clear()

    # Asking

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask the service; an underscore in a header's name stands for a hyphen."""
        with closing(HTTPConnection("127.0.0.1", self.service.port, timeout=20)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=fields, body=answer.read())

    def post(
        self, form: bytes | str | Sequence[tuple[str, str]], content_type: str = FORM
    ) -> Answer:
        """Post to the hub: bytes and text as they are, fields as a form."""
        if isinstance(form, str):
            body = form.encode()
        else:
            body = form if isinstance(form, bytes) else urlencode(form).encode()
        return self.request("POST", "/hub", body, Content_Type=content_type)

    def ask(
        self,
        callback: str,
        *,
        mode: str = "subscribe",
        topic: str | None = None,
        secret: str | None = None,
        lease_seconds: str | int | None = None,
    ) -> Answer:
        """Send a subscription request (WebSub 5.1)."""
        fields = {
            "hub.callback": callback,
            "hub.mode": mode,
            "hub.topic": self.topic() if topic is None else topic,
            "hub.secret": secret,
            "hub.lease_seconds": lease_seconds,
        }
        return self.post(
            [(name, str(value)) for name, value in fields.items() if value is not None]
        )

    def subscribe(
        self,
        callback: str,
        *,
        topic: str | None = None,
        secret: str | None = None,
        lease_seconds: str | int | None = None,
        within_s: float = 90.0,
    ) -> Subscription:
        """Subscribe, or renew, and wait until it counts."""
        before = self.held(callback, topic)
        answer = self.ask(callback, topic=topic, secret=secret, lease_seconds=lease_seconds)
        assert answer.status == 202, answer

        def is_newer() -> Subscription | None:
            held = self.held(callback, topic)
            is_new = held and (before is None or held.confirmed_at > before.confirmed_at)
            return held if is_new else None

        held = wait_until(is_newer, within_s=within_s)
        assert held is not None
        return held

    # What the store says

    def held(self, callback: str, topic: str | None = None) -> Subscription | None:
        """The subscription of a callback to a topic, as it stands."""
        slug, suffix = (self.topic() if topic is None else topic).rsplit("/", 1)[1].split(".")
        with self.database.read() as store:
            listed = store.subscriptions.listed(callback=callback)
        found = [one for one in listed if (one.feed, one.format) == (slug, Format(suffix))]
        return found[0] if found else None

    def delivery(self, callback: str) -> DeliveryState:
        """How the deliveries to a callback stand."""
        with self.database.read() as store:
            [state] = [
                one for one in store.deliveries.listed() if one.subscription.callback == callback
            ]
        return state

    def is_pending(self, callback: str) -> bool:
        """Whether the callback has yet to be asked, or to be asked again."""
        with self.database.read() as store:
            pending = store.subscriptions.pending()
        return callback in {each.request.callback for each in pending}

    def wait_until_decided(self, *, within_s: float = 90.0) -> None:
        """Wait until all callbacks were asked; some of them may have to be asked again."""

        def are_asked() -> bool:
            with self.database.read() as store:
                return all(pending.attempts > 0 for pending in store.subscriptions.pending())

        wait_until(are_asked, within_s=within_s)

    # Publishing

    def publish(self, title: str, *cells: str) -> str:
        """Drop a release into the watched folder; in Finance, unless told otherwise.

        Returns:
            Its title, which no other release has.
        """
        number = next(_NUMBERS)
        unique = f"{title} (no. {number})"
        published = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=number)
        text = document(unique, *(cells or ("Finance",)), published=published.isoformat())
        self.service.drop(f"{number}.txt", text)
        return unique

    def has(self, title: str, slug: str = "finance") -> bool:
        """Whether a feed shows a release of this title."""
        return title in self.service.titles(slug)


def tells_of(call: Call, title: str) -> bool:
    """Whether a document that arrived tells of a release of this title."""
    return title.encode() in call.body or json.dumps(title)[1:-1].encode() in call.body


@contextmanager
def running_hub_newsroom(
    folder: Path,
    subscriber: Subscriber,
    *,
    outside: HubServer | None = None,
    own_hub: dict[str, object] | None = None,
    categories: Sequence[str] = (),
    **sections: dict[str, object],
) -> Iterator[HubNewsroom]:
    """A newsroom with its hub, until the end of the block.

    Args:
        folder: All that it has.
        subscriber: Who subscribes there.
        outside: A hub of others that it tells, too.
        own_hub: Settings of its own hub beyond `HUB_SETTINGS`.
        categories: Slugs of those that it has besides the usual ones.
        sections: As for `Service.write_main`.
    """
    service = Service(folder=folder, hubs=(outside.url,) if outside else ())
    quiet = {"schedule": QUIET_SCHEDULE, **sections}
    service.write_main({"own_hub": {**HUB_SETTINGS, **(own_hub or {})}, **quiet})
    with service.categories.open("a", encoding="utf-8") as file:
        file.writelines(f"  - slug: {slug}\n    title: {slug.title()}\n" for slug in categories)
    with running(service), service.opened_store() as database:
        open_connections.outlives_modules(database)
        site = sections.get("site", {})
        newsroom = HubNewsroom(
            service=service,
            subscriber=subscriber,
            database=database,
            base_url=str(site.get("base_url", service.base_url)),
            outside=outside,
        )
        # The service is up before its process that asks callbacks is.
        newsroom.subscribe(newsroom.callback(), within_s=60)
        service.wait_until_hubs_are_told()
        yield newsroom
