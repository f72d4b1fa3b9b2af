"""A newsroom whose pages are hard to show: long words and URLs, both directions, pictures, ends."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Redirect, Site
from feeds.model.release import (
    Contact,
    Correction,
    Details,
    Draft,
    Enclosure,
    RelatedLink,
    SourceFeed,
    Weight,
)
from tests.service.web.offices import (
    CATEGORIES,
    HUBS,
    SAMPLES,
    SITE,
    feed_of,
    open_office,
    read_sample,
)
from tests.support.newsrooms import COOPERATION, Office, draft, later

#: An address without a place to break it.
LONG_URL = "https://example.org/" + "reports_and_annexes_" * 14

#: Names of categories and feeds that are longer than a phone is wide.
LONG_TITLE = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"

_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
#: Chinese and Japanese have no words to a program, but lines break there anywhere.
_LONGEST = 80


@cache
def longest_words() -> dict[str, str]:
    """The longest word of each language in the shipped samples, by BCP 47 tag."""
    found: dict[str, str] = defaultdict(str)
    for file in sorted(SAMPLES.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            release = json.loads(line)
            text = release["title"] + " " + re.sub(r"<[^>]*>|https?:\S*", " ", release["body"])
            words = _WORD.findall(text)
            longest = max(words, key=len, default="")[:_LONGEST]
            if len(longest) > len(found[release["language"]]):
                found[release["language"]] = longest
    return dict(found)


def hard_drafts() -> Iterator[Draft]:
    """A release in each language, whose title and summary hold its longest word and a long URL."""
    for number, (language, word) in enumerate(sorted(longest_words().items())):
        yield draft(
            f"id:hard-{language}", "cooperation" if number % 2 else "lessons",
            title=f"{word} {word.upper()} {LONG_URL}",
            summary=f"{word} {LONG_URL} {word}",
            body=f"<p>{word} {LONG_URL}</p><pre>{LONG_URL}</pre><h2>{word} {LONG_URL}</h2>"
            f"<ul><li>{LONG_URL}</li></ul><blockquote>{LONG_URL}</blockquote>"
            f"<table><tr><th>{word}</th><td>{LONG_URL}</td><td>3</td></tr></table>",
            language=language,
        )  # fmt: skip


def rich_draft(media: str, language: str = "en") -> Draft:
    """A release with all that a release can have. *media* is the address of a picture."""
    word = longest_words()[language]
    contact = Contact(
        name=f"Erika {word}", role="Head of Press", organisation=word, phone="+44 20 7946 0958",
        email=f"{'press' * 12}@example.org", uri="https://example.org/press",
    )  # fmt: skip
    pictures = [
        Enclosure(
            url=f"{media}?{number}", media_type="image/png", length_bytes=1_234_567,
            title=f"Opening of the session {number} {word}", alt="People at a long table",
            credit=f"Photograph: Office of Public Information / {word}", thumbnail=media,
        )
        for number in range(2)
    ]  # fmt: skip
    files = [
        Enclosure(url=LONG_URL, media_type="application/pdf", length_bytes=1_234_567),
        Enclosure(
            url="https://example.org/talk.mp3", media_type="audio/mpeg", length_bytes=9_000_000,
            title=word, duration_s=754,
        ),
    ]  # fmt: skip
    return draft(
        f"id:rich-{language}", "cooperation", COOPERATION,
        title=f"{word} opened with pictures",
        body=f"<p>{word} was opened today. {'It was opened again. ' * 20}</p>"
        f'<p><a href="{LONG_URL}">{LONG_URL}</a></p><h2>Notes to editors</h2>'
        f"<ol><li>{word}</li><li>{LONG_URL}</li></ol>",
        language=language,
        url="https://example.org/source",
        enclosures=(*pictures, *files),
        details=Details(
            contacts=(contact, replace(contact, name="Duty officer", uri=None)),
            related=(RelatedLink(url=LONG_URL), RelatedLink(url=LONG_URL, title=word)),
            place="Geneva", number="SG/SM/19589", rights="© Example",
            license="https://creativecommons.org/licenses/by/4.0/", work="work:rich",
            source=SourceFeed(title=f"News of the {word}", site_url=LONG_URL),
        ),
    )  # fmt: skip


#: A newsroom all of whose pages are written from right to left.
LEFTWARD_SITE = replace(SITE, language="ar", title="مكتب الإعلام", subtitle="البيانات الصحفية")


def described(site: Site = SITE) -> Catalogue:
    """The catalogue, with an Arabic feed, ended feeds, and names that are too long."""
    ended = FeedClosure(
        on=later(minutes=1), gone_at=later(days=9), words=f"It has ended.\n{LONG_URL}",
        onward=Redirect(url=SITE.feed_page(ALL), title=LONG_TITLE),
    )  # fmt: skip
    gone = replace(ended, gone_at=later(minutes=2))
    hubs = (SITE.hub, *HUBS)
    return Catalogue(
        site,
        [
            *CATEGORIES,
            *(Category(slug=slug, title=f"{LONG_TITLE} {slug}") for slug in ("over", "gone")),
        ],
        [
            feed_of(ALL, "All releases", hubs=hubs, language=site.language),
            feed_of(
                "cooperation", COOPERATION, hubs=hubs, group="Subjects", language=site.language
            ),
            feed_of("lessons", "دروس", language="ar", group="Languages"),
            feed_of(
                "nothing-yet", "Nothing “yet” & <never>", group=LONG_TITLE, language=site.language
            ),
            feed_of(
                "over", f"{LONG_TITLE} over", group="Subjects", language=site.language, ending=ended
            ),
            feed_of("gone", f"{LONG_TITLE} gone", group="Subjects", ending=gone),
        ],
    )


def open_shown_office(folder: Path, media: str, site: Site = SITE) -> Office:
    """Open it over a new store, with everything published."""
    office = open_office(folder, described(site))
    office.add(*hard_drafts(), *read_sample("arabr-ar.jsonl"), now=later(minutes=-9))
    office.add(rich_draft(media), rich_draft(media, "ar"), now=later(minutes=-8))
    rich = rich_draft(media)
    corrected = replace(rich.content, title=f"{rich.content.title}, corrected")
    correction = Correction(weight=Weight.MAJOR, note=f"The title was wrong. {LONG_URL}")
    office.add(replace(rich, content=corrected, correction=correction), now=later(minutes=-7))
    [taken] = office.add(draft("id:withdrawn", "cooperation", title=LONG_URL))
    office.newsroom.retract(taken.release.id, reason=LONG_URL, by="me", now=later(minutes=1))
    office.newsroom.closures.announce(now=later(minutes=1))
    office.publish(now=later(minutes=2))
    return office
