"""Types of values: text, time, URLs, addresses. Their errors say what was expected."""

import re
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from unicodedata import combining, normalize
from urllib.parse import SplitResult, quote, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from feeds.errors import DocumentRefused
from feeds.ingest.dates import read_moment_or_day
from feeds.ingest.rules import IntakeRules
from feeds.model.feed import ALL
from feeds.model.hosts import ascii_host
from feeds.model.text import is_xml_text

# Text, identifiers and time.

MAX_SLUG_CHARS = 64

_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")

# RFC 5646 section 2.1, without grandfathered tags and the four- to eight-letter languages, of
# which none was ever registered: "english" is a mistake, not a language tag.
_LANGUAGE_TAG = (
    r"^[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WYZa-wyz](-[A-Za-z0-9]{2,8})+)*"
    r"(-[xX](-[A-Za-z0-9]{1,8})+)?$"
)
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$"
#: Rules that only serve to check whether a moment can be read. The configured rules are applied
#: when the settings are converted.
_ANY_RULES = IntakeRules(base_url="", language="en", time_zone=ZoneInfo("UTC"), time_of_day=time(0))
_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _text(text: str) -> str:
    clean = normalize("NFC", text.strip())
    if not is_xml_text(clean):
        raise ValueError("expected text without control characters: no feed can hold them")
    return clean


def _words(text: str) -> str:
    clean = _text(text)
    if not clean:
        raise ValueError("expected some text")
    return clean


def _moment(text: str) -> str:
    try:
        read_moment_or_day(text, field="", rules=_ANY_RULES, warnings=[])
    except DocumentRefused as error:
        raise ValueError(
            "expected a date, such as '2027-12-31', or a moment with its offset from UTC, such as "
            "'2027-12-31T18:00:00+01:00'"
        ) from error
    return text


def _line(text: str) -> str:
    clean = " ".join(_text(text).split())
    if not clean:
        raise ValueError("expected some text")
    return clean


def _slug(text: str) -> str:
    if text == ALL:
        raise ValueError("expected another slug: 'all' is the feed of everything")
    if re.fullmatch(_SLUG, text) and len(text) <= MAX_SLUG_CHARS:
        return text
    raise ValueError(
        f"expected at most {MAX_SLUG_CHARS} of a-z, 0-9 and single hyphens{_slug_like(text)}"
    )


def _slug_like(text: str) -> str:
    plain = "".join(c for c in normalize("NFKD", text).casefold() if not combining(c))
    slug = _NOT_IN_SLUG.sub("-", plain).strip("-")[:MAX_SLUG_CHARS].rstrip("-")
    return f", such as {slug!r}" if slug and slug != ALL else ""


def _language(text: str) -> str:
    if re.fullmatch(_LANGUAGE_TAG, text):
        return _canonical(text)
    mended = text.replace("_", "-").split(".")[0]
    example = mended if re.fullmatch(_LANGUAGE_TAG, mended) else "en-GB"
    raise ValueError(f"expected a BCP 47 language tag, such as {_canonical(example)!r}")


def _canonical(tag: str) -> str:
    """Writes *tag* in the case that RFC 5646 section 2.1.1 recommends."""
    subtags = tag.lower().split("-")
    for i, subtag in enumerate(subtags[1:], start=1):
        if len(subtags[i - 1]) == 1:
            break
        if len(subtag) == 2:
            subtags[i] = subtag.upper()
        elif len(subtag) == 4 and subtag.isalpha():
            subtags[i] = subtag.title()
    return "-".join(subtags)


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError) as error:  # an unknown key is a KeyError, a folder an OSError
        raise ValueError(_no_time_zone(text)) from error
    except KeyError as error:
        raise ValueError(_no_time_zone(text)) from error
    return text


def _no_time_zone(text: str) -> str:
    by_folded = {zone.casefold(): zone for zone in available_timezones()}
    found = get_close_matches(text.casefold(), by_folded, n=1)
    example = by_folded[found[0]] if found else "Europe/London"
    return f"expected a time zone of the IANA database, such as {example!r}"


def _time_of_day(value: object) -> time:
    if isinstance(value, str) and re.fullmatch(_TIME_OF_DAY, value):
        return time.fromisoformat(value)
    # YAML 1.1 reads 09:00 without quotes as 540; the reader used here returns text.
    raise ValueError("expected a time of day as HH:MM, such as '09:00'")


def _path(value: object) -> Path:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return Path(value)
    raise ValueError("expected a path")


#: Any text, of any number of lines: in NFC, stripped, without characters that XML forbids.
Text = Annotated[str, AfterValidator(_text)]

#: Text that is not empty, of any number of lines.
Words = Annotated[str, AfterValidator(_words), Field(json_schema_extra={"minLength": 1})]

#: A date, or a date and time with its offset from UTC, as written.
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"pattern": _MOMENT})]

#: Text that is not empty, on one line.
Line = Annotated[str, AfterValidator(_line), Field(json_schema_extra={"minLength": 1})]

#: The slug of a category or union, used in addresses and as ``term`` in feeds. Never ``all``.
Slug = Annotated[
    str,
    AfterValidator(_slug),
    Field(json_schema_extra={"pattern": _SLUG, "maxLength": MAX_SLUG_CHARS}),
]

#: A language tag in its canonical case.
Language = Annotated[
    str, AfterValidator(_language), Field(json_schema_extra={"pattern": _LANGUAGE_TAG})
]

#: A name of the IANA time zone database.
TimeZoneName = Annotated[str, AfterValidator(_time_zone)]

#: Hours and minutes, without a zone.
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _TIME_OF_DAY}),
]

#: A path, as written.
FilePath = Annotated[
    Path,
    BeforeValidator(_path),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}),
]


# URLs, addresses and networks.

Network = IPv4Network | IPv6Network

HIDDEN = "(hidden)"
DATA_FOLDER = "{data_folder}"

_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f<>\"{}|\\^`]")
# Up to the last @, so that no part of a password with an unescaped @ or / is shown.
_PASSWORD = re.compile(r"(?<=://)([^:@/]*):.*@")
_SECRET_QUERY = re.compile(r"(?<=[?&])((?:\w*password|sslkey|passfile)=)[^&]*", re.IGNORECASE)
# RFC 4287 section 3.2.3: atom:email "MUST conform to addr-spec"; its schema asks for ".+@.+".
_EMAIL = r"^[^@\s<>]+@[^@\s<>]+$"
_SQLITE = "sqlite:///"
_STORES = (_SQLITE, "postgresql://", "postgresql+psycopg://")


def _url(text: str) -> str:
    _split(text, "an absolute http or https URL, such as 'https://www.example.org/'")
    return text


def _link(text: str) -> str:
    if text.lower().startswith("mailto:"):
        # RFC 6068 section 2; a link of one's own needs no more than an address and a subject.
        if not re.fullmatch(r"mailto:[^\s@?]+@[^\s@?]+(\?[^\s]*)?", text, re.IGNORECASE | re.ASCII):
            raise ValueError(
                "expected one address behind 'mailto:', such as 'mailto:a@example.org'"
            )
        return text
    return _url(text)


def _url_or_slug(text: str) -> str:
    return _url(text) if re.search(r"[:/.]", text) else text


def _hub(text: str) -> str:
    parts = _split(text, "the URL of a WebSub hub, such as 'https://hub.example.org/'")
    if parts.fragment:
        raise ValueError(f"expected a URL without a fragment (#{parts.fragment})")
    if "@" in parts.netloc:
        raise ValueError("expected a hub without a user name: its URL is public in feeds")
    return text


def _base_url(text: str) -> str:
    parts = _split(text, "the newsroom's public address, such as 'https://news.example.org'")
    for extra, name in ((parts.query, "query"), (parts.fragment, "fragment")):
        if extra:
            raise ValueError(f"expected a base URL without a {name}: addresses are built on it")
    if "@" in parts.netloc:
        raise ValueError("expected a base URL without a user name: it is public in feeds")
    path = parts.path.rstrip("/")
    if any(unquote(segment) in ("", ".", "..") for segment in path.split("/")[1:]):
        raise ValueError("expected a base URL without '//', '/.' or '/..' in its path")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _split(text: str, expected: str) -> SplitResult:
    """Splits a URL that is valid in feeds and HTTP headers: ASCII, absolute, with a host."""
    if not text.isascii():
        raise ValueError(f"expected {expected}, in ASCII: {_ascii_form(text)!r}")
    if _NOT_IN_URL.search(text):
        raise ValueError(f"expected {expected}, without space or characters such as < > {{ }} |")
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_usable = is_usable and parts.port != 0
        host = ascii_host(parts.hostname or "")
    except ValueError:  # brackets, an invalid port, or an invalid host name
        is_usable = False
    if not is_usable:
        raise ValueError(f"expected {expected}")
    if host != parts.hostname and ":" not in host:
        raise ValueError(f"expected {expected}, with its host in canonical form: {host!r}")
    return parts


def _ascii_form(text: str) -> str:
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    name, colon, port = host.partition(":")
    try:
        host = ascii_host(name)
    except ValueError:
        host = "xn--…"
    return f"{scheme}://{host}{colon}{port}{slash}{quote(path, safe='/%?#=&+:;,@~!$()*')}"


def _email(text: str) -> str:
    if re.fullmatch(_EMAIL, text):
        return text
    raise ValueError("expected an e-mail address, such as 'press@example.org'")


def _network(value: object) -> Network:
    if not isinstance(value, str):
        raise ValueError(_network_expected(""))  # pydantic collects ValueErrors only
    try:
        return ip_network(value)
    except ValueError as error:
        raise ValueError(_network_expected(value)) from error


def _network_expected(text: str) -> str:
    try:
        # 10.0.0.1/8 is an address within a network: suggest the network.
        example = str(ip_network(text, strict=False))
    except ValueError:
        example = "10.0.0.0/8"
    return f"expected a network, such as '{example}'"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret text. It prints as ``(hidden)``; only `reveal` returns it."""

    _text: str

    def reveal(self) -> str:
        """Returns the text, for use as a credential."""
        return self._text

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"


def read_password(text: str) -> Secret:
    """Returns the password in the text of a password file, without the line end.

    Raises:
        ValueError: The text is empty or has more than one line. The message does not repeat it.
    """
    password = text.removesuffix("\n").removesuffix("\r")
    if not password or not password.isprintable():
        raise ValueError("expected a password on one line, without control characters")
    return Secret(password)


def _secret(value: object) -> Secret:
    return read_password(value if isinstance(value, str) else "")


def hide_password(text: str) -> str:
    """Returns *text*, without the password if it is a URL with one."""
    return _SECRET_QUERY.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1:{HIDDEN}@", text))


@dataclass(frozen=True, slots=True, repr=False)
class StoreUrl:
    """The database's URL. It prints without its password; only `reveal` returns all of it."""

    _url: str
    _is_secret: bool = False

    def reveal(self) -> str:
        """Returns the URL with its password, for connecting to the database."""
        return self._url

    def within(self, data_folder: str, *, beside: str) -> "StoreUrl":
        """Returns the URL with ``{data_folder}`` replaced and the path of an SQLite file absolute.

        Args:
            data_folder: The data folder.
            beside: The folder that a relative path of an SQLite file is relative to.
        """
        url = self._url.replace(DATA_FOLDER, data_folder)
        path = url.removeprefix(_SQLITE)
        if path != url and path and not path.startswith(("/", ":memory:", "file:")):
            url = f"{_SQLITE}{beside}/{path}"
        return StoreUrl(url, self._is_secret)

    def __str__(self) -> str:
        if self._is_secret:
            return HIDDEN
        return hide_password(self._url)

    def __repr__(self) -> str:
        return f"StoreUrl({str(self)!r})"


def read_store_url(value: object, *, is_secret: bool = False) -> StoreUrl:
    """Returns the URL of a database.

    Args:
        value: The value in the configuration, or the text of the file that it names.
        is_secret: Whether host and database name are hidden, too.

    Raises:
        ValueError: The value is no such URL. The message does not repeat it.
    """
    text = value if isinstance(value, str) else ""
    if text.startswith(_STORES) and not re.search(r"\s", text):
        return StoreUrl(text, is_secret)
    scheme = re.match(r"\w+:(?=//)", text)
    found = f", got {scheme[0]!r}" if scheme and not text.startswith(_STORES) else ""
    raise ValueError(
        "expected the URL of a database, 'sqlite:///{data_folder}/communique.db' or "
        f"'postgresql://user@host/name', without space{found}"
    )


_URL_SCHEMA = {"pattern": "^https?://[^\\s/?#]+"}

#: An absolute http(s) URL.
Url = Annotated[str, AfterValidator(_url), Field(json_schema_extra=_URL_SCHEMA)]

#: An absolute http(s) URL, or ``mailto:`` and an address.
LinkUrl = Annotated[
    str,
    AfterValidator(_link),
    Field(json_schema_extra={"pattern": "^(https?://[^\\s/?#]+|mailto:[^\\s@?]+@)"}),
]

#: An absolute http(s) URL, or the slug of a configured feed.
UrlOrSlug = Annotated[
    str,
    AfterValidator(_url_or_slug),
    Field(json_schema_extra={"pattern": "^(https?://[^\\s/?#]+|[a-z0-9-]+$)"}),
]

#: An absolute http(s) URL without fragment (WebSub 3.1.2 announces it in a header).
HubUrl = Annotated[str, AfterValidator(_hub), Field(json_schema_extra=_URL_SCHEMA)]

#: An absolute http(s) URL without query, fragment, user, or slash at the end.
BaseUrl = Annotated[
    str, AfterValidator(_base_url), Field(json_schema_extra={"pattern": "^https?://[^\\s?#@]+$"})
]

#: An e-mail address, as Atom defines it.
Email = Annotated[str, AfterValidator(_email), Field(json_schema_extra={"pattern": _EMAIL})]

#: Addresses in CIDR notation (RFC 4632), without host bits.
AllowedNetwork = Annotated[
    Network,
    PlainValidator(_network),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"}),
]

#: A password or key, which is set outside the files and never shown.
SecretText = Annotated[
    Secret,
    PlainValidator(_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}),
]

#: The URL of a database; ``{data_folder}`` in it is replaced later.
DatabaseUrl = Annotated[
    StoreUrl,
    PlainValidator(read_store_url),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(sqlite:///|postgresql(\\+psycopg)?://)"}),
]
