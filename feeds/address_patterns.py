"""The patterns that redirects are written in, and the addresses that they cannot have.

A pattern is matched segment by segment, in one pass and without backtracking: a segment is a text,
or one capture with a text before and behind it. So no pattern is slow, whatever a client sends.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

from feeds.model.redirect import MAX_ADDRESS_CHARS, PATH_SAFE, OldAddress

#: ``{slug}``, ``{year:digits}``, ``{rest...}``
_CAPTURE = re.compile(r"\{([a-z][a-z0-9_]*)(:digits|\.\.\.)?\}")
_BRACE = re.compile(r"[{}]")

#: A segment in its normal form. Most are: a newsroom may have ten thousand rules.
_NORMAL = re.compile(rf"[\w.{re.escape(PATH_SAFE.replace('/', ''))}-]*", re.ASCII)

#: The most that one character of an address becomes in the normal form: four bytes, encoded.
_MAX_ENCODED_CHARS = 12

#: Segments that browsers would resolve in the target.
_DOTS = frozenset({".", ".."})

#: What addresses of this newsroom begin with, and of feeds and releases their whole forms: a slug
#: of ours ends with a piece of the release's id. Old addresses such as ``/feeds/posts/default`` and
#: ``/releases/our-news`` are none of ours.
OURS = (
    r"/|/(?:api|cloud|desk|hub|media|static)(?:/.*)?"
    r"|/releases(?:/(?:(?:[^/]*-)?[0-9a-f]{8}|[0-9]{4}/[0-9]{2})(?:/.*)?)?"
    r"|/feeds/[^/]+(?:/archive/.*|/[0-9]{4}/[0-9]{2}(?:/.*)?)?"
    r"|/(?:sitemap(?:-[0-9]+)?|news-sitemap|opensearch)\.xml"
    r"|/search(?:\.[a-z]+)?|/(?:feeds\.opml|favicon\.ico|robots\.txt)"
    r"|/(?:livez|metrics|reader-check|readyz|redirects)"
)


def is_ours(path: str) -> bool:
    """Whether a path in its normal form is, or may become, an address of this newsroom."""
    return re.fullmatch(OURS, path) is not None


def is_below_ours(path: str) -> bool:
    """Whether a path in its normal form may be meant for this newsroom, as a target of a rule.

    Of ``/releases/{slug}`` nobody knows before a request whether it is ours.
    """
    return is_ours(path) or path.startswith("/releases/")


@dataclass(frozen=True, slots=True)
class PatternPart:
    """A segment of a path, or the value of a parameter: a text, or a capture within a text."""

    before: str  #: the whole text, if there is no capture
    name: str | None = None
    behind: str = ""
    is_digits: bool = False
    is_rest: bool = False  #: also all segments that follow

    def match(self, text: str, captures: dict[str, str]) -> bool:
        """Whether *text* fits; what was captured is added to *captures*."""
        if self.name is None:
            return text == self.before
        end = len(text) - len(self.behind)
        if end <= len(self.before) or not text.startswith(self.before):
            return False
        if not text.endswith(self.behind):
            return False
        captured = text[len(self.before) : end]
        if self.is_digits and not (captured.isascii() and captured.isdigit()):
            return False
        captures[self.name] = captured
        return True

    def filled(self, captures: Mapping[str, str]) -> "PatternPart":
        """Returns the part with a text in the place of its capture, if *captures* has one."""
        if self.name is None or self.name not in captures:
            return self
        return PatternPart(f"{self.before}{captures[self.name]}{self.behind}")

    def covers(self, other: "PatternPart") -> bool:
        """Whether everything that fits *other* fits this one."""
        if self.name is None:
            return other.name is None and other.before == self.before
        if other.name is None:
            return self.match(other.before, {})
        if other.is_rest and not self.is_rest:
            return False
        if not other.before.startswith(self.before) or not other.behind.endswith(self.behind):
            return False
        more = other.before[len(self.before) :] + other.behind.removesuffix(self.behind)
        return not self.is_digits or (other.is_digits and (not more or more.isdigit()))


@dataclass(frozen=True, slots=True)
class AddressPattern:
    """A path and a query with captures."""

    segments: tuple[PatternPart, ...]
    query: tuple[tuple[str, PatternPart], ...] = ()  #: by name, sorted

    @classmethod
    def read(cls, text: str, *, base_path: str = "") -> "AddressPattern":
        """Reads a pattern, which is a path, or an absolute address whose host does not count.

        Args:
            text: As written: ``/category/{slug}/feed``, ``/?cat={number:digits}&feed=rss2``.
            base_path: The path of the base URL. It may be left out of addresses.

        Raises:
            ValueError: It is none; the message says what was expected.
        """
        captures = [found[1] for found in _CAPTURE.finditer(text)]
        if len(set(captures)) < len(captures):
            raise ValueError("expected each capture once")
        if _BRACE.search(_CAPTURE.sub("", text)):
            raise ValueError(
                "expected captures such as {slug}, {year:digits} or, at the end, {rest...}"
            )
        if not text.startswith("/") or text.startswith("//"):
            raise ValueError("expected a path that begins with one slash, such as /feed/")
        path, _, query = text.partition("#")[0].partition("?")
        if not captures and len(text) > MAX_ADDRESS_CHARS // _MAX_ENCODED_CHARS:
            OldAddress.read(text)  # for its limit
        segments = [_part(each, is_path=True) for each in path.split("/") if each]
        base = [_part(each, is_path=True) for each in base_path.split("/") if each]
        if base and segments[: len(base)] == base:
            segments = segments[len(base) :]
        if any(each.is_rest for each in segments[:-1]):
            raise ValueError("expected {…...} at the end of the path only")
        pairs = parse_qsl(query, keep_blank_values=True)
        parts = {(name, _part(value, is_path=False)) for name, value in pairs}
        if any(each.is_rest for _, each in parts):
            raise ValueError("expected no {…...} in the query")
        return cls(tuple(segments), tuple(sorted(parts, key=lambda pair: (pair[0], str(pair[1])))))

    @classmethod
    def of(cls, address: OldAddress) -> "AddressPattern":
        """Returns the pattern of one address."""
        segments = [PatternPart(each) for each in address.path.split("/") if each]
        query = [(name, PatternPart(value)) for name, value in address.query]
        return cls(tuple(segments), tuple(query))

    def filled(self, captures: Mapping[str, str]) -> "AddressPattern":
        """Returns the pattern with texts in the place of some captures."""
        return AddressPattern(
            tuple(part.filled(captures) for part in self.segments),
            tuple((name, part.filled(captures)) for name, part in self.query),
        )

    @property
    def captures(self) -> frozenset[str]:
        """The names of its captures."""
        parts = [*self.segments, *(part for _, part in self.query)]
        return frozenset(part.name for part in parts if part.name is not None)

    @property
    def exact_path(self) -> str | None:
        """The path in its normal form; None if it has captures."""
        if any(part.name is not None for part in self.segments):
            return None
        return "/" + "/".join(part.before for part in self.segments)

    @property
    def is_ours(self) -> bool:
        """Whether it has only addresses that this newsroom keeps for itself."""
        return is_ours(self.example().path) and not (self.exact_path == "/" and self.query)

    def match(self, address: OldAddress) -> dict[str, str] | None:
        """Returns what is captured, percent-encoded; None if the address does not fit.

        Parameters that the pattern does not name do not count.
        """
        captures: dict[str, str] = {}
        if not self._match_path(address.path, captures):
            return None
        for name, part in self.query:
            found: dict[str, str] = {}
            if not any(
                name == given and part.match(value, found) for given, value in address.query
            ):
                return None
            captures |= {each: quote(value, safe="") for each, value in found.items()}
        return None if _DOTS & set(captures.values()) else captures

    def _match_path(self, path: str, captures: dict[str, str]) -> bool:
        sent = path[1:].split("/") if path != "/" else []
        segments, rest = self.segments, None
        if segments and segments[-1].is_rest:
            *first, rest = segments
            segments = tuple(first)
        if len(sent) < len(segments) or (rest is None) != (len(sent) == len(segments)):
            return False
        if any(map(_DOTS.__contains__, sent)):
            return False
        fits = all(part.match(each, captures) for part, each in zip(segments, sent, strict=False))
        return fits and (rest is None or rest.match("/".join(sent[len(segments) :]), captures))

    def covers(self, other: "AddressPattern") -> bool:
        """Whether all requests that *other* would answer are this one's, if it comes first.

        That takes as many parameters: a rule that names more of them is preferred.
        """
        if len(self.query) != len(other.query) or not all(
            name == its and part.covers(theirs)
            for (name, part), (its, theirs) in zip(self.query, other.query, strict=True)
        ):
            return False
        own, theirs_path = self.segments, other.segments
        if own and own[-1].is_rest:
            head = len(own) - 1
            if len(theirs_path) <= head or not _cover(own[:head], theirs_path[:head]):
                return False
            return _covers_rest(own[-1], theirs_path[head:])
        return len(own) == len(theirs_path) and _cover(own, theirs_path)

    def example(self) -> OldAddress:
        """An address that fits."""
        sample = dict.fromkeys(self.captures, "1")
        path = "/" + "/".join(_example(part, sample) for part in self.segments)
        query = tuple(sorted((name, _example(part, sample)) for name, part in self.query))
        return OldAddress(path, query)


def _cover(own: tuple[PatternPart, ...], others: tuple[PatternPart, ...]) -> bool:
    return all(one.covers(other) for one, other in zip(own, others, strict=True))


def _covers_rest(rest: PatternPart, others: tuple[PatternPart, ...]) -> bool:
    """Whether ``{rest...}`` covers these segments: only if no text stands around it."""
    if not rest.before and not rest.behind:
        return True
    return len(others) == 1 and rest.covers(others[0])


def _example(part: PatternPart, sample: Mapping[str, str]) -> str:
    return part.before if part.name is None else f"{part.before}{sample[part.name]}{part.behind}"


def _part(text: str, *, is_path: bool) -> PatternPart:
    normal = _normal_segment if is_path else str
    found = list(_CAPTURE.finditer(text))
    if not found:
        return PatternPart(normal(text))
    if len(found) > 1:
        raise ValueError("expected one capture between two slashes")
    [one] = found
    return PatternPart(
        normal(text[: one.start()]),
        one[1],
        normal(text[one.end() :]),
        is_digits=one[2] == ":digits",
        is_rest=one[2] == "...",
    )


def _normal_segment(text: str) -> str:
    if _NORMAL.fullmatch(text):
        return text
    return quote(unquote_to_bytes(text), safe=PATH_SAFE.replace("/", ""))


# Targets: addresses with the same captures.


def target_captures(text: str) -> Iterator[str]:
    """Yields the names of the captures in a target.

    Raises:
        ValueError: It has braces that are no capture.
    """
    if _BRACE.search(_CAPTURE.sub("", text)):
        raise ValueError("expected captures such as {slug}, which old has")
    for found in _CAPTURE.finditer(text):
        yield found[1]


def fill(text: str, captures: Mapping[str, str]) -> str:
    """Returns a name with what was captured, decoded."""
    return _CAPTURE.sub(lambda found: unquote(captures[found[1]]), text) if "{" in text else text


def fill_address(text: str, captures: Mapping[str, str]) -> str:
    """Returns an address with what was captured, encoded as its place requires."""
    if "{" not in text:
        return text
    path, mark, rest = text.partition("?")
    path = _CAPTURE.sub(lambda found: captures[found[1]], path)
    return path + mark + _CAPTURE.sub(lambda found: quote(fill(found[0], captures), safe=""), rest)
