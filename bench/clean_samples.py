"""Cleans the HTML bodies of the samples, and writes the text and the summary of each.

It runs over whichever build is on the path, one turn for each line that it reads, and prints how
long that took in milliseconds.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

BASE_URL = "https://news.example.org"
SUMMARY_CHARS = 300


def _cleaner() -> Callable[[dict[str, Any]], None]:
    # What was there: an editable installation lends its own modules to a build that has less.
    return _former_cleaner() if find_spec("feeds.render.plain_text") else _cleaner_of_now()


# By name: neither build has all of these.


def _cleaner_of_now() -> Callable[[dict[str, Any]], None]:
    clean_html = import_module("feeds.ingest.bodies.cleaning").clean_html
    derived_summary = import_module("feeds.ingest.drafting").derived_summary
    plain_text = import_module("feeds.html.plain_text").plain_text

    def clean(record: dict[str, Any]) -> None:
        title, url, language = record["title"], record.get("url"), record.get("language", "en")
        body = clean_html(record["body"], url=url, base_url=BASE_URL, warnings=[], title=title)
        derived_summary(body, language=language, max_chars=SUMMARY_CHARS)
        plain_text(body, language=language)

    return clean


def _former_cleaner() -> Callable[[dict[str, Any]], None]:
    clean_html = import_module("feeds.ingest.html_bodies").clean_html
    markup = import_module("feeds.ingest.markup")
    plain_text = import_module("feeds.render.plain_text").plain_text

    def clean(record: dict[str, Any]) -> None:
        body = clean_html(record["body"], url=record.get("url"), base_url=BASE_URL, mended=[])
        body = markup.without_heading(body, record["title"])
        markup.opening(body, max_chars=SUMMARY_CHARS)
        plain_text(body)

    return clean


def main(samples: Path, count: int) -> None:
    """Do a turn for each line of standard input."""
    lines = [
        line for path in sorted(samples.glob("*.jsonl")) for line in path.read_text().split("\n")
    ]
    records = [json.loads(line) for line in lines if line]
    html = [record for record in records if record.get("body_format") == "html"][:count]
    clean = _cleaner()
    for _ in sys.stdin:
        begun = perf_counter()
        for record in html:
            clean(record)
        print((perf_counter() - begun) * 1000, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
