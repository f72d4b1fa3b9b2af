"""The complete settings, and their conversion to the types of ``feeds``."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from feeds.address_patterns import AddressPattern
from feeds.categories import Catalogue
from feeds.ingest.dates import in_utc, read_moment_or_day
from feeds.ingest.rules import IntakeRules
from feeds.model.feed import (
    ALL,
    Category,
    Cloud,
    Deltas,
    Feed,
    FeedClosure,
    Format,
    Redirect,
    Site,
    Window,
)
from feeds.model.release import Correction, Person, Weight
from feeds.redirects import RedirectRule
from service.settings.categories_file import (
    CategoriesFile,
    CategorySettings,
    FeedSettings,
    NamedFeedSettings,
)
from service.settings.communique_file import CommuniqueFile
from service.settings.faults import KeyPath, SourceLocation
from service.settings.shared_keys import EndedSettings, language_slug
from service.settings.sources import SourceFile, Sources
from service.settings.value_types import Secret


class Settings(CategoriesFile, CommuniqueFile):
    """The settings of both files, checked.

    ``data_folder``, ``categories_file``, ``intake.folders`` and ``outbound.ca_file`` are absolute.
    ``store.url`` is the URL of the database, also when ``store.url_file`` has it.
    """

    #: The password from each hub's ``password_file``, by the hub's URL.
    hub_passwords: Mapping[str, Secret] = Field(default_factory=dict, exclude=True, repr=False)
    #: The text of ``site.stylesheet``; empty if there is none.
    page_stylesheet: str = Field(default="", exclude=True, repr=False)
    #: The files of ``site.templates``, which were read, by their names.
    page_templates: Mapping[str, SourceFile] = Field(default_factory=dict, exclude=True, repr=False)
    #: Where each value was set, by path. A path that is missing has its default.
    places: Mapping[KeyPath, SourceLocation] = Field(default_factory=dict, exclude=True, repr=False)
    #: What the settings were read from; None for settings that no files describe.
    sources: Sources | None = Field(default=None, exclude=True, repr=False)


# Conversion of settings to the types of ``feeds``.


def catalogue(settings: Settings) -> Catalogue:
    """Returns the site, its categories and its feeds.

    Feeds are in the order of ``groups``, those without a group last. Within a group they are in the
    order of the file, ``all`` first, and categories before unions.
    """
    return Catalogue(
        site(settings),
        [_category(one) for one in settings.categories],
        sorted(_feeds(settings), key=lambda feed: _group_order(settings, feed)),
    )


def redirect_rules(settings: Settings) -> list[RedirectRule]:
    """Returns the rules for old addresses, in the order of the file."""
    base_path = site(settings).base_path
    return [
        RedirectRule(
            text=one.old,
            pattern=AddressPattern.read(one.old, base_path=base_path),
            feed=one.feed,
            format=Format(one.format or Format.RSS),
            release=one.release,
            to=one.to,
            is_gone=bool(one.gone),
        )
        for one in settings.redirects
    ]


def site(settings: Settings) -> Site:
    """Returns the newsroom as the public sees it."""
    given = settings.site
    author = given.author
    return Site(
        base_url=given.base_url,
        title=given.title,
        subtitle=given.subtitle,
        language=given.language,
        rights=given.rights,
        icon=given.icon,
        logo=given.logo,
        time_zone=ZoneInfo(given.time_zone),
        author=Person(name=author.name or given.title, email=author.email, uri=author.uri),
    )


def intake_rules(settings: Settings) -> IntakeRules:
    """Returns the rules for reading documents."""
    intake = settings.intake
    return IntakeRules(
        base_url=settings.site.base_url,
        language=settings.site.language,
        time_zone=ZoneInfo(intake.time_zone),
        time_of_day=intake.time_of_day,
        correction=Correction(weight=Weight(intake.unsaid_correction), is_assumed=True),
        max_document_bytes=intake.max_document_bytes,
        max_array_bytes=intake.max_array_bytes,
        max_file_bytes=intake.max_file_bytes,
        has_tracked_changes=intake.tracked_changes == "accepted",
        max_title_chars=intake.max_title_chars,
    )


def _category(given: CategorySettings) -> Category:
    return Category(
        slug=given.slug,
        title=given.title,
        names=given.names,
        titles=tuple((one.language, one.title) for one in given.languages),
    )


def _feeds(settings: Settings) -> Iterator[Feed]:
    title = settings.all.title or settings.site.title
    description = settings.site.subtitle or title
    everything = _feed(settings, settings.all, ALL, title, (), description=description)
    yield from _in_languages(settings.all, everything)
    for category in settings.categories:
        plain = _feed(settings, category, category.slug, category.title, (category.slug,))
        yield from _in_languages(category, _with_former_and_end(settings, category, plain))
    for union in settings.unions:
        plain = _feed(settings, union, union.slug, union.title, union.any_of, none_of=union.none_of)
        yield from _in_languages(union, _with_former_and_end(settings, union, plain))


def _in_languages(given: FeedSettings, whole: Feed) -> Iterator[Feed]:
    """Yields a feed, and its feeds of one language each."""
    yield whole
    for one in given.languages:
        ending = whole.ending
        if ending is not None and one.ended_words is not None:
            ending = replace(ending, words=one.ended_words)
        former = [] if one.slug else [language_slug(slug, one.language) for slug in whole.was]
        yield replace(
            whole,
            slug=one.slug or language_slug(whole.slug, one.language),
            title=one.title,
            description=one.description or one.title,
            language=one.language,
            any_of=whole.any_of or (ALL,),
            only_in=one.language,
            beside=whole.slug,
            was=tuple(former),
            ending=ending,
        )


def _with_former_and_end(settings: Settings, given: NamedFeedSettings, feed: Feed) -> Feed:
    """Returns the feed with its former slugs and its end."""
    ending = None if given.ended is None else _ending(settings, given.ended)
    return replace(feed, was=given.was, ending=ending)


def _ending(settings: Settings, given: EndedSettings) -> FeedClosure:
    rules = intake_rules(settings)
    on = in_utc(read_moment_or_day(given.on, field="on", rules=rules, warnings=[]))
    return FeedClosure(
        on=on,
        gone_at=on + timedelta(days=settings.feeds.farewell_days),
        words=given.words,
        onward=None if given.moved_to is None else _redirect(settings, given.moved_to),
    )


def _named(settings: Settings) -> Iterator[tuple[FeedSettings, str]]:
    yield settings.all, ALL
    yield from ((one, one.slug) for one in settings.categories)
    yield from ((one, one.slug) for one in settings.unions)


def _redirect(settings: Settings, moved_to: str) -> Redirect:
    titles = {one.slug: one.title for one in settings.categories}
    titles |= {one.slug: one.title for one in settings.unions}
    titles[ALL] = settings.all.title or settings.site.title
    for given, slug in _named(settings):
        titles |= {
            one.slug or language_slug(slug, one.language): one.title for one in given.languages
        }
    if moved_to not in titles:
        return Redirect(url=moved_to, title=moved_to)
    return Redirect(url=site(settings).feed_page(moved_to), title=titles[moved_to])


def _feed(
    settings: Settings,
    given: FeedSettings,
    slug: str,
    title: str,
    any_of: tuple[str, ...],
    *,
    none_of: tuple[str, ...] = (),
    description: str | None = None,
) -> Feed:
    return Feed(
        slug=slug,
        title=title,
        # RSS 2.0 requires a description of a channel.
        description=given.description or description or title,
        language=given.language or settings.site.language,
        author=_author(settings, given),
        any_of=any_of,
        none_of=none_of,
        window=_window(settings, given),
        ttl_minutes=given.ttl_minutes or settings.feeds.ttl_minutes,
        hubs=_hubs(settings, given),
        cloud=_cloud(settings),
        group=given.group,
        deltas=_deltas(settings, given),
        opens_as_page=settings.feeds.pages_for_browsers,
        notices=settings.feeds.notices if given.notices is None else given.notices,
    )


def _hubs(settings: Settings, given: FeedSettings) -> tuple[str, ...]:
    """Returns the feed's hubs, the built-in one first: subscribers try them in this order."""
    own = (site(settings).hub,) if settings.own_hub.offered else ()
    of_all = tuple(hub.url for hub in settings.hubs)
    return (*own, *(of_all if given.hubs is None else given.hubs))


def _cloud(settings: Settings) -> Cloud | None:
    given = settings.rsscloud
    if not given.offered:
        return None
    if given.register_url is not None:
        return Cloud.at(given.register_url, ping_url=given.ping_url)
    return Cloud.at(site(settings).cloud) if settings.own_hub.offered else None


def _deltas(settings: Settings, given: FeedSettings) -> Deltas | None:
    site_wide = settings.feeds.deltas
    is_offered = site_wide.offered if given.deltas is None else given.deltas
    return Deltas(days=site_wide.days, not_for=site_wide.not_for) if is_offered else None


def _author(settings: Settings, given: FeedSettings) -> Person:
    if given.author is None:
        return site(settings).author
    return Person(name=given.author.name, email=given.author.email, uri=given.author.uri)


def _window(settings: Settings, given: FeedSettings) -> Window:
    usual, own = settings.feeds.window, given.window
    return Window(
        entries=(own and own.entries) or usual.entries,
        days=(own and own.days) or usual.days,
        bytes=(own and own.bytes) or usual.bytes,
    )


def _group_order(settings: Settings, feed: Feed) -> int:
    if feed.group is None:
        return len(settings.groups)
    return settings.groups.index(feed.group)
