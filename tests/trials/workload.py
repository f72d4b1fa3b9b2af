"""What comes in during the trial of three hosts, and how the configuration changes meanwhile."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

BASE_URL = "http://news.example:8000"
CATEGORIES = 12
NAMES = 24
#: The versions of the configuration, from 0: the service starts with that.
VERSIONS = 9
REASON = "It was about another company."

_FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
_WORDS = ("harbour", "bridge", "budget", "school", "river", "permit", "festival", "museum", "tram")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """All that is sent of one release."""

    key: str
    records: tuple[Record, ...]  #: the document that it comes with, and its corrections
    is_retracted: bool  #: in the end

    @property
    def source_key(self) -> str:
        """By which the release is known."""
        return f"id:{self.key}"

    @property
    def steps(self) -> int:
        """How many things happen to it."""
        return len(self.records) + self.is_retracted


def lives(releases: int) -> list[Life]:
    """The releases of the trial; the same ones each time."""
    random_fraction = random.Random(12)
    return [_life(number, random_fraction) for number in range(releases)]


def _life(number: int, random_fraction: random.Random) -> Life:
    record: Record = {
        "id": f"trial-{number}",
        "title": f"Release {number}: {' '.join(random_fraction.sample(_WORDS, 3))}",
        "body": "".join(
            f"<p>{' '.join(random_fraction.choices(_WORDS, k=25))}.</p>" for _ in range(3)
        ),
        "body_format": "html",
        "published": f"{_FIRST + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}",
        "categories": _names(random_fraction),
        "language": "fr" if number % 10 == 0 else "en",
    }
    records = [record]
    if number % 7 == 0:
        records.append({**record, "title": f"{record['title']}, corrected"})
    if number % 11 == 0:
        records.append(
            {**records[-1], "categories": _names(random_fraction, other_than=record["categories"])}
        )
    if number % 13 == 0:
        body = f"{record['body']}<p>A word more.</p>"
        records.append({**records[-1], "body": body, "correction": "minor"})
    return Life(record["id"], tuple(records), is_retracted=number % 250 == 7)


def _names(random_fraction: random.Random, *, other_than: Sequence[str] = ()) -> list[str]:
    names = [*other_than]
    while {*names} == {*other_than}:
        topics = random_fraction.sample(range(NAMES), random_fraction.randint(1, 3))
        names = [f"Topic {number}" for number in topics]
        names += ["Nobody's"] if random_fraction.random() < 0.1 else []
    return names


def main_file(version: int, *, store_url: str) -> str:
    """``communique.yaml``, the same for all hosts. JSON is YAML."""
    sections: dict[str, object] = {
        "site": {"title": f"Three hosts, {version}", "base_url": BASE_URL},
        "store": {"url": store_url},
        "schedule": {"config_seconds": 0.5},
        "canary": {"watches": False},
        "outbound": {"allow_networks": ["10.0.0.0/8"]},
        "http": {"host": "0.0.0.0", "port": 8000, "workers": 1},
        "api": {"requests_per_minute": 100_000, "burst": 10_000},
        "own_hub": {"requests_per_minute": 100_000, "first_retry_seconds": 1},
        "log": {"format": "json"},
    }
    return json.dumps(sections, indent=1)


def categories_file(version: int) -> str:
    """``categories.yaml``: from each version to the next titles change, and names move."""
    claims: dict[int, list[str]] = {}
    for number in range(NAMES):
        if (number, version % 2) != (5, 1):  # now and then nobody claims it
            owner = (number + version * (number % 3)) % CATEGORIES
            claims.setdefault(owner, []).append(f"Topic {number}")
    categories = [
        {"slug": f"field-{one}", "title": _title(one, version), "names": claims.get(one, [])}
        for one in range(CATEGORIES)
    ]
    some = [f"field-{(version + step) % CATEGORIES}" for step in (0, 3, 5)]
    unions: list[dict[str, object]] = [
        {"slug": "some", "title": "Some", "any_of": some, "none_of": [f"field-{11 - version}"]},
        {"slug": "rest", "title": "The rest", "any_of": ["all"], "none_of": some},
        {
            "slug": "early" if version < VERSIONS // 2 else "late",
            "title": "One that gets another address",
            "any_of": ["field-1", "field-2"],
            **({} if version < VERSIONS // 2 else {"was": ["early"]}),
        },
    ]
    if version % 2 == 0:
        unions.append({"slug": "even", "title": "Now and then", "any_of": ["field-0", "field-6"]})
    in_french = {"language": "fr", "slug": "all-fr", "title": f"En français, {version}"}
    everything = {"title": f"Everything, {version}", "languages": [in_french]}
    return json.dumps({"all": everything, "categories": categories, "unions": unions}, indent=1)


def _title(category: int, version: int) -> str:
    return f"Field {category}" if category % 3 else f"Field {category} as of {version}"
