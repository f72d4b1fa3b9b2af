"""What must hold between keys of ``communique.yaml``, and for the hubs of both files."""

from collections.abc import Collection, Iterator

from service.settings.communique_file import CanarySettings, StoreSettings
from service.settings.explain import place_of_key, place_of_value
from service.settings.faults import Fault, dotted, nearest
from service.settings.yaml_reader import YamlDocument

#: It stands in the shipped file, where nobody should have to remove it to name a url_file.
_DEFAULT_STORE_URL = StoreSettings().url.reveal()


def check_main(document: YamlDocument) -> Iterator[Fault]:
    """Tell keys that contradict each other."""
    url = document.at("store", "url")
    if document.at("store", "url_file") and url not in (None, _DEFAULT_STORE_URL):
        yield Fault(
            place=place_of_key(document, ("store", "url_file")),
            path="store.url_file",
            message="store.url is set too: keep one of them",
        )
    first = document.at("websub", "first_retry_seconds")
    longest = document.at("websub", "longest_retry_seconds")
    if isinstance(first, int | float) and isinstance(longest, int | float) and longest < first:
        yield Fault(
            place=place_of_value(document, ("websub", "longest_retry_seconds")),
            path="websub.longest_retry_seconds",
            message=f"expected at least first_retry_seconds ({first}), got {longest}",
        )

    yield from _check_credentials(document)
    yield from _check_cloud(document)


def _check_credentials(document: YamlDocument) -> Iterator[Fault]:
    """Tell hubs with half of what they ask for."""
    pair = ("username", "password_file")
    for i, hub in enumerate(document.items_at("hubs")):
        if not isinstance(hub, dict):
            continue
        for given, missing in (pair, pair[::-1]):
            if hub.get(given) is not None and hub.get(missing) is None:
                path = ("hubs", i, given)
                yield Fault(
                    place=place_of_key(document, path),
                    path=dotted(path),
                    message=f"{missing} is missing beside it",
                )


def _check_cloud(document: YamlDocument) -> Iterator[Fault]:
    """Tell half of another rssCloud server, and one that is told of everything twice."""
    pair = ("register_url", "ping_url")
    for given, missing in (pair, pair[::-1]):
        if document.at("rsscloud", given) and not document.at("rsscloud", missing):
            path = ("rsscloud", given)
            yield Fault(
                place=place_of_key(document, path),
                path=dotted(path),
                message=f"rsscloud.{missing} is missing: a server that readers register at has to "
                "be told of changes, and one that is told has to be named",
            )
    ping_url = document.at("rsscloud", "ping_url")
    if isinstance(ping_url, str) and ping_url in map(_url_of, document.items_at("hubs")):
        yield Fault(
            place=place_of_value(document, ("rsscloud", "ping_url")),
            path="rsscloud.ping_url",
            message=f"{ping_url!r} is one of hubs too: keep one of them",
        )


def check_canary(
    document: YamlDocument, canary: CanarySettings, slugs: Collection[str]
) -> Iterator[Fault]:
    """Tell a feed to be watched that there is not: hubs would be watched by nobody."""
    if canary.watches and canary.feed not in slugs:
        yield Fault(
            place=place_of_value(document, ("canary", "feed")),
            path="canary.feed",
            message=f"no feed has the slug {canary.feed!r}",
            suggestion=nearest(canary.feed, sorted(slugs)),
        )


def check_hubs(document: YamlDocument) -> Iterator[Fault]:
    """Tell hubs that stand twice in one list: they would be told of everything twice."""
    for path in [path for path in document.values if path and path[-1] == "hubs"]:
        seen: set[str] = set()
        for i, hub in enumerate(document.items_at(*path)):
            url = _url_of(hub)
            if url in seen:
                item = (*path, i, "url") if isinstance(hub, dict) else (*path, i)
                yield Fault(
                    place=place_of_value(document, item),
                    path=dotted(item),
                    message=f"hub {url!r} stands twice",
                )
            elif isinstance(url, str):
                seen.add(url)


def _url_of(hub: object) -> object:
    """The URL of a hub that is written as such, or as a section."""
    return hub.get("url") if isinstance(hub, dict) else hub
