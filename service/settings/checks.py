"""Rules between several keys, and between categories, unions and groups."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from pydantic import ValidationError

from feeds.categories import Catalogue, name_key
from feeds.model.feed import ALL
from feeds.redirects import MAX_PATTERNS, RedirectMap, RedirectRule
from service.http_rules.addresses import normalise_url
from service.settings.communique_file import CanarySettings, StoreSettings
from service.settings.explain import place_of_key, place_of_value
from service.settings.faults import ConfigFault, KeyPath, dotted, nearest
from service.settings.shared_keys import language_slug
from service.settings.sources import variable_name
from service.settings.theme import (
    LEAST_CONTRAST,
    DarkSettings,
    LightSettings,
    Palette,
    readable,
    unreadable,
)
from service.settings.yaml_reader import YamlDocument

# Rules between keys of ``communique.yaml``, and for the hubs of both files.

#: The shipped file has this value. Setting ``url_file`` must not require removing it.
_DEFAULT_STORE_URL = StoreSettings().url.reveal()


def check_main(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault for keys that contradict each other."""
    url = document.at("store", "url")
    if document.at("store", "url_file") and url not in (None, _DEFAULT_STORE_URL):
        yield ConfigFault(
            place=place_of_key(document, ("store", "url_file")),
            path="store.url_file",
            message="store.url is set, too: remove one of them",
        )
    first = document.at("websub", "first_retry_seconds")
    longest = document.at("websub", "longest_retry_seconds")
    if isinstance(first, int | float) and isinstance(longest, int | float) and longest < first:
        yield ConfigFault(
            place=place_of_value(document, ("websub", "longest_retry_seconds")),
            path="websub.longest_retry_seconds",
            message=f"expected at least first_retry_seconds ({first}), got {longest}",
        )

    yield from _check_credentials(document)
    yield from _check_cloud(document)
    yield from _check_desk(document)
    yield from _check_alarms(document)
    yield from _check_contrast(document)
    yield from _check_upstreams(document)


def _check_contrast(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault for each text of pages that cannot be read on what is behind it."""
    schemes: dict[str, type[Palette]] = {"light": LightSettings, "dark": DarkSettings}
    for scheme, section in schemes.items():
        section_path = ("site", "theme", scheme)
        given = document.at(*section_path)
        try:
            palette = section.model_validate(given)
        except ValidationError:
            continue  # the keys at fault are reported by themselves
        for text, paper, found in unreadable(palette):
            is_text = isinstance(given, dict) and given.get(text) is not None
            path = (*section_path, text if is_text else paper)
            colour, behind = getattr(palette, text), getattr(palette, paper)
            # Rounded down: a contrast that is too small must not be shown as one that would do.
            measured = int(found * 100) / 100
            yield ConfigFault(
                place=place_of_value(document, path),
                path=dotted(path),
                message=f"{text} {colour!r} on {paper} {behind!r} has a contrast of "
                f"{measured:.2f}:1; text needs at least {LEAST_CONTRAST}:1 (WCAG 2.2, level AA)",
                suggestion=readable(colour, behind) if is_text else None,
            )


def _check_credentials(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault for hubs with a user name or a password file, but not both."""
    pair = ("username", "password_file")
    for i, hub in enumerate(document.items_at("hubs")):
        if not isinstance(hub, dict):
            continue
        for given, missing in (pair, pair[::-1]):
            if hub.get(given) is not None and hub.get(missing) is None:
                path = ("hubs", i, given)
                yield ConfigFault(
                    place=place_of_key(document, path),
                    path=dotted(path),
                    message=f"{missing} is missing: set both or neither",
                )


def _check_alarms(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault for a channel that lacks what it needs, and for a secret in the file."""
    for path in (("alarms", "mail", "password"), ("alarms", "webhook", "secret")):
        by_file = (*path[:-1], f"{path[-1]}_file")
        place = place_of_value(document, path)
        if document.at(*path) is not None and not place.file.startswith("environment "):
            message = (
                f"expected no secret here: set {dotted(by_file)}, or {variable_name(dotted(path))}"
            )
            yield ConfigFault(place=place, path=dotted(path), message=message)
    pairs = (
        (("mail", "to"), (("mail", "sender"),)),
        (("mail", "username"), (("mail", "password"), ("mail", "password_file"))),
        (("mail", "password_file"), (("mail", "username"),)),
        (("webhook", "url"), (("webhook", "secret"), ("webhook", "secret_file"))),
    )
    for given, needed in pairs:
        if document.at("alarms", *given) and not any(
            document.at("alarms", *each) for each in needed
        ):
            path = ("alarms", *given)
            missing = " or ".join(dotted(("alarms", *each)) for each in needed)
            yield ConfigFault(
                place=place_of_key(document, path),
                path=dotted(path),
                message=f"{missing} is missing",
            )
    if (
        document.at("alarms", "mail", "username")
        and document.at("alarms", "mail", "security") == "none"
    ):
        path = ("alarms", "mail", "security")
        message = "expected starttls or tls: a password is not sent unencrypted"
        yield ConfigFault(place=place_of_value(document, path), path=dotted(path), message=message)


def _check_desk(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault if people are named by a header that nobody may send."""
    path = ("desk", "user_header")
    if document.at(*path) and not document.at("http", "trusted_proxies"):
        yield ConfigFault(
            place=place_of_key(document, path),
            path=dotted(path),
            message="http.trusted_proxies is missing: only a proxy of your own may name people",
        )


def _check_cloud(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault if one URL of another rssCloud server is missing, or it is pinged twice."""
    pair = ("register_url", "ping_url")
    for given, missing in (pair, pair[::-1]):
        if document.at("rsscloud", given) and not document.at("rsscloud", missing):
            path = ("rsscloud", given)
            yield ConfigFault(
                place=place_of_key(document, path),
                path=dotted(path),
                message=f"rsscloud.{missing} is missing: another rssCloud server needs both "
                "register_url and ping_url",
            )
    ping_url = document.at("rsscloud", "ping_url")
    if isinstance(ping_url, str) and ping_url in map(_url_of, document.items_at("hubs")):
        yield ConfigFault(
            place=place_of_value(document, ("rsscloud", "ping_url")),
            path="rsscloud.ping_url",
            message=f"{ping_url!r} is in hubs, too: remove one of them",
        )


def check_canary(
    document: YamlDocument, canary: CanarySettings, slugs: Collection[str]
) -> Iterator[ConfigFault]:
    """Yields a fault if the canary's feed does not exist: no hub would be measured."""
    if canary.watches and canary.feed not in slugs:
        yield ConfigFault(
            place=place_of_value(document, ("canary", "feed")),
            path="canary.feed",
            message=f"no feed has the slug {canary.feed!r}",
            suggestion=nearest(canary.feed, sorted(slugs)),
        )


def check_redirects(
    document: YamlDocument, rules: Sequence[RedirectRule], catalogue: Catalogue
) -> Iterator[ConfigFault]:
    """Yields a fault for each rule that can have no effect, or that leads nowhere."""
    redirects = RedirectMap(rules, catalogue)
    if sum(rule.pattern.exact_path is None for rule in rules) > MAX_PATTERNS:
        message = f"expected at most {MAX_PATTERNS:,} rules with {{…}} in their paths"
        yield _fault(document, ("redirects",), message)
        return
    numbers = {rule: number for number, rule in enumerate(rules)}
    for number, rule in enumerate(rules):
        path: KeyPath = ("redirects", number)
        if rule.pattern.is_ours:
            message = f"{rule.text!r} is an address of this newsroom, which no rule replaces"
            yield _fault(document, (*path, "old"), message)
        elif (other := redirects.hidden_by(number)) is not None:
            where = _where(document, ("redirects", numbers[other]))
            message = f"is never used: {other.text!r} {where} answers before it"
            yield _fault(document, (*path, "old"), message)
        if (reason := redirects.fault(rule)) is not None:
            key = "feed" if rule.feed is not None else "to"
            known = sorted(catalogue.feeds) if rule.feed is not None else []
            suggestion = nearest(rule.feed or "", known)
            yield _fault(document, (*path, key), reason, suggestion)


def check_hubs(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault for hubs that appear twice in one list: they would be pinged twice."""
    for path in [path for path in document.values if path and path[-1] == "hubs"]:
        seen: set[str] = set()
        for i, hub in enumerate(document.items_at(*path)):
            url = _url_of(hub)
            if url in seen:
                item = (*path, i, "url") if isinstance(hub, dict) else (*path, i)
                yield ConfigFault(
                    place=place_of_value(document, item),
                    path=dotted(item),
                    message=f"hub {url!r} appears twice",
                )
            elif isinstance(url, str):
                seen.add(url)


def _url_of(hub: object) -> object:
    """Returns the URL of a hub that is written as a URL or as a section."""
    return hub.get("url") if isinstance(hub, dict) else hub


# Rules between categories, unions and groups. They are checked on the file's raw data, not on the
# models, so that their faults are reported together with the models' faults.

#: A section of the file: its path and its raw keys.
Described = tuple[KeyPath, Mapping[str, object]]


def check_categories(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields faults for repeated slugs and names, and for references to unknown ones."""
    categories = list(_described(document, "categories"))
    unions = list(_described(document, "unions"))
    feeds = [*_with_languages([*_all(document), *categories, *unions])]
    yield from _check_languages(document, [*_all(document), *categories, *unions])
    yield from _check_slugs(document, feeds)
    yield from _check_names(document, categories)
    yield from _check_unions(document, categories, unions)
    yield from _check_former(document, feeds)
    yield from _check_moved_to(document, feeds)
    yield from _check_groups(document, [*categories, *unions, *_all(document)])


def _described(document: YamlDocument, section: str) -> Iterator[Described]:
    for i, item in enumerate(document.items_at(section)):
        if isinstance(item, dict):
            yield (section, i), item


def _all(document: YamlDocument) -> Iterator[Described]:
    if isinstance(described := document.at(ALL), dict):
        yield (ALL,), described


def _languages(described: Described) -> Iterator[Described]:
    path, item = described
    languages = item.get("languages")
    for i, language in enumerate(languages if isinstance(languages, list) else ()):
        if isinstance(language, dict):
            yield (*path, "languages", i), language


def _with_languages(described: Iterable[Described]) -> Iterator[Described]:
    """Yields the sections, and a section for each feed that their languages add."""
    for one in described:
        yield one
        seen: set[str] = set()
        for path, item in _languages(one):
            # A repeated language has a fault of its own.
            language = item.get("language")
            if isinstance(language, str) and language.lower() not in seen:
                seen.add(language.lower())
                yield path, _as_feed(one, language, item.get("slug"))


def _as_feed(main: Described, language: str, slug: object) -> dict[str, object]:
    path, item = main
    if isinstance(slug, str):
        return {"slug": slug}
    former = [language_slug(text, language) for _, text in _texts(main, "was")]
    whole = ALL if path == (ALL,) else item.get("slug")
    return {"slug": language_slug(whole, language), "was": former} if isinstance(whole, str) else {}


def _check_languages(
    document: YamlDocument, described: Iterable[Described]
) -> Iterator[ConfigFault]:
    for one in described:
        first: dict[str, KeyPath] = {}
        for language_item in _languages(one):
            for path, language in _texts(language_item, "language"):
                if language.lower() in first:
                    where = _where(document, first[language.lower()])
                    message = f"language {language!r} appears twice; first {where}"
                    yield _fault(document, path, message)
                first.setdefault(language.lower(), path)


def _texts(described: Described, key: str) -> Iterator[tuple[KeyPath, str]]:
    """Yields the text, or the texts of the list, at *key*; other values are left out."""
    path, item = described
    value = item.get(key)
    if isinstance(value, str):
        yield (*path, key), value
    for i, text in enumerate(value if isinstance(value, list) else ()):
        if isinstance(text, str):
            yield (*path, key, i), text


def _check_slugs(document: YamlDocument, described: Iterable[Described]) -> Iterator[ConfigFault]:
    first: dict[str, KeyPath] = {}
    for one in described:
        for path, slug in _texts(one, "slug"):
            if slug in first:
                where = _where(document, first[slug])
                yield _fault(document, path, f"slug {slug!r} appears twice; first {where}")
            first.setdefault(slug, path)


def _check_names(document: YamlDocument, categories: Iterable[Described]) -> Iterator[ConfigFault]:
    first: dict[tuple[str, ...], tuple[KeyPath, KeyPath]] = {}
    for one in categories:
        translated = [title for each in _languages(one) for title in _texts(each, "title")]
        for path, name in (*_texts(one, "title"), *translated, *_texts(one, "names")):
            key = name_key(name)
            if not key:
                # An empty title has a fault of its own; this one consists of commas.
                yield _fault(document, path, f"expected a name with letters, got {name!r}")
                continue
            owner, first_path = first.setdefault(key, (one[0], path))
            if owner != one[0]:
                yield _belongs_to_two(document, path, name, first_path)


def _belongs_to_two(
    document: YamlDocument, path: KeyPath, name: str, first_path: KeyPath
) -> ConfigFault:
    other = document.at(*first_path[:2], "slug")
    message = (
        f"name {name!r} also belongs to category {other!r}, {_where(document, first_path)}; "
        "case and white space do not count, and a title is a name"
    )
    return _fault(document, path, message)


def _check_unions(
    document: YamlDocument, categories: Sequence[Described], unions: Sequence[Described]
) -> Iterator[ConfigFault]:
    known = {slug for one in categories for _, slug in _texts(one, "slug")}
    others = {slug for one in unions for _, slug in _texts(one, "slug")}
    renamed = _present_slugs(document)
    for union in unions:
        for path, slug in _texts(union, "any_of"):
            if slug not in known | {ALL}:
                yield _unknown_category(document, path, slug, known, others, renamed)
        for path, slug in _texts(union, "none_of"):
            if slug == ALL:
                yield _fault(document, path, "excluding 'all' leaves the union empty")
            elif slug not in known:
                yield _unknown_category(document, path, slug, known, others, renamed)
        yield from _check_not_empty(document, union)


def _check_not_empty(document: YamlDocument, union: Described) -> Iterator[ConfigFault]:
    named = {slug for _, slug in _texts(union, "any_of")}
    excluded = {slug for _, slug in _texts(union, "none_of")}
    if named and named <= excluded - {ALL}:
        message = "leaves the union empty: none_of excludes every category of any_of"
        yield _fault(document, (*union[0], "none_of"), message)


def _unknown_category(
    document: YamlDocument,
    path: KeyPath,
    slug: str,
    known: AbstractSet[str],
    unions: AbstractSet[str],
    renamed: Mapping[str, str],
) -> ConfigFault:
    if slug in unions:
        message = f"{slug!r} is a union: name the categories that it is made of"
        return _fault(document, path, message)
    suggestion = renamed.get(slug) or nearest(slug, sorted(known))
    return _fault(document, path, f"no category has the slug {slug!r}", suggestion)


def _check_former(document: YamlDocument, described: Sequence[Described]) -> Iterator[ConfigFault]:
    """Yields faults for former slugs that lead to no feed, or to more than one."""
    present = {slug: path for one in described for path, slug in _texts(one, "slug")}
    first: dict[str, KeyPath] = {}
    for one in described:
        for path, former in _texts(one, "was"):
            if former == one[1].get("slug"):
                yield _fault(document, path, f"{former!r} is the feed's present slug")
            elif former in present:
                where = _where(document, present[former])
                yield _fault(document, path, f"{former!r} is the slug of another feed, {where}")
            elif former in first:
                where = _where(document, first[former])
                yield _fault(document, path, f"former slug {former!r} appears twice; first {where}")
            first.setdefault(former, path)


def _check_moved_to(
    document: YamlDocument, described: Sequence[Described]
) -> Iterator[ConfigFault]:
    present = {slug for one in described for _, slug in _texts(one, "slug")} | {ALL}
    for place, item in described:
        ended = item.get("ended")
        if not isinstance(ended, dict):
            continue
        for path, target in _texts(((*place, "ended"), ended), "moved_to"):
            if target == item.get("slug"):
                yield _fault(document, path, "names the feed itself, which ends")
            elif re.fullmatch(r"[^:/.]*", target) and target not in present:
                suggestion = _present_slugs(document).get(target) or nearest(
                    target, sorted(present)
                )
                yield _fault(document, path, f"no feed has the slug {target!r}", suggestion)


def _present_slugs(document: YamlDocument) -> dict[str, str]:
    """Returns the present slug of each former one."""
    described = [*_described(document, "categories"), *_described(document, "unions")]
    return {
        former: slug
        for one in described
        for _, slug in _texts(one, "slug")
        for _, former in _texts(one, "was")
    }


def _check_groups(document: YamlDocument, described: Iterable[Described]) -> Iterator[ConfigFault]:
    first: dict[str, KeyPath] = {}
    for path, title in _texts(((), {"groups": document.items_at("groups")}), "groups"):
        if title in first:
            where = _where(document, first[title])
            yield _fault(document, path, f"group {title!r} appears twice; first {where}")
        first.setdefault(title, path)
    for one in described:
        for path, group in _texts(one, "group"):
            if group not in first:
                suggestion = nearest(group, first)
                yield _fault(document, path, f"no group {group!r} in groups", suggestion)


# Rules between upstreams, and of the categories that they name.


def check_upstreams(document: YamlDocument, catalogue: Catalogue) -> Iterator[ConfigFault]:
    """Yields a fault for what upstreams name that is no category."""
    for path, item in _described(document, "upstreams"):
        for slug_path, slug in (*_texts((path, item), "categories"), *_mapped((path, item))):
            if slug not in catalogue.categories:
                yield _no_category(document, slug_path, slug, catalogue)


def _no_category(
    document: YamlDocument, path: KeyPath, slug: str, catalogue: Catalogue
) -> ConfigFault:
    feed = catalogue.feeds.get(slug)
    if slug == ALL:
        return _fault(document, path, "every release is in 'all': name a category")
    if feed is not None and feed.beside is not None:
        message = f"{slug!r} is a feed of one language: name its category"
        return _fault(document, path, message, feed.beside)
    others = catalogue.feeds.keys() - catalogue.categories.keys()
    known = set(catalogue.categories)
    return _unknown_category(document, path, slug, known, others, catalogue.slugs_by_former)


def _mapped(described: Described) -> Iterator[tuple[KeyPath, str]]:
    """Yields the slugs that names of the upstream are mapped to."""
    path, item = described
    names = item.get("names")
    for name, slug in names.items() if isinstance(names, dict) else ():
        if isinstance(slug, str):
            yield (*path, "names", name), slug


def _check_upstreams(document: YamlDocument) -> Iterator[ConfigFault]:
    """Yields a fault for upstreams and their names that appear twice."""
    first: dict[tuple[str, str], KeyPath] = {}
    for one in _described(document, "upstreams"):
        for key, same in (("slug", str), ("url", normalise_url)):
            for path, value in _texts(one, key):
                known = first.setdefault((key, same(value)), path)
                if known != path:
                    where = _where(document, known)
                    yield _fault(document, path, f"{key} {value!r} appears twice; first {where}")
        by_key: dict[tuple[str, ...], KeyPath] = {}
        for path, _slug in _mapped(one):
            name = str(path[-1])
            known = by_key.setdefault(name_key(name), path)
            if not name_key(name):
                message = f"expected a name with letters, got {name!r}"
            elif known != path:
                message = (
                    f"also stands {_where(document, known)}, as {known[-1]!r}: case and white "
                    "space do not count"
                )
            else:
                continue
            yield ConfigFault(
                place=place_of_key(document, path), path=dotted(path), message=message
            )


def _where(document: YamlDocument, path: KeyPath) -> str:
    return f"on line {place_of_value(document, path).line}"


def _fault(
    document: YamlDocument, path: KeyPath, message: str, suggestion: str | None = None
) -> ConfigFault:
    return ConfigFault(
        place=place_of_value(document, path),
        path=dotted(path),
        message=message,
        suggestion=suggestion,
    )
