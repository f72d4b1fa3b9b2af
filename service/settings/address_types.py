"""URLs, addresses and networks as settings hold them. Each says what it expects."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from feeds.model.hosts import ascii_host

Network = IPv4Network | IPv6Network

HIDDEN = "(hidden)"
DATA_FOLDER = "{data_folder}"

_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f<>\"{}|\\^`]")
# Up to the last @: a password with an unescaped @ or / in it must not show its end.
_PASSWORD = re.compile(r"(?<=://)([^:@/]*):.*@")
_SECRET_QUERY = re.compile(r"(?<=[?&])((?:\w*password|sslkey|passfile)=)[^&]*", re.IGNORECASE)
# RFC 4287 section 3.2.3: atom:email "MUST conform to addr-spec"; its schema asks for ".+@.+".
_EMAIL = r"^[^@\s<>]+@[^@\s<>]+$"
_STORES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


def _url(text: str) -> str:
    _split(text, "an absolute http or https URL, such as 'https://www.example.org/'")
    return text


def _url_or_slug(text: str) -> str:
    return _url(text) if re.search(r"[:/.]", text) else text


def _hub(text: str) -> str:
    parts = _split(text, "the URL of a WebSub hub, such as 'https://hub.example.org/'")
    if parts.fragment:
        raise ValueError(f"expected a URL without a fragment (#{parts.fragment})")
    if "@" in parts.netloc:
        raise ValueError("expected a hub without a user name: its URL stands in public feeds")
    return text


def _base_url(text: str) -> str:
    parts = _split(text, "the newsroom's public address, such as 'https://news.example.org'")
    for extra, name in ((parts.query, "query"), (parts.fragment, "fragment")):
        if extra:
            raise ValueError(f"expected a base URL without a {name}: addresses are built on it")
    if "@" in parts.netloc:
        raise ValueError("expected a base URL without a user name: it stands in public feeds")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _split(text: str, expected: str) -> SplitResult:
    """Split a URL that can stand in a feed and in an HTTP header: ASCII, absolute, with a host."""
    if not text.isascii():
        raise ValueError(f"expected {expected}, in ASCII: {_ascii_form(text)!r}")
    if _NOT_IN_URL.search(text):
        raise ValueError(f"expected {expected}, without space or characters such as < > {{ }} |")
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_usable = is_usable and parts.port != 0
        host = ascii_host(parts.hostname or "")
    except ValueError:  # brackets, a port that is none, or no name
        is_usable = False
    if not is_usable:
        raise ValueError(f"expected {expected}")
    if host != parts.hostname and ":" not in host:
        raise ValueError(f"expected {expected}, its host spelled as all read it: {host!r}")
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
        # 10.0.0.1/8 is an address with its network: the network alone is wanted.
        example = str(ip_network(text, strict=False))
    except ValueError:
        example = "10.0.0.0/8"
    return f"expected a network, such as '{example}'"


@dataclass(frozen=True, slots=True, repr=False)
class StoreUrl:
    """The database's URL. It prints without its password; only `reveal` gives it whole."""

    _url: str
    _is_secret: bool = False

    def reveal(self) -> str:
        """Return the URL with its password, for the store alone."""
        return self._url

    def within(self, data_folder: str) -> "StoreUrl":
        """Return the URL with ``{data_folder}`` filled in."""
        return StoreUrl(self._url.replace(DATA_FOLDER, data_folder), self._is_secret)

    def __str__(self) -> str:
        if self._is_secret:
            return HIDDEN
        return _SECRET_QUERY.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1:{HIDDEN}@", self._url))

    def __repr__(self) -> str:
        return f"StoreUrl({str(self)!r})"


def read_store_url(value: object, *, is_secret: bool = False) -> StoreUrl:
    """Read the URL of a database.

    Args:
        value: What stands in the configuration, or in the file that it names.
        is_secret: True when not even host and name are to be shown.

    Raises:
        ValueError: It is none; the message does not repeat it.
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

#: An absolute http(s) URL, or the slug of a feed of ours.
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

#: An e-mail address as feeds hold one.
Email = Annotated[str, AfterValidator(_email), Field(json_schema_extra={"pattern": _EMAIL})]

#: Addresses in CIDR notation (RFC 4632), without host bits.
AllowedNetwork = Annotated[
    Network,
    PlainValidator(_network),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"}),
]

#: The URL of a database; ``{data_folder}`` in it is filled in later.
DatabaseUrl = Annotated[
    StoreUrl,
    PlainValidator(read_store_url),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(sqlite:///|postgresql(\\+psycopg)?://)"}),
]
