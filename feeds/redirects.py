"""Redirects as configured: which rule a request fits, and the one address that it leads to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from urllib.parse import quote, urlsplit

from feeds.address_patterns import (
    AddressPattern,
    PatternPart,
    fill,
    fill_address,
    is_below_ours,
    is_ours,
    target_captures,
)
from feeds.categories import Catalogue
from feeds.model.feed import Feed, Format
from feeds.model.redirect import OldAddress

#: Steps from rule to rule that are followed to find the last address; longer ways are loops.
MAX_STEPS = 8

#: Rules with captures in their path. Each is compared with those before it.
MAX_PATTERNS = 1000

#: What a target's own characters are written with: what is encoded already stays as it is.
_URI_SAFE = "/:?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RedirectRule:
    """A rule as configured: a pattern, and one of ``feed``, ``release``, ``to`` and ``is_gone``."""

    text: str  #: the old address as written; names the rule
    pattern: AddressPattern
    feed: str | None = None  #: slug, present or former; may have captures, as those below
    format: Format = Format.RSS
    release: str | None = None  #: slug
    to: str | None = None  #: a path of ours, or an absolute address
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectAnswer:
    """Where a request leads."""

    rule: RedirectRule
    location: str | None  #: absolute; None: what was there is gone
    #: when what is there now is gone as well; None: not known to end
    gone_at: datetime | None = None
    #: The answer is one only if there is a public release with this slug; None: it always is.
    if_release: str | None = None

    def is_gone(self, now: datetime) -> bool:
        """Whether there is nothing at the old address any more, nor at the new one."""
        return self.location is None or (self.gone_at is not None and now >= self.gone_at)


class RedirectLoop(Exception):
    """A target leads back to itself."""


@dataclass(slots=True)
class _PathNode:
    """The rules whose paths begin alike: a tree by segment."""

    by_text: dict[str, "_PathNode"] = field(default_factory=dict)
    by_capture: dict[PatternPart, "_PathNode"] = field(default_factory=dict)
    rules: list[int] = field(default_factory=list)  #: that end here, or have the rest here

    def add(self, segments: Sequence[PatternPart], number: int) -> None:
        """Adds a rule by its number."""
        if not segments or segments[0].is_rest:
            self.rules.append(number)
        else:
            first, *others = segments
            if first.name is None:
                following = self.by_text.setdefault(first.before, _PathNode())
            else:
                following = self.by_capture.setdefault(first, _PathNode())
            following.add(others, number)

    def candidates(self, sent: Sequence[str], depth: int = 0) -> Iterator[int]:
        """Yields the numbers of the rules that may fit a path, by its segments."""
        yield from self.rules
        if depth < len(sent):
            if (following := self.by_text.get(sent[depth])) is not None:
                yield from following.candidates(sent, depth + 1)
            for part, following in self.by_capture.items():
                if part.match(sent[depth], {}):
                    yield from following.candidates(sent, depth + 1)


class RedirectMap:
    """The redirects of one configuration. Immutable; safe to share.

    The rule with the most parameters answers; of several, the first one whose target exists.
    """

    def __init__(self, rules: Sequence[RedirectRule], catalogue: Catalogue) -> None:
        self.rules = tuple(rules)
        self._catalogue = catalogue
        self._site = catalogue.site
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._tree = _PathNode()
        self._patterns: list[tuple[int, RedirectRule]] = []
        for number, rule in enumerate(self.rules):
            path = rule.pattern.exact_path
            if path is not None:
                self._exact[path].append(number)
            else:
                self._tree.add(rule.pattern.segments, number)
                self._patterns.append((number, rule))

    def answer(self, address: OldAddress) -> RedirectAnswer | None:
        """Returns the answer to a request; None if no rule fits, or our own pages answer."""
        return next(self.answers(address), None)

    def answers(self, address: OldAddress) -> Iterator[RedirectAnswer]:
        """Yields the answer of each rule that fits, the first one that is one counts.

        A request for an address of ours has none, but with a query at the front page: WordPress
        has its feeds there.
        """
        if not self.rules or (is_ours(address.path) and not address.is_home_query):
            return
        for rule, captures in self.fitting(address):
            try:
                found = self._resolve(rule, captures, (address,))
            except RedirectLoop:
                continue
            if found is not None:
                yield found

    def fitting(self, address: OldAddress) -> Iterator[tuple[RedirectRule, dict[str, str]]]:
        """Yields the rules that a request fits, the best first, and what each captures."""
        numbers: Sequence[int] = self._exact.get(address.path, ())
        if self._tree.by_text or self._tree.by_capture or self._tree.rules:
            sent = address.path[1:].split("/")
            numbers = [*numbers, *self._tree.candidates(sent)]
        rules = self.rules
        for number in sorted(numbers, key=lambda each: (-len(rules[each].pattern.query), each)):
            captures = rules[number].pattern.match(address)
            if captures is not None:
                yield rules[number], captures

    def resolve(self, rule: RedirectRule, captures: Mapping[str, str]) -> RedirectAnswer | None:
        """Returns where a rule leads with these captures, percent-encoded; None if nowhere."""
        try:
            return self._resolve(rule, captures, (rule.pattern.example(),))
        except RedirectLoop:
            return None

    def fault(self, rule: RedirectRule) -> str | None:
        """Returns why a rule leads nowhere, as far as the configuration says; None if it does."""
        address = rule.pattern.example()
        captures = rule.pattern.match(address) or {}
        try:
            found = self._resolve(rule, captures, (address,))
        except RedirectLoop as loop:
            return f"leads in circles: {loop}"
        if found is not None or (rule.feed is not None and set(target_captures(rule.feed))):
            return None
        if rule.feed is not None:
            return f"no feed has the slug {rule.feed!r}"
        return (
            f"{rule.to!r} is no address of this newsroom, and no rule leads on from there: write "
            "https://… if another server has it"
        )

    def hidden_by(self, number: int) -> RedirectRule | None:
        """Returns the rule that answers all requests of a later one, if any does."""
        rule = self.rules[number]
        fitting = [each for each, _ in self.fitting(rule.pattern.example())]
        earlier = chain(fitting, () if rule.pattern.exact_path else self._patterns_before(number))
        for other in earlier:
            if other is rule:
                return None
            if other.pattern.covers(rule.pattern):
                return other
        return None

    def _patterns_before(self, number: int) -> Iterator[RedirectRule]:
        for earlier, rule in self._patterns:
            if earlier >= number:
                return
            yield rule

    def _resolve(
        self, rule: RedirectRule, captures: Mapping[str, str], way: tuple[OldAddress, ...]
    ) -> RedirectAnswer | None:
        """Returns the last address that a rule leads to; None if there is nothing.

        Raises:
            RedirectLoop: The way comes back to an address.
        """
        if rule.is_gone:
            return RedirectAnswer(rule=rule, location=None)
        if rule.feed is not None:
            feed = self._feed(fill(rule.feed, captures))
            if feed is None:
                return None
            location = self._site.topic(feed.slug, rule.format)
            return RedirectAnswer(rule=rule, location=location, gone_at=_gone_at(feed))
        if rule.release is not None:
            slug = fill(rule.release, captures)
            location = self._site.release_page(slug)
            return RedirectAnswer(rule=rule, location=location, if_release=slug)
        return self._resolve_to(rule, fill_address(rule.to or "", captures), way)

    def _resolve_to(
        self, rule: RedirectRule, target: str, way: tuple[OldAddress, ...]
    ) -> RedirectAnswer | None:
        own = self._own_path(target)
        if own is None:
            return RedirectAnswer(rule=rule, location=quote(target, safe=_URI_SAFE))
        address = OldAddress.read(own)
        if address in way or len(way) > MAX_STEPS:
            raise RedirectLoop(" → ".join(map(str, (*way, address))))
        if not is_ours(address.path) or address.is_home_query:
            for other, captures in self.fitting(address):
                found = self._resolve(other, captures, (*way, address))
                if found is not None:
                    return RedirectAnswer(
                        rule=rule,
                        location=found.location,
                        gone_at=found.gone_at,
                        if_release=found.if_release,
                    )
        if not is_below_ours(address.path):
            return None
        location = f"{self._site.base_url}{quote(own, safe=_URI_SAFE)}"
        return self._of_feed(rule, address, location)

    def _of_feed(
        self, rule: RedirectRule, address: OldAddress, location: str
    ) -> RedirectAnswer | None:
        """Returns the answer for an address of ours, which may move and end with a feed."""
        _, first, *others = address.path.split("/")
        if first != "feeds" or not others:
            return RedirectAnswer(rule=rule, location=location)
        slug, dot, suffix = others[0].partition(".")
        feed = self._feed(slug)
        if feed is None:
            return None
        if feed.slug != slug:
            page = self._site.feed_page(feed.slug)
            location = "/".join([f"{page}{dot}{suffix}", *others[1:]])
        return RedirectAnswer(rule=rule, location=location, gone_at=_gone_at(feed))

    def _feed(self, slug: str) -> Feed | None:
        catalogue = self._catalogue
        return catalogue.feeds.get(catalogue.slugs_by_former.get(slug, slug))

    def _own_path(self, target: str) -> str | None:
        """Returns the path and query of a target here; None if it is elsewhere."""
        site = self._site
        if not target.startswith("/"):
            base, given = urlsplit(site.base_url), urlsplit(target)
            if base.netloc.lower() != given.netloc.lower():
                return None
            target = target[target.index(given.netloc) + len(given.netloc) :]
            if site.base_path and not target.startswith(site.base_path):
                return None  # beside this newsroom, on its host
        below = target.removeprefix(site.base_path)
        own = below if below[:1] in ("", "/", "?", "#") else target
        return own if own.startswith("/") else f"/{own}"


def _gone_at(feed: Feed) -> datetime | None:
    return None if feed.ending is None else feed.ending.gone_at
