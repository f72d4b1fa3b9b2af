"""Generates the nginx configuration in the exported folder, as files to be included."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from feeds.model.feed import ALL, Format
from service.export.layout import GONE, PROBLEMS, SITE, UNDATED
from service.export.nginx.maps import (
    PART,
    PREFIX,
    REFUSED,
    UNSATISFIABLE,
    WHOLE,
    coding_maps,
    held_maps,
    literal,
    map_block,
    precondition_maps,
    quoted,
    range_maps,
    type_maps,
    var,
)
from service.export.nginx.redirects import GONE as REDIRECT_GONE
from service.export.nginx.redirects import NginxRedirect, redirect_maps
from service.export.renditions import Profile, WsgiResponse
from service.http_rules import PROBLEM_TYPE, RAW
from service.web.answers import NOSNIFF, OPEN_TO_ALL, PAGE_FIELDS
from service.web.documents import TO_PAGE_FIELDS, VARY_BY_MODE
from service.web.problems import RETRACTED_CACHE_CONTROL
from service.web.redirects import GIVEN_UP, GIVEN_UP_FIELDS, MOVED_FIELDS

# Requests that files cannot answer. They are passed on to a service, if one runs behind nginx.

#: The name of the upstream, which the including configuration has to define in ``http``.
UPSTREAM = "communique"

_PASS = f"""\
    proxy_pass http://{UPSTREAM};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    # Who asks, for http.trusted_proxies.
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""

#: The hub with all paths below it, rssCloud and the API; and metrics, for this machine only. The
#: service itself refuses large bodies, with a problem document.
PASSING = f"""
location ~ "^/(?:hub$|hub/|cloud/|api/)" {{
{_PASS}\
    client_max_body_size 0;
    proxy_request_buffering off;
    gzip off;
}}

location = /metrics {{
    allow 127.0.0.0/8;
    allow ::1;
    deny all;
{_PASS}\
}}
"""


# The configuration files.

_FEED_PAGE = re.compile(r"/feeds/[^/.]+")

#: Prefix of internal locations, which clients cannot request.
_INSIDE = "/.communique"

#: The same sizes as the service accepts: a list of entity tags may be long.
_HEADER_BUFFERS = "4 128k"

_SIZES = """\
map_hash_max_size 262144;
map_hash_bucket_size 512;
variables_hash_max_size 4096;
variables_hash_bucket_size 128;
"""

_HEAD = (
    "# Written by 'communique export': changes are lost with the next one. See docs/export.md.\n"
)

#: Constant, and not requested from the application like the other fields: a feed's document may be
#: unavailable at the moment.
_TO_PAGE_FIELDS = {**TO_PAGE_FIELDS, **OPEN_TO_ALL, **NOSNIFF, **PAGE_FIELDS}

#: Used until nginx has loaded a new profile: caches revalidate each time.
_FALLBACKS = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The values in the configuration."""

    root: Path  #: of the export
    base_url: str
    profiles: Mapping[str, Profile]  #: by id
    moved: Mapping[str, tuple[int, str]]  #: by path: status and new address
    gone: Mapping[str, str]  #: by path: ``Cache-Control`` of the 410
    problems: Mapping[tuple[int, str], WsgiResponse]  #: by status and form
    preflight: WsgiResponse  #: the answer to a browser's CORS preflight request
    pages: Mapping[str, str]  #: by path of a document: the page to which browsers are redirected
    redirects: tuple[NginxRedirect, ...] = ()  #: old addresses
    base_path: str = ""  #: of the base URL


def configuration(serving: Serving) -> dict[str, str]:
    """Returns the files by name. Equal values give equal texts.

    ``http.conf`` is included in nginx's ``http``, and ``server.conf`` in a ``server``; the latter
    includes ``fields.conf``. ``service.conf`` is included beside it where a service runs behind
    nginx. ``sizes.conf`` is included before ``http.conf`` unless these sizes are set elsewhere:
    nginx accepts each directive only once.
    """
    return {
        "sizes.conf": _HEAD + _SIZES,
        "http.conf": _HEAD + "\n".join(_maps(serving)),
        "fields.conf": _HEAD + "".join(_fields(serving)),
        "server.conf": _HEAD + _server(serving),
        "service.conf": _HEAD + PASSING,
    }


def _maps(serving: Serving) -> Iterator[str]:
    yield f'geo ${PREFIX}dollar {{\n    default "$";\n}}\n'
    yield from type_maps()
    yield from coding_maps()
    yield from _place_maps()
    yield from held_maps()
    yield from precondition_maps()
    yield from range_maps()
    yield from _profile_maps(serving)
    yield from _problem_maps(serving)
    yield from _page_maps(serving)
    yield from redirect_maps(serving.redirects, base_path=serving.base_path)
    for status in (301, 308):
        moves = [
            (path, literal(to)) for path, (code, to) in sorted(serving.moved.items())
            if code == status
        ]  # fmt: skip
        below = _moves_below(serving) if status == HTTPStatus.MOVED_PERMANENTLY else ()
        yield map_block("$uri", f"moved_{status}", [*moves, *below])
    # The archive after the newest one is, for now, the subscription document.
    current = f"{literal(serving.base_url)}{var('of_feed')}{var('in_format')}"
    feed, suffix = rf"(?<{PREFIX}of_feed>/feeds/[^/]+)", rf"(?<{PREFIX}in_format>\.\w+)"
    yield map_block("$uri", "current", [(rf"~^{feed}/archive/[1-9]\d*{suffix}$", current)])
    gone = [(path, literal(cached)) for path, cached in sorted(serving.gone.items())]
    yield map_block("$uri", "gone", gone)
    yield map_block(var("gone"), "gone_for", [("", RETRACTED_CACHE_CONTROL)], default=var("gone"))


def _moves_below(serving: Serving) -> Iterator[tuple[str, str]]:
    """Yields rules for what is below former addresses of feeds, and for the months of ``all``.

    Expressions, so that a new month does not change the configuration.
    """
    month = r"/[0-9]{4}/(?:0[1-9]|1[0-2])(?:/[A-Za-z0-9/-]*)?"
    releases = f"{literal(serving.base_url)}/releases{var('of_all')}"
    yield rf"~^/feeds/{ALL}(?<{PREFIX}of_all>{month})$", releases
    for path, (status, to) in sorted(serving.moved.items()):
        if status == HTTPStatus.MOVED_PERMANENTLY and _FEED_PAGE.fullmatch(path):
            below = rf"~^{re.escape(path)}(?<{PREFIX}below>/[A-Za-z0-9/.-]*)$"
            yield below, f"{literal(to)}{var('below')}"


def _place_maps() -> Iterator[str]:
    """Yields ``$communique_file``: the file of an address below ``site``; see `layout.file_of`."""
    own = [("/", "/index.html"), ("~//", ""), (r"~\.html$", ""), (r"~\.[^/]*$", "$uri")]
    yield map_block("$uri", "own_file", own, default="$uri.html")
    yield map_block("$uri", "is_choice", [("~^/feeds/[^/.]+$", "1")])
    formats = [(f"1{each}", f".{each}") for each in Format]
    yield map_block(f"{var('is_choice')}{var('liked')}", "chosen", formats)
    yield map_block(var("chosen"), "file", [("", var("own_file"))], default=f"$uri{var('chosen')}")


def _profile_maps(serving: Serving) -> Iterator[str]:
    """Yields a variable for each header field, by profile, and the fields of 200 and 206 only."""
    for name in _names(serving):
        rules = [
            (one.id, literal(dict(one.fields).get(name, "")))
            for one in sorted(serving.profiles.values(), key=lambda one: one.id)
            if name in dict(one.fields) or name in _FALLBACKS
        ]
        default = _FALLBACKS.get(name, "")
        yield map_block(var("profile"), _variable(name), rules, default=default)
    # RFC 9110 15.4.5: a 304 has no fields that describe the content.
    for variable, value in (
        ("told_type", var(_variable("Content-Type"))),
        ("told_coding", var("content_coding")),
        ("told_parts", "bytes"),
    ):
        yield map_block("$status", variable, [("304", "")], default=value)
    yield map_block(var("coding"), "content_coding", [("identity", "")], default=var("coding"))
    vary_of_own = [("", var("document_vary"))]
    yield map_block(var("chosen"), "told_vary", vary_of_own, default="Accept, Accept-Encoding")
    base = literal(serving.base_url)
    own = f"{base}{var('file')}"
    yield map_block(var("chosen"), "told_location", [("", "")], default=own)


def _page_maps(serving: Serving) -> Iterator[str]:
    """Yields ``$communique_page``: the page to which browsers that open a document are redirected.

    The rules are those of `service.http_rules.negotiation`. They are written as expressions,
    because nginx compares plain texts without regard to case.
    """
    yield map_block("$args", "raw", [(f"~(?:^|&){RAW}(?:=|&|$)", "1")])
    opened = [(r"~^\s*navigate\s*\|$", "1")]
    yield map_block(f"$http_sec_fetch_mode|{var('raw')}", "opened", opened)
    pages = [(f"1{path}", literal(page)) for path, page in sorted(serving.pages.items())]
    yield map_block(f"{var('opened')}$uri", "page", pages)
    # With "raw" in the query, the answer depends on the coding only.
    vary = var(_variable("Vary"))
    raw = [(f"1 {VARY_BY_MODE}", "Accept-Encoding")]
    yield map_block(f"{var('raw')} {vary}", "document_vary", raw, default=vary)


def _problem_maps(serving: Serving) -> Iterator[str]:
    yield map_block("$status", "allow", [("405", "GET, HEAD, OPTIONS")])
    size = f"bytes */{var('size')}"
    yield map_block("$status", "behind", [("416", size)])
    # As in the service: its routes for feeds are open to scripts, and a 405 belongs to no route.
    yield map_block("$status$request_uri", "open", [("~^405", ""), ("~^.../feeds", "*")])
    for name in _problem_names(serving):
        forms = {form: answer.field(name) for form, answer in _expected_problems(serving)}
        rules = [(form, literal(value)) for form, value in sorted(forms.items()) if value]
        yield map_block(var("form"), f"p{_variable(name)[1:]}", rules)


def _fields(serving: Serving) -> Iterator[str]:
    yield 'etag off;\ngzip off;\ntypes { }\ndefault_type "";\n'
    own = {
        "Content-Type": var("told_type"),
        "Vary": var("told_vary"),
        "Content-Location": var("told_location"),
    }
    for name in _names(serving):
        yield _add(name, own.pop(name, var(_variable(name))))
    for name, value in own.items():
        yield _add(name, value)
    yield _add("Content-Encoding", var("told_coding"))
    yield _add("ETag", f'"{var("opaque")}"')
    yield _add("Last-Modified", var("date"))


def _server(serving: Serving) -> str:
    root = literal(str(serving.root))
    fields = quoted(str(serving.root / "nginx" / "fields.conf"))
    statuses = " ".join(str(code) for code in sorted({code for code, _ in serving.problems}))
    problem = f"{root}/{PROBLEMS}/$status.{var('form')}"
    return f"""
merge_slashes off;
large_client_header_buffers {_HEADER_BUFFERS};
error_page {statuses} {_INSIDE}/problem;
# nginx's own "return 304" would say Content-Length: 0, which RFC 9110 8.6 forbids.
error_page 410 {_INSIDE}/gone;
error_page 418 =304 {_INSIDE}/{UNDATED}-{WHOLE};

location / {{
    # The link's name is looked up once: tag and bytes are those of one edition.
    root {quoted(f"{root}/{SITE}{var('file')}")};
    include {fields};
    if ($request_method = OPTIONS) {{
        rewrite ^ {_INSIDE}/options last;
    }}
    if ($request_method !~ "^(?:GET|HEAD)$") {{
        return 405;
    }}
    set ${PREFIX}way ${PREFIX}redirect;
    if (${PREFIX}redirect_slug) {{
        set ${PREFIX}way "";
    }}
    if (-f {quoted(f"{root}/{SITE}/releases/{var('redirect_slug')}.html")}) {{
        set ${PREFIX}way ${PREFIX}redirect;
    }}
    if (${PREFIX}way = {REDIRECT_GONE}) {{
        rewrite ^ {_INSIDE}/given-up last;
    }}
    if (${PREFIX}way) {{
        rewrite ^ {_INSIDE}/old last;
    }}
    if (${PREFIX}moved_301) {{
        return 301 ${PREFIX}moved_301;
    }}
    if (${PREFIX}moved_308) {{
        return 308 ${PREFIX}moved_308;
    }}
    set ${PREFIX}notice {quoted(f"{root}/{GONE}$uri.{var('form')}")};
    if (${PREFIX}gone) {{
        return 410;
    }}
    set ${PREFIX}way "";
    if (!-f $document_root) {{
        set ${PREFIX}way ${PREFIX}current;
    }}
    if (${PREFIX}way) {{
        return 307 ${PREFIX}way;
    }}
    # A folder is no file.
    set ${PREFIX}reason /;
    if (!-f $document_root) {{
        set ${PREFIX}reason ${PREFIX}notice;
    }}
    if (-f ${PREFIX}reason) {{
        return 410;
    }}
    if (!-f $document_root) {{
        return 404;
    }}
    set ${PREFIX}way ${PREFIX}page;
    if (${PREFIX}way) {{
        rewrite ^ {_INSIDE}/page last;
    }}
    set ${PREFIX}held $realpath_root;
    if (${PREFIX}coding = {REFUSED}) {{
        return 406;
    }}
    if (${PREFIX}if_match_fails) {{
        return 412;
    }}
    if (${PREFIX}known) {{
        return 418;
    }}
    if (${PREFIX}range = {UNSATISFIABLE}) {{
        return 416;
    }}
    rewrite ^ {_INSIDE}/{var("age")}-{var("range")} last;
}}
{"".join(_file_locations(fields))}
location = {_INSIDE}/problem {{
    internal;
    etag off;
    gzip off;
    types {{ }}
    default_type "";
    alias {quoted(problem)};
{_indented(_problem_fields(serving))}}}

location = {_INSIDE}/gone {{
    internal;
    etag off;
    gzip off;
    types {{ }}
    default_type "";
    alias ${PREFIX}notice;
{_indented(_gone_fields(serving))}}}

location = {_INSIDE}/page {{
    internal;
{_indented(_add(name, value) for name, value in _TO_PAGE_FIELDS.items())}\
    return 303 ${PREFIX}way;
}}

location = {_INSIDE}/old {{
    internal;
{_indented(_add(name, value) for name, value in MOVED_FIELDS.items())}\
    return 301 ${PREFIX}way;
}}

location = {_INSIDE}/given-up {{
    internal;
    types {{ }}
    default_type {quoted(PROBLEM_TYPE)};
{_indented(_add(name, value, always=True) for name, value in GIVEN_UP_FIELDS.items())}\
    return 410 {quoted(literal(GIVEN_UP.decode().strip()))};
}}

location = {_INSIDE}/options {{
    internal;
    default_type "";
{_indented(_add(name, literal(value)) for name, value in _preflight_fields(serving))}    return 200;
}}
"""


def _file_locations(fields: str) -> Iterator[str]:
    """Yields the internal locations that send files, whole or in part, with or without a date."""
    for age in ("dated", UNDATED):
        for extent, ranges in ((WHOLE, 0), (PART, 1)):
            since = "before" if age == "dated" else "off"
            # nginx sends this field itself only with whole files for which ranges are enabled.
            parts = _add("Accept-Ranges", var("told_parts"))
            yield f"""
location = {_INSIDE}/{age}-{extent} {{
    internal;
    alias {quoted(f"{var('held')}{var('ending')}")};
    if_modified_since {since};
    max_ranges {ranges};
    include {fields};
    {parts}}}
"""


def _problem_fields(serving: Serving) -> Iterator[str]:
    for name in _problem_names(serving):
        yield _add(name, var(f"p{_variable(name)[1:]}"), always=True)
    yield _add("Access-Control-Allow-Origin", var("open"), always=True)
    yield _add("Allow", var("allow"), always=True)
    yield _add("Content-Range", var("behind"), always=True)


def _gone_fields(serving: Serving) -> Iterator[str]:
    own = {"Cache-Control": var("gone_for")}
    for name in _problem_names(serving):
        yield _add(name, own.get(name, var(f"p{_variable(name)[1:]}")), always=True)
    yield _add("Access-Control-Allow-Origin", var("open"), always=True)


def _preflight_fields(serving: Serving) -> Iterator[tuple[str, str]]:
    for name, value in serving.preflight.fields:
        if name.startswith("Access-Control-") or name in ("Allow", "X-Content-Type-Options"):
            yield name, value


def _names(serving: Serving) -> list[str]:
    found = {name for one in serving.profiles.values() for name, _ in one.fields}
    return sorted(found | {"Content-Type", "Vary"})


def _problem_names(serving: Serving) -> list[str]:
    """Returns the names of fields that depend only on the form of a problem."""
    by_itself = {"Content-Length", "Allow", "Content-Range", "Access-Control-Allow-Origin",
                 "Access-Control-Expose-Headers"}  # fmt: skip
    found = {name for _, answer in _expected_problems(serving) for name, _ in answer.fields}
    return sorted(found - by_itself)


def _expected_problems(serving: Serving) -> Iterator[tuple[str, WsgiResponse]]:
    """Yields the expected problems: while the store is unavailable, some answers are others."""
    for (status, form), answer in serving.problems.items():
        if answer.status == status:
            yield form, answer


def _variable(name: str) -> str:
    # Short: by default, nginx accepts names of up to 46 characters.
    return f"f_{name.lower().replace('-', '_')}"


def _add(name: str, value: str, *, always: bool = False) -> str:
    return f"add_header {name} {quoted(value)}{' always' if always else ''};\n"


def _indented(lines: Iterator[str]) -> str:
    return "".join(f"    {line}" for line in lines)
