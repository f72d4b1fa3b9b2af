"""What a reader of RSS posts to be told of changes, read and checked (rssCloud). Pure."""

import re
from datetime import datetime
from ipaddress import IPv6Address

from feeds.model.feed import Format
from feeds.model.subscription import Mode, SubscriptionRequest, Wire
from service.websub.hub.requests import (
    Form,
    MalformedRequest,
    Topics,
    UnknownTopic,
    optional,
    read_callback,
    required,
)
from service.websub.rsscloud import LEASE_S

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
            wire=Wire.RSSCLOUD,
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
