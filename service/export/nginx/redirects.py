"""Generates nginx ``map`` blocks for old addresses.

``$communique_redirect`` is where a request leads, ``410`` if what was there is gone, and empty
otherwise; ``$communique_redirect_slug`` is the release that has to be there for that.

They compare the path as it was sent (`$request_uri`), so that no decoded line end can come into an
answer. Exact paths are found in nginx's hash tables, without regard to letter case; patterns are
expressions without repetition within repetition, tried in their order.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from feeds.address_patterns import OURS, AddressPattern, PatternPart, target_captures
from feeds.categories import Catalogue
from feeds.model.redirect import OldAddress
from feeds.redirects import RedirectRule
from service.application import Application
from service.export.nginx.maps import PREFIX, literal, map_block, var
from service.redirects import imported_redirects

#: The value for addresses that are gone.
GONE = "410"

#: Stands for a capture while a target is computed.
_PLACE = re.compile(r"zz0([a-z][a-z0-9_]*)0zz")

#: No segment that browsers resolve.
_NO_DOTS = r"(?!.*/\.\.?(?:/|$))"


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxRedirect:
    """One entry: an address or a pattern, and the value of the variable."""

    pattern: AddressPattern
    target: str  #: of nginx, with variables; `GONE`
    slug: str = ""  #: of the release, with variables; empty if the target does not depend on one


def nginx_redirects(application: Application, *, now: datetime) -> Iterator[NginxRedirect]:
    """Yields the rules of the configuration, and then the old addresses of imports.

    A rule whose feed has a capture comes once for each feed.
    """
    for rule in application.redirects.rules:
        for pattern, captures in _with_feeds(rule, application.catalogue):
            answer = application.redirects.resolve(rule, captures)
            if answer is None:
                continue
            target = GONE if answer.location is None or answer.is_gone(now) else answer.location
            slug = quote(answer.if_release or "", safe="")
            yield NginxRedirect(pattern=pattern, target=_filled(target), slug=_filled(slug))
    yield from _imported(application, now=now)


_ALONE = """\
# Old addresses of {base_url}, by 'communique redirects export'. In the server section:
#     if ($communique_redirect = 410) {{ return 410; }}
#     if ($communique_redirect) {{ return 301 $communique_redirect; }}
# A large map needs "map_hash_max_size 262144;" and "map_hash_bucket_size 512;" before it.
geo $communique_dollar {{ default "$"; }}
"""


def redirects_for_nginx(application: Application, *, now: datetime) -> str:
    """Returns a file for an nginx of the operator's own."""
    site = application.catalogue.site
    found = nginx_redirects(application, now=now)
    blocks = redirect_maps(found, base_path=site.base_path)
    return _ALONE.format(base_url=site.base_url) + "\n".join(blocks)


def _imported(application: Application, *, now: datetime) -> Iterator[NginxRedirect]:
    for found in imported_redirects(application, now=now):
        pattern = AddressPattern.of(OldAddress.read(found.key.rule))
        yield NginxRedirect(pattern=pattern, target=literal(found.location or GONE))


def redirect_maps(redirects: Iterable[NginxRedirect], *, base_path: str) -> Iterator[str]:
    """Yields the blocks that set ``$communique_redirect`` and ``$communique_redirect_slug``."""
    by_names: dict[tuple[str, ...], list[NginxRedirect]] = defaultdict(list)
    for one in redirects:
        by_names[tuple(name for name, _ in one.pattern.query)].append(one)
    base = f"(?:{re.escape(base_path)}(?=[/?]|$))?" if base_path else ""
    path = rf"~^{base}(?<{PREFIX}old>/[^?#]*?)/*(?:[?#]|$)"
    yield map_block("$request_uri", "old_path", [(path, var("old"))])
    ours = [(f"~^(?!/$)(?:{OURS})$", "1")]
    yield map_block(var("old_path"), "old_is_ours", ours)
    names = sorted({name for each in by_names for name in each})
    for number, name in enumerate(names):
        given = rf"~(?:^|&){re.escape(quote(name, safe=''))}=(?<{PREFIX}v{number}>[^&]*)"
        yield map_block("$args", f"old_arg{number}", [(given, var(f"v{number}"))])
    # The rules with the most parameters come first: each map is the default of the one before.
    ordered = sorted(by_names, key=lambda each: (len(each), each))
    following = slug_following = ""
    for number, each in enumerate(ordered):
        arguments = [var(f"old_arg{names.index(name)}") for name in each]
        source = "|".join([var("old_path"), *arguments])
        entries = _entries(by_names[each])
        targets = [(key, one.target) for key, one in entries]
        yield map_block(source, f"old_to{number}", targets, default=following)
        # Also entries without one: no other entry's slug counts for them.
        has_slugs = bool(slug_following) or any(one.slug for _, one in entries)
        slugs = [(key, one.slug) for key, one in entries] if has_slugs else []
        yield map_block(source, f"old_slug{number}", slugs, default=slug_following)
        following, slug_following = var(f"old_to{number}"), var(f"old_slug{number}")
    for name, value in (("redirect", following), ("redirect_slug", slug_following)):
        yield map_block(var("old_is_ours"), name, [("1", "")], default=value)


def _entries(redirects: Sequence[NginxRedirect]) -> list[tuple[str, NginxRedirect]]:
    """Returns keys of a map with their entries: exact ones, and expressions in their order."""
    spelt: dict[str, set[str]] = defaultdict(set)
    for one in redirects:
        if not one.pattern.captures:
            spelt[_key(one.pattern).casefold()].add(_key(one.pattern))
    found: dict[str, NginxRedirect] = {}
    for one in redirects:
        # Two that differ in letter case alone cannot both stand in a table of nginx.
        if one.pattern.captures or len(spelt[_key(one.pattern).casefold()]) > 1:
            found.setdefault(_expression(one.pattern), one)
        else:
            # Some clients encode what others do not.
            for key in (_key(one.pattern), _key(one.pattern, is_all_encoded=True)):
                found.setdefault(_plain(key).casefold(), one)
    return list(found.items())


def _key(pattern: AddressPattern, *, is_all_encoded: bool = False) -> str:
    path = "/" + "/".join(part.before for part in pattern.segments)
    if is_all_encoded:
        path = quote(unquote(path), safe="/")
    return "|".join([path, *(quote(part.before, safe="") for _, part in pattern.query)])


def _plain(key: str) -> str:
    # nginx takes these for the beginning of something else.
    return f"\\{key}" if key.startswith(("~", "\\")) else key


def _expression(pattern: AddressPattern) -> str:
    path = "".join(f"/{_part(part)}" for part in pattern.segments) or "/"
    query = "".join(rf"\|{_part(part, is_path=False)}" for _, part in pattern.query)
    return f"~^{_NO_DOTS}{path}{query}$"


def _part(part: PatternPart, *, is_path: bool = True) -> str:
    before = re.escape(part.before if is_path else quote(part.before, safe=""))
    if part.name is None:
        return before
    behind = re.escape(part.behind if is_path else quote(part.behind, safe=""))
    allowed = "[^?#]+" if part.is_rest else "[0-9]+" if part.is_digits else "[^/?#]+"
    return f"{before}(?<{PREFIX}c_{part.name}>{allowed}){behind}"


def _with_feeds(
    rule: RedirectRule, catalogue: Catalogue
) -> Iterator[tuple[AddressPattern, Mapping[str, str]]]:
    """Yields a rule's pattern with what it captures: a feed's slug, and places for the others."""
    places = {name: f"zz0{name}0zz" for name in rule.pattern.captures}
    if rule.feed is None or not any(target_captures(rule.feed)):
        yield rule.pattern, places
        return
    [wanted] = AddressPattern.read(f"/{rule.feed}").segments
    for slug in sorted({*catalogue.feeds, *catalogue.slugs_by_former}):
        chosen: dict[str, str] = {}
        if wanted.match(slug, chosen):
            yield rule.pattern.filled(chosen), {**places, **chosen}


def _filled(target: str) -> str:
    """Returns a target in which captures are nginx's variables."""
    made, last = "", 0
    for found in _PLACE.finditer(target):
        made += literal(target[last : found.start()]) + var(f"c_{found[1]}")
        last = found.end()
    return made + literal(target[last:])
