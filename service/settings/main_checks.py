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
            if isinstance(hub, str) and hub in seen:
                item = (*path, i)
                yield Fault(
                    place=place_of_value(document, item),
                    path=dotted(item),
                    message=f"hub {hub!r} stands twice",
                )
            elif isinstance(hub, str):
                seen.add(hub)
