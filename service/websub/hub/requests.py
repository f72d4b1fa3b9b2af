"""What is posted to the hub, read and checked: WebSub 5.1 and 5.2, and rssCloud. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address
from urllib.parse import parse_qs

from feeds.categories import Catalogue
from feeds.model.feed import Feed, Format
from feeds.model.subscription import Mode, PushProtocol, SubscriptionRequest
from service.errors import ServiceError
from service.http_rules.addresses import normalise_url
from service.outbound.addresses import host_and_port
from service.outbound.errors import AddressInvalid
from service.websub.hub.protocols import LEASE_S

# What is posted to the hub, read and checked (WebSub 5.1 and 5.2). Pure.

#: A hub form is a few URLs.
MAX_FORM_BYTES = 16 * 1024

#: What browsers and proxies let pass of a URL; ours would repeat it in the line of a request.
MAX_CALLBACK_CHARS = 2000

#: WebSub 5.1: "This parameter MUST be less than 200 bytes in length."
MAX_SECRET_BYTES = 199

#: Nobody's form has more fields; each costs time.
_MAX_FIELDS = 64

#: Seconds beyond this many digits (30 years) mean no more than "long".
_MAX_DIGITS = 9

_SECONDS = re.compile("[0-9]+")

#: A host as every reader of URLs reads it: `curl` would decode ``%31`` in one, and others take a
#: backslash for a slash.
_CALLBACK = re.compile(
    r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?:[1-9][0-9]{0,4})?)?(?:[/?][\x21-\x7e]*)?",
    re.IGNORECASE,
)
_PRINTABLE = re.compile(r"[\x21-\x7e]+")

_MODES = {mode.value: mode for mode in (Mode.SUBSCRIBE, Mode.UNSUBSCRIBE)}

#: By field of a form: all values that it was given, in their order.
Form = Mapping[str, Sequence[str]]


class RequestRefused(ServiceError):
    """What was posted to the hub is nothing that it does. The message is for who posted it."""


class MalformedRequest(RequestRefused):
    """A field is missing or unusable."""


class UnknownTopic(RequestRefused):
    """``hub.topic`` is none of our feeds, or of none that goes on."""


class CallbackForbidden(RequestRefused):
    """The callback is at a place to which we send nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """How long a subscription lasts, in seconds."""

    default_s: int
    longest_s: int
    shortest_s: int

    def grant(self, wish: str | None) -> int:
        """Say how long, for what was asked for.

        Raises:
            MalformedRequest: It is no positive decimal number.
        """
        if wish is None:
            return self.default_s
        digits = wish.lstrip("0")
        if not digits or not _SECONDS.fullmatch(wish):
            raise MalformedRequest("hub.lease_seconds is no positive decimal number")
        if len(digits) > _MAX_DIGITS:
            return self.longest_s
        return max(self.shortest_s, min(self.longest_s, int(digits)))


class Topics:
    """The addresses that one can subscribe to, of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        site = catalogue.site
        self.catalogue = catalogue
        self._known: dict[str, tuple[Feed, Format]] = {}
        self._moved: dict[str, tuple[Feed, Format]] = {}
        for each in Format:
            for slug, feed in catalogue.feeds.items():
                self._known[normalise_url(site.topic(slug, each))] = (feed, each)
            for former, slug in catalogue.slugs_by_former.items():
                self._moved[normalise_url(site.topic(former, each))] = (catalogue.feeds[slug], each)

    def find(
        self, address: str, *, mode: Mode, now: datetime, name: str = "hub.topic"
    ) -> tuple[Feed, Format]:
        """Say which feed and format an address means, however it is spelled.

        Who wants to hear no more is understood by an address that was good once, too.

        Raises:
            UnknownTopic: None, or none that one can subscribe to. The message says where to go.
        """
        spelled = normalise_url(address)
        found = self._known.get(spelled)
        moved = self._moved.get(spelled)
        if mode is Mode.UNSUBSCRIBE:
            found = found or moved
        elif moved is not None:
            new = self.catalogue.site.topic(moved[0].slug, moved[1])
            raise UnknownTopic(f"this feed is now at {new}: subscribe to that")
        if found is None:
            opml = self.catalogue.site.opml
            raise UnknownTopic(
                f"{name} is no feed of this newsroom. This hub serves its own feeds alone, by "
                f"the addresses that they name as self; they are listed at {opml}"
            )
        ending = found[0].ending
        if mode is Mode.SUBSCRIBE and ending is not None and now >= ending.on:
            raise UnknownTopic(f"this feed ended on {ending.on:%Y-%m-%d}: nothing more will come")
        return found


def decode_form(body: bytes) -> Form:
    """Decode a body of the type ``application/x-www-form-urlencoded``.

    Raises:
        MalformedRequest: It is no UTF-8, holds a NUL, or more fields than anybody needs.
    """
    try:
        form = parse_qs(
            body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise MalformedRequest("the form is not in UTF-8") from error
    except ValueError as error:
        raise MalformedRequest(f"the form has more than {_MAX_FIELDS} fields") from error
    # PostgreSQL takes none in a text.
    if any("\0" in text for name, values in form.items() for text in (name, *values)):
        raise MalformedRequest("the form holds a NUL")
    return form


def read_request(
    form: Form, *, topics: Topics, terms: LeaseTerms, now: datetime, client: str = ""
) -> SubscriptionRequest:
    """Read a request to subscribe or unsubscribe.

    Args:
        form: As decoded. Names that are not known are ignored.
        topics: Those of ours.
        terms: For how long one may subscribe.
        now: Some feeds end by the clock.
        client: The address of who asks.

    Returns:
        The request. Whether its callback is at a place that we send to is yet to be seen.

    Raises:
        MalformedRequest: A field is missing or unusable.
        UnknownTopic: ``hub.topic`` is none of our feeds.

    Source: WebSub 5.1 "Subscriber Sends Subscription Request".
    """
    mode = _mode(required(form, "hub.mode"))
    callback = required(form, "hub.callback")
    host = read_callback(callback, name="hub.callback")
    topic = required(form, "hub.topic")
    lease_s, secret = 0, None
    if mode is Mode.SUBSCRIBE:
        # WebSub 5.1: the lease "MAY be present for unsubscription requests and MUST be ignored by
        # the hub in that case". So is the secret: nobody is kept from leaving.
        lease_s = terms.grant(optional(form, "hub.lease_seconds"))
        secret = _secret(optional(form, "hub.secret"))
    feed, each = topics.find(topic, mode=mode, now=now)
    return SubscriptionRequest(
        mode=mode,
        feed=feed.slug,
        format=each,
        topic=topic,
        callback=callback,
        host=host,
        secret=secret,
        lease_s=lease_s,
        client=client,
    )


def read_callback(callback: str, *, name: str) -> str:
    """Check the address at which a subscriber wants to be told; returns its host.

    Args:
        callback: As given.
        name: Of the field, for the message.

    Raises:
        MalformedRequest: It is no address that everybody reads alike.
    """
    if len(callback) > MAX_CALLBACK_CHARS:
        raise MalformedRequest(f"{name} has more than {MAX_CALLBACK_CHARS} characters")
    if not _PRINTABLE.fullmatch(callback):
        raise MalformedRequest(f"{name} holds what no URL may: all but printable ASCII is encoded")
    if "#" in callback:
        raise MalformedRequest(f"{name} has a fragment, which no server would see")
    if "@" in re.split("[/?]", callback.partition("//")[2], maxsplit=1)[0]:
        raise MalformedRequest(f"{name} has a user name; give a secret in its path or query")
    try:
        if not _CALLBACK.fullmatch(callback):
            raise AddressInvalid(callback, "is not an absolute http or https URL")
        host, _ = exact_host_and_port(callback)
    except (AddressInvalid, ValueError) as error:
        raise MalformedRequest(f"{name} is not an absolute http or https URL") from error
    if not host:
        raise MalformedRequest(f"{name} is not an absolute http or https URL")
    return host


def exact_host_and_port(url: str) -> tuple[str, int]:
    """Host and port of an address, the host in one spelling: what its load is counted by.

    Raises:
        AddressInvalid: *url* is no http address.
        ValueError: It has brackets around something else.
    """
    host, port = host_and_port(url)
    return str(IPv6Address(host)) if ":" in host else host.rstrip("."), port


def _mode(text: str) -> Mode:
    mode = _MODES.get(text)
    if mode is None:
        # WebSub 5.1 leaves other modes to hubs. An outside publisher would make us send what we
        # have to all, as often as it likes.
        raise MalformedRequest(
            "hub.mode is neither subscribe nor unsubscribe; "
            "releases of this newsroom are the only cause of a distribution"
        )
    return mode


def _secret(text: str | None) -> str | None:
    if text is not None and len(text.encode()) > MAX_SECRET_BYTES:
        raise MalformedRequest("hub.secret has 200 bytes of UTF-8 or more")
    return text


def required(form: Form, name: str) -> str:
    """The one value of a field that must be there.

    Raises:
        MalformedRequest: There is none, or more than one.
    """
    value = optional(form, name)
    if value is None:
        raise MalformedRequest(f"{name} is missing")
    return value


def optional(form: Form, name: str) -> str | None:
    """The one value of a field. One that was left empty is none.

    Raises:
        MalformedRequest: There is more than one.
    """
    values = form.get(name, ())
    if len(values) > 1:
        raise MalformedRequest(f"{name} is there more than once")
    return (values[0] or None) if values else None


# What a reader of RSS posts to be told of changes, read and checked (rssCloud). Pure.

#: A reader has a handful of our feeds; each is a question to the callback of its own.
MAX_URLS = 20

_URL_NAME = re.compile("url([0-9]{0,4})")
_PORT = re.compile("[1-9][0-9]{0,4}")
_MAX_PORT = 65_535

#: By the protocol that is asked for. The two others of the walkthrough are procedure calls in XML.
_SCHEMES = {"http-post": "http", "https-post": "https"}


def read_registration(
    form: Form, *, topics: Topics, now: datetime, client: str
) -> list[SubscriptionRequest]:
    """Read a request to be told of changes of one feed or several.

    Args:
        form: As decoded. Names that are not known are ignored, and so is ``notifyProcedure``,
            which "must be there" but is "only relevant if protocol is xml-rpc or soap".
        topics: Those of ours.
        now: Some feeds end by the clock.
        client: The address of who asks.

    Returns:
        A request for each feed, all with one callback. Whether that is at a place that we send to
        is yet to be seen.

    Raises:
        MalformedRequest: A field is missing or unusable.
        UnknownTopic: One of the URLs is no RSS feed of ours.
    """
    callback = _callback(form, client)
    host = read_callback(callback, name="the address of domain, port and path")
    urls_by_slug: dict[str, str] = {}
    for name, url in _urls(form):
        urls_by_slug.setdefault(_slug(url, name, topics=topics, now=now), url)
    return [
        SubscriptionRequest(
            mode=Mode.SUBSCRIBE,
            feed=slug,
            format=Format.RSS,
            topic=url,
            callback=callback,
            host=host,
            wire=PushProtocol.RSSCLOUD,
            lease_s=LEASE_S,
            client=client,
        )
        for slug, url in urls_by_slug.items()
    ]


def _callback(form: Form, client: str) -> str:
    protocol = required(form, "protocol")
    scheme = _SCHEMES.get(protocol)
    if scheme is None:
        raise MalformedRequest("protocol is neither http-post nor https-post")
    port = required(form, "port")
    if not _PORT.fullmatch(port) or int(port) > _MAX_PORT:
        raise MalformedRequest("port is no number from 1 to 65535")
    path = required(form, "path")
    slash = "" if path.startswith("/") else "/"
    return f"{scheme}://{_authority(optional(form, 'domain') or client)}:{port}{slash}{path}"


def _authority(host: str) -> str:
    """The host as it stands in a URL; whoever gives an address of IPv6 may leave out brackets."""
    if "/" in host or "?" in host:
        raise MalformedRequest("domain is more than the name of a host")
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host


def _urls(form: Form) -> list[tuple[str, str]]:
    """The URLs by their names, in the order of their numbers."""
    numbered = sorted(
        (int(found[1] or 0), name) for name in form if (found := _URL_NAME.fullmatch(name))
    )
    if not numbered:
        raise MalformedRequest("url1 is missing")
    if len(numbered) > MAX_URLS:
        raise MalformedRequest(f"more than {MAX_URLS} URLs: ask again for the rest")
    return [(name, required(form, name)) for _, name in numbered]


def _slug(url: str, name: str, *, topics: Topics, now: datetime) -> str:
    feed, each = topics.find(url, mode=Mode.SUBSCRIBE, now=now, name=name)
    if each is not Format.RSS:
        address = topics.catalogue.site.topic(feed.slug, Format.RSS)
        raise UnknownTopic(f"{name} is no RSS feed, for which this is; that is at {address}")
    return feed.slug
