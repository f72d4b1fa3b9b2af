"""Parses and checks requests to the hub: WebSub 5.1 and 5.2, and rssCloud. Pure."""

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

# WebSub requests (sections 5.1 and 5.2).

#: Maximum size of a form, which has only a few URLs.
MAX_FORM_BYTES = 16 * 1024

#: Longest URL that browsers and proxies accept; it is sent in a request line.
MAX_CALLBACK_CHARS = 2000

#: WebSub 5.1: "This parameter MUST be less than 200 bytes in length."
MAX_SECRET_BYTES = 199

#: Maximum of fields, which no client needs; each costs time.
_MAX_FIELDS = 64

#: Seconds beyond this many digits (30 years) mean no more than "long".
_MAX_DIGITS = 9

_SECONDS = re.compile("[0-9]+")

#: URLs whose host all parsers read alike: `curl` would decode ``%31`` in a host, and some parsers
#: take a backslash for a slash.
_CALLBACK = re.compile(
    r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?:[1-9][0-9]{0,4})?)?(?:[/?][\x21-\x7e]*)?",
    re.IGNORECASE,
)
_PRINTABLE = re.compile(r"[\x21-\x7e]+")

_MODES = {mode.value: mode for mode in (Mode.SUBSCRIBE, Mode.UNSUBSCRIBE)}

#: A form: the values of each field, in their order.
Form = Mapping[str, Sequence[str]]


class RequestRefused(ServiceError):
    """The hub refuses a request. The message is for the client."""


class MalformedRequest(RequestRefused):
    """A field is missing or unusable."""


class UnknownTopic(RequestRefused):
    """``hub.topic`` is not a feed of this newsroom, or one that has ended."""


class CallbackForbidden(RequestRefused):
    """The callback is at an address to which the hub does not send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """How long a subscription lasts, in seconds."""

    default_s: int
    longest_s: int
    shortest_s: int

    def grant(self, wish: str | None) -> int:
        """Returns the lease for a requested one, in seconds.

        Raises:
            MalformedRequest: *wish* is not a positive decimal number.
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
    """The topic URLs of one catalogue."""

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
        """Returns the feed and format of an address, in any of its equivalent spellings.

        To unsubscribe, a former address is accepted, too.

        Raises:
            UnknownTopic: The address is not a topic that can be subscribed to. The message names
                the right one where there is one.
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
    """Decodes a body of the type ``application/x-www-form-urlencoded``.

    Raises:
        MalformedRequest: The body is not UTF-8, contains a NUL, or has too many fields.
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
    # PostgreSQL accepts no NUL in texts.
    if any("\0" in text for name, values in form.items() for text in (name, *values)):
        raise MalformedRequest("the form holds a NUL")
    return form


def read_request(
    form: Form, *, topics: Topics, terms: LeaseTerms, now: datetime, client: str = ""
) -> SubscriptionRequest:
    """Parses a request to subscribe or unsubscribe.

    Args:
        form: The decoded form. Unknown fields are ignored.
        topics: The topics of this newsroom.
        terms: Limits of leases.
        now: The current time: some feeds end at a set time.
        client: The client's address.

    Returns:
        The request. The address of its callback is not checked yet.

    Raises:
        MalformedRequest: A field is missing or unusable.
        UnknownTopic: ``hub.topic`` is not a feed of this newsroom.

    Source: WebSub 5.1 "Subscriber Sends Subscription Request".
    """
    mode = _mode(required(form, "hub.mode"))
    callback = required(form, "hub.callback")
    host = read_callback(callback, name="hub.callback")
    topic = required(form, "hub.topic")
    lease_s, secret = 0, None
    if mode is Mode.SUBSCRIBE:
        # WebSub 5.1: the lease "MAY be present for unsubscription requests and MUST be ignored by
        # the hub in that case". The secret is ignored, too: a bad one must not prevent the
        # unsubscription.
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
    """Checks the form of a callback URL; returns its host.

    Args:
        callback: As given.
        name: Name of the field, for the message.

    Raises:
        MalformedRequest: Parsers could disagree about the URL, or it is invalid.
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
    """Returns host and port of a URL, the host in its normal form, for limits per host.

    Raises:
        AddressInvalid: *url* is not an http or https URL.
        ValueError: Its brackets contain something other than an IPv6 address.
    """
    host, port = host_and_port(url)
    return str(IPv6Address(host)) if ":" in host else host.rstrip("."), port


def _mode(text: str) -> Mode:
    mode = _MODES.get(text)
    if mode is None:
        # WebSub 5.1 leaves other modes to hubs. An outside publisher could trigger deliveries to
        # all subscribers as often as it likes.
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
    """Returns the only value of a required field.

    Raises:
        MalformedRequest: The field has no value, or more than one.
    """
    value = optional(form, name)
    if value is None:
        raise MalformedRequest(f"{name} is missing")
    return value


def optional(form: Form, name: str) -> str | None:
    """Returns the only value of a field; None when it is absent or empty.

    Raises:
        MalformedRequest: The field has more than one value.
    """
    values = form.get(name, ())
    if len(values) > 1:
        raise MalformedRequest(f"{name} is there more than once")
    return (values[0] or None) if values else None


# rssCloud registrations.

#: Maximum of feeds in one registration; each needs a verification of its own. Readers have a
#: handful of feeds.
MAX_URLS = 20

_URL_NAME = re.compile("url([0-9]{0,4})")
_PORT = re.compile("[1-9][0-9]{0,4}")
_MAX_PORT = 65_535

#: Schemes by protocol. The two other protocols of the walkthrough are procedure calls in XML.
_SCHEMES = {"http-post": "http", "https-post": "https"}


def read_registration(
    form: Form, *, topics: Topics, now: datetime, client: str
) -> list[SubscriptionRequest]:
    """Parses a request to be notified of changes of one or more feeds.

    Args:
        form: The decoded form. Unknown fields are ignored, and so is ``notifyProcedure``, which
            "must be there" but is "only relevant if protocol is xml-rpc or soap".
        topics: The topics of this newsroom.
        now: The current time: some feeds end at a set time.
        client: The client's address.

    Returns:
        A request for each feed, all with the same callback, whose address is not checked yet.

    Raises:
        MalformedRequest: A field is missing or unusable.
        UnknownTopic: One of the URLs is not an RSS feed of this newsroom.
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
    """Returns the host in its form in URLs; IPv6 addresses may be given without brackets."""
    if "/" in host or "?" in host:
        raise MalformedRequest("domain is more than the name of a host")
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host


def _urls(form: Form) -> list[tuple[str, str]]:
    """Returns the names and values of the URL fields, in the order of their numbers."""
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
